import NIOCore
import PoolPool
import Router
import Testing

/// Pools that leave no nonce space that miners could share.
@Suite struct RoutePolicyRoomTests {
    private static let aside = PolicyChange.ejected(reason: "its nonce space is too small to be shared", time: nil)

    private static func note(_ hasRoom: Bool, of pool: String, in world: inout PolicyWorld) {
        world.policy.noted(hasRoom: hasRoom, of: world.index(pool), now: world.now)
        world.place()
    }

    @Test func aPoolWithoutRoomGetsNothingAndIsToldOfOnce() {
        var world = PolicyWorld([PolicyWorld.pool("a"), PolicyWorld.pool("b")])
        world.arrive(1...10)
        Self.note(false, of: "a", in: &world)
        #expect(world.target("a") == 0 && world.target("b") == 1)
        #expect(world.count(at: "a") == 0 && world.count(at: "b") == 10)
        world.arrive(11...20)
        world.pass(60, isMining: true)
        #expect(world.changes("a") == [Self.aside])
        #expect(world.count(at: "a") == 0)
        #expect(world.policy.pools[0].putAside == "its nonce space is too small to be shared")
    }

    @Test func aPoolThatWidensItsRoomIsTakenBack() {
        var world = PolicyWorld([PolicyWorld.pool("a"), PolicyWorld.pool("b")])
        world.arrive(1...10)
        Self.note(false, of: "a", in: &world)
        world.pass(10)
        Self.note(true, of: "a", in: &world)
        world.pass(180, isMining: true)
        #expect(world.changes("a") == [Self.aside, .readmitted(reason: "its nonce space can be shared")])
        #expect((4...6).contains(world.count(at: "a")))
        #expect(world.policy.pools[0].putAside == nil)
    }

    @Test func aPoolThatChangesItsMindAllTheTimeIsToldOfOnceASecond() {
        var world = PolicyWorld([PolicyWorld.pool("a"), PolicyWorld.pool("b")])
        world.pass(1)
        for _ in 0..<100 {
            Self.note(false, of: "a", in: &world)
            Self.note(true, of: "a", in: &world)
        }
        Self.note(false, of: "a", in: &world)
        world.pass(1)
        #expect(world.changes("a") == [Self.aside])
    }

    @Test func theOnlyPoolIsPutAsideAllTheSame() {
        var world = PolicyWorld([PolicyWorld.pool("a")])
        Self.note(false, of: "a", in: &world)
        world.pass(5)
        #expect(world.changes("a") == [Self.aside])
        #expect(!world.policy.pools[0].isUsable && world.policy.carryingPools.isEmpty)
    }

    @Test func theLastPoolWithRoomIsNotPutAside() {
        var world = PolicyWorld([PolicyWorld.pool("a"), PolicyWorld.pool("b")])
        Self.note(false, of: "a", in: &world)
        world.reject("b", 20)
        let isPanic = world.changes("b").map(\.isPanic)
        #expect(isPanic == [true])
    }

    @Test func explainSaysIt() throws {
        var world = PolicyWorld([PolicyWorld.pool("a"), PolicyWorld.pool("b")])
        world.arrive(1...1)
        Self.note(false, of: "a", in: &world)
        let explanation = try #require(world.policy.explain(1, now: world.now))
        #expect(explanation.pools.map(\.objection) == [nil, "its nonce space is too small to be shared"])
        #expect(explanation.pools.map(\.name) == ["b", "a"])
    }
}
