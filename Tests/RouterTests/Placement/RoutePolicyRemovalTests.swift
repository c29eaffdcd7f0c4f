import NIOCore
import PoolPool
import Router
import Testing

/// What becomes of indices when a pool is gone.
@Suite struct RoutePolicyRemovalTests {
    private static func world(_ count: Int = 3) -> PolicyWorld {
        PolicyWorld((0..<count).map { PolicyWorld.pool("p\($0)") })
    }

    @Test(arguments: 0..<3)
    func sessionsKeepTheirPools(removed: Int) {
        var world = PolicyWorld([1, 2, 3].enumerated().map { PolicyWorld.pool("p\($0)", weight: $1) })
        world.arrive(1...30)
        let before = (1...30 as ClosedRange<Int64>).map(world.pool(of:))
        world.policy.remove(at: removed, now: world.now)
        for (session, pool) in zip(1...30 as ClosedRange<Int64>, before) {
            #expect(world.pool(of: session) == (pool == "p\(removed)" ? nil : pool))
        }
        var loads = [5e12, 10e12, 15e12]
        loads.remove(at: removed)
        #expect(world.policy.loads == loads)
        world.place()
        #expect(world.policy.loads.reduce(0, +) == 30e12)
    }

    @Test func whatTheOthersAreOwedStays() throws {
        var world = PolicyWorld([5, 2, 3].enumerated().map { PolicyWorld.pool("p\($0)", weight: $1) })
        world.arrive(1...1)
        world.pass(60, isMining: true)
        let before = try #require(world.policy.explain(1, now: world.now)).pools
        world.policy.remove(at: 1, now: world.now)
        let after = try #require(world.policy.explain(1, now: world.now)).pools
        for name in ["p0", "p2"] {
            #expect(after.first { $0.name == name }?.lack == before.first { $0.name == name }?.lack)
        }
        #expect(after.first { $0.name == "p2" }?.lack ?? 0 > 10)
    }

    /// Bit *n* is pool *n* before and after.
    @Test(arguments: 1...100 as ClosedRange<UInt64>)
    func barredPoolsStayBarred(seed: UInt64) {
        var random = RandomSource(seed: seed)
        let count = [3, 10, 63, 64, 65, 70].randomElement(using: &random) ?? 3
        var world = Self.world(count)
        let barred = random.next()
        world.arrive(1...1, barred: barred)
        let edge = [0, 62, 63, 64, 69].filter { $0 < count }.randomElement(using: &random) ?? 0
        let removed = Bool.random(using: &random) ? edge : Int.random(in: 0..<count, using: &random)
        world.policy.remove(at: removed, now: world.now)
        let allowed = Set(world.policy.walk(1).map(world.name))
        for pool in 0..<min(64, count) where pool != removed {
            #expect(allowed.contains("p\(pool)") == (barred & (1 << UInt64(pool)) == 0), "seed \(seed): p\(pool)")
        }
        for pool in 64..<max(64, count) where pool != removed {
            #expect(allowed.contains("p\(pool)"), "seed \(seed): p\(pool)")
        }
    }

    @Test func thePoolsOfAPinAreFoundByName() {
        let rule = PinRule(name: "farm", worker: WorkerPattern("farm.*"), pools: [PinRule.Share(pool: "c")])
        var world = PolicyWorld(["a", "b", "c"].map { PolicyWorld.pool($0) }, pins: [rule])
        world.arrive(1...4, login: "farm.1")
        world.policy.remove(at: 0, now: world.now)
        #expect(world.count(at: "c") == 4)
        world.pass(120, isMining: true)
        #expect(world.count(at: "c") == 4)
        // And without it, they go where all go.
        world.policy.remove(at: 1, now: world.now)
        world.place()
        #expect(world.count(at: "b") == 4)
    }

    @Test func ejectionsStayWithTheirPools() {
        var world = Self.world()
        world.reject("p2", 10)
        world.policy.remove(at: 0, now: world.now)
        #expect(world.policy.carryingPools.map(world.name) == ["p1"])
        world.pass(31)
        #expect(world.policy.carryingPools.map(world.name) == ["p1", "p2"])
    }

    @Test func aPoolThatIsAddedGetsItsShare() {
        var world = Self.world(2)
        world.arrive(1...30)
        world.policy.add(PolicyWorld.pool("p2"), now: world.now)
        #expect(world.target("p2") == 0)
        world.ready("p2")
        #expect(abs(world.target("p2") - 1.0 / 3) < 1e-9)
        world.pass(300, isMining: true)
        #expect((8...12).contains(world.count(at: "p2")))
    }
}
