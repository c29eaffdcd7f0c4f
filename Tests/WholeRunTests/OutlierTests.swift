import ControlAPI
import Foundation
import NIOCore
import Persistence
import PoolPool
import Router
import Simulation
import Testing

@testable import RouterCLI

/// Pools that answer, and answer wrongly: which are left, how soon, and which are not.
@Suite(.serialized) struct OutlierTests {
    /// What a pool does.
    enum Misdeed: String, CaseIterable, CustomTestStringConvertible {
        case refusesEverySecondShare
        case refusesEverything
        case refusesEverythingAsStale
        case answersLate
        case staysOnAnOldBlock
        case staysOnAnOldBlockOfTwoPools

        var testDescription: String { self.rawValue }

        var fault: PoolFault {
            switch self {
            case .refusesEverySecondShare: .rejectEvery(2, code: 23, text: "Above target")
            case .refusesEverything: .rejectAll(code: 23, text: "Above target")
            case .refusesEverythingAsStale: .rejectAll(code: 21, text: "Stale")
            case .answersLate: .delayVerdicts(.seconds(3))
            case .staysOnAnOldBlock, .staysOnAnOldBlockOfTwoPools: .oldBlock
            }
        }

        var poolCount: Int { self == .staysOnAnOldBlock ? 3 : 2 }

        /// The settings that it is found by.
        var setting: String {
            switch self {
            case .refusesEverySecondShare: "reject_ratio 25 % of 20 shares in 10 s"
            case .refusesEverything: "10 refusals in a row"
            case .refusesEverythingAsStale: "10 refusals in a row, 5 s old"
            case .answersLate: "latency 1 s, verdicts after 3 s"
            case .staysOnAnOldBlock: "lag 5 s, two others moved on"
            case .staysOnAnOldBlockOfTwoPools: "lag 5 s, one other moved on, its block proven"
            }
        }

        /// What the ledger says of it, numbers included.
        var cause: Regex<Substring> {
            switch self {
            case .refusesEverySecondShare:
                /put aside for 600 s: refused [0-9]+ of [0-9]+ shares in 10 s \([0-9]+ %\), all for "Above target"/
            case .refusesEverything, .refusesEverythingAsStale: /put aside for 600 s: refused [0-9]+ shares in a row/
            case .answersLate:
                /put aside for 600 s: [0-9]+ of [0-9]+ verdicts took more than 1 s, the slowest [0-9.]+ s/
            case .staysOnAnOldBlock: /put aside: works on an old block: second, third moved on [0-9]+ s ago/
            case .staysOnAnOldBlockOfTwoPools: /put aside: works on an old block: second moved on [0-9]+ s ago/
            }
        }
    }

    /// The standard settings, with times short enough for a test; a pool stays aside until the test is over.
    private static let health: HealthConfiguration = {
        var health = HealthConfiguration.quick
        // So that only the rule for slow verdicts can see them.
        health.verdictSuspect = .seconds(20)
        health.verdictDown = .seconds(40)
        health.lag = .seconds(5)
        health.outliers.window = .seconds(10)
        health.outliers.latency = .seconds(1)
        health.outliers.ejection = .seconds(600)
        health.outliers.ejectionMaximum = .seconds(600)
        return health
    }()

    private static func pools(_ count: Int) async throws -> [SimulatedPool] {
        var pools: [SimulatedPool] = []
        for (index, name) in ["primary", "second", "third"].prefix(count).enumerated() {
            pools.append(try await SmallWorld.pool(name, seed: UInt64(index + 1)))
        }
        return pools
    }

    private static func start(_ pools: [SimulatedPool]) async throws -> RunningRouter {
        let configurations = pools.enumerated().map { PoolConfiguration.local($1, priority: $0 + 1) }
        return try await RunningRouter.start([.local(configurations, health: Self.health)])
    }

    /// Each miner finds about four shares a second.
    private static func farm(
        _ count: Int, _ router: RunningRouter,
        _ change: (inout SimulatedMinerConfiguration, Int) -> Void = { _, _ in }
    ) async throws -> SimulatedFarm {
        try await SmallWorld.farm(count, port: router.port, hashesPerSecond: 1_600, change)
    }

    @Test(.timeLimit(.minutes(2)), arguments: Misdeed.allCases)
    func poolThatAnswersWronglyIsLeft(_ misdeed: Misdeed) async throws {
        let pools = try await Self.pools(misdeed.poolCount)
        let (primary, backup) = (pools[0], pools[1])
        let router = try await Self.start(pools)
        let began = NIODeadline.now()
        let farm = try await Self.farm(10, router)
        try await farm.mineOn(1)
        // Some good time, which it has to make up for first.
        try await primary.wait("shares", until: { $0.acceptedShares >= 100 }, timeout: .seconds(60))
        #expect(backup.shareLog.isEmpty)

        let start = NIODeadline.now()
        let rate = Double(primary.log.acceptedShares) / (Double((start - began).nanoseconds) / 1e9)
        let left = Task {
            try await backup.wait("the first share", until: { $0.acceptedShares > 0 }, timeout: .seconds(60))
            return NIODeadline.now()
        }
        try await primary.inject(misdeed.fault)
        if misdeed.fault == .oldBlock {
            for _ in 0..<2 {
                for pool in pools { try await pool.newBlock() }
                try await farm.mineOn(1)
            }
        }
        print(
            "detection: \(misdeed.rawValue) (\(misdeed.setting)): first share at the backup after "
                + "\((try await left.value - start).text), after \((start - began).text) of good work at "
                + "\(Int(rate)) shares/s")
        try await farm.mineOn(1, "all mine elsewhere")
        #expect(await router.sessionsPerPool() == [0, 10] + Array(repeating: 0, count: misdeed.poolCount - 2))

        farm.expectUndisturbedLinks()
        let rows = try await router.settle([farm], pools)
        #expect(!rows.contains { $0.verdict == .lost })
        #expect(!rows.contains { $0.pool != primary.name && $0.forwarded && $0.verdict != .accepted })
        let ejections = try router.events("ejected")
        #expect(ejections.map(\.pool) == [primary.name])
        let cause = ejections.first?.cause ?? ""
        #expect(cause.wholeMatch(of: misdeed.cause) != nil, "\(cause)")
        print("detection: \(misdeed.rawValue): \(cause)")
        let failovers = try router.events("failover")
        #expect(failovers.map(\.sessionsMoved) == [10])
        #expect(failovers.map(\.toPool) == [backup.name])
        #expect(try router.events("down", "suspect", "panic").isEmpty)
        try router.removeFiles()
    }

