import ControlAPI
import NIOCore
import Persistence
import PoolPool
import Router
import Simulation
import Testing

@testable import RouterCLI

/// No pool at all, the end of a run, and what an operator does to a running one.
@Suite(.serialized) struct HoldTests {
    private static func health(hold: Duration) -> HealthConfiguration {
        var health = HealthConfiguration.quick
        health.hold = hold
        health.failbackAfter = .milliseconds(500)
        return health
    }

    // MARK: No usable pool

    @Test(.timeLimit(.minutes(1)))
    func sessionsWithoutAnyPoolAreHeldAndThenClosedWithTheReason() async throws {
        let pool = try await SmallWorld.pool("pool")
        try await pool.inject(.close)
        let router = try await RunningRouter.start([.local([.local(pool)], health: Self.health(hold: .seconds(1)))])
        let early = try await RawMiner.connect(to: router.port)
        try await early.begin(user: "early")
        #expect(try await early.reply(2).contains("true"))
        try await early.waitForClose("no pool at the start")
        #expect(early.log.count(of: "mining.notify\",\"params") == 0)

        try await pool.inject(.healthy)
        try await router.eventually("the pool is back") { $0.pools.contains { $0.links > 0 } }
        let late = try await RawMiner.mining(on: router.port, user: "late")
        try await pool.inject(.reset)
        try await late.waitForClose("no pool any more")

        try await router.settle([], [pool])
        let closed = try router.events("session_closed")
        #expect(closed.map(\.cause) == [SessionCloseReason.noPool.rawValue, SessionCloseReason.noPool.rawValue])
        #expect(closed.map(\.worker) == ["early", "late"])
        #expect(try router.events("hold").count == 1)
        try router.removeFiles()
    }

    @Test(.timeLimit(.minutes(2)))
    func poolsThatComeBackWithinTheHoldFindEveryMinerThere() async throws {
        let primary = try await SmallWorld.pool("primary", seed: 1)
        let backup = try await SmallWorld.pool("backup", seed: 2)
        for pool in [primary, backup] { try await pool.inject(.close) }
        let router = try await RunningRouter.start([
            .local([.local(primary), .local(backup, priority: 2)], health: Self.health(hold: .seconds(60)))
        ])
        let farm = try await SmallWorld.farm(5, port: router.port)
        try await router.eventually("all wait") { $0.idleSessions == 5 }
        try await backup.inject(.healthy)
        try await farm.mineOn(1, "the backup is there")
        try await primary.inject(.healthy)
        try await primary.wait("shares", until: { $0.acceptedShares >= 5 }, timeout: .seconds(60))

        for fault in [PoolFault.reset, .close] {
            for pool in [primary, backup] { try await pool.inject(fault) }
            try await router.eventually("all wait again") { $0.idleSessions == 5 }
            for pool in [primary, backup] { try await pool.inject(.healthy) }
            try await farm.mineOn(1, "both are back")
        }
        farm.expectUndisturbedLinks()
        try await router.settle([farm], [primary, backup])
        try router.removeFiles()
    }

    // MARK: The end

