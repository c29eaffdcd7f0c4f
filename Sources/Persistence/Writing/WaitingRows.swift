import Foundation
import GRDB

/// The rows of shares that await the pool's verdict, so that they outlive the process and readers see them.
enum WaitingRows {
    static let insertion = """
        INSERT INTO pending (id, time, session, worker, pool, job, difficulty, shareDifficulty, outcome, claim)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
    static let deletion = "DELETE FROM pending WHERE id = ?"

    /// Runs `insertion`.
    static func insert(_ share: LedgerShare, with statement: RawStatement) throws {
        statement.bind(1, share.id)
        statement.bind(2, share.time)
        statement.bind(3, share.session)
        statement.bind(4, Int64(share.worker))
        statement.bind(5, Int64(share.pool))
        statement.bind(6, share.job)
        statement.bind(7, share.difficulty.stored)
        statement.bind(8, share.shareDifficulty.stored)
        statement.bind(9, Int64(ShareOutcome(share).rawValue))
        try ShareClaim(share).withBytes { claim in
            statement.bind(10, blob: claim)
            try statement.run()
        }
    }

    /// All of them.
    static func fetch(_ db: Database) throws -> [LedgerShare] {
        let sql = """
            SELECT id, time, session, worker, pool, job, difficulty, shareDifficulty, outcome, claim FROM pending
            ORDER BY id
            """
        return try Row.fetchAll(db, sql: sql).map { row in
            let outcome = ShareOutcome(rawValue: try row.value("outcome"))
            guard let claim = ShareClaim(bytes: try row.value("claim") as Data) else {
                throw LedgerDamage(column: "claim")
            }
            return LedgerShare(
                id: try row.value("id"),
                time: try row.value("time"),
                session: try row.value("session"),
                worker: try row.value("worker"),
                pool: try row.value("pool"),
                job: try row.value("job"),
                difficulty: try row.value("difficulty"),
                shareDifficulty: try row.value("shareDifficulty"),
                forwarded: outcome.forwarded,
                answeredImmediately: outcome.answeredImmediately,
                verdict: .pending,
                extranonce2: claim.extranonce2,
                ntime: claim.ntime,
                nonce: claim.nonce,
                versionBits: outcome.hasVersionBits ? claim.versionBits : nil
            )
        }
    }
}

/// The rows of verdicts that came before their share.
enum HeldVerdicts {
    /// Part of a transaction.
    static func insert(_ verdict: LedgerVerdict, _ db: Database) throws {
        let columns = "share, verdict, reason, reasonCode, latency"
        try db.cachedStatement(sql: "INSERT OR IGNORE INTO heldVerdict (\(columns)) VALUES (?, ?, ?, ?, ?)").execute(
            arguments: [verdict.id, verdict.verdict.rawValue, verdict.reason, verdict.reasonCode, verdict.latency]
        )
    }

    /// Part of a transaction.
    static func delete(_ share: Int64, _ db: Database) throws {
        try db.cachedStatement(sql: "DELETE FROM heldVerdict WHERE share = ?").execute(arguments: [share])
    }

    /// All of them.
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
}
