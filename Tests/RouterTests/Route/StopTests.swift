import Testing

@testable import Router

/// What is told once a second is told all the same when the router stops before.
@Suite struct StopTests {
    @Test func aPoolThatIsPutAsideForItsRoomIsToldOf() throws {
        let world = try CoreWorld([(name: "a", extranonce: "a1"), (name: "b", extranonce: "b2")])
        world.passes(seconds: 1)
        world.core.note(room: 0, of: 0)
        #expect(world.events(.ejected).isEmpty)
        world.core.stop()
        #expect(world.events(.ejected).map(\.pool) == ["a"])
    }
}
