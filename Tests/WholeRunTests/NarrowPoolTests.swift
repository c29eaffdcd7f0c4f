import ControlAPI
import NIOCore
import Persistence
import PoolPool
import Router
import Simulation
import Testing

@testable import RouterCLI

/// Pools whose extranonce2 leaves little room for the miners' prefixes.
@Suite(.serialized) struct NarrowPoolTests {
    private static func pool(
        _ name: String,
        extranonce2Size size: Int,
        seed: UInt64,
        difficulty: Double = 1e-7
    ) async throws -> SimulatedPool {
        try await SmallWorld.pool(name, seed: seed) {
            $0.extranonce2Size = size
            $0.difficulty = difficulty
        }
    }

    /// The size that each miner was given last.
    private static func sizes(_ farm: SimulatedFarm) -> [Int?] {
        farm.logs.map { log in
            log.events.reversed().lazy.compactMap { event -> Int? in
                switch event.kind {
                case .subscribed(_, _, let size), .extranonce(_, let size): size
                default: nil
                }
            }.first
        }
    }

    @Test(.timeLimit(.minutes(3)))
    func threeHundredMinersOnPoolsOfFourBytesShareTwoLinksAPool() async throws {
        let primary = try await Self.pool("primary", extranonce2Size: 4, seed: 1, difficulty: 2e-8)
        let backup = try await Self.pool("backup", extranonce2Size: 4, seed: 2, difficulty: 2e-8)
        let router = try await RunningRouter.start([.local([.local(primary), .local(backup, priority: 2)])])
        let farm = try await SmallWorld.farm(300, port: router.port, hashesPerSecond: 40)
        try await primary.wait("shares", until: { $0.acceptedShares >= 1_000 }, timeout: .seconds(90))
        try await farm.wait("all mine", until: { $0.allSatisfy { $0.accepted > 0 } }, timeout: .seconds(60))
        // 300 sessions need more than the one-byte prefixes of one link, and the backup is as warm as the primary.
        #expect(primary.log.openConnections == 2)
        #expect(backup.log.openConnections == 2)
        let prefixes = farm.logs.map { log in
            log.events.compactMap { event -> String? in
                if case .subscribed(_, let extranonce1, let size) = event.kind { "\(extranonce1) \(size)" } else { nil }
            }
        }
        #expect(Set(prefixes.map { $0.last?.split(separator: " ").last.map(String.init) }) == ["2", "3"])

        try await primary.inject(.reset)
        try await backup.wait("shares", until: { $0.acceptedShares >= 1_000 }, timeout: .seconds(90))
        #expect(backup.log.openConnections == 2)
        #expect(backup.log.rejectedShares == 0)
        #expect(farm.totals.disconnects == 0)
        try await router.settle([farm], [primary, backup])
        try router.removeFiles()
    }

    @Test(.timeLimit(.minutes(2)))
    func poolOfThreeBytesServesEveryFirmware() async throws {
        let pool = try await Self.pool("pool", extranonce2Size: 3, seed: 1)
        let router = try await RunningRouter.start([.local([.local(pool)])])
        let farm = try await SmallWorld.farm(10, port: router.port)
        try await farm.mineOn(3)
        // A clean job voids what was found; the next shares are new. None is on its way meanwhile.
        try await farm.rest()
        let start = NIODeadline.now()
        try await pool.newBlock()
        try await farm.wait("a clean job", until: { $0.allSatisfy { $0.cleanJob(after: start) != nil } })
        for miner in farm.miners { try await miner.resume() }
        try await farm.mineOn(2)
        #expect(Self.sizes(farm).allSatisfy { $0 == 2 })
        #expect(farm.totals.disconnects == 0)
        #expect(pool.log.rejectedShares == 0)
        try await router.settle([farm], [pool])
        try router.removeFiles()
    }

