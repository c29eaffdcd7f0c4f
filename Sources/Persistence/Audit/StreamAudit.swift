import GRDB

/// Checks the rows of a stream that are numbered by their own ids.
struct StreamAudit {
    let stream: SealedStream
    /// The last row that a seal seen so far covers.
    private(set) var covered: Int64 = 0
    /// The last row that was dropped because of its age.
    private(set) var dropped: Int64 = 0

    init(_ stream: SealedStream) {
        self.stream = stream
    }

    /// `isKept`: the rows were not dropped because of their age.
    /// - Throws: `AuditProblem`, `LedgerDamage`, `DatabaseError`.
    mutating func check(_ part: SealPart, isKept: Bool, _ db: Database) throws {
        let next = self.covered &+ 1
        self.covered = max(self.covered, part.last)
        if !isKept { self.dropped = self.covered }
        guard part.first == next, part.first <= part.last, part.rows == part.last &- part.first &+ 1 else {
            throw AuditProblem("the seal covers rows \(part.first) to \(part.last), but row \(next) is the next")
        }
        guard isKept else { return }
        try self.checkNumbers(part.first...part.last, db)
        let summary = try self.summary(part, db)
        guard summary.rows == part.rows, summary.digest == part.digest else {
            throw AuditProblem("something in rows \(part.first) to \(part.last) was changed")
        }
    }

    /// The rows that no seal covers yet, and those before all that are covered.
    /// - Throws: `AuditProblem`, `LedgerDamage`, `DatabaseError`.
    func checkRest(_ db: Database) throws {
        if let first = try Int64.fetchOne(db, sql: "SELECT min(id) FROM \(self.stream.table)"), first < 1 {
            throw AuditProblem("row \(first) was inserted")
        }
        guard self.covered < .max else { return }
        try self.checkNumbers(self.covered + 1...Int64.max, db)
    }

    /// Finds holes. Up to an upper bound there must be rows, unless it is the very last number.
    private func checkNumbers(_ ids: ClosedRange<Int64>, _ db: Database) throws {
        let row = try RawStatement(db, sql: "SELECT id FROM \(self.stream.table) WHERE id BETWEEN ? AND ? ORDER BY id")
        defer { row.reset() }
        row.bind(1, ids.lowerBound)
        row.bind(2, ids.upperBound)
        var expected = ids.lowerBound
        while try row.step() {
            let id = try row.integer(0)
            guard id == expected else {
                throw AuditProblem("\(AuditRange(first: expected, last: id - 1).named("row", "rows")) missing")
            }
            expected = id &+ 1
        }
        guard ids.upperBound < .max, expected <= ids.upperBound else { return }
        throw AuditProblem("\(AuditRange(first: expected, last: ids.upperBound).named("row", "rows")) missing")
    }

    private func summary(_ part: SealPart, _ db: Database) throws -> SealedRows.Summary {
        do {
            return try SealedRows.summary(self.stream, ids: part.first...part.last, db)
        } catch let error as LedgerDamage {
            for id in part.first...part.last {
                do {
                    _ = try SealedRows.summary(self.stream, ids: id...id, db)
                } catch let error as LedgerDamage {
                    throw AuditProblem("row \(id): \(error)")
                }
            }
            throw error
        }
    }
}
