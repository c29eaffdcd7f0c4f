import ControlAPI
import NIOCore
import Persistence
import PoolPool
import Router
import Simulation
import Testing

@testable import RouterCLI

/// Pools whose coinbase pays somebody else from one job to the next.
@Suite(.serialized) struct PayoutTests {
    /// What a simulated pool pays before anything was changed: the hash of a key.
    private static func script(seed: UInt8) -> [UInt8] { [0, 20] + [UInt8](repeating: 1, count: 19) + [seed] }

    private static func start(
        _ pools: [SimulatedPool],
        _ mode: PayoutGuardMode,
        expected: [[UInt8]] = []
    ) async throws -> RunningRouter {
        var route = RouteConfiguration.local([.local(pools[0]), .local(pools[1], priority: 2)])
        route.payoutGuard = mode
        route.pools[0].payoutScripts = expected
        return try await RunningRouter.start([route])
    }

    private static func pools() async throws -> [SimulatedPool] {
        [try await SmallWorld.pool("primary", seed: 1), try await SmallWorld.pool("backup", seed: 2)]
    }

    /// Ends the run. Returns what was told of payouts.
    private static func settle(
        _ router: RunningRouter, _ farm: SimulatedFarm, _ pools: [SimulatedPool]
    ) async throws -> [LedgerEventRecord] {
        farm.expectUndisturbedLinks()
        let rows = try await router.settle([farm], pools)
        // The clean job that pays somebody else voids what was on the wire; nothing else is refused, nothing is lost.
        #expect(rows.allSatisfy { $0.verdict == .accepted || $0.verdict == .stale })
        let told = try router.events("payout")
        for event in told { print("payout: \(event.pool ?? ""): \(event.cause ?? "")") }
        return told
    }

    @Test(.timeLimit(.minutes(1)))
    func poolThatPaysSomebodyElseIsToldOfAndKept() async throws {
        let pools = try await Self.pools()
        let router = try await Self.start(pools, .warn)
        let farm = try await SmallWorld.farm(5, port: router.port)
        try await farm.mineOn(1)
        // Twice within ten minutes is told once.
        for _ in 0..<2 {
            try await pools[0].inject(.payElsewhere)
            try await farm.mineOn(1)
        }
        #expect(await router.sessionsPerPool() == [5, 0])
        let told = try await Self.settle(router, farm, pools)
        #expect(told.map(\.pool) == ["primary"])
        let cause = told.first?.cause ?? ""
        #expect(cause.hasPrefix("the coinbase pays bc1q"), "\(cause)")
        #expect(cause.contains(", before bc1q"), "\(cause)")
        #expect(try router.events("ejected", "failover").isEmpty)
        try router.removeFiles()
    }

    @Test(.timeLimit(.minutes(1)))
    func poolThatPaysSomebodyElseStaysAsideUntilItIsEnabledAgain() async throws {
        let pools = try await Self.pools()
        let (primary, backup) = (pools[0], pools[1])
        let router = try await Self.start(pools, .eject)
        let farm = try await SmallWorld.farm(5, port: router.port)
        try await farm.mineOn(1)
        try await primary.inject(.payElsewhere)
        try await backup.wait("shares", until: { $0.acceptedShares >= 5 }, timeout: .seconds(60))
        try await router.eventually("all have left") { $0.pools.map(\.sessions) == [0, 5] }

        // Time does not heal it: neither a block nor a new connection.
        for pool in pools { try await pool.newBlock() }
        try await primary.inject(.close, on: .liveLinks)
        try await router.eventually("it is back") { $0.pools[0].links > 0 && $0.pools[0].health == .up }
        let before = backup.log.acceptedShares
        try await backup.wait("more shares", until: { $0.acceptedShares >= before + 20 }, timeout: .seconds(60))
        #expect(await router.sessionsPerPool() == [0, 5])
        let aside = try #require(await router.assembly.control.pools(route: nil).first)
        #expect(aside.state == .ejected)
        #expect(aside.cause?.hasSuffix("until further notice") == true)

        let accepted = primary.log.acceptedShares
        #expect(await router.assembly.control.setPool("primary", .enable) == .done("pool primary is enabled"))
        try await primary.wait("it is trusted", until: { $0.acceptedShares >= accepted + 10 }, timeout: .seconds(60))
        try await router.eventually("all are back") { $0.pools.map(\.sessions) == [5, 0] }

        let told = try await Self.settle(router, farm, pools)
        #expect(told.map(\.pool) == ["primary"])
        let events = try router.events("ejected", "failover", "failback", "enabled")
        #expect(events.map(\.kind) == ["ejected", "failover", "enabled", "failback"])
        #expect(events.first?.cause?.hasPrefix("put aside: the coinbase pays ") == true)
        try router.removeFiles()
    }

    @Test(.timeLimit(.minutes(1)))
    func poolThatDoesNotPayWhomItShouldIsToldOfAtItsFirstJob() async throws {
        let pools = try await Self.pools()
        let router = try await Self.start(pools, .warn, expected: [Self.script(seed: 9)])
        try await router.eventually("a job") { $0.pools[0].links > 0 }
        let farm = try await SmallWorld.farm(5, port: router.port)
        try await farm.mineOn(1)
        let told = try await Self.settle(router, farm, pools)
        #expect(told.map(\.pool) == ["primary"])
        let cause = told.first?.cause ?? ""
        #expect(cause.hasSuffix("which is not in payout:"), "\(cause)")
        let opened = try router.events("session_opened").map(\.time).min() ?? 0
        #expect(told.first.map { $0.time <= opened } == true)
        try router.removeFiles()
    }

    @Test(.timeLimit(.minutes(1)))
    func poolThatDoesNotPayWhomItShouldIsNotUsedAtAll() async throws {
        let pools = try await Self.pools()
        let router = try await Self.start(pools, .eject, expected: [Self.script(seed: 9)])
        try await router.eventually("a job of each") { $0.pools.allSatisfy { $0.links > 0 } }
        let farm = try await SmallWorld.farm(5, port: router.port)
        try await farm.mineOn(2)
        let told = try await Self.settle(router, farm, pools)
        #expect(pools[0].shareLog.isEmpty)
        #expect(told.map(\.pool) == ["primary"])
        try router.removeFiles()
    }

    @Test(.timeLimit(.minutes(1)))
    func poolThatPaysWhomItShouldIsNotToldOf() async throws {
        let pools = try await Self.pools()
        let router = try await Self.start(pools, .eject, expected: [Self.script(seed: 1), Self.script(seed: 9)])
        let farm = try await SmallWorld.farm(5, port: router.port)
        try await farm.mineOn(1)
        #expect(await router.sessionsPerPool() == [5, 0])
        #expect(try await Self.settle(router, farm, pools).isEmpty)
        try router.removeFiles()
    }

    @Test(.timeLimit(.minutes(1)))
    func nothingIsLookedAtWhenTheGuardIsOff() async throws {
        let pools = try await Self.pools()
        let router = try await Self.start(pools, .off, expected: [Self.script(seed: 9)])
        let farm = try await SmallWorld.farm(5, port: router.port)
        try await farm.mineOn(1)
        try await pools[0].inject(.payElsewhere)
        try await farm.mineOn(1)
        #expect(await router.sessionsPerPool() == [5, 0])
        #expect(try await Self.settle(router, farm, pools).isEmpty)
        try router.removeFiles()
    }
}
