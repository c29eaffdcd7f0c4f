import Foundation
import GRDB
import Logging

/// Takes in what an earlier process left in the journal, and settles what it left unsettled.
struct JournalRecovery {
    /// What an earlier run left, once it is taken in.
    struct Result {
        var highWater: LedgerHighWater
        var nextSequence: Int64
    }

    let folder: String
    let batchLimit: Int
    let now: Int64
    let logger: Logger

    /// Replays into `ledger`, then settles and seals, then removes the files. Interrupted at any point, it can be run
    /// again.
    func run(_ ledger: inout OpenLedger) throws -> Result {
        let files = try self.files()
        var highWater = try ledger.database.read { db in try LedgerHighWater(db) }
        var events = 0
        for file in files { try self.replayDefinitions(file, &ledger, &highWater) }
        for file in files { events += try self.replay(file, &ledger, &highWater) }
        let (unknown, lastPosition) = try self.settle(&ledger, highWater)
        for file in files { unlink(file.path) }
        if events > 0 || unknown > 0 {
            self.logger.notice(
                "the router had ended without closing its ledger; the journal has been taken in",
                metadata: ["events": "\(events)", "unknown_shares": "\(unknown)"]
            )
        }
        return Result(
            highWater: highWater,
            nextSequence: max(min(lastPosition, Self.sequences.upperBound), files.last?.sequence ?? 0) + 1)
    }

    /// No journal gets further.
    private static let sequences: Range<Int64> = 1..<1 << 53

    private struct File {
        var path: String
        var sequence: Int64
    }

    private func files() throws -> [File] {
        try FileManager.default.contentsOfDirectory(atPath: self.folder)
            .compactMap { name in
                guard name.hasSuffix(".segment"), let sequence = Int64(name.dropLast(".segment".count)),
                    Self.sequences.contains(sequence)
                else { return nil }
                return File(path: "\(self.folder)/\(name)", sequence: sequence)
            }
            .sorted { $0.sequence < $1.sequence }
    }

    /// Names and jobs first: what refers to them may stand in an earlier file, of another lane.
    private func replayDefinitions(
        _ file: File,
        _ ledger: inout OpenLedger,
        _ highWater: inout LedgerHighWater
    ) throws {
        let data = try Data(contentsOf: URL(fileURLWithPath: file.path))
        guard let start = try self.firstPosition(data, of: file, ledger.database) else { return }
        let batch = data.withUnsafeBytes { bytes in
            var batch = LedgerBatch(highWater: highWater)
            var decoder = JournalDecoder(bytes, position: start)
            while let event = decoder.next() {
                switch event {
                case .name, .job: batch.add(event)
                default: break
                }
            }
            return batch
        }
        try self.commit(batch, &ledger) { db in try batch.highWater.save(db, since: highWater) }
        highWater = batch.highWater
    }

    /// - Returns: How many events were taken in.
    private func replay(_ file: File, _ ledger: inout OpenLedger, _ highWater: inout LedgerHighWater) throws -> Int {
        let data = try Data(contentsOf: URL(fileURLWithPath: file.path))
        guard let start = try self.firstPosition(data, of: file, ledger.database) else { return 0 }
        var position = start
        var events = 0
        repeat {
            let batch = data.withUnsafeBytes { bytes in
                var batch = LedgerBatch(highWater: highWater)
                var decoder = JournalDecoder(bytes, position: position)
                while batch.count < self.batchLimit, let event = decoder.next() { batch.add(event) }
                position = decoder.position
                return batch
            }
            guard !batch.isEmpty else { break }
            try self.commit(batch, &ledger) { [position] db in
                try JournalPositions.save([file.sequence: position], removing: [], db)
                try batch.highWater.save(db, since: highWater)
            }
            highWater = batch.highWater
            events += batch.count
        } while true
        return events
    }

    private func commit(
        _ batch: LedgerBatch,
        _ ledger: inout OpenLedger,
        _ rest: (Database) throws -> Void
    ) throws {
        guard !batch.isEmpty else { return }
        let former = ledger.book
        ledger.book = try ledger.database.write { db in
            var book = former
            _ = try book.write(batch, now: self.now, db)
            try rest(db)
            return book
        }
    }

    /// Where to go on in a file; nil when it holds nothing.
    private func firstPosition(_ data: Data, of file: File, _ database: DatabaseQueue) throws -> Int? {
        guard data.count >= JournalSegment.headerSize else { return nil }
        let magic = data.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
        // Zero: the process ended between making the file and using it.
        guard magic != 0 else { return nil }
        guard magic == JournalSegment.magic || magic == JournalSegment.formerMagic else {
            let reason = "written by another release; start and stop that release once, or move the file away"
            throw LedgerError.unreadable(path: file.path, reason: reason)
        }
        return try database.read { db in try JournalPositions.fetch(file.sequence, db) }
    }

    /// - Returns: How many shares are now unknown, and the last segment that had a row.
    private func settle(
        _ ledger: inout OpenLedger,
        _ highWater: LedgerHighWater
    ) throws -> (unknown: Int, lastPosition: Int64) {
        let former = ledger.book
        let (book, unknown, lastPosition) = try ledger.database.write { db in
            var book = former
            let unknown = try book.settleRest(now: self.now, db)
            try book.closeSessions(time: highWater.time, reason: "the router ended", now: self.now, db)
            try book.seal(now: self.now, db)
            let lastPosition = try JournalPositions.last(db)
            try db.execute(sql: "DELETE FROM journalPosition")
            return (book, unknown, lastPosition)
        }
        ledger.book = book
        return (unknown, lastPosition)
    }
}
