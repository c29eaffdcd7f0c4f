import GRDB

/// The highest ids that have been seen, and the latest time.
struct LedgerHighWater: Sendable, Hashable {
    var share: Int64 = 0
    var session: Int64 = 0
    var job: Int64 = 0
    var route: Int64 = 0
    var worker: Int64 = 0
    var pool: Int64 = 0
    var reason: Int64 = 0
    var time: Int64 = 0

    private static var fields: [(name: String, path: WritableKeyPath<Self, Int64>)] {
        [
            ("share", \.share), ("session", \.session), ("job", \.job), ("route", \.route),
            ("worker", \.worker), ("pool", \.pool), ("reason", \.reason), ("time", \.time),
        ]
    }

    init() {}

    /// What the ledger has.
    init(_ db: Database) throws {
        for (name, path) in Self.fields {
            let sql = "SELECT value FROM counter WHERE name = ?"
            self[keyPath: path] = try Int64.fetchOne(db, sql: sql, arguments: [name]) ?? 0
        }
    }

    /// Writes what is higher than `former`.
    func save(_ db: Database, since former: Self) throws {
        for (name, path) in Self.fields where self[keyPath: path] > former[keyPath: path] {
            let statement = try db.cachedStatement(
                sql: """
                    INSERT INTO counter (name, value) VALUES (?, ?)
                    ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)
                    """
            )
            try statement.execute(arguments: [name, self[keyPath: path]])
        }
    }

    /// Takes in the ids and times of `event`.
    mutating func note(_ event: LedgerEvent) {
        switch event {
        case .share(let share):
            self.share = max(self.share, share.id)
            self.session = max(self.session, share.session)
            self.job = max(self.job, share.job)
            self.worker = max(self.worker, Int64(share.worker))
            self.pool = max(self.pool, Int64(share.pool))
            self.reason = max(self.reason, Int64(share.reason))
            self.time = max(self.time, share.time)
        case .settled(let verdict), .lateVerdict(let verdict):
            self.share = max(self.share, verdict.id)
            self.reason = max(self.reason, Int64(verdict.reason))
        case .sessionOpened(let session):
            self.session = max(self.session, session.id)
            self.worker = max(self.worker, Int64(session.worker))
            self.time = max(self.time, session.time)
        case .sessionClosed(let id, let time, _):
            self.session = max(self.session, id)
            self.time = max(self.time, time)
        case .job(let job):
            self.job = max(self.job, job.id)
            self.pool = max(self.pool, Int64(job.pool))
        case .poolEvent(let event):
            self.pool = max(self.pool, Int64(event.pool), Int64(event.fromPool ?? 0), Int64(event.toPool ?? 0))
            self.time = max(self.time, event.time)
        case .name(let name):
            let id = Int64(name.id)
            switch name.kind {
            case .route: self.route = max(self.route, id)
            case .worker: self.worker = max(self.worker, id)
            case .pool: self.pool = max(self.pool, id)
            case .reason: self.reason = max(self.reason, id)
            }
        }
    }
}
