import GRDB

/// Which events to read; what is empty does not restrict.
package struct LedgerEventFilter: Sendable, Hashable {
    /// Kinds as users know them: those of `LedgerPoolEventKind`, `session_opened`, `session_closed`, `gap`.
    package var kinds: [String] = []
    package var pools: [String] = []
    package var period = LedgerPeriod()
    /// Only the newest ones, this many.
    package var limit: Int?

    package init() {}

    /// Every kind there is.
    package static let allKinds =
        LedgerPoolEventKind.allCases.map(\.rawValue) + ["session_opened", "session_closed", "gap"]
}

/// Something that happened to a pool or a session.
package struct LedgerEventRecord: Sendable, Hashable {
    /// Milliseconds since 1970, UTC.
    package var time: Int64
    package var kind: String
    package var route: String?
    package var pool: String?
    package var fromPool: String?
    package var toPool: String?
    package var session: Int64?
    package var worker: String?
    package var remote: String?
    package var cause: String?
    /// Milliseconds from the first sign to the decision.
    package var detection: Int64?
    package var sessionsMoved: Int64?
    package var sharesLost: Int64?
    package var detail: String?
}

extension LedgerReader {
    /// Events, oldest first: of pools, of sessions, and gaps (shares that are known only as totals).
    package func events(_ filter: LedgerEventFilter) throws -> [LedgerEventRecord] {
        var condition = LedgerCondition()
        condition.add(filter.period, column: "event.time")
        condition.add("event.kind", in: filter.kinds)
        if !filter.pools.isEmpty {
            let marks = LedgerCondition.marks(filter.pools.count)
            let names = ["pool", "fromPool", "toPool"].map { "\($0).name IN (\(marks))" }.joined(separator: " OR ")
            condition.add("(\(names))", StatementArguments(filter.pools + filter.pools + filter.pools))
        }
        var sql = """
            SELECT event.*, pool.name AS poolName, fromPool.name AS fromName, toPool.name AS toName,
                worker.name AS workerName, route.name AS routeName
            FROM (\(Self.allEvents)) AS event
            LEFT JOIN pool ON pool.id = event.pool
            LEFT JOIN pool AS fromPool ON fromPool.id = event.fromPool
            LEFT JOIN pool AS toPool ON toPool.id = event.toPool
            LEFT JOIN worker ON worker.id = event.worker
            LEFT JOIN route ON route.id = coalesce(pool.route, worker.route)
            \(condition.sql)
            ORDER BY event.time DESC, event.source DESC, event.id DESC
            """
        var arguments = condition.arguments
        if let limit = filter.limit {
            sql += " LIMIT ?"
            arguments += [limit]
        }
        return try self.database.read { db in
            try Row.fetchAll(db, sql: sql, arguments: arguments).reversed().map(LedgerEventRecord.init)
        }
    }

    private static let allEvents = """
        SELECT 1 AS source, id, time, kind, pool, fromPool, toPool, NULL AS session, NULL AS worker, NULL AS remote,
            cause, detection, sessionsMoved, sharesLost, detail
        FROM poolEvent
        UNION ALL
        SELECT 2, id, time, 'session_opened', NULL, NULL, NULL, id, worker, remote, NULL, NULL, NULL, NULL, userAgent
        FROM session
        UNION ALL
        SELECT 3, id, closeTime, 'session_closed', NULL, NULL, NULL, id, worker, remote, closeReason, NULL, NULL, NULL,
            userAgent
        FROM session WHERE closeTime IS NOT NULL
        UNION ALL
        SELECT 4, min(id), min(beginTime), 'gap', pool, NULL, NULL, NULL, NULL, NULL, 'the ledger could not be written',
            NULL, NULL, NULL, sum(shares) || ' shares known only as totals'
        FROM gap GROUP BY pool, beginTime / 3600000
        """
}

extension LedgerEventRecord {
    fileprivate init(_ row: Row) throws {
        self.time = try row.value("time")
        self.kind = try row.value("kind")
        self.route = try row.optional("routeName")
        self.pool = try row.optional("poolName")
        self.fromPool = try row.optional("fromName")
        self.toPool = try row.optional("toName")
        self.session = try row.optional("session")
        self.worker = try row.optional("workerName")
        self.remote = try row.optional("remote")
        self.cause = try row.optional("cause")
        self.detection = try row.optional("detection")
        self.sessionsMoved = try row.optional("sessionsMoved")
        self.sharesLost = try row.optional("sharesLost")
        self.detail = try row.optional("detail")
    }
}
