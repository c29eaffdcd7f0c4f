import Foundation
import GRDB

extension LedgerBatch {
    /// What a batch did.
    struct Outcome {
        /// Share rows inserted.
        var shares = 0
        /// Events left out because they contradict the ledger.
        var contradictions = 0
        /// Verdicts whose share has not come yet.
        var heldVerdicts = 0
    }

    /// Puts everything into the tables; part of a transaction. Verdicts without a share go to `heldVerdict`.
    func write(_ db: Database) throws -> Outcome {
        var outcome = Outcome(contradictions: self.contradictions)
        try self.writeNames(db)
        try self.writeSessions(db)
        try self.writeJobs(db)
        try self.writeShares(db, &outcome)
        try self.writeVerdicts(db, &outcome)
        try self.writePoolEvents(db)
        try self.writeTotals(db)
        return outcome
    }

    private func writeNames(_ db: Database) throws {
        for name in self.names {
            switch name.kind {
            case .route:
                try db.cachedStatement(sql: "INSERT OR IGNORE INTO route (id, name) VALUES (?, ?)")
                    .execute(arguments: [name.id, name.text])
            case .worker:
                try db.cachedStatement(sql: "INSERT OR IGNORE INTO worker (id, route, name) VALUES (?, ?, ?)")
                    .execute(arguments: [name.id, name.route, name.text])
            case .pool:
                try db.cachedStatement(sql: "INSERT OR IGNORE INTO pool (id, route, name) VALUES (?, ?, ?)")
                    .execute(arguments: [name.id, name.route, name.text])
            case .reason:
                try db.cachedStatement(sql: "INSERT OR IGNORE INTO reason (id, text) VALUES (?, ?)")
                    .execute(arguments: [name.id, name.text])
            }
        }
    }

    private func writeSessions(_ db: Database) throws {
        for session in self.sessions {
            let sql = "INSERT OR IGNORE INTO session (id, time, worker, remote, userAgent) VALUES (?, ?, ?, ?, ?)"
            try db.cachedStatement(sql: sql)
                .execute(arguments: [session.id, session.time, session.worker, session.remote, session.userAgent])
        }
        for closing in self.closings {
            let sql = "UPDATE session SET closeTime = ?, closeReason = ? WHERE id = ? AND closeTime IS NULL"
            try db.cachedStatement(sql: sql).execute(arguments: [closing.time, closing.reason, closing.id])
        }
    }

    private func writeJobs(_ db: Database) throws {
        for job in self.jobs {
            let sql = "INSERT OR IGNORE INTO job (id, jobID, pool, poolJobID, poolDifficulty) VALUES (?, ?, ?, ?, ?)"
            try db.cachedStatement(sql: sql)
                .execute(arguments: [job.id, job.jobID, job.pool, job.poolJobID, job.poolDifficulty.stored])
        }
    }

    private func writeShares(_ db: Database, _ outcome: inout Outcome) throws {
        guard !self.rows.isEmpty else { return }
        let statement = try db.cachedStatement(
            sql: """
                INSERT OR IGNORE INTO share (id, time, session, worker, pool, job, difficulty, shareDifficulty, flags,
                    verdict, reason, reasonCode, latency, extranonce2, ntime, nonce, versionBits)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
        )
        for row in self.rows {
            let share = row.share
            try statement.execute(
                arguments: [
                    share.id, share.time, share.session, share.worker, share.pool, share.job,
                    share.difficulty.stored, share.shareDifficulty.stored,
                    (share.forwarded ? 1 : 0) + (share.answeredImmediately ? 2 : 0),
                    share.verdict.rawValue, share.reason, share.reasonCode, row.latency,
                    Data(share.extranonce2.bytes), share.ntime, share.nonce, share.versionBits,
                ]
            )
            if db.changesCount == 1 { outcome.shares += 1 } else { outcome.contradictions += 1 }
        }
    }

    private func writeVerdicts(_ db: Database, _ outcome: inout Outcome) throws {
        for verdict in self.verdicts {
            let columns = "verdict = ?, reason = ?, reasonCode = ?, latency = ?"
            try db.cachedStatement(sql: "UPDATE share SET \(columns) WHERE id = ? AND verdict = 0").execute(
                arguments: [
                    verdict.verdict.rawValue, verdict.reason, verdict.reasonCode, verdict.latency, verdict.id,
                ]
            )
            guard db.changesCount == 0 else { continue }
            let share = try db.cachedStatement(sql: "SELECT 1 FROM share WHERE id = ?")
            if try Int.fetchOne(share, arguments: [verdict.id]) != nil {
                outcome.contradictions += 1
            } else {
                try Self.insert(verdict, into: "heldVerdict", db)
                outcome.heldVerdicts += 1
            }
        }
        for verdict in self.lateVerdicts { try Self.insert(verdict, into: "lateVerdict", db) }
    }

    private static func insert(_ verdict: LedgerVerdict, into table: String, _ db: Database) throws {
        let columns = "share, verdict, reason, reasonCode, latency"
        try db.cachedStatement(sql: "INSERT OR IGNORE INTO \(table) (\(columns)) VALUES (?, ?, ?, ?, ?)").execute(
            arguments: [verdict.id, verdict.verdict.rawValue, verdict.reason, verdict.reasonCode, verdict.latency]
        )
    }

    private func writePoolEvents(_ db: Database) throws {
        for event in self.poolEvents {
            let statement = try db.cachedStatement(
                sql: """
                    INSERT INTO poolEvent
                        (time, kind, pool, cause, detection, sessionsMoved, sharesLost, fromPool, toPool, detail)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    """
            )
            try statement.execute(
                arguments: [
                    event.time, event.kind.rawValue, event.pool, event.cause, event.detection, event.sessionsMoved,
                    event.sharesLost, event.fromPool, event.toPool, event.detail,
                ]
            )
        }
    }

    private func writeTotals(_ db: Database) throws {
        for (key, total) in self.totals {
            let statement = try db.cachedStatement(
                sql: """
                    INSERT INTO gap
                        (beginTime, endTime, worker, pool, verdict, forwarded, shares, sessionWork, poolWork)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                    """
            )
            try statement.execute(
                arguments: [
                    total.begin, total.end, key.worker, key.pool, key.verdict.rawValue, key.forwarded, total.shares,
                    total.sessionWork.stored, total.poolWork.stored,
                ]
            )
        }
    }
}

extension Double {
    /// SQLite has no NaN, and infinity would spoil every sum.
    fileprivate var stored: Double { self.isFinite ? self : 0 }
}
