import NIOCore
import Persistence
import PoolPool
import Router
import Simulation
import Testing

@testable import RouterCLI

/// Miners that come back, and verdicts that come early or late.
@Suite(.serialized) struct SessionResumeTests {
    /// A pool in which every nonce is a share, with jobs at the test's word only.
    private static func easyPool(_ name: String, seed: UInt64 = 1) async throws -> SimulatedPool {
        try await SmallWorld.pool(name, seed: seed) {
            $0.difficulty = 1e-12
            $0.jobInterval = nil
        }
    }

    private static func isTrue(_ reply: String) -> Bool { reply.contains("\"result\":true") }

    @Test(.timeLimit(.minutes(1)))
    func returningMinerKeepsItsExtranonceAndWhatItFoundMeanwhileCountsOnce() async throws {
        let pool = try await Self.easyPool("pool")
        let router = try await RunningRouter.start([.local([.local(pool)])])
        let first = try await RawMiner.mining(on: router.port, user: "raw.1")
        let oldJob = first.job
        try await first.submit(id: 10, user: "raw.1", nonce: 1)
        #expect(Self.isTrue(try await first.reply(10)))
        let (sessionID, extranonce1) = (first.sessionID, first.extranonce1)
        try await first.close()
        try await router.eventually("the session is over") { $0.sessions == 0 }
        try await pool.sendJob()

        // Somebody else in between does not get the place of the one who left.
        let other = try await RawMiner.mining(on: router.port, user: "raw.2")
        #expect(other.extranonce1 != extranonce1)
        let second = try await RawMiner.mining(on: router.port, user: "raw.1", resuming: sessionID)
        #expect(second.extranonce1 == extranonce1)
        #expect(second.job.id != oldJob.id)

        try await second.submit(id: 20, user: "raw.1", nonce: 2, job: oldJob)
        #expect(Self.isTrue(try await second.reply(20)))
        try await second.submit(id: 21, user: "raw.1", nonce: 1, job: oldJob)
        #expect(try await second.reply(21).contains("[22,"))
        try await second.submit(id: 22, user: "raw.1", nonce: 1)
        #expect(Self.isTrue(try await second.reply(22)))
        // The id serves one return.
        let impostor = try await RawMiner.mining(on: router.port, user: "raw.3", resuming: sessionID)
        #expect(impostor.extranonce1 != extranonce1)

        for miner in [other, second, impostor] { try await miner.close() }
        let rows = try await router.settle([], [pool])
        #expect(rows.filter { $0.verdict == .accepted }.count == 3)
        #expect(rows.filter { $0.verdict == .duplicate }.count == 1)
        #expect(pool.log.acceptedShares == 3)
        try router.removeFiles()
    }

    @Test(.timeLimit(.minutes(1)))
    func shareThatWasPendingAtTheDropIsSettledOnceAndItsRepetitionRefused() async throws {
        let pool = try await Self.easyPool("pool")
        let router = try await RunningRouter.start([.local([.local(pool)])])
        let first = try await RawMiner.mining(on: router.port, user: "raw.1")
        let job = first.job
        try await pool.inject(.delayVerdicts(.seconds(2)))
        try await first.submit(id: 10, user: "raw.1", nonce: 1)
        try await pool.wait("the share", until: { $0.shares.count == 1 })
        let sessionID = first.sessionID
        try await first.close()
        try await router.eventually("the session is over") { $0.sessions == 0 }
        let second = try await RawMiner.mining(on: router.port, user: "raw.1", resuming: sessionID)
        try await second.submit(id: 10, user: "raw.1", nonce: 1, job: job)
        #expect(try await second.reply(10).contains("[22,"))
        try await router.eventually("the verdict is there") { $0.pools.contains { $0.tally.accepted == 1 } }
        try await second.close()

        let rows = try await router.settle([], [pool])
        #expect(rows.map(\.verdict) == [.accepted, .duplicate])
        #expect(second.log.count(of: "\"id\":10") == 1)
        try router.removeFiles()
    }

    @Test(.timeLimit(.minutes(2)))
    func minersThatDropAgainAndAgainRepeatNoWork() async throws {
        let pool = try await SmallWorld.pool("pool") { $0.jobInterval = nil }
        let backup = try await SmallWorld.pool("backup", seed: 2) { $0.jobInterval = nil }
        let router = try await RunningRouter.start([.local([.local(pool), .local(backup, priority: 2)])])
        let farm = try await SmallWorld.farm(5, port: router.port) { miner, _ in
            miner.resumesSession = true
            // The router has seen the end of the former connection by then.
            miner.reconnectDelay = .milliseconds(500)
        }
        try await farm.mineOn(1)
        // The pool's job stays the same all the time: each return must be new work nevertheless.
        for _ in 0..<5 {
            for miner in farm.miners { try await miner.dropLink() }
            try await farm.mineOn(1, "mining after a return")
        }
        for miner in farm.miners {
            let extranonces = miner.log.events.compactMap { event -> String? in
                if case .subscribed(_, let extranonce1, _) = event.kind { extranonce1 } else { nil }
            }
            #expect(extranonces.count == 6)
            #expect(Set(extranonces).count == 1, "\(extranonces)")
        }
        #expect(farm.totals.rejected == 0, "\(farm.totals)")
        #expect(pool.log.rejectedShares == 0)
        let rows = try await router.settle([farm], [pool, backup])
        #expect(rows.allSatisfy { $0.verdict == .accepted })
        try router.removeFiles()
    }

