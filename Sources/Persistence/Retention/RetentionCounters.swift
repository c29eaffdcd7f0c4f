import GRDB

/// From which segment on a ledger is whole; what is below is dropped, or about to be.
enum RetentionCounters {
    /// Shares and what belongs to them; 1 if nothing was ever dropped.
    static func detailFrom(_ db: Database) throws -> Int64 { try Self.value("detailFrom", db) }

    /// Rollups, gaps and pool events; 1 if nothing was ever dropped.
    static func rollupsFrom(_ db: Database) throws -> Int64 { try Self.value("rollupsFrom", db) }

    /// Part of a transaction.
    static func save(detailFrom: Int64, rollupsFrom: Int64, _ db: Database) throws {
        for (name, value) in [("detailFrom", detailFrom), ("rollupsFrom", rollupsFrom)] {
            let sql = """
                INSERT INTO counter (name, value) VALUES (?, ?)
                ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)
                """
            try db.execute(sql: sql, arguments: [name, value])
        }
    }

    private static func value(_ name: String, _ db: Database) throws -> Int64 {
        let statement = try db.cachedStatement(sql: "SELECT value FROM counter WHERE name = ?")
        let value = try Int64.fetchOne(statement, arguments: [name]) ?? 1
        // The file may hold anything.
        return min(max(value, 1), 1 << 42)
    }
}
