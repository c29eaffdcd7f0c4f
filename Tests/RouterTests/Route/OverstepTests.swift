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
}
