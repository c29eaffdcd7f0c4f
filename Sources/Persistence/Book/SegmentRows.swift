import GRDB

/// Reads the shares of a segment back from the file.
struct SegmentRows {
    /// A row that cannot be what the program wrote there.
    struct Misplaced: Error {
        /// The first place that should hold a row and does not.
        var expected: Int64
        /// The row found instead.
        var found: Int64
    }

    var context = ShareContext()

    /// The segment as it is in the file, as if it were still being written.
    /// - Throws: `Misplaced`, `LedgerDamage`, `DatabaseError`. nil: no such segment.
    mutating func load(_ segment: Int64, _ db: Database) throws -> OpenSegment? {
        let base = try RawStatement(db, sql: "SELECT baseTime, baseShare FROM segment WHERE id = ?")
        defer { base.reset() }
        base.bind(1, segment)
        guard try base.step() else { return nil }
        var rows = OpenSegment(number: segment, baseTime: try base.integer(0), baseShare: try base.integer(1))
        let statement = try RawStatement(
            db,
            sql: """
                SELECT entry, shift, time, stint, job, shareDifficulty, outcome, reason, reasonCode, latency, claim
                FROM share WHERE entry BETWEEN ? AND ? ORDER BY entry
                """
        )
        defer { statement.reset() }
        let numbers = LedgerEntry.numbers(of: segment)
        statement.bind(1, numbers.lowerBound)
        statement.bind(2, numbers.upperBound)
        while try statement.step() {
            let entry = try statement.integer(0)
            guard entry == rows.nextEntry else { throw Misplaced(expected: rows.nextEntry, found: entry) }
            try self.add(statement, entry: entry, to: &rows, db)
        }
        return rows
    }

    private mutating func add(
        _ statement: RawStatement,
        entry: Int64,
        to rows: inout OpenSegment,
        _ db: Database
    ) throws {
        let stintID = try statement.integer(3)
        let jobID = try statement.integer(4)
        let stint = try self.context.stint(stintID, db)
        guard let job = try self.context.job(jobID, db) else { throw LedgerDamage(column: "job") }
        let time = rows.baseTime &+ (try statement.integer(2))
        let id = rows.baseShare &+ Int64(rows.count) &+ (try statement.integer(1))
        let packedDifficulty = try statement.integer(5)
        let outcome = try statement.integer(6, as: UInt8.self)
        let reason = try self.context.reason(statement.integer(7), db)
        let reasonCode = try statement.optionalInteger(8, as: Int32.self)
        let latency = try statement.optionalInteger(9, as: Int64.self)
        let claim = try statement.blob(10)
        guard ShareClaim.sizes.contains(claim.count) else { throw LedgerDamage(column: "claim") }
        let row = OpenSegment.Row(
            time: time,
            worker: stint.worker,
            pool: job.pool,
            job: jobID,
            stint: stintID,
            outcome: ShareOutcome(rawValue: outcome),
            difficulty: stint.difficulty,
            poolDifficulty: job.poolDifficulty
        )
        rows.add(row) { bytes in
            CanonicalShare.append(
                to: &bytes,
                entry: entry,
                id: id,
                time: time,
                stint: stint.canonical,
                job: job.canonical,
                packedDifficulty: packedDifficulty,
                outcome: outcome,
                reasonCode: reasonCode,
                reason: reason,
                latency: latency,
                claim: claim
            )
        }
    }
}
