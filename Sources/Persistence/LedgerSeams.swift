import GRDB

/// Where tests reach in.
struct LedgerSeams: Sendable {
    /// Bytes of one journal segment.
    var segmentSize = 1 << 20
    /// How the file of a segment is made.
    var makeFile: JournalStorage.MakeFile = { folder, sequence, size in
        try JournalSegment.file(in: folder, sequence: sequence, size: size)
    }
    /// Run at the beginning and at the end of each of the writer's transactions; an error undoes the transaction.
    var willWrite: @Sendable (Database) throws -> Void = { _ in }
    var willCommit: @Sendable (Database) throws -> Void = { _ in }
}
