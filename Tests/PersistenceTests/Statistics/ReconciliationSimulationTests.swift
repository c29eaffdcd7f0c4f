import Foundation
import Testing

@testable import Persistence

/// Whether verdicts are as often right as the confidence promises.
///
/// Each case is 200 statements of a pool that skims nothing, 1 % or 2 %, over 5 workers with shares of different sizes and
/// 4 days, with just as many shares as are said to be enough for 1 %. A bound is one that a fair count passes with a
/// probability of 99.9 %.
@Suite struct ReconciliationSimulationTests {
    /// What the pool does with the shares it accepted.
    enum Pool: String, Sendable, CaseIterable {
        /// It drops each share with the probability of the skim.
        case thinning
        /// Its figure is an estimate: a Poisson number of shares, less the skim.
        case sampling
    }

    struct Case: Sendable {
        var pool: Pool
        var skim: Double
    }

    private static let statements = 200
    private static let seed: UInt64 = 20_260_131
    private static let day: Int64 = 86_400_000
    private static let difficulties: [Double] = [512, 1_024, 4_096, 16_384, 65_536]
    private static let reconciliation = Reconciliation(model: .sampled)

    /// Shares a day of each worker: of equal hashrates, as many in all as are enough.
    private static let sharesPerDay: [Int] = {
        let parts = Self.difficulties.map { 65_536 / $0 }
        var amounts = Reconciliation.Amounts()
        amounts.shares = Int64(parts.reduce(0, +))
        amounts.work = zip(parts, Self.difficulties).reduce(0) { $0 + $1.0 * $1.1 }
        amounts.squares = zip(parts, Self.difficulties).reduce(0) { $0 + $1.0 * $1.1 * $1.1 }
        let needed = Self.reconciliation.finding(amounts).sharesNeeded ?? 0
        // A thousandth more, because shares of each size are a whole number.
        let factor = 1.001 * needed / Double(amounts.shares) / 4
        return parts.map { Int(($0 * factor).rounded(.up)) }
    }()

    private static func work() -> AcceptedWork {
        var work = AcceptedWork(periods: (0..<4).map { $0 * Self.day..<($0 + 1) * Self.day }, edge: 0)
        for (worker, (count, difficulty)) in zip(Self.sharesPerDay, Self.difficulties).enumerated() {
            for start in (0..<4).map({ $0 * Self.day }) {
                work.add(
                    AcceptedWork.Portion(
                        worker: Int32(worker),
                        times: start...start,
                        shares: Int64(count),
                        work: Double(count) * difficulty,
                        isAccepted: true
                    )
                )
            }
        }
        return work
    }

    private static func statement(_ simulated: Case, _ chance: inout Chance) -> PoolStatement {
        var rows: [PoolStatement.Row] = []
        for (worker, (count, difficulty)) in zip(Self.sharesPerDay, Self.difficulties).enumerated() {
            for start in (0..<4).map({ $0 * Self.day }) {
                let credited =
                    switch simulated.pool {
                    case .thinning: count - chance.successes(of: count, probability: simulated.skim)
                    case .sampling: chance.poisson(Double(count) * (1 - simulated.skim))
                    }
                rows.append(
                    PoolStatement.Row(
                        worker: "rig\(worker)",
                        period: start..<start + Self.day,
                        credited: Double(credited) * difficulty,
                        rounding: 0,
                        line: rows.count + 2
                    )
                )
            }
        }
        return PoolStatement(rows: rows, notes: [])
    }

    @Test(arguments: Pool.allCases, [0, 0.01, 0.02])
    func verdictsAreAsOftenRightAsPromised(pool: Pool, skim: Double) {
        var chance = Chance(seed: Self.seed)
        let work = Self.work()
        let names = Dictionary(uniqueKeysWithValues: (0..<5).map { (Int32($0), "rig\($0)") })
        var verdicts: [Reconciliation.Verdict: Int] = [:]
        var (covered, marked) = (0, 0)
        for _ in 0..<Self.statements {
            let comparison = StatementComparison(
                statement: Self.statement(Case(pool: pool, skim: skim), &chance),
                work: work,
                names: names,
                edge: 0,
                with: Self.reconciliation
            )
            guard let finding = comparison.total?.finding else { continue }
            verdicts[finding.verdict, default: 0] += 1
            if finding.interval?.contains(-skim) == true { covered += 1 }
            if comparison.lines.contains(where: { [.underCredited, .overCredited].contains($0.finding.verdict) }) {
                marked += 1
            }
        }
        let said = "seed \(Self.seed), \(pool) \(skim): \(verdicts), \(covered) hold the truth, \(marked) marked"
        print(said)
        #expect(verdicts[.notEnough] == nil, "\(said)")
        #expect(covered >= Binomial.low(Self.statements, 0.95), "\(said)")
        if skim == 0 {
            #expect(verdicts[.underCredited, default: 0] <= Binomial.high(Self.statements, 0.025), "\(said)")
            #expect(verdicts[.overCredited, default: 0] <= Binomial.high(Self.statements, 0.025), "\(said)")
            #expect(marked <= Binomial.high(Self.statements, 0.05), "\(said)")
        } else {
            #expect(verdicts[.underCredited, default: 0] >= Binomial.low(Self.statements, 0.9), "\(said)")
            #expect(verdicts[.overCredited] == nil, "\(said)")
        }
    }

