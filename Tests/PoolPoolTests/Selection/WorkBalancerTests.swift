import NIOCore
import PoolPool
import Testing

@Suite struct WorkBalancerTests {
    /// Sessions of pools, and what these have had; the hashrates are in H/s, the lacks in hashes.
    private struct World {
        var shares: [Double]
        var members: [WorkBalancer.Member] = []
        var lacks: [Double]
        /// An hour: the band is ten seconds.
        var age = 3_600.0

        /// - Parameter hashrates: of the sessions of each pool, numbered from 0.
        init(_ shares: [Double], _ hashrates: [[Double]] = [], lacks: [Double]? = nil) {
            self.shares = shares
            self.lacks = lacks ?? shares.map { _ in 0 }
            for (pool, hashrates) in hashrates.enumerated() {
                for hashrate in hashrates { self.add(pool, hashrate) }
            }
        }

        mutating func add(_ pool: Int, _ hashrate: Double, shares: Double = 1000, barred: UInt64 = 0) {
            self.members.append(
                WorkBalancer.Member(
                    session: Int64(self.members.count),
                    pool: pool,
                    estimate: HashrateEstimate(hashrate: hashrate, shares: shares),
                    barred: barred
                )
            )
        }

        var balancer: WorkBalancer { WorkBalancer(age: self.age) }
        var horizon: Double { min(180, max(60, self.age / 120)) }
        var total: Double { self.members.reduce(0) { $0 + $1.estimate.hashrate } }

        var loads: [Double] {
            var loads = self.shares.map { _ in 0.0 }
            for member in self.members { loads[member.pool] += member.estimate.hashrate }
            return loads
        }

        /// The largest projected deviation, in seconds of the whole hashrate.
        var deviation: Double {
            let projected = self.balancer.projected(loads: self.loads, shares: self.shares, lacks: self.lacks)
            return (projected.map(abs).max() ?? 0) / max(1, self.total)
        }

        func plan(limit: Int = .max) -> WorkBalancer.Plan {
            self.balancer.plan(
                members: self.members, loads: self.loads, shares: self.shares, lacks: self.lacks, limit: limit
            )
        }

        /// Session numbers are places.
        mutating func apply(_ moves: [WorkBalancer.Move]) {
            for move in moves { self.members[Int(move.session)].pool = move.to }
        }
    }

    private static func random(_ seed: UInt64) -> World {
        var random = RandomSource(seed: seed)
        let weights = (0..<Int.random(in: 2...5, using: &random)).map { _ in Double.random(in: 1...100, using: &random)
        }
        let total = weights.reduce(0, +)
        var world = World(weights.map { $0 / total })
        for _ in 0..<Int.random(in: 1...150, using: &random) {
            world.add(
                Int.random(in: weights.indices, using: &random),
                Double.random(in: 10...300, using: &random) * (Int.random(in: 0..<10, using: &random) == 0 ? 30 : 1),
                shares: Double.random(in: 0...100, using: &random),
                barred: Int.random(in: 0..<3, using: &random) == 0 ? UInt64.random(in: 0..<32, using: &random) : 0
            )
        }
        world.age = Double.random(in: 0...50_000, using: &random)
        world.lacks = weights.map { _ in Double.random(in: -60...60, using: &random) * world.total }
        let mean = world.lacks.reduce(0, +) / Double(weights.count)
        world.lacks = world.lacks.map { $0 - mean }
        return world
    }

    // MARK: When

    /// The band is 2.5 seconds of all work at first, ten from ten minutes on, and thirty from the sixth hour on.
    @Test(arguments: [(0.0, 2.4, 2.6), (300, 4.9, 5.1), (3600, 9.9, 10.1), (86_400, 29.9, 30.1)])
    func nothingMovesInsideTheBand(age: Double, inside: Double, outside: Double) {
        var world = World([0.5, 0.5], [Array(repeating: 1, count: 50), Array(repeating: 1, count: 50)])
        world.age = age
        world.lacks = [-100 * inside, 100 * inside]
        #expect(!world.balancer.isOutside(loads: world.loads, shares: world.shares, lacks: world.lacks))
        #expect(world.plan().moves.isEmpty)
        world.lacks = [-100 * outside, 100 * outside]
        #expect(world.balancer.isOutside(loads: world.loads, shares: world.shares, lacks: world.lacks))
        #expect(!world.plan().moves.isEmpty)
    }

