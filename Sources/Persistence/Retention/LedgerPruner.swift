import GRDB

/// Drops whole segments because of their age, a little at a time, so that the writer never waits long.
///
/// First it is written down what is dropped, as an event that the next seal covers; from then on nobody reads it. Then the
/// rows go. Interrupted at any point, another pruner carries on.
struct LedgerPruner {
    /// What one step takes at most: a millisecond or two, and perhaps a checkpoint.
    static let stepRows = 1_000

    private enum Stage: CaseIterable {
        case shares, lateVerdicts, sessionEvents, details, jobs, stints, sessions, rollups, gaps, poolEvents, pages
    }

    private var stage = Stage.shares
    private var detailFrom: Int64 = 1
    private var rollupsFrom: Int64 = 1
    /// The last session that was looked at.
    private var session: Int64 = 0

    /// The segments of which something goes that has not gone before.
    struct Plan {
        var detail: Range<Int64>
        var rollups: Range<Int64>

        var isEmpty: Bool { self.detail.isEmpty && self.rollups.isEmpty }

        /// In numbers.
        func summary(_ db: Database) throws -> LedgerPruning.Summary {
            let sql = "SELECT total(shares) FROM seal WHERE segment >= ? AND segment < ?"
            let arguments: StatementArguments = [self.detail.lowerBound, self.detail.upperBound]
            return LedgerPruning.Summary(
                segments: Int64(self.detail.count),
                shares: Int64(try Double.fetchOne(db, sql: sql, arguments: arguments) ?? 0),
                rollupSegments: Int64(self.rollups.count)
            )
        }
    }

    /// What `begin` would decide.
    static func plan(detailBefore: Int64?, rollupsBefore: Int64?, _ db: Database) throws -> Plan {
        let formerDetail = try RetentionCounters.detailFrom(db)
        let formerRollups = try RetentionCounters.rollupsFrom(db)
        let rollups = try Self.firstKept(from: formerRollups, before: rollupsBefore, db)
        let detail = max(try Self.firstKept(from: formerDetail, before: detailBefore, db), rollups)
        return Plan(detail: formerDetail..<max(detail, formerDetail), rollups: formerRollups..<rollups)
    }

    /// Decides what goes and writes it down; part of a transaction.
    /// - Parameters:
    ///   - detailBefore: shares of segments that end before this time go; nil: none.
    ///   - rollupsBefore: the same for rollups, gaps and pool events. Shares always go first.
    ///   - now: milliseconds since 1970, the event's time.
    /// - Returns: Whether anything more goes than had gone before.
    mutating func begin(detailBefore: Int64?, rollupsBefore: Int64?, now: Int64, _ db: Database) throws -> Bool {
        let plan = try Self.plan(detailBefore: detailBefore, rollupsBefore: rollupsBefore, db)
        self.detailFrom = plan.detail.upperBound
        self.rollupsFrom = plan.rollups.upperBound
        self.stage = .shares
        self.session = 0
        guard !plan.isEmpty else { return false }
        try RetentionCounters.save(detailFrom: self.detailFrom, rollupsFrom: self.rollupsFrom, db)
        let events = try SegmentSealer.covered(.poolEvent, db)
        let last = try Int64.fetchOne(db, sql: "SELECT max(id) FROM poolEvent") ?? 0
        let event = LedgerPoolEvent(
            time: now,
            kind: .pruned,
            pool: 0,
            cause: "older than the ledger keeps",
            detail: "detail_from=\(self.detailFrom) rollups_from=\(self.rollupsFrom)"
        )
        try event.insert(id: min(max(events, last), .max - 1) + 1, db)
        return true
    }

    /// The lowest numbers that the open segment refers to.
    struct OpenReferences {
        var job: Int64
        var stint: Int64
    }

    /// Deletes some rows; a short transaction of its own.
    /// - Parameter open: nil: it is looked up, which means reading the whole segment.
    /// - Returns: Whether there is more to do.
    mutating func step(_ db: Database, open: OpenReferences? = nil) throws -> Bool {
        let isFinished =
            switch self.stage {
            case .shares: try self.deleteShares(db)
            case .lateVerdicts: try self.delete("lateVerdict", .lateVerdict, before: self.detailFrom, db)
            case .sessionEvents: try self.delete("sessionEvent", .sessionEvent, before: self.detailFrom, db)
            case .details: try self.deleteDetails(db)
            case .jobs: try self.deleteUnused("job", lowest: "lowestJob", open: open?.job, db)
            case .stints: try self.deleteUnused("stint", lowest: "lowestStint", open: open?.stint, db)
            case .sessions: try self.deleteSessions(db)
            case .rollups: try self.deleteRollups(db)
            case .gaps: try self.delete("gap", .gap, before: self.rollupsFrom, db)
            case .poolEvents: try self.delete("poolEvent", .poolEvent, before: self.rollupsFrom, db)
            case .pages: try Self.releasePages(db)
            }
        guard isFinished else { return true }
        guard let index = Stage.allCases.firstIndex(of: self.stage), index + 1 < Stage.allCases.count else {
            return false
        }
        self.stage = Stage.allCases[index + 1]
        return true
    }

    /// The first segment that is not wholly before `time`.
    private static func firstKept(from first: Int64, before time: Int64?, _ db: Database) throws -> Int64 {
        guard let time else { return first }
        let young = """
            SELECT segment FROM seal WHERE segment >= ? AND min(coalesce(lastTime, time), time) >= ?
            ORDER BY segment LIMIT 1
            """
        if let kept = try Int64.fetchOne(db, sql: young, arguments: [first, time]) { return kept }
        let last = try Int64.fetchOne(db, sql: "SELECT max(segment) FROM seal") ?? 0
        return max(first, min(last, .max - 1) + 1)
    }

