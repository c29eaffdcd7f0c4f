import PoolPool
import Stratum
import Testing

@testable import Router

/// Miners that were held for as long as they may be.
@Suite struct HoldTests {
    private static func reasons(_ world: CoreWorld) -> [Int64: SessionCloseReason] {
        world.told().reduce(into: [:]) { reasons, message in
            guard case .close(let sessions, let reason) = message else { return }
            for session in sessions { reasons[session] = reason }
        }
    }

    @Test func theReasonSaysWhetherAPoolCouldEverServeTheMiner() throws {
        let world = try CoreWorld([(name: "a", extranonce: "a1")]) { $0.health.hold = .seconds(5) }
        var strange = world.waits()
        strange.kind = EthashFlavor.proxy.kind
        world.authorizes(strange)
        let ordinary = world.waits()
        world.authorizes(ordinary)
        #expect(world.pool(of: strange) == nil && world.pool(of: ordinary) == "a")
        world.fails("a")
        world.passes(seconds: 7)
        #expect(Self.reasons(world) == [strange.session: .noPoolOfItsKind, ordinary.session: .noPool])
    }
}