    // MARK: Nobody's fault, or others'

    @Test(.timeLimit(.minutes(2)))
    func poolIsNotLeftForWhatMinersDoWrong() async throws {
        let pools = try await Self.pools(2)
        let router = try await Self.start(pools)
        let mistakes: [MinerMistake?] = MinerMistake.allCases + [nil]
        let farm = try await Self.farm(9, router) { miner, index in
            // Every kind twice, and one that makes none.
            miner.mistake = index == 8 ? nil : mistakes[index % 4]
        }
        try await farm.wait("rubbish", until: { $0.reduce(0) { $0 + $1.rejected } >= 200 }, timeout: .seconds(90))
        try await farm.wait("honest work", until: { $0[8].accepted >= 10 }, timeout: .seconds(60))
        #expect(farm.logs[8].rejected == 0)
        #expect(farm.totals.disconnects == 0)
        #expect(await router.sessionsPerPool() == [9, 0])

        let rows = try await router.settle([farm], pools)
        // Nothing of it ever reached a pool.
        #expect(pools[0].log.rejectedShares == 0)
        #expect(rows.filter(\.forwarded).allSatisfy { $0.verdict == .accepted })
        print("rubbish: \(rows.count { !$0.forwarded }) shares refused here, \(rows.count { $0.forwarded }) forwarded")
        #expect(try router.events("ejected", "panic", "failover", "rebalance", "suspect").isEmpty)
        try router.removeFiles()
    }

    @Test(.timeLimit(.minutes(2)))
    func poolIsNotLeftForSharesThatANewBlockMadeStale() async throws {
        let pools = try await Self.pools(2)
        let primary = pools[0]
        let router = try await Self.start(pools)
        let farm = try await Self.farm(10, router)
        try await farm.mineOn(1)
        for _ in 0..<3 {
            // The pool knows of the block before it tells: all that is found meanwhile is stale, more than ten in a row.
            try await primary.inject(.noJobs)
            try await primary.newBlock()
            let refused = primary.log.rejectedShares
            try await primary.wait("stale shares", until: { $0.rejectedShares >= refused + 20 })
            try await primary.inject(.healthy)
            try await pools[1].newBlock()
            try await farm.mineOn(2)
        }
        #expect(await router.sessionsPerPool() == [10, 0])
        farm.expectUndisturbedLinks()
        let rows = try await router.settle([farm], pools)
        #expect(rows.count { $0.verdict == .stale } >= 60)
        #expect(try router.events("ejected", "panic", "failover", "suspect").isEmpty)
        try router.removeFiles()
    }

    // MARK: The last pool

    @Test(.timeLimit(.minutes(2)))
    func poolThatRefusesEverythingIsKeptUntilThereIsAnother() async throws {
        let pools = try await Self.pools(2)
        let (primary, second) = (pools[0], pools[1])
        try await second.inject(.close)
        let router = try await Self.start(pools)
        let farm = try await Self.farm(10, router)
        try await farm.mineOn(1)
        try await primary.inject(.rejectAll(code: 23, text: "Above target"))
        try await primary.wait("refusals", until: { $0.rejectedShares >= 50 }, timeout: .seconds(60))
        #expect(await router.sessionsPerPool() == [10, 0])
        let warnings = await router.assembly.control.status().warnings
        #expect(warnings.contains { $0.contains("primary would be put aside, but it is the last usable one") })

        let start = NIODeadline.now()
        try await second.inject(.healthy)
        try await second.wait("the first share", until: { $0.acceptedShares > 0 }, timeout: .seconds(60))
        print("detection: the last pool, kept, is left \((NIODeadline.now() - start).text) after another one is there")
        try await farm.mineOn(1)
        #expect(await router.sessionsPerPool() == [0, 10])

        farm.expectUndisturbedLinks()
        try await router.settle([farm], pools)
        let events = try router.events("panic", "ejected", "failover")
        #expect(events.map(\.kind) == ["panic", "ejected", "failover"])
        let cause = events.first?.cause ?? ""
        #expect(
            cause.wholeMatch(of: /not put aside, it is the last usable pool: refused [0-9]+ .*shares in .*/) != nil,
            "\(cause)")
        try router.removeFiles()
    }
}
