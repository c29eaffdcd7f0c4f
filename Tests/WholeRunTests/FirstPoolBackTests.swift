import NIOCore
import Persistence
import PoolPool
import Router
import Simulation
import Testing

@testable import RouterCLI

/// All pools are gone and the miners are held: the first pool that comes back gives work to all of them.
@Suite(.serialized) struct FirstPoolBackTests {
    private static let miners = 60

    @Test(.timeLimit(.minutes(2)), arguments: [true, false])
    func firstPoolBackGivesEveryMinerACleanJob(hadWork: Bool) async throws {
        let pools = [
            try await SmallWorld.pool("primary", seed: 1), try await SmallWorld.pool("backup", seed: 2),
            try await SmallWorld.pool("third", seed: 3),
        ]
        if !hadWork { for pool in pools { try await pool.inject(.close) } }
        var health = HealthConfiguration.quick
        // That it is there must be enough: nobody waits until it is trusted.
        health.failbackAfter = .seconds(600)
        let router = try await RunningRouter.start([
            .local(pools.enumerated().map { .local($1, priority: $0 + 1) }, health: health)
        ])
        let farm = try await SmallWorld.farm(Self.miners, port: router.port, hashesPerSecond: 150)
        if hadWork {
            try await farm.wait("all have work", until: { $0.allSatisfy { $0.jobs > 0 } })
            try await pools[0].wait("shares", until: { $0.acceptedShares >= 50 })
            for pool in pools { try await pool.inject(.reset) }
        }
        try await router.eventually("all are held") { $0.sessions == Self.miners && $0.idleSessions == Self.miners }

        let start = NIODeadline.now()
        let first = pools[1]
        try await first.inject(.healthy)
        try await farm.wait(
            "all have a clean job", until: { $0.allSatisfy { $0.cleanJob(after: start) != nil } }, timeout: .seconds(60)
        )
        let line = try #require(first.log.connections.first { $0.openedAt > start }?.firstLineAt)
        let last = try #require(farm.logs.compactMap { $0.cleanJob(after: start) }.max())
        print(
            "first pool back (\(hadWork ? "after an outage" : "none since the start")): the last of \(Self.miners) "
                + "miners had its job \((last - line).nanoseconds / 1_000_000) ms after the pool's first line, "
                + "\((last - start).nanoseconds / 1_000_000) ms after the pool was there"
        )
        let accepted = first.log.acceptedShares
        try await first.wait("shares", until: { $0.acceptedShares >= accepted + 50 })
        #expect(first.log.rejectedShares == 0)
        farm.expectUndisturbedLinks()
        try await router.settle([farm], pools)
        #expect(try router.events("session_closed").allSatisfy { $0.cause == SessionCloseReason.shutdown.rawValue })
        try router.removeFiles()
    }
}
