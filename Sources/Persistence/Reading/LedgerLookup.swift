import GRDB

/// What rows refer to by number: read when first needed, then kept.
struct LedgerLookup {
    /// A worker on a session at a difficulty.
    struct Stint {
        var session: Int64
        var worker: Int32
        var difficulty: Double
    }

    /// nil: not recorded.
    struct Job {
        var pool: Int32
        var jobID: String?
        var poolJobID: String?
        var poolDifficulty: Double?
    }

    /// A worker or a pool.
    struct Name {
        var text: String
        var route: Int32
    }

    private var stints = Cache<Int64, Stint>()
    private var jobs = Cache<Int64, Job>()
    private var remotes = Cache<Int64, String?>()
    private var workers = Cache<Int32, Name?>()
    private var pools = Cache<Int32, Name?>()
    /// All of them, once one was needed.
    private var routes: [Int32: LedgerRoute]?
    private var reasons = Cache<Int64, String?>()

    /// A stint that is not in the file counts as one of nobody.
    mutating func stint(_ id: Int64, _ db: Database) throws -> Stint {
        try self.stints.value(id) {
            let sql = "SELECT session, worker, difficulty FROM stint WHERE id = ?"
            let stint = try Self.first(sql, id, db) { row in
                Stint(
                    session: try row.integer(0),
                    worker: try row.integer(1, as: Int32.self),
                    difficulty: try row.double(2)
                )
            }
            return stint ?? Stint(session: 0, worker: 0, difficulty: 0)
        }
    }

    /// 0 and below stand for a job that the router did not know, for pool −`id`.
    mutating func job(_ id: Int64, _ db: Database) throws -> Job {
        try self.jobs.value(id) {
            guard id > 0 else { return Job(pool: Int32(exactly: id.magnitude) ?? 0) }
            let sql = "SELECT pool, jobID, poolJobID, poolDifficulty FROM job WHERE id = ?"
            let job = try Self.first(sql, id, db) { row in
                let poolJobID = try row.text(2)
                let poolDifficulty = try row.double(3)
                // The book has such a row for a job whose own was lost.
                let isKnown = !poolJobID.isEmpty || poolDifficulty > 0
                return Job(
                    pool: try row.integer(0, as: Int32.self),
                    jobID: try row.text(1),
                    poolJobID: isKnown ? poolJobID : nil,
                    poolDifficulty: isKnown ? poolDifficulty : nil
                )
            }
            return job ?? Job(pool: 0)
        }
    }

    /// The miner's address on a session.
    mutating func remote(session: Int64, _ db: Database) throws -> String? {
        try self.remotes.value(session) {
            try Self.first("SELECT remote FROM session WHERE id = ?", session, db) { try $0.text(0) }
        }
    }

    mutating func worker(_ id: Int32, _ db: Database) throws -> Name? {
        try self.workers.value(id) {
            try Self.first("SELECT name, route FROM worker WHERE id = ?", Int64(id), db, Self.name)
        }
    }

    mutating func pool(_ id: Int32, _ db: Database) throws -> Name? {
        try self.pools.value(id) {
            try Self.first("SELECT name, route FROM pool WHERE id = ?", Int64(id), db, Self.name)
        }
    }

    /// The number of the route of a worker, or, if the worker was never recorded, of a pool.
    mutating func route(worker: Int32, pool: Int32, _ db: Database) throws -> Int32? {
        try self.worker(worker, db)?.route ?? self.pool(pool, db)?.route
    }

    /// That route with its name.
    mutating func describedRoute(worker: Int32, pool: Int32, _ db: Database) throws -> LedgerRoute? {
        guard let route = try self.route(worker: worker, pool: pool, db) else { return nil }
        return try self.allRoutes(db)[route]
    }

    /// Every route by its number.
    mutating func allRoutes(_ db: Database) throws -> [Int32: LedgerRoute] {
        if let routes { return routes }
        let routes = try RouteRows.fetchAll(db)
        self.routes = routes
        return routes
    }

    mutating func reason(_ id: Int64, _ db: Database) throws -> String? {
        guard id != 0 else { return nil }
        return try self.reasons.value(id) {
            try Self.first("SELECT text FROM reason WHERE id = ?", id, db) { try $0.text(0) }
        }
    }

    private static func name(_ row: RawStatement) throws -> Name {
        Name(text: try row.text(0), route: try row.integer(1, as: Int32.self))
    }

    private static func first<Value>(
        _ sql: String,
        _ id: Int64,
        _ db: Database,
        _ make: (RawStatement) throws -> Value
    ) throws -> Value? {
        let row = try RawStatement(db, sql: sql)
        defer { row.reset() }
        row.bind(1, id)
        return try row.step() ? try make(row) : nil
    }
}

/// Values by key, as many as fit; beyond that it begins anew.
private struct Cache<Key: Hashable, Value> {
    private let limit = 1 << 17
    private var values: [Key: Value] = [:]

    @inline(__always)
    mutating func value(_ key: Key, _ make: () throws -> Value) throws -> Value {
        if let known = self.values[key] { return known }
        let value = try make()
        if self.values.count >= self.limit { self.values.removeAll(keepingCapacity: true) }
        self.values[key] = value
        return value
    }
}
