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
