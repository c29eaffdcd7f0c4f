import Foundation
import GRDB
import Testing

@testable import Persistence

@Suite struct LedgerLifeCycleTests {
    @Test func shareAndVerdictAreOneRow() async throws {
        let place = try TemporaryLedger()
        let ledger = try place.open()
        let lane = ledger.makeLane()
        lane.record(.share(Sample.share(1)))
        lane.record(Sample.accepted(1))
        lane.record(.share(Sample.share(2)))
        await ledger.flush()
        #expect(try place.verdicts() == [1: .accepted, 2: .pending])
        lane.record(.settled(LedgerVerdict(id: 2, verdict: .rejected, reason: ledger.reason("nope"), reasonCode: 20)))
        await ledger.flush()
        #expect(try place.verdicts() == [1: .accepted, 2: .rejected])
        #expect(ledger.state.committedShares == 2)
        #expect(ledger.state.contradictions == 0)
        #expect(ledger.state.queuedBytes == 0)
    }

    @Test(arguments: [true, false]) func secondVerdictChangesNothing(inOneBatch: Bool) async throws {
        let place = try TemporaryLedger()
        let ledger = try place.open()
        let lane = ledger.makeLane()
        lane.record(.share(Sample.share(1)))
        lane.record(Sample.accepted(1))
        if !inOneBatch { await ledger.flush() }
        lane.record(.settled(LedgerVerdict(id: 1, verdict: .lost)))
        await ledger.flush()
        #expect(try place.verdicts() == [1: .accepted])
        #expect(ledger.state.contradictions == 1)
    }

    @Test func secondShareOfAnIdInABatchChangesNothing() async throws {
        let place = try TemporaryLedger()
        let ledger = try place.open()
        let lane = ledger.makeLane()
        lane.record(.share(Sample.share(1, verdict: .stale)))
        lane.record(.share(Sample.share(1, verdict: .counted)))
        await ledger.flush()
        #expect(try place.verdicts() == [1: .stale])
        #expect(ledger.state.contradictions == 1)
    }

    @Test func secondShareOfAPendingIdChangesNothing() async throws {
        let place = try TemporaryLedger()
        let ledger = try place.open()
        let lane = ledger.makeLane()
        lane.record(.share(Sample.share(1)))
        await ledger.flush()
        lane.record(.share(Sample.share(1, difficulty: 7)))
        await ledger.flush()
        lane.record(Sample.accepted(1))
        await ledger.flush()
        #expect(try place.verdicts() == [1: .accepted])
        #expect(try place.query("SELECT difficulty FROM stint", as: Double.self) == [512])
        #expect(ledger.state.contradictions == 1)
    }

    @Test func lateVerdictStandsBesideTheShare() async throws {
        let place = try TemporaryLedger()
        let ledger = try place.open()
        let lane = ledger.makeLane()
        lane.record(.share(Sample.share(1)))
        lane.record(.settled(LedgerVerdict(id: 1, verdict: .lost)))
        lane.record(.lateVerdict(LedgerVerdict(id: 1, verdict: .accepted)))
        await ledger.flush()
        var late: LedgerVerdictKind?
        try LedgerReader(path: place.path).shares(LedgerShareFilter()) { late = $0.lateVerdict }
        #expect(try place.verdicts() == [1: .lost])
        #expect(late == .accepted)
    }

    @Test func verdictMayComeByAnotherLaneAndEarlier() async throws {
        let place = try TemporaryLedger()
        let ledger = try place.open()
        let first = ledger.makeLane()
        let second = ledger.makeLane()
        // The writer sees the verdict in one pass and the share only in the next.
        second.record(Sample.accepted(1))
        _ = await ledger.drainOnce()
        #expect(try place.count("SELECT count(*) FROM heldVerdict") == 1)
        first.record(.share(Sample.share(1)))
        await ledger.flush()
        #expect(try place.verdicts() == [1: .accepted])
        #expect(try place.count("SELECT count(*) FROM heldVerdict") == 0)
        #expect(ledger.state.contradictions == 0)
    }

    @Test func shareMayComeBeforeItsJob() async throws {
        let place = try TemporaryLedger()
        let ledger = try place.open { configuration, _ in configuration.batchLimit = 1 }
        let shares = ledger.makeLane()
        let jobs = ledger.makeLane()
        jobs.record(.job(LedgerJob(id: 1, jobID: "a1", pool: 1, poolJobID: "17c", poolDifficulty: 65_536)))
        // The writer reads lane by lane: it meets the share first.
        shares.record(.share(Sample.share(1, verdict: .stale)))
        await ledger.flush()
        #expect(try place.query("SELECT poolDifficulty FROM job", as: Double.self) == [65_536])
    }