    @Test func whereThereIsNothingNothingMoves() {
        #expect(World([], []).plan().moves.isEmpty)
        #expect(World([1, 0], [[], []]).plan().moves.isEmpty)
        #expect(World([1], [[5, 5]]).plan().moves.isEmpty)
    }

    // MARK: How much

    @Test func asManyEqualMinersMoveAsAreNeededAndNoMore() {
        let plan = World([0.5, 0.5], [Array(repeating: 10, count: 10), []]).plan()
        #expect(plan.moves.count == 5)
        #expect(plan.moves.allSatisfy { $0.from == 0 && $0.to == 1 })
        #expect(!plan.isCut)
    }

    /// It rests when a quarter of the band is reached.
    @Test func oneMoveLessWouldNotHaveBeenEnough() throws {
        var world = World([0.7, 0.2, 0.1], [Array(repeating: 10, count: 100), [], []])
        let moves = world.plan().moves
        let last = try #require(moves.last)
        world.apply(moves)
        #expect(world.deviation <= world.horizon / 24)
        world.apply([WorkBalancer.Move(session: last.session, from: last.to, to: last.from)])
        #expect(world.deviation > world.horizon / 24)
        #expect(moves.count <= 30)
    }

    @Test func oneLargeMinerMovesInPlaceOfManySmallOnes() {
        let world = World([0.5, 0.5], [Array(repeating: 1, count: 50) + [50], []])
        #expect(world.plan().moves == [WorkBalancer.Move(session: 50, from: 0, to: 1)])
    }

    @Test func smallOnesMoveWhereALargeOneWouldBeTooMuch() {
        let plan = World([0.9, 0.1], [[91] + Array(repeating: 1, count: 9), []], lacks: [-2000, 2000]).plan()
        #expect(Set(plan.moves.map(\.session)) == Set(1...9))
    }

    @Test func aPoolWithoutAShareGivesAll() {
        let plan = World([1, 0], [[10, 10, 10], [10, 10, 10]]).plan()
        #expect(Set(plan.moves.map(\.session)) == [3, 4, 5])
    }

    /// The gap would be closed by 50 of 100.
    @Test(arguments: [(66.0, 1), (67, 0), (100, 0)])
    func aSessionThatWouldOvershootByMoreThanAThirdStays(hashrate: Double, moves: Int) {
        let estimate = HashrateEstimate(hashrate: hashrate, shares: 9)
        let members = [WorkBalancer.Member(session: 1, pool: 0, estimate: estimate)]
        let plan = WorkBalancer(age: 3_600)
            .plan(members: members, loads: [100, 0], shares: [0.5, 0.5], lacks: [0, 0], limit: 9)
        #expect(plan.moves.count == moves)
    }

    /// The gap would be closed by 10.
    @Test(arguments: [(0.0, 2), (1000, 1)])
    func aWellKnownSessionMovesRatherThanAGuess(shares: Double, session: Int64) {
        let members = [
            WorkBalancer.Member(session: 1, pool: 0, estimate: HashrateEstimate(hashrate: 10, shares: shares)),
            WorkBalancer.Member(session: 2, pool: 0, estimate: HashrateEstimate(hashrate: 10.5, shares: 1000)),
        ]
        let plan = WorkBalancer(age: 3_600)
            .plan(members: members, loads: [20, 0], shares: [0.5, 0.5], lacks: [0, 0], limit: 9)
        #expect(plan.moves.map(\.session) == [session])
    }

    @Test func whatItLacksShiftsWhatAPoolIsToHave() {
        let even = [Array(repeating: 10.0, count: 5), Array(repeating: 10, count: 5)]
        let plan = World([0.5, 0.5], even, lacks: [1200, -1200]).plan()
        #expect(plan.moves.map(\.to) == [0, 0])
    }

    @Test func noMoreMoveThanTheLimitAllows() {
        let world = World([0.5, 0.5], [Array(repeating: 10, count: 10), []])
        #expect(world.plan(limit: 4).moves.count == 4)
        #expect(world.plan(limit: 4).isCut)
        #expect(world.plan(limit: 5).moves.count == 5)
        #expect(!world.plan(limit: 5).isCut)
        #expect(world.plan(limit: 0).moves.isEmpty)
    }

