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

    let database: DatabaseQueue
    let folder: String
    let batchLimit: Int
    let logger: Logger

    /// Replays, then settles, then removes the files. Interrupted at any point, it can be run again.
    func run() throws -> Result {
        let files = try self.files()
        var highWater = try self.database.read { db in try LedgerHighWater(db) }
        var events = 0
        for file in files { events += try self.replay(file, &highWater) }
        let (unknown, lastPosition) = try self.settle(highWater)
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

    /// - Returns: How many events were taken in.
    private func replay(_ file: File, _ highWater: inout LedgerHighWater) throws -> Int {
        let data = try Data(contentsOf: URL(fileURLWithPath: file.path))
        guard let start = try self.firstPosition(data, of: file) else { return 0 }
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
            try self.database.write { db in
                _ = try batch.write(db)
                try JournalPositions.save([file.sequence: position], removing: [], db)
                try batch.highWater.save(db, since: highWater)
            }
            highWater = batch.highWater
            events += batch.count
        } while true
        return events
    }

    /// Where to go on in a file; nil when it holds nothing.
    private func firstPosition(_ data: Data, of file: File) throws -> Int? {
        guard data.count >= JournalSegment.headerSize else { return nil }
        let magic = data.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
        // Zero: the process ended between making the file and using it.
        guard magic != 0 else { return nil }
        guard magic == JournalSegment.magic else {
            let reason = "written by another release; start and stop that release once, or move the file away"
            throw LedgerError.unreadable(path: file.path, reason: reason)
        }
        return try self.database.read { db in try JournalPositions.fetch(file.sequence, db) }
    }

    /// - Returns: How many shares are now unknown, and the last segment that had a row.
    private func settle(_ highWater: LedgerHighWater) throws -> (unknown: Int, lastPosition: Int64) {
        try self.database.write { db in
            _ = try LedgerHeldVerdicts.resolve(db)
            try db.execute(sql: "DELETE FROM heldVerdict")
            try db.execute(
                sql: "UPDATE share SET verdict = ? WHERE verdict = 0",
                arguments: [LedgerVerdictKind.unknown.rawValue]
            )
            let unknown = db.changesCount
            try db.execute(
                sql: """
                    UPDATE session SET closeTime = max(time, ?), closeReason = 'the router ended'
                    WHERE closeTime IS NULL
                    """,
                arguments: [highWater.time]
            )
            let lastPosition = try JournalPositions.last(db)
            try db.execute(sql: "DELETE FROM journalPosition")
            return (unknown, lastPosition)
        }
    }
}