    @Test(.timeLimit(.minutes(1)))
    func stopWaitsForVerdictsAndTheLedgerIsComplete() async throws {
        let slow = try await SmallWorld.pool("slow", seed: 1) { $0.difficulty = 1e-12 }
        let mute = try await SmallWorld.pool("mute", seed: 2) { $0.difficulty = 1e-12 }
        var routes = [slow, mute].map { RouteConfiguration.local([.local($0)]) }
        routes[0].name = "slow"
        routes[1].name = "mute"
        let router = try await RunningRouter.start(routes)
        try await slow.inject(.delayVerdicts(.seconds(1)))
        try await mute.inject(.noVerdicts)
        var miners: [RawMiner] = []
        for pool in [slow, mute] {
            let miner = try await RawMiner.mining(on: router.port(of: pool.name), user: pool.name)
            for nonce in UInt32(0)..<5 { try await miner.submit(id: 10 + Int(nonce), user: pool.name, nonce: nonce) }
            try await pool.wait("five shares", until: { $0.shares.count == 5 })
            miners.append(miner)
        }
        try await router.stop()
        for miner in miners { try await miner.waitForClose() }
        #expect(miners[0].log.count(of: "\"result\":true") == 6)
        #expect(miners[1].log.count(of: "[21,") == 5)

        let rows = try router.shares()
        Books.checkSettled(rows)
        for pool in [slow, mute] {
            Books.check(rows, against: pool)
            try await pool.stop()
        }
        #expect(
            rows.filter { $0.route == "slow" }.map(\.verdict) == [LedgerVerdictKind](repeating: .accepted, count: 5))
        #expect(rows.filter { $0.route == "mute" }.map(\.verdict) == [LedgerVerdictKind](repeating: .lost, count: 5))
        try router.removeFiles()
    }

    @Test(.timeLimit(.minutes(1)))
    func stopInFullFlightLeavesNoShareOpen() async throws {
        let pools = [try await SmallWorld.pool("a", seed: 1), try await SmallWorld.pool("b", seed: 2)]
        let router = try await RunningRouter.start([.local(pools.map { .local($0) })])
        let farm = try await SmallWorld.farm(10, port: router.port, hashesPerSecond: 2_000) { miner, _ in
            miner.reconnects = false
        }
        try await farm.mineOn(2)
        try await router.stop()
        try await farm.wait("all are cut", until: { $0.allSatisfy { !$0.isMining } })
        let rows = try router.shares()
        Books.checkSettled(rows)
        for pool in pools { Books.check(rows, against: pool) }
        for miner in farm.miners { Books.check(rows, against: miner) }
        #expect(rows.allSatisfy { $0.verdict == .accepted })
        try await farm.stop()
        for pool in pools { try await pool.stop() }
        try router.removeFiles()
    }

    // MARK: The operator

    @Test(.timeLimit(.minutes(2)))
    func reloadAddsReweighsAndRemovesPoolsWithoutLosingAShare() async throws {
        let pools = [
            try await SmallWorld.pool("a", seed: 1), try await SmallWorld.pool("b", seed: 2),
            try await SmallWorld.pool("c", seed: 3),
        ]
        var route = RouteConfiguration.local([.local(pools[0]), .local(pools[1])])
        let router = try await RunningRouter.start([route])
        let service = try #require(router.assembly.routes.first)
        let farm = try await SmallWorld.farm(10, port: router.port)
        try await farm.mineOn(1)
        #expect(await router.sessionsPerPool().allSatisfy { $0 >= 3 })

        // A better one is added: everybody goes there; the others stay as standbys.
        route.pools = [.local(pools[0], priority: 2), .local(pools[1], priority: 2), .local(pools[2])]
        await service.update(route)
        try await router.eventually("all on c") { $0.pools.map(\.sessions) == [0, 0, 10] }
        try await farm.mineOn(1)

        // One is removed, the others get other weights.
        route.pools = [.local(pools[0], weight: 10), .local(pools[1], weight: 90)]
        await service.update(route)
        try await router.eventually("c is gone") { $0.pools.count == 2 }
        try await pools[2].wait("no link", until: { $0.openConnections == 0 })
        try await farm.mineOn(1)
        let split = await router.sessionsPerPool()
        #expect(split.reduce(0, +) == 10)
        #expect(split[0] < split[1])

        farm.expectUndisturbed()
        let rows = try await router.settle([farm], pools)
        #expect(rows.allSatisfy { $0.verdict == .accepted })
        try router.removeFiles()
    }

    @Test(.timeLimit(.minutes(2)))
    func operatorDrainsDisablesEnablesAndKicks() async throws {
        let primary = try await SmallWorld.pool("primary", seed: 1)
        let backup = try await SmallWorld.pool("backup", seed: 2)
        let router = try await RunningRouter.start([.local([.local(primary), .local(backup, priority: 2)])])
        let control = router.assembly.control
        let farm = try await SmallWorld.farm(5, port: router.port)
        try await farm.mineOn(1)

        #expect(await control.setPool("nobody", .drain) == .notFound)
        #expect(await control.setPool("primary", .drain) == .done("pool primary is draining"))
        try await primary.wait("no link", until: { $0.openConnections == 0 })
        #expect(await router.sessionsPerPool() == [0, 5])
        // The last usable pool stays.
        #expect(await control.setPool("backup", .drain) == .refused("backup is the last usable pool of route btc"))
        try await farm.mineOn(1)

        let accepted = primary.log.acceptedShares
        #expect(await control.setPool("primary", .enable) == .done("pool primary is enabled"))
        try await primary.wait("back", until: { $0.acceptedShares >= accepted + 5 }, timeout: .seconds(60))
        #expect(await control.setPool("backup", .disable) == .done("pool backup is disabled"))
        try await backup.wait("no link", until: { $0.openConnections == 0 })
        farm.expectUndisturbed()

        let session = try #require(await control.sessions(route: nil).first { $0.worker == "farm.1" })
        #expect(await control.kick(session: session.id) == .done("session \(session.id) is closed"))
        #expect(await control.kick(session: session.id) == .notFound)
        try await farm.miners[0].wait("it is back", until: { $0.disconnects == 1 && $0.isMining })
        try await farm.mineOn(1)
        #expect(farm.totals.disconnects == 1)
        let rows = try await router.settle([farm], [primary, backup])
        #expect(rows.allSatisfy { $0.verdict == .accepted })
        #expect(try router.events("session_closed").first?.cause == SessionCloseReason.kicked.rawValue)
        let events = try router.events("drained", "enabled", "disabled").map { "\($0.kind) \($0.pool ?? "")" }
        #expect(events == ["drained primary", "enabled primary", "disabled backup"])
        try router.removeFiles()
    }
}
