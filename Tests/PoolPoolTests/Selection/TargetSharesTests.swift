import PoolPool
import Testing

@Suite struct TargetSharesTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var tiers: [[TargetShares.Member]]
        var shares: [Double]

        init(_ description: String, _ tiers: [[TargetShares.Member]], _ shares: [Double]) {
            self.testDescription = description
            self.tiers = tiers
            self.shares = shares
        }
    }

    private static func pool(_ pool: Int, _ weight: Double = 1, ramp: Double = 1) -> TargetShares.Member {
        TargetShares.Member(pool: pool, weight: weight, ramp: ramp)
    }

    @Test(
        arguments: [
            Row("no pools at all", [], []),
            Row("no pool in a tier", [], [0, 0]),
            Row("nothing but an empty tier", [[]], [0]),
            Row("one pool", [[Self.pool(0)]], [1]),
            Row("weights are parts of their sum", [[Self.pool(0, 80), Self.pool(1, 20)]], [0.8, 0.2]),
            Row("the first tier takes all", [[Self.pool(2)], [Self.pool(0), Self.pool(1)]], [0, 0, 1]),
            Row("a pool in no tier gets nothing", [[Self.pool(0, 3), Self.pool(2, 1)]], [0.75, 0, 0.25]),
            Row("weight 0 beside others", [[Self.pool(0), Self.pool(1, 0)]], [1, 0]),
            Row("weight 0 before others", [[Self.pool(0, 0)], [Self.pool(1)]], [0, 1]),
            Row("all of weight 0", [[Self.pool(0, 0), Self.pool(1, 0)]], [0.5, 0.5]),
            Row("all of weight 0: the first tier", [[], [Self.pool(1, 0)], [Self.pool(0, 0)]], [0, 1]),
            Row("slow start: the next tier has the rest", [[Self.pool(0, ramp: 0.25)], [Self.pool(1)]], [0.25, 0.75]),
            Row("slow start begins with nothing", [[Self.pool(0, ramp: 0)], [Self.pool(1)]], [0, 1]),
            Row("slow start without a next tier", [[Self.pool(0, ramp: 0.25)]], [1]),
            Row("the next tier is of weight 0", [[Self.pool(0, ramp: 0.25)], [Self.pool(1, 0)]], [1, 0]),
            Row(
                "slow start beside a pool that can take all",
                [[Self.pool(0, ramp: 0.5), Self.pool(1)], [Self.pool(2)]], [1.0 / 3, 2.0 / 3, 0]
            ),
            Row(
                "slow start beside others begins with a little",
                [[Self.pool(0, ramp: 0), Self.pool(1)]], [1 / 101.0, 100 / 101.0]
            ),
            Row(
                "a whole tier comes back as fast as its fastest",
                [[Self.pool(0, ramp: 0.5), Self.pool(1, ramp: 0.25)], [Self.pool(2)]], [1.0 / 3, 1.0 / 6, 0.5]
            ),
            Row(
                "two tiers come back, the third has the rest",
                [[Self.pool(0, ramp: 0.5)], [Self.pool(1, ramp: 0.5)], [Self.pool(2)]], [0.5, 0.25, 0.25]
            ),
            Row("ramps are limited", [[Self.pool(0, ramp: -3)], [Self.pool(1, ramp: 7)], [Self.pool(2)]], [0, 1, 0]),
        ]
    )
    func shares(row: Row) {
        let shares = TargetShares.of(row.tiers, count: row.shares.count)
        #expect(shares.count == row.shares.count)
        for (share, expected) in zip(shares, row.shares) { #expect(abs(share - expected) < 1e-9, "\(shares)") }
    }

    @Test(arguments: [(1.0, 1.0), (1, 0.25), (0, 1)])
    func ofPoolsThatAreAllPutAsideOnlyTheLeastBadCarries(weight: Double, ramp: Double) {
        let candidates = [
            PoolCandidate(name: "severe", priority: 1, weight: 1, standing: .ejected, badness: 1),
            PoolCandidate(
                name: "mild", priority: 2, weight: weight, standing: .ejected, badness: 0.3, ramp: ramp
            ),
            PoolCandidate(name: "gone", priority: 1, weight: 1, standing: .unusable),
        ]
        #expect(PoolSelector.shares(candidates, tiers: PoolSelector.tiers(candidates)) == [0, 1, 0])
    }

    @Test(arguments: 1...300 as ClosedRange<UInt64>)
    func sharesAddUpToOneOrThereIsNoPool(seed: UInt64) {
        var random = RandomSource(seed: seed)
        let count = Int.random(in: 0...8, using: &random)
        var tiers: [[TargetShares.Member]] = (0..<3).map { _ in [] }
        for pool in (0..<count).shuffled(using: &random) where Int.random(in: 0..<4, using: &random) > 0 {
            let weight = Int.random(in: 0..<3, using: &random) > 0 ? Double.random(in: 0.001...1000, using: &random) : 0
            let ramp = [0, 1, Double.random(in: 0...1, using: &random)].randomElement(using: &random) ?? 1
            tiers[Int.random(in: 0..<3, using: &random)].append(Self.pool(pool, weight, ramp: ramp))
        }
        let shares = TargetShares.of(tiers, count: count)
        let members = tiers.flatMap { $0 }
        #expect(shares.count == count, "seed \(seed)")
        #expect(abs(shares.reduce(0, +) - (members.isEmpty ? 0 : 1)) < 1e-6, "seed \(seed): \(shares)")
        #expect(shares.allSatisfy { $0 >= 0 }, "seed \(seed): \(shares)")
        for pool in 0..<count where !members.contains(where: { $0.pool == pool }) {
            #expect(shares[pool] == 0, "seed \(seed)")
        }
        guard members.contains(where: { $0.weight > 0 }) else { return }
        for member in members where member.weight == 0 { #expect(shares[member.pool] == 0, "seed \(seed)") }
    }
}
