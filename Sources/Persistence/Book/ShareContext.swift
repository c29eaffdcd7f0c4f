import GRDB

/// What shares refer to by number, with its part of their canonical form; read when first needed.
struct ShareContext {
    /// A worker on a session at a difficulty.
    struct Stint {
        var worker: Int32
        var difficulty: Double
        var canonical: [UInt8]
    }

    struct Job {
        var pool: Int32
        var poolDifficulty: Double
        var canonical: [UInt8]
    }

    /// Beyond this many of a kind, the cache begins anew.
    private static let limit = 1 << 16

    private var stints: [Int64: Stint] = [:]
    private var jobs: [Int64: Job] = [:]
    private var reasons: [Int64: String] = [:]
    /// The text of reason 0, which most shares have.
    private var noReason: String?

    private static let stintSQL = """
        SELECT session, worker, difficulty, \(CanonicalShare.nameSQL("route.name", "worker.route")),
            \(CanonicalShare.nameSQL("worker.name", "stint.worker"))
        FROM stint LEFT JOIN worker ON worker.id = stint.worker LEFT JOIN route ON route.id = worker.route
        WHERE stint.id = ?
        """
    private static let poolSQL = """
        SELECT \(CanonicalShare.nameSQL("route.name", "pool.route")), pool.name
        FROM pool LEFT JOIN route ON route.id = pool.route WHERE pool.id = ?
        """

    /// - Throws: `LedgerDamage` when it is not in the file: it is written with its first share.
    mutating func stint(_ id: Int64, _ db: Database) throws -> Stint {
        if let known = self.stints[id] { return known }
        let stint = try Self.read(stint: id, db)
        Self.keep(stint, id, in: &self.stints)
        return stint
    }

    /// As ``stint(_:_:)``, without keeping it.
    static func read(stint id: Int64, _ db: Database) throws -> Stint {
        let row = try RawStatement(db, sql: Self.stintSQL)
        defer { row.reset() }
        row.bind(1, id)
        guard try row.step() else { throw LedgerDamage(column: "stint") }
        let difficulty = try row.double(2)
        let canonical = CanonicalShare.stint(
            session: try row.integer(0),
            route: try row.optionalText(3) ?? "",
            worker: try row.text(4),
            difficulty: difficulty
        )
        return Stint(worker: try row.integer(1, as: Int32.self), difficulty: difficulty, canonical: canonical)
    }

    /// nil: no such job in the file. 0 and below stand for a job that the router did not know, for pool −`id`.
    mutating func job(_ id: Int64, _ db: Database) throws -> Job? {
        if let known = self.jobs[id] { return known }
        guard id > 0 else {
            guard let pool = Int32(exactly: id.magnitude) else { throw LedgerDamage(column: "job") }
            let job = try Self.job(pool: pool, jobID: "", poolJobID: "", poolDifficulty: 0, db)
            Self.keep(job, id, in: &self.jobs)
            return job
        }
        let row = try RawStatement(db, sql: "SELECT pool, jobID, poolJobID, poolDifficulty FROM job WHERE id = ?")
        defer { row.reset() }
        row.bind(1, id)
        guard try row.step() else { return nil }
        let job = try Self.job(
            pool: try row.integer(0, as: Int32.self),
            jobID: try row.text(1),
            poolJobID: try row.text(2),
            poolDifficulty: try row.double(3),
            db
        )
        Self.keep(job, id, in: &self.jobs)
        return job
    }

    /// "" for none.
    mutating func reason(_ id: Int64, _ db: Database) throws -> String {
        if id == 0, let noReason = self.noReason { return noReason }
        if let known = self.reasons[id] { return known }
        let row = try RawStatement(db, sql: "SELECT text FROM reason WHERE id = ?")
        defer { row.reset() }
        row.bind(1, id)
        let text = try row.step() ? try row.text(0) : CanonicalShare.missingName(id)
        if id == 0 { self.noReason = text } else { Self.keep(text, id, in: &self.reasons) }
        return text
    }

    private static func job(
        pool: Int32,
        jobID: String,
        poolJobID: String,
        poolDifficulty: Double,
        _ db: Database
    ) throws -> Job {
        let row = try RawStatement(db, sql: Self.poolSQL)
        defer { row.reset() }
        row.bind(1, Int64(pool))
        let isThere = try row.step()
        return Job(
            pool: pool,
            poolDifficulty: poolDifficulty,
            canonical: CanonicalShare.job(
                route: isThere ? try row.text(0) : "",
                pool: isThere ? try row.text(1) : CanonicalShare.missingName(Int64(pool)),
                jobID: jobID,
                poolJobID: poolJobID,
                poolDifficulty: poolDifficulty
            )
        )
    }

    private static func keep<Value>(_ value: Value, _ id: Int64, in cache: inout [Int64: Value]) {
        if cache.count >= Self.limit { cache.removeAll(keepingCapacity: true) }
        cache[id] = value
    }
}
