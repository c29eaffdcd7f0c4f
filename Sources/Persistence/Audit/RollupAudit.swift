import GRDB

/// Checks the rollups of a sealed segment against its shares and its seal.
enum RollupAudit {
    /// `shares`: what the segment's rows add up to; nil: they were dropped, or cannot be read.
    /// - Throws: `AuditProblem`, `LedgerDamage`, `DatabaseError`.
    static func check(_ segment: Int64, _ part: SealPart, shares: OpenSegment?, _ db: Database) throws {
        if let shares { try Self.compare(segment, shares, db) }
        let summary = try SealedRows.rollups(of: segment, db)
        guard summary.rows == part.rows, summary.digest == part.digest else {
            throw AuditProblem("something in the segment's \(part.rows) rows was changed, inserted or removed")
        }
    }

    private static func compare(_ segment: Int64, _ shares: OpenSegment, _ db: Database) throws {
        var rest = shares.rollups
        let row = try RawStatement(
            db,
            sql: """
                SELECT worker, pool, outcome, minute, shares, sessionWork, poolWork, places
                FROM rollup WHERE segment = ? ORDER BY segment, worker, pool, outcome, minute
                """
        )
        defer { row.reset() }
        row.bind(1, segment)
        while try row.step() {
            let key = try Self.key(row)
            guard let expected = rest.removeValue(forKey: key) else {
                throw AuditProblem("\(key.name): it stands for no share")
            }
            let places = Int64(bitPattern: expected.places.stored(count: shares.count))
            guard try row.integer(4) == expected.shares, try row.double(5) == expected.sessionWork,
                try row.double(6) == expected.poolWork, try row.integer(7) == places
            else { throw AuditProblem("\(key.name): it is not the sum of its shares") }
        }
        guard let missing = rest.keys.map(\.name).min() else { return }
        throw AuditProblem("\(missing): it is missing")
    }

    private static func key(_ row: RawStatement) throws -> OpenSegment.RollupKey {
        OpenSegment.RollupKey(
            worker: try row.integer(0, as: Int32.self),
            pool: try row.integer(1, as: Int32.self),
            outcome: try row.integer(2, as: UInt8.self),
            minute: try row.integer(3)
        )
    }
}

extension OpenSegment.RollupKey {
    /// How auditors find the row.
    fileprivate var name: String {
        "worker \(self.worker), pool \(self.pool), outcome \(self.outcome), minute \(self.minute)"
    }
}
