import GRDB

/// Reads the rows that a seal covers, in their order, and puts them into canonical form.
enum SealedRows {
    /// What stands in a stream.
    struct Summary {
        /// The first and the last id; nil without rows.
        var ids: ClosedRange<Int64>?
        var rows: Int64 = 0
        var digest: [UInt8]
    }

    /// The part that a seal would hold for the rows of a numbered stream whose ids are in `ids`.
    static func summary(_ stream: SealedStream, ids: ClosedRange<Int64>, _ db: Database) throws -> Summary {
        let statement = try RawStatement(db, sql: try Self.sql(stream))
        statement.bind(1, ids.lowerBound)
        statement.bind(2, ids.upperBound)
        return try Self.summary(statement) { try Self.put(stream, statement, into: &$0) }
    }

    /// The same for the rollups of a segment.
    static func rollups(of segment: Int64, _ db: Database) throws -> Summary {
        let statement = try RawStatement(db, sql: Self.rollupSQL)
        statement.bind(1, segment)
        return try Self.summary(statement) { try Self.putRollup(statement, into: &$0) }
    }

    private static func summary(
        _ statement: RawStatement,
        _ put: (inout CanonicalBytes) throws -> Void
    ) throws -> Summary {
        defer { statement.reset() }
        var digest = StreamDigest()
        var (first, last): (Int64?, Int64) = (nil, 0)
        var rows: Int64 = 0
        while try statement.step() {
            last = try statement.integer(0)
            first = first ?? last
            rows += 1
            try put(&digest.bytes)
            digest.flushIfLarge()
        }
        return Summary(ids: first.map { $0...max($0, last) }, rows: rows, digest: digest.finish())
    }

    private static let rollupSQL = """
        SELECT rollup.segment, \(Self.worker("rollup.worker")), \(Self.pool("rollup.pool")), rollup.outcome,
            rollup.minute, rollup.shares, rollup.sessionWork, rollup.poolWork, rollup.places
        FROM rollup \(Self.workerJoin("rollup.worker")) \(Self.poolJoin("rollup.pool"))
        WHERE rollup.segment = ?
        ORDER BY rollup.segment, rollup.worker, rollup.pool, rollup.outcome, rollup.minute
        """

    private static func putRollup(_ row: RawStatement, into bytes: inout CanonicalBytes) throws {
        bytes.put(SealedStream.rollup.rawValue)
        bytes.put(try row.integer(0))
        for column: Int32 in 1...4 { bytes.put(try row.optionalText(column) ?? "") }
        bytes.put(try row.integer(5, as: UInt8.self))
        bytes.put(try row.integer(6))
        bytes.put(try row.integer(7))
        bytes.put(try row.double(8))
        bytes.put(try row.double(9))
        bytes.put(try row.integer(10))
    }

    // Names behind their routes, and the joins they need. Without a row the route is NULL.

    private static func worker(_ id: String) -> String {
        "\(CanonicalShare.nameSQL("workerRoute.name", "worker.route")), \(CanonicalShare.nameSQL("worker.name", id))"
    }

    private static func workerJoin(_ id: String) -> String {
        "LEFT JOIN worker ON worker.id = \(id) LEFT JOIN route AS workerRoute ON workerRoute.id = worker.route"
    }

    private static func pool(_ id: String, as pool: String = "pool") -> String {
        "\(CanonicalShare.nameSQL("\(pool)Route.name", "\(pool).route")), \(CanonicalShare.nameSQL("\(pool).name", id))"
    }

    private static func poolJoin(_ id: String, as pool: String = "pool") -> String {
        "LEFT JOIN pool AS \(pool) ON \(pool).id = \(id) LEFT JOIN route AS \(pool)Route ON \(pool)Route.id = \(pool).route"
    }

    private static func sql(_ stream: SealedStream) throws -> String {
        switch stream {
        case .share, .rollup: throw LedgerDamage(column: "stream")
        case .lateVerdict:
            """
            SELECT lateVerdict.id, share, verdict, reasonCode,
                \(CanonicalShare.nameSQL("reason.text", "lateVerdict.reason")), latency
            FROM lateVerdict LEFT JOIN reason ON reason.id = lateVerdict.reason
            WHERE lateVerdict.id BETWEEN ? AND ? ORDER BY lateVerdict.id
            """
        case .sessionEvent:
            """
            SELECT sessionEvent.id, sessionEvent.time, sessionEvent.session, closeReason, session.time,
                \(Self.worker("session.worker")), session.remote, session.userAgent
            FROM sessionEvent LEFT JOIN session ON session.id = sessionEvent.session
            \(Self.workerJoin("session.worker"))
            WHERE sessionEvent.id BETWEEN ? AND ? ORDER BY sessionEvent.id
            """
        case .gap:
            """
            SELECT gap.id, beginTime, endTime, \(Self.worker("gap.worker")), \(Self.pool("gap.pool")), verdict, forwarded,
                shares, sessionWork, poolWork
            FROM gap \(Self.workerJoin("gap.worker")) \(Self.poolJoin("gap.pool"))
            WHERE gap.id BETWEEN ? AND ? ORDER BY gap.id
            """
        case .poolEvent:
            """
            SELECT poolEvent.id, time, kind, \(Self.pool("poolEvent.pool")), cause, detection, sessionsMoved, sharesLost,
                \(Self.pool("poolEvent.fromPool", as: "fromPool")), \(Self.pool("poolEvent.toPool", as: "toPool")), detail
            FROM poolEvent \(Self.poolJoin("poolEvent.pool")) \(Self.poolJoin("poolEvent.fromPool", as: "fromPool"))
            \(Self.poolJoin("poolEvent.toPool", as: "toPool"))
            WHERE poolEvent.id BETWEEN ? AND ? ORDER BY poolEvent.id
            """
        }
    }

    private static func put(_ stream: SealedStream, _ row: RawStatement, into bytes: inout CanonicalBytes) throws {
        bytes.put(stream.rawValue)
        bytes.put(try row.integer(0))
        bytes.put(try row.integer(1))
        switch stream {
        case .share, .rollup: throw LedgerDamage(column: "stream")
        case .lateVerdict:
            bytes.put(try row.integer(2, as: UInt8.self))
            bytes.put(try row.optionalInteger(3, as: Int32.self))
            bytes.put(try row.text(4))
            bytes.put(try row.optionalInteger(5, as: Int64.self))
        case .sessionEvent:
            bytes.put(try row.integer(2))
            bytes.put(try row.optionalText(3))
            bytes.put(try row.optionalInteger(4, as: Int64.self))
            for column: Int32 in 5...8 { bytes.put(try row.optionalText(column) ?? "") }
        case .gap:
            bytes.put(try row.integer(2))
            for column: Int32 in 3...6 { bytes.put(try row.optionalText(column) ?? "") }
            bytes.put(try row.integer(7, as: UInt8.self))
            bytes.put(try row.integer(8, as: UInt8.self))
            bytes.put(try row.integer(9))
            bytes.put(try row.double(10))
            bytes.put(try row.double(11))
        case .poolEvent:
            bytes.put(try row.text(2))
            for column: Int32 in 3...4 { bytes.put(try row.optionalText(column) ?? "") }
            bytes.put(try row.text(5))
            for column: Int32 in 6...8 { bytes.put(try row.optionalInteger(column, as: Int64.self)) }
            for column: Int32 in 9...12 { bytes.put(try row.optionalText(column) ?? "") }
            bytes.put(try row.text(13))
        }
    }
}
