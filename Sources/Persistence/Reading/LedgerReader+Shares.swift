import GRDB

extension LedgerReader {
    /// Rows that are read before they are handed out.
    private static let chunk = 4_096

    /// Hands the shares to `body`: the settled ones in the order in which they were settled, then those that await their
    /// verdict.
    ///
    /// All that was in the book at the beginning, and nothing that comes later. `body` may take its time.
    package func shares(_ filter: LedgerShareFilter, _ body: (LedgerShareRecord) throws -> Void) throws {
        var query = try self.read { db in try ShareQuery(filter, db) }
        if let limit = filter.limit {
            let entries = try self.read { db in try query.newest(limit - query.waiting.count, db) }
            for start in stride(from: 0, to: entries.count, by: Self.chunk) {
                let records = try self.read { db in
                    try entries[start..<min(start + Self.chunk, entries.count)].compactMap { try query.record($0, db) }
                }
                try records.forEach(body)
            }
        } else {
            for segment in query.segments {
                for stretch in try self.read({ db in try query.stretches(of: segment, upTo: Self.chunk, db) }) {
                    try self.read { db in try query.records(in: stretch, of: segment, db) }.forEach(body)
                }
            }
        }
        try query.waiting.forEach(body)
    }

    /// Whether the share of an entry has this id; yes if it has been dropped.
    package func hasShare(entry: Int64, id: Int64) throws -> Bool {
        let sql = """
            SELECT segment.baseShare, share.shift FROM share JOIN segment ON segment.id = ? WHERE share.entry = ?
            """
        return try self.read { db in
            let place = LedgerEntry(entry)
            if place.segment < (try RetentionCounters.detailFrom(db)) { return true }
            guard let row = try Row.fetchOne(db, sql: sql, arguments: [place.segment, entry]) else { return false }
            let (base, shift): (Int64, Int64) = (try row.value("baseShare"), try row.value("shift"))
            return base &+ Int64(place.place) &+ shift == id
        }
    }
}
