/// Views for people who look into the file with `sqlite3`; the program does not use them.
enum LedgerViews {
    /// An expression for a time in milliseconds as RFC 3339.
    private static func time(_ milliseconds: String) -> String {
        "strftime('%Y-%m-%dT%H:%M:%S', (\(milliseconds)) / 1000, 'unixepoch') "
            + "|| printf('.%03dZ', (\(milliseconds)) % 1000)"
    }

    private static func verdict(_ outcome: String) -> String {
        let cases = LedgerVerdictKind.allCases.map { "WHEN \($0.rawValue) THEN '\($0.name)'" }.joined(separator: " ")
        return "CASE \(outcome) & 15 \(cases) END"
    }

    static let version2 = """
        \(Self.shares())

        \(Self.totals())

        CREATE VIEW seals AS
        SELECT segment, \(Self.time("time")) AS time, shares, accepted, acceptedWork, sessionWork,
            lower(hex(hash)) AS hash, signature IS NOT NULL AS signed
        FROM seal;
        """

    /// With what a route's difficulties stand for.
    static let version3 = """
        DROP VIEW shares;
        \(Self.shares(", route.protocol AS protocol"))

        DROP VIEW totals;
        \(Self.totals(",\n    coalesce(route.hashesPerDifficulty, 4294967296.0) AS hashesPerDifficulty"))
        """

    /// `columns`: what comes after those of version 2.
    private static func shares(_ columns: String = "") -> String {
        """
        CREATE VIEW shares AS
        SELECT segment.baseShare + (share.entry & 262143) + share.shift AS id,
            \(Self.time("segment.baseTime + share.time")) AS time,
            route.name AS route, worker.name AS worker, stint.session AS session, session.remote AS remote,
            pool.name AS pool, job.jobID AS job, job.poolJobID AS poolJob, stint.difficulty AS difficulty,
            job.poolDifficulty AS poolDifficulty,
            CASE WHEN share.shareDifficulty >> 24 >= 64
                THEN (share.shareDifficulty & 16777215) * 1.0 * (1 << ((share.shareDifficulty >> 24) - 64))
                ELSE (share.shareDifficulty & 16777215) * 1.0 / (1 << min(62, 64 - (share.shareDifficulty >> 24)))
            END AS shareDifficulty,
            share.outcome & 16 = 0 AS forwarded, \(Self.verdict("share.outcome")) AS verdict,
            share.reasonCode AS reasonCode, reason.text AS reason, share.latency / 1000.0 AS latencyMs,
            lower(hex(substr(share.claim, 13))) AS extranonce2, lower(hex(substr(share.claim, 5, 4))) AS ntime,
            lower(hex(substr(share.claim, 1, 4))) AS nonce,
            CASE WHEN share.outcome & 64 = 0 THEN lower(hex(substr(share.claim, 9, 4))) END AS versionBits\(columns)
        FROM share
        JOIN segment ON segment.id = share.entry >> 18
        LEFT JOIN stint ON stint.id = share.stint
        LEFT JOIN job ON job.id = share.job
        LEFT JOIN worker ON worker.id = stint.worker
        LEFT JOIN pool ON pool.id = coalesce(job.pool, -share.job)
        LEFT JOIN route ON route.id = coalesce(worker.route, pool.route)
        LEFT JOIN session ON session.id = stint.session
        LEFT JOIN reason ON reason.id = share.reason;
        """
    }

    private static func totals(_ columns: String = "") -> String {
        """
        -- Sealed segments only; work in difficulty.
        CREATE VIEW totals AS
        SELECT \(Self.time("rollup.minute * 60000")) AS minute, route.name AS route, worker.name AS worker,
            pool.name AS pool, \(Self.verdict("rollup.outcome")) AS verdict, rollup.outcome & 16 = 0 AS forwarded,
            sum(rollup.shares) AS shares, sum(rollup.sessionWork) AS sessionWork, sum(rollup.poolWork) AS poolWork\(columns)
        FROM rollup
        LEFT JOIN worker ON worker.id = rollup.worker
        LEFT JOIN pool ON pool.id = rollup.pool
        LEFT JOIN route ON route.id = coalesce(worker.route, pool.route)
        GROUP BY rollup.minute, rollup.worker, rollup.pool, rollup.outcome;
        """
    }
}