    @Test func barredSessionsStay() {
        var world = World([0.5, 0.5])
        // Enough of them to hide the one behind them.
        for _ in 0..<100 { world.add(0, 100, barred: 0b10) }
        world.add(0, 10, barred: 0b01)
        #expect(world.plan().moves == [WorkBalancer.Move(session: 100, from: 0, to: 1)])
    }

    // MARK: In the long run

    /// One session, exact work: the error is never more than what makes the session move, so that it fades with time.
    @Test(arguments: [(0.2, 40), (0.5, 61), (0.01, 4)])
    func oneSessionIsSplitByTime(share: Double, movesPerHour: Int) {
        var world = World([1 - share, share], [[1], []])
        var account = WorkAccount(count: 2)
        var moves: [Int: Int] = [:]
        for second in stride(from: 5, through: 12 * 3600, by: 5) {
            let now = NIODeadline.uptimeNanoseconds(UInt64(second) * 1_000_000_000)
            account.accepted(pool: world.members[0].pool, work: 5)
            account.settle(shares: world.shares, limit: 1800, now: now)
            world.lacks = account.lacks
            world.age = Double(second)
            #expect(world.lacks.allSatisfy { abs($0) <= 0.75 * world.horizon + 5 }, "\(second) s: \(world.lacks)")
            let plan = world.plan()
            world.apply(plan.moves)
            moves[second / 3600, default: 0] += plan.moves.count
        }
        #expect(abs(account.work[1] / 43_200 - share) < 0.0035)
        #expect(account.work[1] > 0)
        #expect(moves.values.allSatisfy { $0 <= movesPerHour }, "\(moves)")
        #expect((7..<12).allSatisfy { moves[$0, default: 0] <= movesPerHour / 2 }, "\(moves)")
    }

    @Test(arguments: [20_000, 1000])
    func twentyThousandSessionsEndWithinTheBand(limit: Int) {
        var random = RandomSource(seed: 20_000)
        var world = World([0.7, 0.2, 0.1])
        for _ in 0..<20_000 {
            world.add(0, 100 * .random(in: 0.01...1, using: &random), shares: .random(in: 0...50, using: &random))
        }
        var moves = 0
        for _ in 0..<20 {
            let plan = world.plan(limit: limit)
            world.apply(plan.moves)
            moves += plan.moves.count
            #expect(plan.moves.count <= limit)
            if !plan.isCut { break }
        }
        #expect(world.deviation <= world.horizon / 6)
        #expect(world.plan().moves.isEmpty)
        #expect(moves < 8000)
    }

    @Test(arguments: 1...200 as ClosedRange<UInt64>)
    func eachMoveIsAllowedAndNoneMakesTheLargestDeviationLarger(seed: UInt64) {
        var world = Self.random(seed)
        let limit = Int(seed % 40) + 1
        let plan = world.plan(limit: limit)
        #expect(plan.moves.count <= limit && (!plan.isCut || plan.moves.count == limit), "seed \(seed)")
        #expect(Set(plan.moves.map(\.session)).count == plan.moves.count, "seed \(seed)")
        for move in plan.moves {
            let member = world.members[Int(move.session)]
            #expect(member.pool == move.from && member.barred & (1 << UInt64(move.to)) == 0, "seed \(seed): \(move)")
            let before = world.deviation
            world.apply([move])
            #expect(world.deviation <= before + 1e-9, "seed \(seed): \(move)")
        }
    }

    @Test(arguments: 1...200 as ClosedRange<UInt64>)
    func whoHasMovedIsNotMovedAgainForTheSameDebts(seed: UInt64) {
        var world = Self.random(seed)
        var moved: Set<Int64> = []
        for _ in 0..<20 {
            let plan = world.plan(limit: 25)
            #expect(moved.isDisjoint(with: plan.moves.map(\.session)), "seed \(seed)")
            moved.formUnion(plan.moves.map(\.session))
            world.apply(plan.moves)
        }
        #expect(world.plan(limit: 25).moves.isEmpty, "seed \(seed)")
    }
}
