import PoolPool
import Testing

@testable import Router

/// What a pool sends that a pool may not send.
@Suite struct OverstepTests {
    @Test func itIsToldAsAnOverstepAndNotAsAPayout() throws {
        let world = try CoreWorld([(name: "a", extranonce: "a1"), (name: "b", extranonce: "b2")])
        world.core.overstepped("mining.set_difficulty: -1 is no difficulty", isAttack: false, index: 0)
        #expect(world.events(.overstep).map(\.cause) == ["mining.set_difficulty: -1 is no difficulty"])
        #expect(world.events(.overstep).map(\.pool) == ["a"])
        #expect(world.events(.payout).isEmpty)
        #expect(RouteEvent.Kind.overstep.rawValue == "overstep")
    }

    @Test(arguments: [(isAttack: false, seconds: 600), (isAttack: true, seconds: 60)])
    func aPoolIsNotToldOfWithEveryLine(isAttack: Bool, seconds: Int) throws {
        let world = try CoreWorld([(name: "a", extranonce: "a1"), (name: "b", extranonce: "b2")])
        for second in 0...seconds {
            world.core.overstepped("\(second)", isAttack: isAttack, index: 0)
            // What another does is another matter, and so is the other kind.
            if second == 1 { world.core.overstepped("other", isAttack: isAttack, index: 1) }
            if second == 2 { world.core.overstepped("other kind", isAttack: !isAttack, index: 0) }
            if second < seconds { world.passes(seconds: 1) }
        }
        #expect(world.events(.overstep).map(\.cause) == ["0", "other", "other kind", "\(seconds)"])
    }

    /// Of an attack that is not told again because it is too soon, the consequences are drawn all the same.
    @Test func aPoolThatAttacksAgainIsPutAsideAgain() throws {
        let world = try CoreWorld([(name: "a", extranonce: "a1"), (name: "b", extranonce: "b2")]) {
            $0.payoutGuard = .eject
        }
        for _ in 0..<2 {
            world.core.overstepped("client.reconnect to evil.com", isAttack: true, index: 0)
            #expect(world.core.policy.pools[0].putAside == "client.reconnect to evil.com")
            _ = world.core.command(.enable, pool: "a", within: .seconds(1))
            #expect(world.core.policy.pools[0].putAside == nil)
        }
        #expect(world.events(.overstep).count == 1)
    }
}
