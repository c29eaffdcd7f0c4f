import GRDB

extension LedgerBatch {
    /// Part of a transaction.
    func writeNames(_ db: Database) throws {
        for name in self.names { try name.insert(db) }
    }

    /// Part of a transaction.
    func writeJobs(_ db: Database) throws {
        for job in self.jobs { try job.insert(db) }
    }

    /// Part of a transaction.
    func writeLateVerdicts(_ db: Database) throws {
        guard !self.lateVerdicts.isEmpty else { return }
        var nextID = try SealedStream.lateVerdict.nextID(db)
        for verdict in self.lateVerdicts {
            let sql = """
                INSERT INTO lateVerdict (id, share, verdict, reason, reasonCode, latency) VALUES (?, ?, ?, ?, ?, ?)
                """
            try db.cachedStatement(sql: sql).execute(
                arguments: [
                    nextID, verdict.id, verdict.verdict.rawValue, verdict.reason, verdict.reasonCode, verdict.latency,
                ]
            )
            nextID += 1
        }
    }

    /// Part of a transaction.
    func writePoolEvents(_ db: Database) throws {
        guard !self.poolEvents.isEmpty else { return }
        var nextID = try SealedStream.poolEvent.nextID(db)
        for event in self.poolEvents {
            try event.insert(id: nextID, db)
            nextID += 1
        }
    }

    /// Part of a transaction.
    func writeTotals(_ db: Database) throws {
        guard !self.totals.isEmpty else { return }
        var nextID = try SealedStream.gap.nextID(db)
        let sorted = self.totals.sorted {
            ($0.value.begin, $0.key.worker, $0.key.pool) < ($1.value.begin, $1.key.worker, $1.key.pool)
        }
        for (key, total) in sorted {
            let statement = try db.cachedStatement(
                sql: """
                    INSERT INTO gap
                        (id, beginTime, endTime, worker, pool, verdict, forwarded, shares, sessionWork, poolWork)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    """
            )
            try statement.execute(
                arguments: [
                    nextID, total.begin, total.end, key.worker, key.pool, key.verdict.rawValue, key.forwarded,
                    total.shares, total.sessionWork.stored, total.poolWork.stored,
                ]
            )
            nextID += 1
        }
    }
}

extension LedgerJob {
    /// Part of a transaction.
    func insert(_ db: Database) throws {
        let sql = "INSERT OR IGNORE INTO job (id, jobID, pool, poolJobID, poolDifficulty) VALUES (?, ?, ?, ?, ?)"
        try db.cachedStatement(sql: sql)
            .execute(arguments: [self.id, self.jobID, self.pool, self.poolJobID, self.poolDifficulty.stored])
    }
}

extension LedgerName {
    /// Part of a transaction.
    func insert(_ db: Database) throws {
        switch self.kind {
        case .route:
            try db.cachedStatement(sql: "INSERT OR IGNORE INTO route (id, name) VALUES (?, ?)")
                .execute(arguments: [self.id, self.text])
            guard let description = self.protocol else { return }
            try db.cachedStatement(sql: "UPDATE route SET protocol = ?, hashesPerDifficulty = ? WHERE id = ?")
                .execute(arguments: [description.name, description.hashesPerDifficulty, self.id])
        case .worker:
            try db.cachedStatement(sql: "INSERT OR IGNORE INTO worker (id, route, name) VALUES (?, ?, ?)")
                .execute(arguments: [self.id, self.route, self.text])
        case .pool:
            try db.cachedStatement(sql: "INSERT OR IGNORE INTO pool (id, route, name) VALUES (?, ?, ?)")
                .execute(arguments: [self.id, self.route, self.text])
        case .reason:
            try db.cachedStatement(sql: "INSERT OR IGNORE INTO reason (id, text) VALUES (?, ?)")
                .execute(arguments: [self.id, self.text])
        }
    }
}

extension LedgerPoolEvent {
    /// Part of a transaction; `id` follows that of the event before.
    func insert(id: Int64, _ db: Database) throws {
        let statement = try db.cachedStatement(
            sql: """
                INSERT INTO poolEvent
                    (id, time, kind, pool, cause, detection, sessionsMoved, sharesLost, fromPool, toPool, detail)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
        )
        try statement.execute(
            arguments: [
                id, self.time, self.kind.rawValue, self.pool, self.cause, self.detection, self.sessionsMoved,
                self.sharesLost, self.fromPool, self.toPool, self.detail,
            ]
        )
    }
}

extension Double {
    /// SQLite has no NaN, and infinity would spoil every sum.
    var stored: Double { self.isFinite ? self : 0 }
}
