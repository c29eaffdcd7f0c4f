import GRDB

/// Verdicts that await their share.
enum LedgerHeldVerdicts {
    /// Settles the shares that have come by now; part of a transaction.
    /// - Returns: How many verdicts found their share settled already and were left out.
    static func resolve(_ db: Database) throws -> Int {
        try db.execute(
            sql: """
                UPDATE share SET (verdict, reason, reasonCode, latency) =
                    (SELECT verdict, reason, reasonCode, latency FROM heldVerdict WHERE heldVerdict.share = share.id)
                WHERE verdict = 0 AND id IN (SELECT share FROM heldVerdict)
                """
        )
        let settled = db.changesCount
        try db.execute(sql: "DELETE FROM heldVerdict WHERE share IN (SELECT id FROM share)")
        return db.changesCount - settled
    }

    /// Those that still wait.
    static func fetch(_ db: Database) throws -> [LedgerVerdict] {
        let sql = "SELECT share, verdict, reason, reasonCode, latency FROM heldVerdict"
        return try Row.fetchAll(db, sql: sql).map { row in
            LedgerVerdict(
                id: try row.value("share"),
                verdict: try row.verdict("verdict"),
                reason: try row.value("reason"),
                reasonCode: try row.optional("reasonCode"),
                latency: try row.optional("latency")
            )
        }
    }

    /// Gives up on them.
    static func delete(_ verdicts: [LedgerVerdict], _ db: Database) throws {
        for verdict in verdicts {
            try db.execute(sql: "DELETE FROM heldVerdict WHERE share = ?", arguments: [verdict.id])
        }
    }
}
