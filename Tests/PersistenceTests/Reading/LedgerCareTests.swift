import Foundation
import GRDB
import Testing

@testable import Persistence

@Suite struct LedgerCareTests {
    /// Nine settled shares, eight of them sealed, one pending.
    private static func fill(_ ledger: Ledger) async {
        let lane = ledger.makeLane()
        _ = ledger.worker("a", route: "btc")
        for id in 1...10 as ClosedRange<Int64> {
            lane.record(.share(Sample.share(id, time: Sample.time + id)))
            if id < 10 { lane.record(Sample.accepted(id)) }
        }
        await ledger.flush()
    }

    @Test func statisticsTellWhatIsThere() async throws {
        let place = try TemporaryLedger()
        let ledger = try place.open { $1.segmentRows = 4 }
        await Self.fill(ledger)
        let statistics = try LedgerReader(path: place.path).statistics()
        #expect(statistics.schemaVersion == 3)
        #expect(statistics.segments == 2)
        #expect([statistics.sealedShares, statistics.openShares, statistics.pendingShares] == [8, 1, 1])
        #expect(statistics.oldestShare == Sample.time + 1)
        #expect(statistics.newestShare == Sample.time + 9)
        #expect(statistics.rollups == 2)
        #expect(statistics.workers == 1)
        #expect(statistics.newestSeal?.id.segment == 2)
        #expect(statistics.fileBytes > 0)
        #expect((statistics.bytesPerShare ?? 0) > 0)
        #expect(statistics.droppedShares == 0 && statistics.sharesWithoutDetail == 0 && statistics.gapShares == 0)
    }

    @Test func backupIsOneMomentAndSealsGoOnInIt() async throws {
        let place = try TemporaryLedger()
        let ledger = try place.open { $1.segmentRows = 4 }
        await Self.fill(ledger)
        let copy = try TemporaryLedger()
        try LedgerReader(path: place.path).backup(to: copy.path)
        #expect(try FileManager.default.contentsOfDirectory(atPath: copy.folder) == ["ledger.sqlite"])
        #expect(try copy.verdicts() == place.verdicts())
        let next = try copy.open()
        #expect(next.nextShareID == 11)
    }

    @Test func backupOverwritesNothing() async throws {
        let place = try TemporaryLedger()
        _ = try place.open()
        let reader = try LedgerReader(path: place.path)
        #expect(throws: LedgerError.unwritable(path: place.path, reason: "it exists")) {
            try reader.backup(to: place.path)
        }
        #expect(throws: LedgerError.self) { try reader.backup(to: "/nowhere/at/all") }
    }

    @Test func copiesMadeWhileTheRouterWritesAreWhole() async throws {
        let place = try TemporaryLedger()
        let ledger = try place.open { $1.segmentRows = 64 }
        let lane = ledger.makeLane()
        let reader = try LedgerReader(path: place.path)
        for round in 0..<10 as Range<Int64> {
            for id in round * 100 + 1...round * 100 + 100 { lane.record(.share(Sample.share(id, verdict: .counted))) }
            async let flushed: Void = ledger.flush()
            let copy = try TemporaryLedger()
            try reader.backup(to: copy.path)
            let ids = try copy.verdicts().keys.sorted()
            #expect(ids == Array(1...Int64(max(ids.count, 1))).prefix(ids.count).map { $0 })
            #expect(ids.count >= round * 100)
            await flushed
        }
    }

    @Test func untouchedLedgerHasIntegrity() async throws {
        let place = try TemporaryLedger()
        let ledger = try place.open { $1.segmentRows = 4 }
        await Self.fill(ledger)
        #expect(try LedgerReader(path: place.path).integrityFindings() == [])
    }

    @Test(arguments: [
        ("CREATE TRIGGER t AFTER INSERT ON share BEGIN SELECT 1; END", "trigger t does not belong"),
        ("CREATE TABLE notes (a)", "table notes does not belong"),
        ("DROP INDEX poolEventTime", "index poolEventTime is missing"),
        ("ALTER TABLE share ADD COLUMN note", "table share is not as"),
        ("DROP VIEW shares", "view shares is missing"),
    ])
    func foreignSchemaIsNamed(statement: String, finding: String) async throws {
        let place = try TemporaryLedger()
        let ledger = try place.open()
        await Self.fill(ledger)
        try await place.database().write { db in try db.execute(sql: statement) }
        let findings = try LedgerReader(path: place.path).integrityFindings()
        #expect(findings.count == 1)
        #expect(findings.first?.hasPrefix(finding) == true, "\(findings)")
    }

    @Test func damagedPageIsAFinding() async throws {
        let place = try TemporaryLedger()
        var ledger: Ledger? = try place.open()
        if let ledger { await Self.fill(ledger) }
        ledger = nil
        let copy = try TemporaryLedger()
        try LedgerReader(path: place.path).backup(to: copy.path)
        let root = try copy.count("SELECT rootpage FROM sqlite_master WHERE name = 'share'")
        let size = try copy.count("PRAGMA page_size")
        let file = try #require(FileHandle(forUpdatingAtPath: copy.path))
        try file.seek(toOffset: UInt64((root - 1) * size))
        try file.write(contentsOf: Data(repeating: 0xA5, count: size))
        try file.close()
        let reader = try LedgerReader(path: copy.path)
        do {
            #expect(try !reader.integrityFindings().isEmpty)
        } catch {
            #expect(error is LedgerError)
        }
    }
}