    /// A pool that lists the shares it accepted, with a clock up to a minute off.
    @Test(arguments: [0, 0.01, 0.02]) func exactListsTellEveryShareThatIsMissing(skim: Double) {
        var chance = Chance(seed: Self.seed)
        let days = (0..<4).map { $0 * Self.day..<($0 + 1) * Self.day }
        let reconciliation = Reconciliation(model: .exact)
        var verdicts: [Reconciliation.Verdict: Int] = [:]
        for _ in 0..<Self.statements {
            let offset = Int64(chance.uniform() * 120_000) - 60_000
            var work = AcceptedWork(periods: days, edge: 60_000)
            var credited = days.map { _ in 0.0 }
            for _ in 0..<5_000 {
                let time = Int64((chance.uniform() * 6 - 1) * Double(Self.day))
                work.add(AcceptedWork.Portion(worker: 1, times: time...time, shares: 1, work: 64, isAccepted: true))
                guard chance.uniform() >= skim, let day = days.firstIndex(where: { $0.contains(time + offset) }) else {
                    continue
                }
                credited[day] += 64
            }
            let rows = zip(days, credited).map {
                PoolStatement.Row(worker: "rig", period: $0, credited: $1, rounding: 0, line: 2)
            }
            let comparison = StatementComparison(
                statement: PoolStatement(rows: rows, notes: []),
                work: work,
                names: [1: "rig"],
                edge: 60_000,
                with: reconciliation
            )
            if let verdict = comparison.total?.finding.verdict { verdicts[verdict, default: 0] += 1 }
        }
        let said = "seed \(Self.seed), \(skim): \(verdicts)"
        print(said)
        #expect(verdicts == [skim == 0 ? .consistent : .underCredited: Self.statements], "\(said)")
    }
}

/// Draws numbers that can be drawn again.
private struct Chance {
    private var generator: SeededGenerator

    init(seed: UInt64) {
        self.generator = SeededGenerator(seed: seed)
    }

    /// At least 0, less than 1.
    mutating func uniform() -> Double { Double(self.generator.next() >> 11) * 0x1p-53 }

    /// How many of `count` trials succeed, by the distances between successes.
    mutating func successes(of count: Int, probability: Double) -> Int {
        guard probability > 0 else { return 0 }
        var (position, successes) = (0.0, 0)
        while true {
            position += 1 + (log(1 - self.uniform()) / log(1 - probability)).rounded(.down)
            guard position <= Double(count) else { return successes }
            successes += 1
        }
    }

    /// A Poisson number with a mean of at least 10, by Hörmann's transformed rejection (1993).
    mutating func poisson(_ mean: Double) -> Int {
        let b = 0.931 + 2.53 * mean.squareRoot()
        let a = -0.059 + 0.02483 * b
        let scale = 1.1239 + 1.1328 / (b - 3.4)
        let certain = 0.9277 - 3.6224 / (b - 2)
        while true {
            let u = self.uniform() - 0.5
            let v = 1 - self.uniform()
            let rest = 0.5 - abs(u)
            let count = ((2 * a / rest + b) * u + mean + 0.43).rounded(.down)
            if rest >= 0.07, v <= certain { return Int(count) }
            guard count >= 0, rest >= 0.013 || v <= rest else { continue }
            let logFactorial: Double = lgamma(count + 1)
            if log(v * scale / (a / (rest * rest) + b)) <= count * log(mean) - mean - logFactorial { return Int(count) }
        }
    }
}

/// Counts of successes that are still to be expected.
private enum Binomial {
    /// The least count with more than 0.1 % at or below it.
    static func low(_ trials: Int, _ probability: Double) -> Int {
        var sum = 0.0
        return (0...trials).first { count in
            sum += Self.part(count, of: trials, probability)
            return sum > 0.001
        } ?? trials
    }

    /// The greatest count with more than 0.1 % at or above it.
    static func high(_ trials: Int, _ probability: Double) -> Int {
        trials - Self.low(trials, 1 - probability)
    }

    private static func part(_ count: Int, of trials: Int, _ probability: Double) -> Double {
        let (all, hits, misses) = (Double(trials), Double(count), Double(trials - count))
        let factorials: [Double] = [lgamma(all + 1), lgamma(hits + 1), lgamma(misses + 1)]
        let ways = factorials[0] - factorials[1] - factorials[2]
        return exp(ways + hits * log(probability) + misses * log(1 - probability))
    }
}