    @Test func shareOfAJobThatNobodyKnowsKeepsItsPool() async throws {
        let place = try TemporaryLedger()
        let ledger = try place.open()
        let pool = ledger.pool("primary", route: "btc")
        let lane = ledger.makeLane()
        lane.record(.share(Sample.share(1, pool: pool, job: 0, verdict: .stale)))
        lane.record(.share(Sample.share(2, pool: pool, job: 77, verdict: .stale)))
        await ledger.flush()
        var found: [LedgerShareRecord] = []
        try LedgerReader(path: place.path).shares(LedgerShareFilter()) { found.append($0) }
        #expect(found.map(\.pool) == ["primary", "primary"])
    }

    @Test func verdictOnNoShareIsAContradiction() async throws {
        let place = try TemporaryLedger()
        let ledger = try place.open()
        ledger.makeLane().record(Sample.accepted(1))
        await ledger.flush()
        #expect(try place.verdicts().isEmpty)
        #expect(try place.count("SELECT count(*) FROM heldVerdict") == 0)
        #expect(ledger.state.contradictions == 1)
    }

    @Test func namesKeepTheirNumbersOverRuns() async throws {
        let place = try TemporaryLedger()
        var numbers: [[Int32]] = []
        for _ in 0..<2 {
            let ledger = try place.open()
            numbers.append([
                ledger.worker("a", route: "btc"), ledger.worker("b", route: "btc"), ledger.worker("a", route: "ltc"),
                ledger.pool("a", route: "btc"), ledger.reason("stale"), ledger.reason(""),
                ledger.worker("a", route: "btc"),
            ])
            await ledger.flush()
        }
        #expect(numbers == [[1, 2, 3, 1, 1, 0, 1], [1, 2, 3, 1, 1, 0, 1]])
    }

    @Test func namesBeyondTheLimitShareOneNumber() async throws {
        let place = try TemporaryLedger()
        let ledger = try place.open { configuration, _ in configuration.reasonLimit = 3 }
        let numbers = ["a", "b", "c", "d", "e", "a"].map { ledger.reason($0) }
        #expect(numbers == [1, 2, 3, 4, 4, 1])
        await ledger.flush()
        #expect(try place.query("SELECT text FROM reason ORDER BY id", as: String.self) == ["a", "b", "c", "(other)"])
    }

    @Test func idsAreNeverGivenTwiceEvenWhenTheirRowsAreGone() async throws {
        let place = try TemporaryLedger()
        var ledger: Ledger? = try place.open()
        #expect(ledger?.nextShareID == 1)
        var share = Sample.share(41, worker: 9, job: 17)
        share.session = 23
        ledger?.makeLane().record(.share(share))
        await ledger?.flush()
        ledger = nil
        try await place.database().write { db in try db.execute(sql: "DELETE FROM pending") }
        let next = try place.open()
        #expect([next.nextShareID, next.nextSessionID, next.nextJobID] == [42, 24, 18])
        #expect(next.worker("new", route: "btc") == 10)
    }

    @Test func gracefulEndCommitsEverythingAndFreesTheFile() async throws {
        let place = try TemporaryLedger()
        let ledger = try place.open()
        let lane = ledger.makeLane()
        for id in 1...100 as ClosedRange<Int64> { lane.record(.share(Sample.share(id, verdict: .counted))) }
        try await ledger.end()
        #expect(!FileManager.default.fileExists(atPath: place.path + "-wal"))
        #expect(try place.verdicts().count == 100)
        _ = try place.open()
        #expect(try place.verdicts().count == 100)
    }

    @Test func numbersThatAreNoneAreStoredAsZero() async throws {
        let place = try TemporaryLedger()
        let ledger = try place.open()
        let lane = ledger.makeLane()
        lane.record(.share(Sample.share(1, difficulty: .nan, verdict: .counted)))
        lane.record(.share(Sample.share(2, difficulty: .infinity, verdict: .counted)))
        await ledger.flush()
        #expect(try place.query("SELECT difficulty FROM stint", as: Double.self) == [0])
    }

    @Test func everyKindOfEventIsStored() async throws {
        let place = try TemporaryLedger()
        let ledger = try place.open()
        let lane = ledger.makeLane()
        for event in Sample.events { lane.record(event) }
        await ledger.flush()
        for (table, rows) in [
            "session": 1, "sessionEvent": 2, "job": 1, "share": 2, "poolEvent": 1, "worker": 1, "lateVerdict": 1,
        ] {
            #expect(try place.count("SELECT count(*) FROM \(table)") == rows, "\(table)")
        }
        #expect(
            try place.query("SELECT closeReason FROM sessionEvent WHERE id = 2", as: String.self)
                == ["closed by the miner"])
    }
}
