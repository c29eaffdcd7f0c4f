import Foundation
import GRDB

/// Which shares to read; what is empty does not restrict.
package struct LedgerShareFilter: Sendable, Hashable {
    package var workers: [String] = []
    package var pools: [String] = []
    package var routes: [String] = []
    package var verdicts: [LedgerVerdictKind] = []
    package var period = LedgerPeriod()
    /// Only the newest ones, this many.
    package var limit: Int?

    package init() {}
}

/// A share as users see it. Names that were never recorded are nil.
package struct LedgerShareRecord: Sendable, Hashable {
    package var id: Int64
    /// Milliseconds since 1970, UTC.
    package var time: Int64
    package var route: String?
    package var worker: String?
    package var session: Int64
    package var remote: String?
    package var pool: String?
    /// As the miner and as the pool named it.
    package var job: String?
    package var poolJob: String?
    package var difficulty: Double
    package var poolDifficulty: Double?
    package var shareDifficulty: Double
    package var forwarded: Bool
    package var answeredImmediately: Bool
    package var verdict: LedgerVerdictKind
    package var reasonCode: Int32?
    package var reason: String?
    /// Microseconds from receipt to verdict.
    package var latency: Int64?
    /// Wire order.
    package var extranonce2: [UInt8]
    package var ntime: UInt32
    package var nonce: UInt32
    package var versionBits: UInt32?
    /// What the pool said when the share had already been settled as lost.
    package var lateVerdict: LedgerVerdictKind?
}

extension LedgerReader {
    /// Hands the shares to `body`, oldest first.
    package func shares(_ filter: LedgerShareFilter, _ body: (LedgerShareRecord) throws -> Void) throws {
        var condition = LedgerCondition()
        condition.add(filter.period, column: "time")
        condition.add("worker", table: "worker", named: filter.workers)
        condition.add("pool", table: "pool", named: filter.pools)
        condition.add("worker", routes: filter.routes)
        condition.add("verdict", in: filter.verdicts.map { Int($0.rawValue) })
        var selection = "SELECT * FROM share \(condition.sql) ORDER BY id DESC"
        var arguments = condition.arguments
        if let limit = filter.limit {
            selection += " LIMIT ?"
            arguments += [limit]
        }
        let sql = """
            SELECT selected.*, route.name AS routeName, worker.name AS workerName, session.remote,
                pool.name AS poolName, job.jobID, job.poolJobID, job.poolDifficulty, reason.text AS reasonText,
                lateVerdict.verdict AS late
            FROM (\(selection)) AS selected
            LEFT JOIN worker ON worker.id = selected.worker
            LEFT JOIN pool ON pool.id = selected.pool
            LEFT JOIN route ON route.id = coalesce(worker.route, pool.route)
            LEFT JOIN session ON session.id = selected.session
            LEFT JOIN job ON job.id = selected.job
            LEFT JOIN reason ON reason.id = selected.reason
            LEFT JOIN lateVerdict ON lateVerdict.share = selected.id
            ORDER BY selected.id
            """
        try self.database.read { db in
            let rows = try Row.fetchCursor(db, sql: sql, arguments: arguments)
            while let row = try rows.next() { try body(LedgerShareRecord(row)) }
        }
    }
}

extension LedgerShareRecord {
    fileprivate init(_ row: Row) throws {
        let flags: Int = try row.value("flags")
        self.id = try row.value("id")
        self.time = try row.value("time")
        self.route = try row.optional("routeName")
        self.worker = try row.optional("workerName")
        self.session = try row.value("session")
        self.remote = try row.optional("remote")
        self.pool = try row.optional("poolName")
        self.job = try row.optional("jobID")
        self.poolJob = try row.optional("poolJobID")
        self.difficulty = try row.value("difficulty")
        self.poolDifficulty = try row.optional("poolDifficulty")
        self.shareDifficulty = try row.value("shareDifficulty")
        self.forwarded = flags & 1 != 0
        self.answeredImmediately = flags & 2 != 0
        self.verdict = try row.verdict("verdict")
        self.reasonCode = try row.optional("reasonCode")
        self.reason = try row.optional("reasonText")
        self.latency = try row.optional("latency")
        self.extranonce2 = Array(try row.value("extranonce2") as Data)
        self.ntime = try row.value("ntime")
        self.nonce = try row.value("nonce")
        self.versionBits = try row.optional("versionBits")
        self.lateVerdict = (try row.optional("late") as UInt8?).flatMap(LedgerVerdictKind.init(rawValue:))
    }
}