    private func deleteShares(_ db: Database) throws -> Bool {
        let limit = LedgerEntry(segment: self.detailFrom, place: 0).number
        guard let first = try Int64.fetchOne(db, sql: "SELECT min(entry) FROM share"), first < limit else {
            return true
        }
        // Entries of a segment follow each other without a hole; between segments there may be many.
        let end = first > limit - Int64(Self.stepRows) ? limit : first + Int64(Self.stepRows)
        try db.cachedStatement(sql: "DELETE FROM share WHERE entry < ?").execute(arguments: [end])
        return false
    }

    private func delete(
        _ table: String,
        _ stream: SealedStream,
        before segment: Int64,
        _ db: Database
    ) throws -> Bool {
        let sql = "SELECT last FROM sealPart WHERE stream = ? AND segment < ? ORDER BY segment DESC LIMIT 1"
        let last = try Int64.fetchOne(db, sql: sql, arguments: [stream.rawValue, segment]) ?? 0
        try db.execute(
            sql: "DELETE FROM \(table) WHERE id IN (SELECT id FROM \(table) WHERE id <= ? ORDER BY id LIMIT ?)",
            arguments: [last, Self.stepRows]
        )
        return db.changesCount < Self.stepRows
    }

    /// What only served to read shares and to say where they were changed.
    private func deleteDetails(_ db: Database) throws -> Bool {
        let count = 4
        try db.execute(
            sql: "DELETE FROM segment WHERE id IN (SELECT id FROM segment WHERE id < ? ORDER BY id LIMIT ?)",
            arguments: [self.detailFrom, count]
        )
        let segments = db.changesCount
        try db.execute(
            sql: """
                UPDATE sealPart SET blocks = NULL WHERE stream = ? AND segment IN
                    (SELECT segment FROM sealPart WHERE stream = ? AND segment < ? AND blocks IS NOT NULL
                     ORDER BY segment DESC LIMIT ?)
                """,
            arguments: [SealedStream.share.rawValue, SealedStream.share.rawValue, self.detailFrom, count]
        )
        return segments < count && db.changesCount < count
    }

    /// Jobs and stints that no share refers to any more: numbers ascend, and each seal tells its lowest.
    private func deleteUnused(
        _ table: String,
        lowest column: String,
        open: Int64?,
        _ db: Database
    ) throws -> Bool {
        let sealed = try Int64.fetchOne(
            db,
            sql: "SELECT min(\(column)) FROM seal WHERE segment >= ?",
            arguments: [self.detailFrom]
        )
        let open = try open ?? Self.lowestOpen(table, db)
        let pending = table == "job" ? try Int64.fetchOne(db, sql: "SELECT min(job) FROM pending WHERE job > 0") : nil
        // The latest one stays, so that its number is not given again.
        let last = try Int64.fetchOne(db, sql: "SELECT max(id) FROM \(table)")
        let lowest = [sealed, open, pending, last].compactMap { $0 }.min() ?? 0
        try db.execute(
            sql: "DELETE FROM \(table) WHERE id IN (SELECT id FROM \(table) WHERE id < ? ORDER BY id LIMIT ?)",
            arguments: [lowest, Self.stepRows]
        )
        return db.changesCount < Self.stepRows
    }

    private static func lowestOpen(_ column: String, _ db: Database) throws -> Int64 {
        let lastSeal = try Int64.fetchOne(db, sql: "SELECT max(segment) FROM seal") ?? 0
        let first = LedgerEntry(segment: lastSeal &+ 1, place: 0).number
        let sql = "SELECT min(\(column)) FROM share WHERE entry >= ? AND \(column) > 0"
        return try Int64.fetchOne(db, sql: sql, arguments: [first]) ?? .max
    }

    private mutating func deleteSessions(_ db: Database) throws -> Bool {
        let sql = "SELECT max(id) FROM (SELECT id FROM session WHERE id > ? ORDER BY id LIMIT ?)"
        let last = try Int64.fetchOne(db, sql: sql, arguments: [self.session, Self.stepRows])
        guard let last else { return true }
        try db.execute(
            sql: """
                DELETE FROM session WHERE id > ? AND id <= ?
                    AND NOT EXISTS (SELECT 1 FROM openSession WHERE openSession.id = session.id)
                    AND NOT EXISTS (SELECT 1 FROM stint WHERE stint.session = session.id)
                    AND NOT EXISTS (SELECT 1 FROM sessionEvent WHERE sessionEvent.session = session.id)
                    AND NOT EXISTS (SELECT 1 FROM pending WHERE pending.session = session.id)
                """,
            arguments: [self.session, last]
        )
        self.session = last
        return false
    }

    private func deleteRollups(_ db: Database) throws -> Bool {
        let sql = """
            DELETE FROM rollup WHERE (segment, worker, pool, outcome, minute) IN
                (SELECT segment, worker, pool, outcome, minute FROM rollup WHERE segment < ? LIMIT ?)
            """
        try db.execute(sql: sql, arguments: [self.rollupsFrom, Self.stepRows])
        return db.changesCount < Self.stepRows
    }

    /// Gives pages back to the file system when more than a quarter of the file is free; the rest is used again.
    private static func releasePages(_ db: Database) throws -> Bool {
        let pages = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
        let free = try Int.fetchOne(db, sql: "PRAGMA freelist_count") ?? 0
        guard free > pages / 4, free > 256 else { return true }
        try db.execute(sql: "PRAGMA incremental_vacuum(100)")
        return false
    }
}