    @Test(.timeLimit(.minutes(2)))
    func backupOfTwoBytesIsNeverUsedAndDoesNotNarrowTheOthers() async throws {
        let primary = try await Self.pool("primary", extranonce2Size: 4, seed: 1)
        let useless = try await Self.pool("useless", extranonce2Size: 2, seed: 2)
        let router = try await RunningRouter.start([.local([.local(useless), .local(primary, priority: 2)])])
        let farm = try await SmallWorld.farm(5, port: router.port)
        try await farm.mineOn(2)
        farm.expectUndisturbed()
        let reports = await router.assembly.control.pools(route: nil)
        #expect(reports.map(\.state) == [.ejected, .up])
        #expect(reports.first?.cause == "its nonce space is too small to be shared, until further notice")
        #expect(reports.map(\.targetShare) == [0, 1])
        let status = await router.assembly.control.status()
        #expect(status.routes.map(\.poolsUsable) == [1])
        #expect(
            status.warnings == ["route btc: pool useless is put aside: its nonce space is too small to be shared"])
        try await router.settle([farm], [primary, useless])
        #expect(useless.log.shares.isEmpty)
        let events = try router.events("ejected")
        #expect(events.map(\.cause) == ["put aside: its nonce space is too small to be shared"])
        try router.removeFiles()
    }

    @Test(.timeLimit(.minutes(2)))
    func onlyPoolThatLeavesNoRoomIsNoUsablePool() async throws {
        let useless = try await Self.pool("useless", extranonce2Size: 2, seed: 1)
        let router = try await RunningRouter.start([.local([.local(useless)])])
        try await router.eventually("it is put aside") { $0.pools.contains { $0.ejection != nil } }
        let status = await router.assembly.control.status()
        #expect(
            status.warnings == [
                "route btc: no usable pool",
                "route btc: pool useless is put aside: its nonce space is too small to be shared",
            ]
        )
        try await router.settle([], [useless])
        try router.removeFiles()
    }

    @Test(.timeLimit(.minutes(2)))
    func narrowBackupKnownFromTheStartTakesOverWithoutADisconnect() async throws {
        let primary = try await Self.pool("primary", extranonce2Size: 8, seed: 1)
        let backup = try await Self.pool("backup", extranonce2Size: 4, seed: 2)
        let router = try await RunningRouter.start([.local([.local(primary), .local(backup, priority: 2)])])
        let farm = try await SmallWorld.farm(10, port: router.port)
        try await farm.mineOn(1)
        try await primary.inject(.close)
        try await backup.wait("shares", until: { $0.acceptedShares >= 40 }, timeout: .seconds(60))
        let accepted = primary.log.acceptedShares
        try await primary.inject(.healthy)
        try await primary.wait("failback", until: { $0.acceptedShares >= accepted + 40 }, timeout: .seconds(60))
        #expect(farm.totals.disconnects == 0)
        #expect(backup.log.rejectedShares == 0)
        try await router.settle([farm], [primary, backup])
        try router.removeFiles()
    }

    @Test(.timeLimit(.minutes(2)))
    func narrowBackupFoundLateGetsItsMinersBySetExtranonceOrByTheirReturn() async throws {
        let primary = try await Self.pool("primary", extranonce2Size: 8, seed: 1)
        let backup = try await Self.pool("backup", extranonce2Size: 4, seed: 2)
        try await backup.inject(.close)
        let router = try await RunningRouter.start([.local([.local(primary), .local(backup, priority: 2)])])
        // NerdMiner and cpuminer do not know set_extranonce.
        let farm = try await SmallWorld.farm(10, port: router.port) { miner, _ in
            miner.subscribesExtranonce = miner.profile == .plain || miner.profile == .bitaxe
        }
        try await farm.mineOn(1)
        #expect(Self.sizes(farm).allSatisfy { $0 == 4 })

        try await backup.inject(.healthy)
        try await router.eventually("the backup is there") { snapshot in
            snapshot.pools.contains { $0.configuration.name == "backup" && $0.links > 0 }
        }
        #expect(farm.totals.disconnects == 0)
        try await primary.inject(.close)
        try await farm.mineOn(2, "all mine on the narrow pool")
        for miner in farm.miners {
            let log = miner.log
            #expect(
                log.disconnects == (miner.configuration.subscribesExtranonce ? 0 : 1), "\(miner.configuration.user)")
        }
        #expect(Self.sizes(farm).allSatisfy { $0 == 2 || $0 == 3 })
        #expect(backup.log.rejectedShares == 0)

        // The wide pool serves the narrow layout: nobody has to leave again.
        let left = farm.totals.disconnects
        let accepted = primary.log.acceptedShares
        try await primary.inject(.healthy)
        try await primary.wait("failback", until: { $0.acceptedShares >= accepted + 40 }, timeout: .seconds(60))
        #expect(farm.totals.disconnects == left)
        try await router.settle([farm], [primary, backup])
        try router.removeFiles()
    }

    @Test(.timeLimit(.minutes(1)), arguments: [2, 4])
    func poolThatNarrowsItselfLosesItsMinersToTheOther(size: Int) async throws {
        let primary = try await Self.pool("primary", extranonce2Size: 8, seed: 1)
        let backup = try await Self.pool("backup", extranonce2Size: 8, seed: 2)
        let router = try await RunningRouter.start([.local([.local(primary), .local(backup, priority: 2)])])
        let farm = try await SmallWorld.farm(5, port: router.port)
        try await farm.mineOn(1)
        try await primary.inject(.setExtranonce(size: size), on: .liveLinks)
        try await backup.wait("shares", until: { $0.acceptedShares >= 20 })
        #expect(farm.totals.disconnects == 0)
        // The clean job that comes with the change voids what was on the wire; nothing else may be refused.
        for share in primary.shareLog {
            if case .rejected(let code, let text) = share.verdict { #expect(code == 21, "\(text)") }
        }
        try await router.settle([farm], [primary, backup])
        try router.removeFiles()
    }
}
