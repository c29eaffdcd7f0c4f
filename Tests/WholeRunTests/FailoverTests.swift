import Foundation
import NIOCore
import NIOPosix
import PoolPool
import Router
import Simulation
import Testing

/// Whole runs over real sockets: pools that judge for themselves, miners that really hash.
@Suite(.serialized) struct FailoverTests {
    private static let outside = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    /// Two pools with other extranonce sizes, masks and difficulties.
    private static func pools() async throws -> (primary: SimulatedPool, backup: SimulatedPool) {
        var primary = SimulatedPoolConfiguration(name: "primary")
        primary.extranonce1Size = 4
        primary.extranonce2Size = 8
        primary.difficulty = 3e-7
        primary.jobInterval = .seconds(2)
        primary.seed = 1
        var backup = SimulatedPoolConfiguration(name: "backup")
        backup.extranonce1Size = 7
        backup.extranonce2Size = 6
        backup.configure = .answers(mask: 0x00ff_e000)
        backup.difficulty = 2e-7
        backup.jobInterval = .seconds(2)
        backup.versionBitsRule = .or
        backup.seed = 2
        return (
            try await SimulatedPool.start(primary, on: Self.outside),
            try await SimulatedPool.start(backup, on: Self.outside)
        )
    }

    /// Miners that know neither `set_extranonce` nor `client.reconnect`.
    private static func farm(_ count: Int, port: Int) async throws -> SimulatedFarm {
        var configurations = SimulatedFarm.configurations(
            count: count,
            profiles: [.plain, .cpuminer, .cgminer, .bitaxe, .nerdminer],
            port: port,
            // What a core can do in a debug build, and no more.
            hashesPerSecond: 80_000 / Double(max(count, 40))
        )
        for index in configurations.indices { configurations[index].subscribesExtranonce = false }
        return try await SimulatedFarm.start(configurations, on: Self.outside)
    }

    /// The books agree, nobody was disconnected, nobody saw a broken rule.
    private static func settle(
        _ router: RunningRouter,
        _ farm: SimulatedFarm,
        _ pools: [SimulatedPool]
    ) async throws {
        try await farm.drain(timeout: .seconds(90))
        let totals = farm.totals
        #expect(totals.disconnects == 0)
        #expect(totals.violations.isEmpty)
        try await router.stop()
        let rows = try router.shares()
        Books.checkSettled(rows)
        for pool in pools { Books.check(rows, against: pool) }
        for miner in farm.miners { Books.check(rows, against: miner) }
        try await farm.stop()
        for pool in pools { try await pool.stop() }
        try router.removeFiles()
    }

    /// When the miner got its first clean job after `time`.
    private static func firstCleanJob(_ log: MinerLog, after time: NIODeadline) -> NIODeadline? {
        for event in log.events where event.time > time {
            if case .job(_, let isClean, _, _) = event.kind, isClean { return event.time }
        }
        return nil
    }

    /// Returns when every miner has had a clean job since `time`; prints how long the last one waited.
    private static func waitForMove(_ farm: SimulatedFarm, since time: NIODeadline, _ what: String) async throws {
        try await farm.wait(
            "\(what): all have a clean job",
            until: { logs in logs.allSatisfy { Self.firstCleanJob($0, after: time) != nil } },
            timeout: .seconds(90)
        )
        let waits = farm.logs.compactMap { Self.firstCleanJob($0, after: time) }.map { $0 - time }
        print("\(what): \(waits.count) miners moved within \((waits.max() ?? .zero).nanoseconds / 1_000_000) ms")
    }

    @Test(.timeLimit(.minutes(5)))
    func primaryKilledByResetAndBackAgainLosesNoMinerAndNoBook() async throws {
        let (primary, backup) = try await Self.pools()
        let router = try await RunningRouter.start([
            .local([.local(primary), .local(backup, priority: 2)])
        ])
        let farm = try await Self.farm(200, port: router.port)
        try await farm.wait("all mine", until: { $0.allSatisfy { $0.accepted > 0 } }, timeout: .seconds(120))
        #expect(backup.log.acceptedShares == 0)

        let kill = NIODeadline.now()
        try await primary.inject(.reset)
        try await Self.waitForMove(farm, since: kill, "killed by RST")
        let before = backup.log.acceptedShares
        try await backup.wait("shares flow", until: { $0.acceptedShares >= before + 300 }, timeout: .seconds(60))
        #expect(backup.log.rejectedShares == 0)

        let accepted = primary.log.acceptedShares
        try await primary.inject(.healthy)
        try await primary.wait("failback", until: { $0.acceptedShares >= accepted + 300 }, timeout: .seconds(60))
        #expect(primary.log.rejectedShares == 0)

        try await Self.settle(router, farm, [primary, backup])
    }

