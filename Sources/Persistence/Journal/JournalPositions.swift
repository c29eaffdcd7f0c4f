import GRDB

/// How far each segment has been taken in; saved with the rows, so that no record is taken in twice or not at all.
enum JournalPositions {
    /// Part of a transaction.
    static func save(_ positions: [Int64: Int], removing released: [Int64], _ db: Database) throws {
        for (segment, position) in positions {
            let sql = """
                INSERT INTO journalPosition (segment, position) VALUES (?, ?)
                ON CONFLICT (segment) DO UPDATE SET position = excluded.position
                """
            try db.cachedStatement(sql: sql).execute(arguments: [segment, position])
        }
        for segment in released {
            try db.cachedStatement(sql: "DELETE FROM journalPosition WHERE segment = ?").execute(arguments: [segment])
        }
    }

    /// Where to go on in a segment.
    static func fetch(_ segment: Int64, _ db: Database) throws -> Int {
        let sql = "SELECT position FROM journalPosition WHERE segment = ?"
        return try Int.fetchOne(db, sql: sql, arguments: [segment]) ?? JournalSegment.headerSize
    }

    /// Every segment that has a row.
    static func fetchAll(_ db: Database) throws -> [Int64: Int] {
        let rows = try Row.fetchAll(db, sql: "SELECT segment, position FROM journalPosition")
        return try rows.reduce(into: [:]) { positions, row in
            let segment: Int64 = try row.value("segment")
            positions[segment] = try row.value("position")
        }
    }

    /// The highest segment that has a row; 0: none.
    static func last(_ db: Database) throws -> Int64 {
        try Int64.fetchOne(db, sql: "SELECT max(segment) FROM journalPosition") ?? 0
    }
}
