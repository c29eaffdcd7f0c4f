import NIOCore
import PoolPool
import Router
import Testing

/// Pools that an operator takes out.
@Suite struct RoutePolicyDrainTests {
    private static func drained(within seconds: Int) -> PolicyWorld {
        var world = PolicyWorld([PolicyWorld.pool("a"), PolicyWorld.pool("b", priority: 2)])
        world.arrive(1...100)
        world.pass(10)
        world.administer("a", .draining, within: seconds)
        return world
    }

    @Test func aDrainedPoolEmptiesABitAtATime() {
        var world = Self.drained(within: 300)
        world.pass(5)
        #expect(world.count(at: "a") == 100)
        world.cleanJob("a")
        #expect(world.count(at: "a") == 100)
        world.cleanJob("b")
        #expect(world.count(at: "a") == 95)
        world.arrive(101...101)
        #expect(world.pool(of: 101) == "b")
        world.pass(60)
        #expect(world.count(at: "a") == 0)
        let moves = world.movesBySecond(from: 11)
        #expect(moves.values.allSatisfy { $0 <= 6 }, "\(moves)")
        #expect(world.moved.allSatisfy { $0.second == 0 || $0.pool == "b" })
    }

    @Test func noMoreLeaveWithManyCleanJobsThanMayLeave() {
        var world = Self.drained(within: 300)
        world.pass(5)
        for _ in 0..<5 { world.cleanJob("b") }
        #expect(world.count(at: "b") == 5)
        world.pass(1)
        for _ in 0..<5 { world.cleanJob("b") }
        #expect(world.count(at: "b") == 10)
    }

    @Test func aDrainThatMustBeOverSoonWaitsForNoCleanJob() {
        var world = Self.drained(within: 30)
        world.pass(29)
        #expect(world.count(at: "b") == 100)
        let moves = world.movesBySecond(from: 1)
        #expect(moves.values.allSatisfy { $0 <= 5 }, "\(moves)")
    }

    @Test func whoIsThereWhenTheTimeIsOverMayNotStay() {
        var world = Self.drained(within: 7)
        world.pass(6)
        #expect(world.policy.mayStay(100, at: 0, now: world.now))
        world.place()
        #expect(world.count(at: "a") > 80)
        world.pass(1)
        #expect(!world.policy.mayStay(100, at: 0, now: world.now))
        world.place()
        #expect(world.count(at: "b") == 100)
    }

    @Test func aDisabledPoolIsLeftAtOnceAndGetsNobodyUntilItIsEnabled() {
        var world = Self.drained(within: 300)
        world.administer("a", .disabled)
        #expect(world.count(at: "b") == 100)
        world.pass(600)
        #expect(world.policy.walk(1) == [1])
        world.administer("a", .enabled)
        #expect(world.policy.walk(1) == [0, 1])
        world.pass(120)
        #expect(world.count(at: "a") == 100)
    }

    @Test func aDrainThatIsTakenBackMovesNobody() {
        var world = Self.drained(within: 300)
        world.pass(10)
        world.administer("a", .enabled)
        world.pass(300)
        #expect(world.count(at: "a") == 100)
        #expect(world.policy.pools[0].drainBy == nil)
    }

    @Test func thoseWhoLeaveAreSharedOutByWeight() {
        var world = PolicyWorld([
            PolicyWorld.pool("a"), PolicyWorld.pool("b", priority: 2, weight: 3), PolicyWorld.pool("c", priority: 2),
        ]) { $0.balance.movesPerSecond = 1 }
        world.arrive(1...40)
        world.administer("a", .draining, within: 300)
        world.pass(60)
        #expect(world.count(at: "b") == 30)
        #expect(world.count(at: "c") == 10)
    }

    @Test func eachGroupLeavesForPoolsOfItsOwn() {
        let pools = ["a", "b", "c"].enumerated().map { PolicyWorld.pool($1, priority: $0) }
        let shares = ["a", "c"].map { PinRule.Share(pool: $0) }
        let rule = PinRule(name: "farm", worker: WorkerPattern("farm.*"), pools: shares, isStrict: true)
        var world = PolicyWorld(pools, pins: [rule])
        world.arrive(1...20, login: "farm.1")
        world.arrive(21...40, login: "other.1")
        #expect(world.count(at: "a") == 30 && world.count(at: "c") == 10)
        world.administer("a", .draining, within: 300)
        world.pass(60)
        #expect((1...20).allSatisfy { world.pool(of: $0) == "c" })
        #expect((21...40).allSatisfy { world.pool(of: $0) == "b" })
        #expect(world.moved.allSatisfy { $0.session > 20 || $0.pool != "b" })
    }

    @Test func whoCannotHaveThePoolThatCarriesStaysUntilTheTimeIsOver() {
        var world = PolicyWorld(["a", "b", "c"].enumerated().map { PolicyWorld.pool($1, priority: $0) })
        world.arrive(1...1, barred: 0b010)
        world.arrive(2...10)
        world.administer("a", .draining, within: 100)
        world.pass(99)
        #expect(world.pool(of: 1) == "a")
        #expect(world.count(at: "b") == 9)
        world.pass(1)
        world.place()
        #expect(world.pool(of: 1) == "c")
    }

    @Test func theWaitForACleanJobBeginsAnewForEachCause() {
        var world = PolicyWorld(["a", "b", "c"].enumerated().map { PolicyWorld.pool($1, priority: $0) }) {
            $0.balance.movesPerSecond = 1
        }
        world.arrive(1...10)
        world.administer("a", .draining, within: 3600)
        world.pass(35)
        #expect(world.count(at: "b") == 10)
        world.administer("b", .draining, within: 3600)
        world.pass(30)
        #expect(world.count(at: "b") == 10)
        world.pass(5)
        #expect(world.count(at: "c") == 10)
    }
}
