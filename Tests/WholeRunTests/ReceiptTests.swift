import NIOCore
import Persistence
import PoolPool
import Router
import Simulation
import Testing

@testable import RouterCLI

/// What the ledger says a failover cost, against the shares themselves.
@Suite(.serialized) struct ReceiptTests {
    private static let miners = 20

    @Test(.timeLimit(.minutes(2)), arguments: [PoolFault.reset, .freeze])
    func failoverUnderLoadIsToldWithWhatItCost(_ fault: PoolFault) async throws {
        let primary = try await SmallWorld.pool("primary", seed: 1)
        let backup = try await SmallWorld.pool("backup", seed: 2)
        var health = HealthConfiguration.quick
        health.verdictSuspect = .seconds(1)
        health.verdictDown = .seconds(3)
        health.failbackAfter = .seconds(600)
        let router = try await RunningRouter.start([
            .local([.local(primary), .local(backup, priority: 2)], health: health)
        ])
        // Many, so that some are between miner and pool when it goes.
        let farm = try await SmallWorld.farm(Self.miners, port: router.port, hashesPerSecond: 2_000)
        try await farm.mineOn(1)

        // Some shares are under way, of two difficulties.
        try await primary.inject(.noVerdicts)
        for difficulty in [5e-8, 1e-7] {
            let before = primary.shareLog.count
            try await primary.wait("unanswered shares", until: { $0.shares.count >= before + 15 })
            try await primary.setDifficulty(difficulty)
        }
        try await primary.inject(fault)
        try await backup.wait("shares", until: { $0.acceptedShares >= Self.miners }, timeout: .seconds(60))
        try await farm.mineOn(1)
        farm.expectUndisturbedLinks()
        let rows = try await router.settle([farm], [primary, backup])

        let lost = rows.filter { $0.verdict == .lost }
        #expect(lost.count >= 30)
        #expect(lost.allSatisfy { $0.pool == "primary" })
        #expect(Set(lost.map(\.poolDifficulty)).count > 1)
        let failovers = try router.events("failover")
        let event = try #require(failovers.first)
        #expect(failovers.count == 1)
        #expect(event.fromPool == "primary")
        #expect(event.toPool == "backup")
        #expect(event.sessionsMoved == Int64(Self.miners))
        #expect(event.sharesLost == Int64(lost.count))
        let receipt = try #require(event.receipt)
        let work = lost.reduce(0) { $0 + ($1.poolDifficulty ?? 0) }
        #expect(abs(receipt.workLost - work) <= work * 1e-9)
        #expect(abs(receipt.hashesLost - work * 4_294_967_296) <= work * 4.3)
        #expect(receipt.sessionsWaiting == 0)
        let completion = try #require(receipt.completion)
        #expect(completion >= 0)
        // The last good sign is no older than the last share that the pool accepted, and no newer than the decision.
        let lastGood = try #require(receipt.lastGood)
        let lastAccepted = rows.filter { $0.pool == "primary" && $0.verdict == .accepted }.map(\.time).max() ?? 0
        #expect(lastGood + 1 >= lastAccepted)
        #expect(lastGood <= event.time)
        // What a pool says by closing its links is known at once, what it does not say only after a time.
        if fault == .freeze { #expect(event.detection ?? 0 >= 3_000) } else { #expect(event.detection ?? 0 == 0) }
        print(
            "receipt: \(fault): completion \(completion) ms, detection \(event.detection ?? -1) ms, "
                + "last good \(event.time - lastGood) ms before, \(event.sharesLost ?? -1) shares lost, "
                + "\(Int(receipt.hashesLost)) hashes"
        )
        try router.removeFiles()
    }
}
