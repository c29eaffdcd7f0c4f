import GRDB

extension LedgerReader {
    /// When the latest of the shares came whose rows were dropped, milliseconds since 1970; nil: none were.
    package func droppedUntil() throws -> Int64? {
        try self.read { db in
            let sql = "SELECT max(lastTime) FROM seal WHERE segment < ?"
            return try Int64.fetchOne(db, sql: sql, arguments: [RetentionCounters.detailFrom(db)])
        }
    }

    /// Those of the names that are nowhere in the ledger, each with its kind: `worker 'rig7'`.
    package func unknownNames(workers: [String] = [], pools: [String] = [], routes: [String] = []) throws -> [String] {
        try self.read { db in
            try [("worker", workers), ("pool", pools), ("route", routes)].flatMap { table, names in
                try names.filter { name in
                    let sql = "SELECT 1 FROM \(table) WHERE name = ? LIMIT 1"
                    return try Int.fetchOne(db, sql: sql, arguments: [name]) == nil
                }
                .map { "\(table) '\($0)'" }
            }
        }
    }
}
