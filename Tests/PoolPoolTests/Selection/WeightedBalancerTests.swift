import PoolPool
import Testing

@Suite struct WeightedBalancerTests {
    private typealias Load = WeightedBalancer.Load
    private typealias Member = WeightedBalancer.Member

    private static func loads(_ weights: [Double], _ members: [Member]) -> [Load] {
        weights.enumerated().map { index, weight in
            Load(weight: weight, hashrate: members.reduce(0) { $0 + ($1.pool == index ? $1.hashrate : 0) })
        }
    }

    private static func moves(
        _ weights: [Double],
        _ members: [Member],
        correction: [Double]? = nil,
        tolerance: Double = 0.01,
        limit: Int = 100
    ) -> [WeightedBalancer.Move] {
        WeightedBalancer.moves(
            members: members,
            loads: Self.loads(weights, members),
            correction: correction ?? weights.map { _ in 0 },
            tolerance: tolerance,
            limit: limit
        )
    }

    private static func applying(_ moves: [WeightedBalancer.Move], to members: [Member]) -> [Member] {
        var members = members
        for move in moves {
            for index in members.indices where members[index].session == move.session { members[index].pool = move.to }
        }
        return members
    }

    /// The greatest deviation of a pool's share from its weight.
    private static func deviation(_ weights: [Double], _ members: [Member]) -> Double {
        let loads = Self.loads(weights, members)
        let total = loads.reduce(0) { $0 + $1.hashrate }
        return zip(loads, WeightedBalancer.normalized(loads)).map { abs($0.hashrate / total - $1) }.max() ?? 0
    }

    @Test func aNewSessionGoesWhereMostIsLacking() {
        #expect(WeightedBalancer.choose(loads: [], hashrate: 1) == nil)
        let rows: [([Double], [Double], Int)] = [
            ([80, 20], [0, 0], 0), ([80, 20], [80, 0], 1), ([80, 20], [80, 20], 0), ([1, 1], [5, 5], 0),
            ([1, 0], [1000, 0], 0), ([0, 0], [1, 0], 1), ([1, 1, 2], [10, 10, 10], 2),
        ]
        for (weights, hashrates, expected) in rows {
            let loads = zip(weights, hashrates).map { Load(weight: $0, hashrate: $1) }
            #expect(WeightedBalancer.choose(loads: loads, hashrate: 10) == expected, "\(weights) \(hashrates)")
        }
    }

    @Test func balancedLoadsAreLeftAlone() {
        let members = (0..<10).map { Member(session: $0, pool: $0 < 8 ? 0 : 1, hashrate: 10) }
        #expect(Self.moves([80, 20], members) == [])
        #expect(Self.moves([80, 20], []) == [])
        #expect(Self.moves([1], members.map { Member(session: $0.session, pool: 0, hashrate: 10) }) == [])
    }

    @Test func oneMoveMendsOneSessionTooMany() {
        let members = (0..<10).map { Member(session: $0, pool: $0 < 6 ? 0 : 1, hashrate: 10) }
        #expect(Self.moves([1, 1], members).map(\.to) == [1])
    }

    @Test func sessionsThatWouldOnlySwapTheDeviationStay() {
        #expect(Self.moves([1, 1], [Member(session: 1, pool: 0, hashrate: 100)]) == [])
    }

    @Test func aPoolOfWeightZeroIsEmptied() {
        let members = (0..<6).map { Member(session: $0, pool: Int($0 % 2), hashrate: 10) }
        let moves = Self.moves([1, 0], members)
        #expect(Set(moves.map(\.session)) == [1, 3, 5])
        #expect(moves.allSatisfy { $0.to == 0 })
    }

    @Test func theCorrectionShiftsTheTarget() {
        let members = (0..<10).map { Member(session: $0, pool: Int($0 % 2), hashrate: 10) }
        #expect(Self.moves([1, 1], members, correction: [20, -20]).map(\.to) == [0, 0])
        #expect(Self.moves([1, 1], members, correction: []) == [])
    }

    @Test func theLimitIsKept() {
        let members = (0..<100).map { Member(session: $0, pool: 0, hashrate: 1) }
        #expect(Self.moves([1, 1], members, limit: 7).count == 7)
        #expect(Self.moves([1, 1], members, limit: 0) == [])
    }

    @Test(arguments: 1...200 as ClosedRange<UInt64>)
    func itConvergesWithFewMovesAndThenRests(seed: UInt64) {
        var random = RandomSource(seed: seed)
        let weights = (0..<Int.random(in: 2...4, using: &random)).map { _ in
            Double(Int.random(in: 1...100, using: &random))
        }
        var members = (0..<100).map { session in
            Member(
                session: Int64(session),
                pool: Int.random(in: weights.indices, using: &random),
                hashrate: Double.random(in: 10...300, using: &random)
            )
        }
        var moveCount = 0
        for _ in 0..<50 {
            let before = Self.deviation(weights, members)
            let moves = Self.moves(weights, members, limit: 5)
            #expect(Set(moves.map(\.session)).count == moves.count, "seed \(seed)")
            members = Self.applying(moves, to: members)
            #expect(Self.deviation(weights, members) <= before + 1e-9, "seed \(seed)")
            moveCount += moves.count
        }
        #expect(Self.deviation(weights, members) <= 0.015, "seed \(seed)")
        #expect(moveCount <= 100, "seed \(seed): \(moveCount) moves")
        #expect(Self.moves(weights, members) == [], "seed \(seed)")
    }
}
