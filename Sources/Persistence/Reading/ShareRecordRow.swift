import GRDB

/// A row of the book made a record.
enum ShareRecordRow {
    /// To be bound: the first and the last entry.
    static let selection = """
        SELECT entry, shift, time, stint, job, shareDifficulty, outcome, reason, reasonCode, latency, claim
        FROM share WHERE entry BETWEEN ? AND ? ORDER BY entry
        """

    static func record(
        _ row: RawStatement,
        base: ReadableSegment.Base,
        _ lookup: inout LedgerLookup,
        _ db: Database
    ) throws -> LedgerShareRecord {
        let entry = try row.integer(0)
        let outcome = ShareOutcome(rawValue: try row.integer(6, as: UInt8.self))
        guard let verdict = outcome.verdict else { throw LedgerDamage(column: "outcome") }
        guard let claim = ShareClaim(bytes: try row.blob(10)) else { throw LedgerDamage(column: "claim") }
        let id = base.share &+ Int64(LedgerEntry(entry).place) &+ (try row.integer(1))
        let stint = try lookup.stint(row.integer(3), db)
        let job = try lookup.job(row.integer(4), db)
        let route = try lookup.describedRoute(worker: stint.worker, pool: job.pool, db)
        return LedgerShareRecord(
            entry: entry,
            id: id,
            time: base.time &+ (try row.integer(2)),
            route: route?.name,
            protocol: route?.protocol.name,
            worker: try lookup.worker(stint.worker, db)?.text,
            session: stint.session,
            remote: try lookup.remote(session: stint.session, db),
            pool: try lookup.pool(job.pool, db)?.text,
            job: job.jobID,
            poolJob: job.poolJobID,
            difficulty: stint.difficulty,
            poolDifficulty: job.poolDifficulty,
            shareDifficulty: PackedDifficulty.unpack(try row.integer(5)),
            forwarded: outcome.forwarded,
            answeredImmediately: outcome.answeredImmediately,
            verdict: verdict,
            reasonCode: try row.optionalInteger(8, as: Int32.self),
            reason: try lookup.reason(row.integer(7), db),
            latency: try row.optionalInteger(9, as: Int64.self),
            extranonce2: claim.extranonce2.bytes,
            ntime: claim.ntime,
            nonce: claim.nonce,
            versionBits: outcome.hasVersionBits ? claim.versionBits : nil,
            lateVerdict: verdict == .lost ? try Self.lateVerdict(of: id, db) : nil
        )
    }

    /// The first one, should there be more.
    private static func lateVerdict(of share: Int64, _ db: Database) throws -> LedgerVerdictKind? {
        let row = try RawStatement(db, sql: "SELECT verdict FROM lateVerdict WHERE share = ? ORDER BY id LIMIT 1")
        defer { row.reset() }
        row.bind(1, share)
        return try row.step() ? LedgerVerdictKind(rawValue: try row.integer(0, as: UInt8.self)) : nil
    }
}

extension LedgerShareRecord {
    /// A share that awaits its verdict.
    init(_ share: LedgerShare, _ lookup: inout LedgerLookup, _ db: Database) throws {
        let job = share.job > 0 ? try lookup.job(share.job, db) : nil
        let route = try lookup.describedRoute(worker: share.worker, pool: share.pool, db)
        self.id = share.id
        self.time = share.time
        self.route = route?.name
        self.protocol = route?.protocol.name
        self.worker = try lookup.worker(share.worker, db)?.text
        self.session = share.session
        self.remote = try lookup.remote(session: share.session, db)
        self.pool = try lookup.pool(share.pool, db)?.text
        self.job = job?.jobID
        self.poolJob = job?.poolJobID
        self.difficulty = share.difficulty
        self.poolDifficulty = job?.poolDifficulty
        self.shareDifficulty = share.shareDifficulty
        self.forwarded = share.forwarded
        self.answeredImmediately = share.answeredImmediately
        self.verdict = share.verdict
        self.extranonce2 = share.extranonce2.bytes
        self.ntime = share.ntime
        self.nonce = share.nonce
        self.versionBits = share.versionBits
    }
}
