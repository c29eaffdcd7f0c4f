import Foundation
import Testing

@testable import Persistence

@Suite struct JournalCrashTests {
    @Test func nothingRecordedIsMissingAfterACrash() async throws {
        let place = try TemporaryLedger()
        let ledger = try place.open()
        let lane = ledger.makeLane()
        let worker = ledger.worker("rig", route: "btc")
        for id in 1...3 as ClosedRange<Int64> { lane.record(.share(Sample.share(id, worker: worker))) }
        lane.record(Sample.accepted(1))
        await ledger.flush()
        lane.record(Sample.accepted(2))
        for id in 4...5 as ClosedRange<Int64> { lane.record(.share(Sample.share(id, worker: worker))) }
        lane.record(.settled(LedgerVerdict(id: 4, verdict: .stale)))

        let crashed = try place.crash()
        let next = try crashed.open()
        #expect(try crashed.verdicts() == [1: .accepted, 2: .accepted, 3: .unknown, 4: .stale, 5: .unknown])
        #expect(next.nextShareID == 6)
        #expect(next.worker("rig", route: "btc") == worker)
    }

    @Test func openSessionsAreClosedAfterACrash() async throws {
        let place = try TemporaryLedger()
        let ledger = try place.open()
        let lane = ledger.makeLane()
        lane.record(Sample.events[0])
        lane.record(.share(Sample.share(1, time: Sample.time + 777)))
        let crashed = try place.crash()
        _ = try crashed.open()
        #expect(
            try crashed.query("SELECT time FROM sessionEvent WHERE closeReason IS NOT NULL", as: Int64.self) == [
                Sample.time + 777
            ])
    }

    @Test func eventsWithoutIdsAreTakenInOnce() async throws {
        let place = try TemporaryLedger()
        let ledger = try place.open()
        let lane = ledger.makeLane()
        let event = LedgerEvent.poolEvent(LedgerPoolEvent(time: 1, kind: .down, pool: 1, cause: "test"))
        lane.record(event)
        await ledger.flush()
        lane.record(event)
        // Committed, but the journal still holds both.
        var crashed = try place.crash()
        for _ in 0..<3 {
            _ = try crashed.open()
            #expect(try crashed.count("SELECT count(*) FROM poolEvent") == 2)
            crashed = try crashed.crash()
        }
    }

    @Test func committedSegmentsGoAndTheRestIsReplayed() async throws {
        let place = try TemporaryLedger()
        let ledger = try place.open { _, seams in seams.segmentSize = 16 * 1_024 }
        let lane = ledger.makeLane()
        var id: Int64 = 0
        for round in 1...5 {
            // More than the reserve holds is written to memory alone, so the writer gets its turn in between.
            for _ in 0..<100 {
                id += 1
                lane.record(.share(Sample.share(id)))
                lane.record(Sample.accepted(id))
            }
            if round < 5 { await ledger.flush() }
            ledger.refillJournal()
        }
        let files = try FileManager.default.contentsOfDirectory(atPath: place.path + ".journal")
        #expect(files.count <= 16)
        let crashed = try place.crash()
        _ = try crashed.open()
        #expect(try crashed.verdicts() == Dictionary(uniqueKeysWithValues: (1...id).map { ($0, .accepted) }))
        #expect(try crashed.count("SELECT count(*) FROM journalPosition") == 0)
        #expect(ledger.state.contradictions == 0)
    }

    @Test func jobOfAnotherLaneIsKnownBeforeItsSharesAreReplayed() async throws {
        let place = try TemporaryLedger()
        let ledger = try place.open()
        let shares = ledger.makeLane()
        let jobs = ledger.makeLane()
        _ = ledger.pool("primary", route: "btc")
        jobs.record(.job(LedgerJob(id: 1, jobID: "a1", pool: 1, poolJobID: "17c", poolDifficulty: 65_536)))
        shares.record(.share(Sample.share(1, verdict: .stale)))
        let crashed = try place.crash()
        _ = try crashed.open()
        var found: LedgerShareRecord?
        try LedgerReader(path: crashed.path).shares(LedgerShareFilter()) { found = $0 }
        #expect(found?.poolJob == "17c")
        #expect(found?.poolDifficulty == 65_536)
    }

    @Test func tornLastRecordIsIgnoredWhereverItEnds() async throws {
        let place = try TemporaryLedger()
        let ledger = try place.open { _, seams in seams.segmentSize = 16 * 1_024 }
        let lane = ledger.makeLane()
        // No file is made any more while copies are.
        ledger.refillJournal()
        lane.record(.share(Sample.share(1)))
        let whole = try place.crash()
        lane.record(.share(Sample.share(2)))
        let both = try place.crash()
        let name = try #require(
            FileManager.default.contentsOfDirectory(atPath: place.path + ".journal").first { name in
                let path = ".journal/" + name
                return FileManager.default.contents(atPath: whole.path + path)
                    != FileManager.default.contents(atPath: both.path + path)
            }
        )
        let before = try #require(FileManager.default.contents(atPath: whole.path + ".journal/" + name))
        let after = try #require(FileManager.default.contents(atPath: both.path + ".journal/" + name))
        let changed = before.indices.filter { before[$0] != after[$0] }
        let first = try #require(changed.first)
        let last = try #require(changed.last)
        for end in first...last {
            let torn = try place.crash()
            try (after[..<end] + before[end...]).write(to: URL(fileURLWithPath: torn.path + ".journal/" + name))
            _ = try torn.open()
            #expect(try torn.verdicts() == [1: .unknown], "cut at byte \(end)")
        }
    }

    @Test func emptyAndStrangeFilesInTheJournalAreNoObstacle() throws {
        let place = try TemporaryLedger()
        _ = try place.open()
        let folder = place.path + ".journal/"
        try Data().write(to: URL(fileURLWithPath: folder + "8.segment"))
        try Data(repeating: 0, count: 4_096).write(to: URL(fileURLWithPath: folder + "9.segment"))
        try Data("note".utf8).write(to: URL(fileURLWithPath: folder + "README"))
        _ = try place.open()
        #expect(FileManager.default.fileExists(atPath: folder + "README"))
    }
}
