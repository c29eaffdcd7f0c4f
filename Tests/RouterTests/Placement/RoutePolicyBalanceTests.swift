import NIOCore
import PoolPool
import Router
import Testing

/// Sessions that move although nothing forces them.
@Suite struct RoutePolicyBalanceTests {
    private static func world(
        _ weights: [Double] = [80, 20], _ adjust: (inout RouteConfiguration) -> Void = { _ in }
    ) -> PolicyWorld {
        PolicyWorld(zip(["a", "b", "c"], weights).map { PolicyWorld.pool($0, weight: $1) }, adjust)
    }

    @Test func newSessionsGoWhereMostIsLacking() {
        var world = Self.world([70, 20, 10])
        world.arrive(1...100)
        #expect(["a", "b", "c"].map(world.count(at:)) == [70, 20, 10])
    }

    @Test func whatIsBalancedIsLeftAlone() {
        var world = Self.world()
        world.arrive(1...100)
        world.pass(3600, isMining: true)
        #expect(world.movesBySecond(from: 1).isEmpty)
    }

    @Test func otherWeightsMoveAsManyAsAreNeeded() {
        var world = Self.world()
        world.arrive(1...100)
        world.policy.update(1, to: PolicyWorld.pool("b", weight: 80), now: world.now)
        world.pass(600, isMining: true)
        let moves = world.movesBySecond(from: 1)
        #expect(moves.values.allSatisfy { $0 <= 5 }, "\(moves)")
        #expect((28...60).contains(moves.values.reduce(0, +)), "\(moves)")
        #expect((45...55).contains(world.count(at: "a")))
    }

    @Test func aMoveWaitsForACleanJobButNotForEver() {
        var world = Self.world([1, 1])
        world.arrive(1...20)
        world.policy.update(0, to: PolicyWorld.pool("a", weight: 0), now: world.now)
        world.pass(20)
        #expect(world.count(at: "a") == 10)
        world.cleanJob("a")
        #expect(world.count(at: "a") == 10)
        world.cleanJob("b")
        #expect(world.count(at: "a") == 9)
        // It was seen at the fifth second that somebody should move.
        world.pass(14)
        #expect(world.count(at: "a") == 9)
        world.pass(5)
        #expect((5..<9).contains(world.count(at: "a")))
        world.pass(10)
        #expect(world.count(at: "a") == 0)
    }

    @Test func aSingleMinerIsSplitByTime() {
        var world = Self.world()
        world.arrive(1...1)
        var seconds = 0
        for _ in 0..<(6 * 3600) {
            world.pass(1, isMining: true)
            if world.pool(of: 1) == "b" { seconds += 1 }
        }
        #expect(abs(Double(seconds) / (6 * 3600) - 0.2) < 0.01)
        #expect(world.moved.count < 6 * 40)
        #expect(world.movesBySecond(from: 5 * 3600).count <= 20)
    }

    @Test func groupsAreBalancedByThemselves() {
        let rule = PinRule(name: "farm", worker: WorkerPattern("farm.*"), pools: [PinRule.Share(pool: "a")])
        var world = PolicyWorld([PolicyWorld.pool("a"), PolicyWorld.pool("b")], pins: [rule])
        world.arrive(1...20, login: "farm.1")
        world.arrive(21...40, login: "other.1")
        #expect(world.count(at: "a") == 30)
        #expect(world.policy.targetShares == [0.75, 0.25])
        world.pass(1800, isMining: true)
        #expect(world.count(at: "a") == 30)
    }

    @Test func theLimitHoldsForAllGroupsTogether() {
        let rule = PinRule(name: "farm", worker: WorkerPattern("farm.*"), pools: [PinRule.Share(pool: "a")])
        var world = PolicyWorld([PolicyWorld.pool("a"), PolicyWorld.pool("b", priority: 2)], pins: [rule]) {
            $0.balance.patience = .zero
        }
        world.arrive(1...50, login: "farm.1")
        world.arrive(51...100, login: "other.1")
        world.administer("a", .draining, within: 600)
        world.pass(30)
        #expect(world.movesBySecond(from: 1).values.allSatisfy { $0 == 5 })
        #expect(world.count(at: "b") == 100)
    }
}