    @Test(.timeLimit(.minutes(2)))
    func twoRoutesKeepToThemselves() async throws {
        let pools = [try await SmallWorld.pool("pool", seed: 1), try await SmallWorld.pool("pool", seed: 2)]
        var routes = pools.map { RouteConfiguration.local([.local($0, user: "{user}")]) }
        routes[0].name = "left"
        routes[1].name = "right"
        let router = try await RunningRouter.start(routes)
        let left = try await SmallWorld.farm(3, port: router.port(of: "left"), user: "left")
        let right = try await SmallWorld.farm(3, port: router.port(of: "right"), user: "right")
        try await left.mineOn(2)
        try await right.mineOn(2)

        // A session of one route means nothing on the other.
        let guest = try await RawMiner.mining(on: router.port(of: "left"), user: "guest")
        let (sessionID, extranonce1) = (guest.sessionID, guest.extranonce1)
        try await guest.close()
        try await router.eventually("the session is over") { $0.name == "left" && $0.sessions == 3 }
        let stranger = try await RawMiner.mining(on: router.port(of: "right"), user: "guest", resuming: sessionID)
        let returned = try await RawMiner.mining(on: router.port(of: "left"), user: "guest", resuming: sessionID)
        #expect(returned.extranonce1 == extranonce1)
        #expect(stranger.sessionID != sessionID)
        for miner in [stranger, returned] { try await miner.close() }

        try await pools[0].inject(.close)
        try await right.mineOn(2)
        try await pools[0].inject(.healthy)
        try await left.mineOn(1, "the left route is back")
        left.expectUndisturbedLinks()
        right.expectUndisturbed()

        let rows = try await router.settle([left, right], [])
        for (route, pool) in zip(["left", "right"], pools) {
            let mine = rows.filter { $0.route == route }
            #expect(mine.allSatisfy { $0.worker?.hasPrefix(route) == true })
            Books.check(mine, against: pool) { $0 }
            try await pool.stop()
        }
        try router.removeFiles()
    }

    @Test(.timeLimit(.minutes(1)))
    func immediateReplyIsTrueAtOnceAndTheLedgerKeepsThePoolsWord() async throws {
        let pool = try await Self.easyPool("pool")
        var route = RouteConfiguration.local([.local(pool)])
        route.reply = .immediate
        let router = try await RunningRouter.start([route])
        let miner = try await RawMiner.mining(on: router.port, user: "raw.1")
        try await pool.inject(.freeze)
        try await miner.submit(id: 10, user: "raw.1", nonce: 1)
        #expect(Self.isTrue(try await miner.reply(10)))
        #expect(pool.log.shares.isEmpty)
        try await pool.inject(.healthy)
        try await router.eventually("accepted") { $0.pools.contains { $0.tally.accepted == 1 } }
        try await pool.inject(.rejectAll(code: 23, text: "Above target"))
        // The pool has a new one by now, which may come between the two.
        let job = miner.job
        try await miner.submit(id: 11, user: "raw.1", nonce: 2, job: job)
        #expect(Self.isTrue(try await miner.reply(11)))
        try await router.eventually("refused") { $0.pools.contains { $0.tally.rejected == 1 } }
        // What the router itself refuses is refused at once.
        try await miner.submit(id: 12, user: "raw.1", nonce: 2, job: job)
        #expect(try await miner.reply(12).contains("[22,"))
        try await miner.close()

        let rows = try await router.settle([], [pool])
        #expect(rows.map(\.verdict) == [.accepted, .lowDifficulty, .duplicate])
        #expect(rows.map(\.answeredImmediately) == [true, true, false])
        #expect(miner.log.count(of: "\"id\":1") == 4)
        try router.removeFiles()
    }

    @Test(.timeLimit(.minutes(1)))
    func verdictAfterTheDeadlineIsAFactBesideTheLostShare() async throws {
        let pool = try await Self.easyPool("pool")
        var health = HealthConfiguration.quick
        health.verdictDeadline = .seconds(3)
        let router = try await RunningRouter.start([.local([.local(pool)], health: health)])
        let miner = try await RawMiner.mining(on: router.port, user: "raw.1")
        try await pool.inject(.freeze)
        try await miner.submit(id: 10, user: "raw.1", nonce: 1)
        #expect(try await miner.reply(10).contains("[21,"))
        try await pool.inject(.healthy)
        try await router.eventually("the late verdict") { $0.pools.contains { $0.tally.late == 1 } }
        try await miner.submit(id: 11, user: "raw.1", nonce: 2)
        #expect(Self.isTrue(try await miner.reply(11)))
        try await miner.close()

        let rows = try await router.settle([], [pool])
        #expect(rows.map(\.verdict) == [.lost, .accepted])
        #expect(rows.map(\.lateVerdict) == [.accepted, nil])
        #expect(miner.log.count(of: "\"id\":10,") == 1)
        try router.removeFiles()
    }
}
