import GRDB

/// A seal as it stands in the file.
struct SealRecord {
    var seal: Seal
    var lowestJob: Int64
    var lowestStint: Int64
    var hash: [UInt8]
    var signature: [UInt8]?
    /// Digests of the blocks of 64 shares; nil: dropped with these, or the segment has none.
    var blocks: [UInt8]?

    /// nil: no such seal.
    /// - Throws: `LedgerDamage`, `DatabaseError`.
    static func load(_ segment: Int64, _ db: Database) throws -> SealRecord? {
        let row = try RawStatement(
            db,
            sql: """
                SELECT time, firstTime, lastTime, shares, forwarded, accepted, acceptedWork, sessionWork, lowestJob,
                    lowestStint, previous, hash, publicKey, signature
                FROM seal WHERE segment = ?
                """
        )
        defer { row.reset() }
        row.bind(1, segment)
        guard try row.step() else { return nil }
        let (parts, blocks) = try Self.parts(segment, db)
        return SealRecord(
            seal: Seal(
                segment: segment,
                time: try row.integer(0),
                firstTime: try row.optionalInteger(1, as: Int64.self),
                lastTime: try row.optionalInteger(2, as: Int64.self),
                totals: Seal.Totals(
                    shares: try row.integer(3),
                    forwarded: try row.integer(4),
                    accepted: try row.integer(5),
                    acceptedWork: try row.double(6),
                    sessionWork: try row.double(7)
                ),
                publicKey: try row.isNull(12) ? nil : row.bytes(12, count: 32, named: "publicKey"),
                parts: parts,
                previous: try row.bytes(10, count: 32, named: "previous")
            ),
            lowestJob: try row.integer(8),
            lowestStint: try row.integer(9),
            hash: try row.bytes(11, count: 32, named: "hash"),
            signature: try row.isNull(13) ? nil : row.bytes(13),
            blocks: blocks
        )
    }

    /// The number of the first seal after `segment`; nil: there is none.
    static func next(after segment: Int64, _ db: Database) throws -> Int64? {
        let row = try RawStatement(db, sql: "SELECT segment FROM seal WHERE segment > ? ORDER BY segment LIMIT 1")
        defer { row.reset() }
        row.bind(1, segment)
        return try row.step() ? row.integer(0) : nil
    }

    func part(_ stream: SealedStream) -> SealPart? { self.seal.parts.first { $0.stream == stream } }

    private static func parts(_ segment: Int64, _ db: Database) throws -> (parts: [SealPart], blocks: [UInt8]?) {
        let row = try RawStatement(
            db,
            sql: "SELECT stream, first, last, rows, digest, blocks FROM sealPart WHERE segment = ? ORDER BY stream"
        )
        defer { row.reset() }
        row.bind(1, segment)
        var parts: [SealPart] = []
        var blocks: [UInt8]?
        while try row.step() {
            guard let stream = SealedStream(rawValue: try row.integer(0, as: UInt8.self)) else {
                throw LedgerDamage(column: "stream")
            }
            if !row.isNull(5) {
                guard stream == .share else { throw LedgerDamage(column: "blocks") }
                blocks = try row.bytes(5)
            }
            parts.append(
                SealPart(
                    stream: stream,
                    first: try row.integer(1),
                    last: try row.integer(2),
                    rows: try row.integer(3),
                    digest: try row.bytes(4, count: 32, named: "digest")
                )
            )
        }
        return (parts, blocks)
    }
}

extension RawStatement {
    /// A blob that outlives the next step.
    func bytes(_ column: Int32) throws -> [UInt8] { Array(try self.blob(column)) }

    /// The same; another number of bytes is damage.
    func bytes(_ column: Int32, count: Int, named name: String) throws -> [UInt8] {
        let bytes = try self.bytes(column)
        guard bytes.count == count else { throw LedgerDamage(column: name) }
        return bytes
    }
}

extension LedgerReader {
    /// The newest seal, to be kept elsewhere; nil: nothing has been sealed yet.
    /// - Throws: `LedgerError`.
    package func newestSeal() throws(LedgerError) -> LedgerSealSummary? {
        try self.read { db in
            guard let newest = try Int64.fetchOne(db, sql: "SELECT max(segment) FROM seal"),
                let record = try SealRecord.load(newest, db)
            else { return nil as LedgerSealSummary? }
            return LedgerSealSummary(
                id: LedgerSealID(segment: newest, hash: record.hash),
                time: record.seal.time,
                shares: record.seal.totals.shares,
                publicKey: record.seal.publicKey,
                signature: record.signature
            )
        }
    }
}
