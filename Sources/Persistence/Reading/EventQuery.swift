import GRDB

/// Takes the newest of each table and puts them in order.
struct EventQuery {
    private static let sessionSQL = """
        SELECT event.id, event.time, event.session, event.closeReason,
            session.remote, session.userAgent, worker.name AS workerName, route.name AS routeName
        FROM sessionEvent AS event
        LEFT JOIN session ON session.id = event.session
        LEFT JOIN worker ON worker.id = session.worker
        LEFT JOIN route ON route.id = worker.route
        """
    private static let poolSQL = """
        SELECT event.*, pool.name AS poolName, fromPool.name AS fromName, toPool.name AS toName,
            route.name AS routeName
        FROM poolEvent AS event
        LEFT JOIN pool ON pool.id = event.pool
        LEFT JOIN pool AS fromPool ON fromPool.id = event.fromPool
        LEFT JOIN pool AS toPool ON toPool.id = event.toPool
        LEFT JOIN route ON route.id = coalesce(pool.route, fromPool.route, toPool.route)
        """
    /// One event for each pool and hour.
    private static let gapSQL = """
        SELECT min(event.id) AS id, min(event.beginTime) AS time, sum(event.shares) AS shares, pool.name AS poolName,
            route.name AS routeName
        FROM gap AS event
        LEFT JOIN pool ON pool.id = event.pool
        LEFT JOIN worker ON worker.id = event.worker
        LEFT JOIN route ON route.id = coalesce(pool.route, worker.route)
        """

    private struct Found {
        var id: Int64
        var event: LedgerEventRecord
    }

    private let filter: LedgerEventFilter

    init(_ filter: LedgerEventFilter) {
        self.filter = filter
    }

    /// Without `+`, SQLite would go through the whole table by its ids where the newest by time are asked for.
    private var after: String { self.filter.limit == nil ? "event.id > ?" : "+event.id > ?" }

    /// Events of rows after `cursor`, oldest first.
    func events(after cursor: EventCursor, _ db: Database) throws -> [LedgerEventRecord] {
        // Ties: as they are listed here, then by their ids.
        let sources = [
            try self.poolEvents(after: cursor.poolEvent, db),
            try self.sessionEvents(after: cursor.sessionEvent, db),
            try self.gaps(after: cursor.gap, db),
        ]
        let events = sources.enumerated()
            .flatMap { source, found in found.map { (key: ($0.event.time, source, $0.id), event: $0.event) } }
            .sorted { $0.key < $1.key }
            .map(\.event)
        return self.filter.limit.map { events.suffix(max($0, 0)) } ?? events
    }

    private func poolEvents(after id: Int64, _ db: Database) throws -> [Found] {
        let kinds = LedgerPoolEventKind.allCases.map(\.rawValue).filter(self.filter.kinds.contains)
        guard self.filter.kinds.isEmpty || !kinds.isEmpty else { return [] }
        var condition = LedgerCondition()
        condition.add(self.after, [id])
        condition.add(self.filter.period, column: "event.time")
        condition.add("event.kind", in: kinds)
        if !self.filter.pools.isEmpty {
            let marks = LedgerCondition.marks(self.filter.pools.count)
            let names = ["pool", "fromPool", "toPool"].map { "\($0).name IN (\(marks))" }.joined(separator: " OR ")
            condition.add("(\(names))", StatementArguments(self.filter.pools + self.filter.pools + self.filter.pools))
        }
        return try self.fetch(Self.poolSQL, condition, order: "event.time DESC, event.id DESC", db) {
            try LedgerEventRecord(poolEvent: $0)
        }
    }

    private func sessionEvents(after id: Int64, _ db: Database) throws -> [Found] {
        let wantsOpened = self.filter.wants(kind: LedgerEventFilter.sessionOpened)
        let wantsClosed = self.filter.wants(kind: LedgerEventFilter.sessionClosed)
        guard wantsOpened || wantsClosed, self.filter.pools.isEmpty else { return [] }
        var condition = LedgerCondition()
        condition.add(self.after, [id])
        condition.add(self.filter.period, column: "event.time")
        if !wantsOpened { condition.add("event.closeReason IS NOT NULL") }
        if !wantsClosed { condition.add("event.closeReason IS NULL") }
        return try self.fetch(Self.sessionSQL, condition, order: "event.time DESC, event.id DESC", db) {
            try LedgerEventRecord(sessionEvent: $0)
        }
    }

    private func gaps(after id: Int64, _ db: Database) throws -> [Found] {
        guard self.filter.wants(kind: LedgerEventFilter.gap) else { return [] }
        var condition = LedgerCondition()
        condition.add(self.after, [id])
        condition.add(self.filter.period, column: "event.beginTime")
        condition.add("pool.name", in: self.filter.pools)
        let groups = "GROUP BY event.pool, event.beginTime / 3600000"
        return try self.fetch(Self.gapSQL, condition, groups, order: "time DESC, id DESC", db) {
            try LedgerEventRecord(gap: $0)
        }
    }

    private func fetch(
        _ selection: String,
        _ condition: LedgerCondition,
        _ groups: String = "",
        order: String,
        _ db: Database,
        _ make: (Row) throws -> LedgerEventRecord
    ) throws -> [Found] {
        var sql = "\(selection) \(condition.sql) \(groups)"
        var arguments = condition.arguments
        if let limit = self.filter.limit {
            sql += " ORDER BY \(order) LIMIT ?"
            arguments += [max(limit, 0)]
        }
        return try Row.fetchAll(db, sql: sql, arguments: arguments).map { row in
            Found(id: try row.value("id"), event: try make(row))
        }
    }
}

extension LedgerEventRecord {
    fileprivate init(poolEvent row: Row) throws {
        self.time = try row.value("time")
        self.kind = try row.value("kind")
        self.route = try row.optional("routeName")
        self.pool = try row.optional("poolName")
        self.fromPool = try row.optional("fromName")
        self.toPool = try row.optional("toName")
        self.cause = try row.optional("cause")
        self.detection = try row.optional("detection")
        self.sessionsMoved = try row.optional("sessionsMoved")
        self.sharesLost = try row.optional("sharesLost")
        let detail: String? = try row.optional("detail")
        self.receipt = detail.flatMap { LedgerEventDetail(text: $0) }
        self.detail = self.receipt == nil ? detail : nil
    }

    fileprivate init(sessionEvent row: Row) throws {
        let reason: String? = try row.optional("closeReason")
        self.time = try row.value("time")
        self.kind = reason == nil ? LedgerEventFilter.sessionOpened : LedgerEventFilter.sessionClosed
        self.route = try row.optional("routeName")
        self.session = try row.value("session")
        self.worker = try row.optional("workerName")
        self.remote = try row.optional("remote")
        self.cause = reason
        self.detail = try row.optional("userAgent")
    }

    fileprivate init(gap row: Row) throws {
        let shares: Int64 = try row.value("shares")
        self.time = try row.value("time")
        self.kind = LedgerEventFilter.gap
        self.route = try row.optional("routeName")
        self.pool = try row.optional("poolName")
        self.cause = "the ledger could not be written"
        self.detail = "\(shares) shares known only as totals"
    }
}
