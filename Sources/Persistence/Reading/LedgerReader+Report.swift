import GRDB

extension LedgerReader {
    /// Totals of the shares of `period`, one line for each distinct combination of `keys`, gaps included.
    ///
    /// Without keys, one line for all. `now` bounds the time over which a hashrate is estimated.
    package func report(by keys: [LedgerReportKey], period: LedgerPeriod, now: Int64) throws -> [LedgerReportRow] {
        let bucket = keys.compactMap(\.bucket).min()
        var tally = LedgerReportTally()
        try self.database.read { db in
            for source in Self.sources(keys, bucket: bucket, period: period) {
                let rows = try Row.fetchCursor(db, sql: source.sql, arguments: source.arguments)
                while let row = try rows.next() {
                    tally.add(try LedgerReportGroup(row, keys: keys, bucket: bucket, isGap: source.isGap))
                }
            }
        }
        return tally.rows(period: period, bucket: bucket, now: now)
    }

    private struct Source {
        var sql: String
        var arguments: StatementArguments
        var isGap: Bool
    }

    /// The queries over single shares and over gaps; both give the same columns.
    private static func sources(_ keys: [LedgerReportKey], bucket: Int64?, period: LedgerPeriod) -> [Source] {
        let worker = keys.contains(.worker) || keys.contains(.route) ? "worker" : "0"
        let pool = keys.contains(.pool) || keys.contains(.route) ? "pool" : "0"
        func source(_ inner: String, time: String, isGap: Bool) -> Source {
            var condition = LedgerCondition()
            condition.add(period, column: time)
            let sql = """
                SELECT grouped.*, worker.name AS workerName, pool.name AS poolName, route.name AS routeName FROM (
                    \(inner) \(condition.sql) GROUP BY 1, 2, 3, 4, 5
                ) AS grouped
                LEFT JOIN worker ON worker.id = grouped.workerID
                LEFT JOIN pool ON pool.id = grouped.poolID
                LEFT JOIN route ON route.id = coalesce(worker.route, pool.route)
                """
            return Source(sql: sql, arguments: condition.arguments, isGap: isGap)
        }
        func start(_ time: String) -> String {
            bucket.map { "\(time) - \(time) % \($0)" } ?? "NULL"
        }
        let shares = """
            SELECT share.\(worker) AS workerID, share.\(pool) AS poolID, \(start("time")) AS start, verdict,
                flags & 1 AS forwarded, count(*) AS shares, sum(difficulty) AS sessionWork,
                total(job.poolDifficulty) AS poolWork, min(time) AS firstTime, max(time) AS lastTime
            FROM share LEFT JOIN job ON job.id = share.job
            """
        let gaps = """
            SELECT gap.\(worker) AS workerID, gap.\(pool) AS poolID, \(start("beginTime")) AS start, verdict,
                forwarded, sum(shares) AS shares, sum(sessionWork) AS sessionWork,
                sum(poolWork) AS poolWork, min(beginTime) AS firstTime, max(endTime) AS lastTime
            FROM gap
            """
        return [
            source(shares.replacing("share.0", with: "0"), time: "time", isGap: false),
            source(gaps.replacing("gap.0", with: "0"), time: "beginTime", isGap: true),
        ]
    }
}

extension LedgerReportGroup {
    fileprivate init(_ row: Row, keys: [LedgerReportKey], bucket: Int64?, isGap: Bool) throws {
        let start: Int64? = try row.optional("start")
        self.key = try keys.map { key in
            switch key {
            case .worker: return try row.optional("workerName")
            case .pool: return try row.optional("poolName")
            case .route: return try row.optional("routeName")
            case .hour, .day:
                guard let start, let length = key.bucket else { return nil }
                return LedgerTime.format(start - start % length)
            }
        }
        self.bucketStart = start
        self.verdict = try row.verdict("verdict")
        self.forwarded = try row.value("forwarded")
        self.shares = try row.value("shares")
        self.sessionWork = try row.value("sessionWork")
        self.poolWork = try row.value("poolWork")
        self.firstTime = try row.value("firstTime")
        self.lastTime = try row.value("lastTime")
        self.isGap = isGap
    }
}
