import GRDB

/// The rows of routes: few, and read whole.
enum RouteRows {
    /// The schema version since which a route has a protocol.
    private static let describedSince = 3

    /// Each route by its number; a file of an older release knows no protocol but Bitcoin's.
    /// - Throws: `LedgerDamage` when work cannot be told in a route's unit.
    static func fetchAll(_ db: Database) throws -> [Int32: LedgerRoute] {
        try Self.rows(db).reduce(into: [:]) { routes, row in
            guard let description = try Self.description(row) else {
                throw LedgerDamage(column: "hashesPerDifficulty")
            }
            routes[try row.value("id")] = LedgerRoute(name: try row.value("name"), protocol: description)
        }
    }

    /// The same for one who will describe the routes anew: one whose description makes no sense has none.
    static func protocols(_ db: Database) throws -> [Int32: LedgerProtocol] {
        try Self.rows(db).reduce(into: [:]) { protocols, row in
            protocols[try row.value("id")] = (try? Self.description(row)) ?? nil
        }
    }

    private static func rows(_ db: Database) throws -> [Row] {
        let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        let columns = version < Self.describedSince ? "" : ", protocol, hashesPerDifficulty"
        return try Row.fetchAll(db, sql: "SELECT id, name\(columns) FROM route ORDER BY id")
    }

    private static func description(_ row: Row) throws -> LedgerProtocol? {
        guard row.hasColumn("protocol") else { return .bitcoin }
        return LedgerProtocol(
            name: try row.value("protocol"),
            hashesPerDifficulty: try row.value("hashesPerDifficulty")
        )
    }
}
