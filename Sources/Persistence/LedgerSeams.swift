import Foundation
import GRDB

/// Where tests reach in.
struct LedgerSeams: Sendable {
    /// Bytes of one journal segment.
    var segmentSize = 1 << 20
    /// How the file of a segment is made.
    var makeFile: JournalStorage.MakeFile = { folder, sequence, size in
        try JournalSegment.file(in: folder, sequence: sequence, size: size)
    }
    /// Rows of a sealed segment at most; at most `LedgerEntry.segmentLimit`.
    var segmentRows = LedgerEntry.segmentLimit
    /// From this many rows on, a segment is sealed when a minute ends: rollups of one minute are then in one segment.
    var minuteRows = 49_152
    /// Milliseconds since 1970, for seals and ages.
    var now: @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970 * 1_000) }
    /// Run at the beginning and at the end of each of the writer's transactions; an error undoes the transaction.
    var willWrite: @Sendable (Database) throws -> Void = { _ in }
    var willCommit: @Sendable (Database) throws -> Void = { _ in }
}
