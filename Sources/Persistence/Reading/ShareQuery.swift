import GRDB

/// Finds shares in the book and makes records of them.
struct ShareQuery {
    /// Those of the segments that may hold some, in ascending order.
    let segments: [ReadableSegment]
    /// Shares without a verdict, by their ids.
    private(set) var waiting: [LedgerShareRecord] = []

    /// What was in the book at the beginning, of what is asked for; nil: nothing.
    private let entries: ClosedRange<Int64>?
    private let period: LedgerPeriod
    private let selection: LedgerSelection
    private let bases: [Int64: ReadableSegment.Base]
    /// Those of the chosen workers; nil: any.
    private let stints: Set<Int64>?
    private var lookup = LedgerLookup()

    /// What `filter` chooses at this moment.
    init(_ filter: LedgerShareFilter, _ db: Database) throws {
        let selection = try LedgerSelection(
            workers: filter.workers,
            pools: filter.pools,
            routes: filter.routes,
            verdicts: filter.verdicts,
            db
        )
        let start = filter.afterEntry.map { $0 == .max ? $0 : $0 + 1 } ?? .min
        let end = try Int64.fetchOne(db, sql: "SELECT max(entry) FROM share") ?? .min
        let entries = start <= end && !selection.isNothing ? start...end : nil
        let first = filter.afterEntry.map { LedgerEntry($0).segment } ?? 0
        self.segments = try ReadableSegments(from: first, db).all.filter { segment in
            segment.base != nil && segment.coverage(of: filter.period) != .none
                && entries?.overlaps(segment.entries) == true
        }
        self.entries = entries
        self.period = filter.period
        self.selection = selection
        self.bases = Dictionary(self.segments.map { ($0.number, $0.base) }, uniquingKeysWith: { $1 })
            .compactMapValues { $0 }
        self.stints = try selection.workers.map { try Self.stints(of: $0, db) }
        if !filter.onlySettled { try self.readWaiting(limit: filter.limit, db) }
    }

    /// All that `filter` chooses among the settled shares.
    static func records(_ filter: LedgerShareFilter, _ db: Database) throws -> [LedgerShareRecord] {
        var query = try ShareQuery(filter, db)
        if let limit = filter.limit { return try query.newest(limit, db).compactMap { try query.record($0, db) } }
        return try query.segments.flatMap { segment in
            try query.stretches(of: segment, upTo: LedgerEntry.segmentLimit, db).flatMap { stretch in
                try query.records(in: stretch, of: segment, db)
            }
        }
    }

    /// The entries of the newest matching shares, ascending.
    mutating func newest(_ count: Int, _ db: Database) throws -> [Int64] {
        var entries: [Int64] = []
        for segment in self.segments.reversed() where entries.count < count {
            for stretch in try self.stretches(of: segment, upTo: 1_024, db).reversed() {
                try self.scan(stretch, of: segment, isDescending: true, db) { entry in
                    entries.append(entry)
                    return entries.count < count
                }
                if entries.count >= count { break }
            }
        }
        return entries.reversed()
    }

    /// Where in a segment matching shares may be, in pieces of at most `limit` rows.
    mutating func stretches(of segment: ReadableSegment, upTo limit: Int, _ db: Database) throws -> [ClosedRange<Int64>]
    {
        guard let entries else { return [] }
        var places = SharePlaces.everywhere
        if segment.hasRollups, !self.selection.isAll || segment.coverage(of: self.period) != .whole {
            let period = self.period
            places = SharePlaces()
            try SegmentRollups.each(in: segment, self.selection, withPlaces: true, &self.lookup, db) { row in
                if period.mayContain(minute: row.minute) { places.add(row.places) }
            }
        }
        return places.stretches(of: segment, among: entries, upTo: limit)
    }

    /// The matching shares of a stretch.
    mutating func records(
        in stretch: ClosedRange<Int64>,
        of segment: ReadableSegment,
        _ db: Database
    ) throws -> [LedgerShareRecord] {
        var entries: [Int64] = []
        try self.scan(stretch, of: segment, isDescending: false, db) { entry in
            entries.append(entry)
            return true
        }
        guard let first = entries.first, let last = entries.last, last - first == Int64(entries.count) - 1 else {
            return try entries.compactMap { try self.record($0, db) }
        }
        return try self.records(first...last, db)
    }

    /// The share of an entry; nil: it has been dropped since.
    mutating func record(_ entry: Int64, _ db: Database) throws -> LedgerShareRecord? {
        try self.records(entry...entry, db).first
    }

    private mutating func records(_ entries: ClosedRange<Int64>, _ db: Database) throws -> [LedgerShareRecord] {
        let row = try RawStatement(db, sql: ShareRecordRow.selection)
        defer { row.reset() }
        row.bind(1, entries.lowerBound)
        row.bind(2, entries.upperBound)
        var records: [LedgerShareRecord] = []
        while try row.step() {
            guard let base = self.bases[LedgerEntry(try row.integer(0)).segment] else { continue }
            records.append(try ShareRecordRow.record(row, base: base, &self.lookup, db))
        }
        return records
    }

    /// Hands the entries of matching shares to `body` until it returns false.
    private mutating func scan(
        _ stretch: ClosedRange<Int64>,
        of segment: ReadableSegment,
        isDescending: Bool,
        _ db: Database,
        _ body: (Int64) -> Bool
    ) throws {
        guard let base = segment.base else { return }
        let isWhole = segment.coverage(of: self.period) == .whole
        let order = isDescending ? "DESC" : "ASC"
        let sql = """
            SELECT entry, time, outcome, stint, job FROM share WHERE entry BETWEEN ? AND ? ORDER BY entry \(order)
            """
        let row = try RawStatement(db, sql: sql)
        defer { row.reset() }
        row.bind(1, stretch.lowerBound)
        row.bind(2, stretch.upperBound)
        while try row.step() {
            if !self.selection.isAll, try !self.matches(row, db) { continue }
            if !isWhole, !self.period.contains(base.time &+ (try row.integer(1))) { continue }
            if !body(try row.integer(0)) { return }
        }
    }

    @inline(__always)
    private mutating func matches(_ row: RawStatement, _ db: Database) throws -> Bool {
        if let stints, !stints.contains(try row.integer(3)) { return false }
        guard self.selection.matches(outcome: try row.integer(2, as: UInt8.self)) else { return false }
        guard self.selection.pools != nil || self.selection.routes != nil else { return true }
        return try self.selection.matches(
            worker: self.lookup.stint(row.integer(3), db).worker,
            pool: self.lookup.job(row.integer(4), db).pool,
            &self.lookup,
            db
        )
    }

    private static func stints(of workers: Set<Int32>, _ db: Database) throws -> Set<Int64> {
        var stints: Set<Int64> = []
        let row = try RawStatement(db, sql: "SELECT id FROM stint WHERE worker = ?")
        defer { row.reset() }
        for worker in workers {
            row.reset()
            row.bind(1, Int64(worker))
            while try row.step() { stints.insert(try row.integer(0)) }
        }
        return stints
    }

    private mutating func readWaiting(limit: Int?, _ db: Database) throws {
        for share in try WaitingRows.fetch(db).reversed() where self.waiting.count < limit ?? .max {
            guard self.period.contains(share.time),
                self.selection.matches(outcome: share.verdict.rawValue),
                try self.selection.matches(worker: share.worker, pool: share.pool, &self.lookup, db)
            else { continue }
            self.waiting.append(try LedgerShareRecord(share, &self.lookup, db))
        }
        self.waiting.reverse()
    }
}
