import Foundation
import GRDB
import Testing

@testable import Persistence

@Suite struct LedgerDamageTests {
    /// Overwrites the page of `table` and what the log beside the file may hold of it.
    private static func destroy(_ table: String, in place: TemporaryLedger) throws {
        let page = try place.count("SELECT rootpage FROM sqlite_master WHERE name = '\(table)'")
        let size = try place.count("PRAGMA page_size")
        let file = try #require(FileHandle(forWritingAtPath: place.path))
        try file.seek(toOffset: UInt64((page - 1) * size))
        try file.write(contentsOf: Data(repeating: 0x5A, count: size))
        try file.close()
    }

    private static func aside(_ place: TemporaryLedger) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: place.folder)
            .filter { $0.contains(".damaged-") && !$0.hasSuffix("-wal") && !$0.hasSuffix("-shm") }
    }

    @Test(arguments: ["share", "worker", "property", "counter", "seal"])
    func fileThatIsBrokenAtTheStartIsSetAside(table: String) async throws {
        let place = try TemporaryLedger()
        var ledger: Ledger? = try place.open()
        var lane = ledger?.makeLane()
        _ = ledger?.worker("rig", route: "zec")
        ledger?.describe(route: "zec", protocol: "equihash", hashesPerDifficulty: 8_192)
        for id in 1...200 as ClosedRange<Int64> { lane?.record(.share(Sample.share(id, verdict: .counted))) }
        if let ledger { try await ledger.end() }
        lane = nil
        ledger = nil
        try Self.destroy(table, in: place)
        let next = try place.open()
        lane = next.makeLane()
        lane?.record(.share(Sample.share(next.nextShareID, verdict: .counted)))
        await next.flush()
        if table == "share" {
            // What is broken lies behind what a start reads.
            #expect(next.state.health == .healthy)
        } else {
            #expect(try Self.aside(place).count == 1)
            #expect(next.state.damagedFile != nil)
            #expect(try place.count("SELECT count(*) FROM share") == 1)
            #expect(try place.count("SELECT count(*) FROM poolEvent WHERE kind = 'ledger_replaced'") == 1)
        }
        // What can be read of the names goes into the new file.
        guard table != "worker" else { return }
        #expect(try LedgerReader(path: place.path).routes().map(\.protocol) == [Sample.equihash])
    }

    @Test func fileThatIsNoDatabaseAnyMoreIsSetAsideIfARouterWroteIt() async throws {
        let place = try TemporaryLedger()
        _ = try place.open()
        try Data(repeating: 0, count: 8_192).write(to: URL(fileURLWithPath: place.path))
        let ledger = try place.open()
        #expect(try Self.aside(place).count == 1)
        #expect(ledger.state.damagedFile != nil)
    }

    @Test func fileThatBreaksWhileItIsWrittenIsSetAsideAndNothingUnsettledIsLost() async throws {
        let place = try TemporaryLedger()
        let ledger = try place.open()
        let lane = ledger.makeLane()
        let worker = ledger.worker("rig", route: "btc")
        ledger.describe(route: "btc", protocol: "equihash", hashesPerDifficulty: 8_192)
        lane.record(.sessionOpened(LedgerSession(id: 1, time: 1, worker: worker, remote: "[::1]:1", userAgent: "m")))
        for id in 1...300 as ClosedRange<Int64> {
            lane.record(.share(Sample.share(id, worker: worker, verdict: id > 290 ? .pending : .counted)))
        }
        await ledger.flush()
        // So that what is in the write-ahead log is in the file and read from there.
        try await place.database().writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
        }
        for table in ["share", "pending", "stint", "job"] { try Self.destroy(table, in: place) }
        for id in 291...300 as ClosedRange<Int64> { lane.record(Sample.accepted(id)) }
        for id in 301...310 as ClosedRange<Int64> {
            lane.record(.share(Sample.share(id, worker: worker, verdict: .counted)))
        }
        await ledger.flush()
        #expect(try Self.aside(place).count == 1)
        #expect(ledger.state.health == .healthy)
        #expect(ledger.state.damagedFile?.contains(".damaged-") == true)
        let verdicts = try place.verdicts()
        for id in 291...300 as ClosedRange<Int64> { #expect(verdicts[id] == .accepted) }
        for id in 301...310 as ClosedRange<Int64> { #expect(verdicts[id] == .counted) }
        var remotes: Set<String?> = []
        var workers: Set<String?> = []
        try LedgerReader(path: place.path).shares(LedgerShareFilter()) { share in
            remotes.insert(share.remote)
            workers.insert(share.worker)
        }
        #expect(remotes == ["[::1]:1"])
        #expect(workers == ["rig"])
        #expect(try LedgerReader(path: place.path).routes().map(\.protocol) == [Sample.equihash])
    }

    @Test func newFileContinuesTheChainOfTheOldOne() async throws {
        let place = try TemporaryLedger()
        let ledger = try place.open { _, seams in seams.segmentRows = 10 }
        let lane = ledger.makeLane()
        for id in 1...25 as ClosedRange<Int64> { lane.record(.share(Sample.share(id, verdict: .counted))) }
        await ledger.flush()
        let last = try place.query("SELECT hash FROM seal ORDER BY segment DESC LIMIT 1", as: Data.self)
        try await place.database().writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
        }
        try Self.destroy("share", in: place)
        lane.record(.share(Sample.share(26, verdict: .counted)))
        await ledger.flush()
        #expect(try place.query("SELECT value FROM property WHERE name = 'genesis'", as: Data.self) == last)
    }

    @Test func rowThatAnotherProgramPutInTheWayIsNoEndlessFailure() async throws {
        let place = try TemporaryLedger()
        let ledger = try place.open()
        let lane = ledger.makeLane()
        lane.record(.share(Sample.share(1, verdict: .counted)))
        await ledger.flush()
        try await place.database().write { db in
            try db.execute(
                sql:
                    "INSERT INTO share SELECT entry + 1, shift, time, stint, job, shareDifficulty, outcome, reason, reasonCode, latency, claim FROM share"
            )
        }
        lane.record(.share(Sample.share(2, verdict: .counted)))
        for _ in 0..<3 { await ledger.flush() }
        #expect(ledger.state.health == .healthy)
        #expect(try place.verdicts()[2] == .counted)
    }

    @Test(arguments: ["seal SET segment = 9223372036854775807", "stint SET id = 9223372036854775807"])
    func numbersThatNoLedgerReachesAreDamage(change: String) async throws {
        let place = try TemporaryLedger()
        let ledger = try place.open()
        ledger.makeLane().record(.share(Sample.share(1, verdict: .counted)))
        try await ledger.end()
        try await place.database().write { db in try db.execute(sql: "UPDATE \(change)") }
        let next = try place.open()
        #expect(next.state.damagedFile != nil)
    }
}
