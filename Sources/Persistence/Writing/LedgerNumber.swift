import GRDB

/// The numbers of rows.
enum LedgerNumber {
    /// The one after `last`; nil: the first. No ledger of ours gets as far as the limit, and nothing overflows below it.
    static func next(after last: Int64?) throws -> Int64 {
        let last = last ?? 0
        guard (0..<1 << 42).contains(last) else { throw LedgerDamage(column: "id") }
        return last + 1
    }
}

extension SealedStream {
    /// The next id, whatever has been dropped from the table. For those that are ``numbered``.
    func nextID(_ db: Database) throws -> Int64 {
        let last = try Int64.fetchOne(db, sql: "SELECT max(id) FROM \(self.table)") ?? 0
        return try LedgerNumber.next(after: max(last, try SegmentSealer.covered(self, db)))
    }
}
