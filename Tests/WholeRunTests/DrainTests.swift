import ControlAPI
import NIOCore
import Persistence
import PoolPool
import Router
import Simulation
import Testing

@testable import RouterCLI

/// `pool drain`: sessions leave, verdicts are waited for, the link closes.
@Suite(.serialized) struct DrainTests {
    private static let miners = 10

    /// Both pools answer a second late, so that there are always shares under way.
    private static func run(
        _ balance: BalanceConfiguration,
        _ drain: (RunningRouter, SimulatedFarm, [SimulatedPool]) async throws -> Void
    ) async throws {
        let pools = [try await SmallWorld.pool("primary", seed: 1), try await SmallWorld.pool("backup", seed: 2)]
        for pool in pools { try await pool.inject(.delayVerdicts(.seconds(1))) }
        var route = RouteConfiguration.local([.local(pools[0]), .local(pools[1], priority: 2)])
        route.balance = balance
        let router = try await RunningRouter.start([route])
        let farm = try await SmallWorld.farm(Self.miners, port: router.port)
        try await farm.mineOn(1)

        let start = NIODeadline.now()
        try await drain(router, farm, pools)
        try await router.eventually("all have left") { $0.pools.map(\.sessions) == [0, Self.miners] }
        print("drain: all have left after \((NIODeadline.now() - start).text)")
        try await pools[0].wait("no link", until: { $0.openConnections == 0 }, timeout: .seconds(60))
        print("drain: the link is closed after \((NIODeadline.now() - start).text)")
        #expect(await router.assembly.control.pools(route: nil).first?.state == .disabled)
        try await farm.mineOn(1, "all mine elsewhere")

        farm.expectUndisturbed()
        // Each answer was still awaited, and it was the router that hung up.
        #expect(pools[0].shareLog.allSatisfy { $0.isAnswered && $0.isAccepted })
        #expect(pools[0].log.connections.allSatisfy { !$0.wasClosedByPool })
        let rows = try await router.settle([farm], pools)
        #expect(rows.allSatisfy { $0.verdict == .accepted && $0.lateVerdict == nil })
        let drained = try router.events("drained")
        #expect(drained.map(\.pool) == ["primary"])
        #expect(drained.first?.sharesLost == 0)
        let moves = try router.events("rebalance")
        #expect(moves.allSatisfy { $0.fromPool == "primary" && $0.cause == "primary is drained" })
        #expect(moves.reduce(0) { $0 + ($1.sessionsMoved ?? 0) } == Int64(Self.miners))
        #expect(try router.events("failover", "down").isEmpty)
        try router.removeFiles()
    }

    @Test(.timeLimit(.minutes(2)))
    func drainWithATimeLetsSessionsLeaveAFewAtATimeAndLosesNothing() async throws {
        // Two of ten a second.
        try await Self.run(BalanceConfiguration(movesPerSecond: 0.2, patience: .zero)) { router, _, pools in
            let outcome = await router.assembly.control.setPool("primary", .drain, within: .seconds(60))
            #expect(outcome == .done("pool primary is draining, at most 1m"))
            #expect(await router.sessionsPerPool() == [Self.miners, 0])
            try await router.eventually("some have left") { (1..<Self.miners).contains($0.pools[1].sessions) }
            // Those that are still there go on mining.
            #expect(pools[0].log.openConnections == 1)
        }
    }

    @Test(.timeLimit(.minutes(2)))
    func drainWithATimeThatIsTooShortEndsWhenItIsOver() async throws {
        // Nobody leaves before there is a clean job, which does not come.
        try await Self.run(.patient) { router, _, _ in
            _ = await router.assembly.control.setPool("primary", .drain, within: .seconds(3))
        }
    }

    @Test(.timeLimit(.minutes(2)))
    func drainWithoutATimeMovesEverybodyAtOnce() async throws {
        try await Self.run(.patient) { router, _, pools in
            let outcome = await router.assembly.control.setPool("primary", .drain)
            #expect(outcome == .done("pool primary is draining"))
            #expect(await router.sessionsPerPool() == [0, Self.miners])
            #expect(pools[0].log.openConnections == 1)
        }
    }
}

extension BalanceConfiguration {
    fileprivate static let patient = BalanceConfiguration(movesPerSecond: 1, patience: .seconds(100_000))
}
