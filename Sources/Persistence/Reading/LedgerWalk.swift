import GRDB

/// Shares that count as one when totals are made: a single one, those of a rollup, those of a gap.
struct LedgerSummand {
    enum Source {
        case share
        /// A rollup whose shares are still there.
        case rollup
        /// A rollup whose shares were dropped.
        case rollupAlone
        case gap
    }

    var source: Source
    var worker: Int32
    var pool: Int32
    var outcome: ShareOutcome
    /// The first and the last moment at which one of them can have come. Both are in the same hour, except in a gap.
    var firstTime: Int64
    var lastTime: Int64
    var shares: Int64
    /// Σ session difficulty.
    var sessionWork: Double
    /// Σ pool difficulty of the forwarded ones.
    var poolWork: Double
}

/// Goes through all that is known of the shares of a period, each share once: in rollups where a sealed segment is wholly
/// inside, in rows at the edges and in the open segment, and what is pending or known only as totals.
struct LedgerWalk {
    let period: LedgerPeriod
    let selection: LedgerSelection
    /// At the edges of the period, shares were there only as totals of a minute; a minute was taken if it begins in the
    /// period.
    private(set) var isToTheMinute = false

    private let segments: ReadableSegments
    private(set) var lookup = LedgerLookup()

    init(period: LedgerPeriod, selection: LedgerSelection, _ db: Database) throws {
        self.period = period
        self.selection = selection
        self.segments = try ReadableSegments(db)
    }

    /// Hands everything to `body`, in no particular order.
    @inline(__always)
    mutating func run(_ db: Database, _ body: (LedgerSummand) throws -> Void) throws {
        guard !self.selection.isNothing else { return }
        for segment in self.segments.all {
            switch segment.coverage(of: self.period) {
            case .none: break
            case .whole where segment.hasRollups: try self.addRollups(segment, db, body)
            case .part where segment.base == nil: try self.addRollups(segment, db, body)
            case .part, .whole: try self.addShares(segment, db, body)
            }
        }
        try self.addPending(db, body)
        try self.addGaps(db, body)
    }

    /// Shares of the period that were dropped with their rollups, as far as whole segments tell.
    func droppedShares(_ db: Database) throws -> Int64 {
        var condition = LedgerCondition()
        condition.add("segment < ?", [self.segments.rollupsFrom])
        if let since = self.period.since { condition.add("lastTime >= ?", [since]) }
        if let until = self.period.until { condition.add("firstTime < ?", [until]) }
        let sql = "SELECT sum(shares) FROM seal \(condition.sql)"
        return try Int64.fetchOne(db, sql: sql, arguments: condition.arguments) ?? 0
    }

    @inline(__always)
    private mutating func addRollups(
        _ segment: ReadableSegment,
        _ db: Database,
        _ body: (LedgerSummand) throws -> Void
    ) throws {
        guard segment.hasRollups, let times = segment.times else { return }
        let isWhole = segment.coverage(of: self.period) == .whole
        let period = self.period
        let source: LedgerSummand.Source = segment.base == nil ? .rollupAlone : .rollup
        var isToTheMinute = false
        try SegmentRollups.each(in: segment, self.selection, &self.lookup, db) { row in
            let begin = row.minute &* 60_000
            let end = begin &+ 59_999
            if !isWhole {
                if period.contains(begin) != period.contains(end) { isToTheMinute = true }
                guard period.contains(begin) else { return }
            }
            try body(
                LedgerSummand(
                    source: source,
                    worker: row.worker,
                    pool: row.pool,
                    outcome: row.outcome,
                    firstTime: max(begin, times.lowerBound),
                    lastTime: min(end, times.upperBound),
                    shares: row.shares,
                    sessionWork: row.sessionWork,
                    poolWork: row.poolWork
                )
            )
        }
        if isToTheMinute { self.isToTheMinute = true }
    }

    private mutating func addShares(
        _ segment: ReadableSegment,
        _ db: Database,
        _ body: (LedgerSummand) throws -> Void
    ) throws {
        guard let base = segment.base else { return }
        let row = try RawStatement(
            db,
            sql: "SELECT time, stint, job, outcome FROM share WHERE entry BETWEEN ? AND ?"
        )
        defer { row.reset() }
        row.bind(1, segment.entries.lowerBound)
        row.bind(2, segment.entries.upperBound)
        while try row.step() {
            let time = base.time &+ (try row.integer(0))
            guard self.period.contains(time) else { continue }
            let stint = try self.lookup.stint(row.integer(1), db)
            let job = try self.lookup.job(row.integer(2), db)
            let outcome = ShareOutcome(rawValue: try row.integer(3, as: UInt8.self))
            guard self.selection.matches(outcome: outcome.rawValue),
                try self.selection.matches(worker: stint.worker, pool: job.pool, &self.lookup, db)
            else { continue }
            try body(
                LedgerSummand(
                    source: .share,
                    worker: stint.worker,
                    pool: job.pool,
                    outcome: outcome,
                    firstTime: time,
                    lastTime: time,
                    shares: 1,
                    sessionWork: stint.difficulty,
                    poolWork: outcome.forwarded ? job.poolDifficulty ?? 0 : 0
                )
            )
        }
    }

    private mutating func addPending(_ db: Database, _ body: (LedgerSummand) throws -> Void) throws {
        for share in try WaitingRows.fetch(db) where self.period.contains(share.time) {
            let outcome = ShareOutcome(share)
            guard self.selection.matches(outcome: outcome.rawValue),
                try self.selection.matches(worker: share.worker, pool: share.pool, &self.lookup, db)
            else { continue }
            try body(
                LedgerSummand(
                    source: .share,
                    worker: share.worker,
                    pool: share.pool,
                    outcome: outcome,
                    firstTime: share.time,
                    lastTime: share.time,
                    shares: 1,
                    sessionWork: share.difficulty,
                    poolWork: share.job > 0 ? try self.lookup.job(share.job, db).poolDifficulty ?? 0 : 0
                )
            )
        }
    }

    private mutating func addGaps(_ db: Database, _ body: (LedgerSummand) throws -> Void) throws {
        var condition = LedgerCondition()
        condition.add("id > ?", [try EventCursor(droppedIn: db).gap])
        condition.add(self.period, column: "beginTime")
        let sql = """
            SELECT beginTime, endTime, worker, pool, verdict, forwarded, shares, sessionWork, poolWork FROM gap
            \(condition.sql)
            """
        let rows = try Row.fetchCursor(db, sql: sql, arguments: condition.arguments)
        while let row = try rows.next() {
            let worker: Int32 = try row.value("worker")
            let pool: Int32 = try row.value("pool")
            let outcome = ShareOutcome(verdict: try row.verdict("verdict"), forwarded: try row.value("forwarded"))
            guard self.selection.matches(outcome: outcome.rawValue),
                try self.selection.matches(worker: worker, pool: pool, &self.lookup, db)
            else { continue }
            try body(
                LedgerSummand(
                    source: .gap,
                    worker: worker,
                    pool: pool,
                    outcome: outcome,
                    firstTime: try row.value("beginTime"),
                    lastTime: try row.value("endTime"),
                    shares: try row.value("shares"),
                    sessionWork: try row.value("sessionWork"),
                    poolWork: try row.value("poolWork")
                )
            )
        }
    }
}