    /// Ways in which a pool fails without saying so.
    enum SilentFailure: String, CaseIterable, CustomTestStringConvertible {
        case frozen
        case acceptsAndNeverSpeaks
        case givesJobsAndNoVerdicts
        case givesVerdictsAndNoJobs

        var testDescription: String { self.rawValue }

        func begin(at pool: SimulatedPool) async throws {
            switch self {
            case .frozen:
                try await pool.inject(.freeze)
            case .acceptsAndNeverSpeaks:
                try await pool.inject(.silentAccept, on: .newLinks)
                try await pool.inject(.close, on: .liveLinks)
            case .givesJobsAndNoVerdicts:
                try await pool.inject(.noVerdicts)
            case .givesVerdictsAndNoJobs:
                try await pool.inject(.noJobs)
            }
        }
    }

    @Test(.timeLimit(.minutes(5)), arguments: SilentFailure.allCases)
    func poolThatFailsSilentlyIsLeft(_ failure: SilentFailure) async throws {
        let (primary, backup) = try await Self.pools()
        var health = HealthConfiguration.quick
        health.handshakeTimeout = .seconds(2)
        health.silence = .after(.seconds(4))
        health.verdictSuspect = .seconds(1)
        health.verdictDown = .seconds(4)
        health.failbackAfter = .seconds(600)
        let router = try await RunningRouter.start([
            .local([.local(primary), .local(backup, priority: 2)], health: health)
        ])
        let farm = try await Self.farm(30, port: router.port)
        try await farm.wait("all mine", until: { $0.allSatisfy { $0.accepted > 0 } }, timeout: .seconds(60))

        let start = NIODeadline.now()
        try await failure.begin(at: primary)
        let before = backup.log.acceptedShares
        try await backup.wait("shares flow", until: { $0.acceptedShares >= before + 60 }, timeout: .seconds(60))
        try await Self.waitForMove(farm, since: start, failure.rawValue)

        try await Self.settle(router, farm, [primary, backup])
    }

    @Test(.timeLimit(.minutes(5)))
    func poolThatRestartsItselfWithClientReconnectKeepsItsMiners() async throws {
        let (primary, backup) = try await Self.pools()
        let router = try await RunningRouter.start([
            .local([.local(primary), .local(backup, priority: 2)])
        ])
        let farm = try await Self.farm(30, port: router.port)
        try await farm.wait("all mine", until: { $0.allSatisfy { $0.accepted > 0 } }, timeout: .seconds(60))

        let accepted = primary.log.acceptedShares
        try await primary.inject(.reconnectRequest(host: nil, port: nil), on: .liveLinks)
        try await primary.wait("more shares", until: { $0.acceptedShares >= accepted + 60 }, timeout: .seconds(60))
        #expect(primary.log.connects == 2)
        #expect(backup.log.acceptedShares == 0)

        try await Self.settle(router, farm, [primary, backup])
    }

    @Test(.timeLimit(.minutes(5)))
    func weightsSplitTheWorkAndEveryWorkerIsSeenByName() async throws {
        let (first, second) = try await Self.pools()
        let router = try await RunningRouter.start([
            .local([
                .local(first, user: "account.{worker}", weight: 60), .local(second, user: "wallet", weight: 40),
            ])
        ])
        let farm = try await Self.farm(20, port: router.port)
        try await farm.wait("all mine", until: { $0.allSatisfy { $0.accepted > 3 } }, timeout: .seconds(60))
        let sessions = await router.sessionsPerPool()
        #expect(sessions.reduce(0, +) == 20)
        #expect(sessions.allSatisfy { $0 >= 5 })

        try await farm.drain(timeout: .seconds(60))
        #expect(farm.totals.disconnects == 0)
        #expect(farm.totals.violations.isEmpty)
        #expect(farm.totals.rejected == 0)
        try await router.stop()
        let rows = try router.shares()
        Books.checkSettled(rows)
        Books.check(rows, against: first) { "account." + $0.split(separator: ".").dropFirst().joined(separator: ".") }
        Books.check(rows, against: second) { _ in "wallet" }
        for miner in farm.miners { Books.check(rows, against: miner) }
        try await farm.stop()
        try await first.stop()
        try await second.stop()
        try router.removeFiles()
    }
}
