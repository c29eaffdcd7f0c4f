import GRDB

/// Adds up by numbers, then makes lines with names out of that.
struct LedgerReportTally {
    private struct Group: Hashable {
        /// 0 where they are not told apart.
        var worker: Int32
        var pool: Int32
        /// Start of its stretch of time; 0 when not divided by time.
        var start: Int64
        /// 0 where all routes speak the same.
        var route: Int32 = 0

        func hash(into hasher: inout Hasher) {
            // Two steps instead of four, for each rollup.
            hasher.combine(Int64(self.worker) << 32 ^ Int64(self.pool))
            hasher.combine(self.start ^ Int64(self.route))
        }
    }

    private struct Line {
        var totals = LedgerTotals()
        var hashes = LedgerHashes()
        var protocols: Set<LedgerProtocol> = []
        var start: Int64

        mutating func add(_ totals: LedgerTotals, _ description: LedgerProtocol) {
            self.totals.add(totals)
            self.hashes.add(totals, hashesPerDifficulty: description.hashesPerDifficulty)
            self.protocols.insert(description)
        }
    }

    private let keys: [LedgerReportKey]
    /// The length of a stretch of time.
    private let bucket: Int64?
    private let hasWorkers: Bool
    private let hasPools: Bool
    /// What each route speaks, by its number.
    private let protocols: [Int32: LedgerProtocol]
    /// What all of them speak; nil: they do not speak the same, and their sums are kept apart.
    private let common: LedgerProtocol?
    private var indices: [Group: Int] = [:]
    /// In the order in which they came, so that sums do not depend on chance.
    private var groups: [(group: Group, totals: LedgerTotals)] = []

    /// `routes`: all of the ledger's.
    init(keys: [LedgerReportKey], routes: [Int32: LedgerRoute]) {
        self.keys = keys
        self.bucket = keys.compactMap(\.bucket).min()
        self.hasWorkers = keys.contains(.worker) || keys.contains(.route)
        self.hasPools = keys.contains(.pool) || keys.contains(.route)
        self.protocols = routes.mapValues(\.protocol)
        let different = Set(self.protocols.values)
        self.common = different.count > 1 ? nil : different.first ?? .bitcoin
    }

    @inline(__always)
    mutating func add(_ summand: LedgerSummand, _ lookup: inout LedgerLookup, _ db: Database) throws {
        var group = Group(
            worker: self.hasWorkers ? summand.worker : 0,
            pool: self.hasPools ? summand.pool : 0,
            start: self.bucket.map { LedgerTime.floorDivide(summand.firstTime, by: $0) &* $0 } ?? 0
        )
        if self.common == nil {
            group.route = try lookup.route(worker: summand.worker, pool: summand.pool, db) ?? 0
        }
        if let index = self.indices[group] { return try self.groups[index].totals.add(summand) }
        var totals = LedgerTotals()
        try totals.add(summand)
        self.indices[group] = self.groups.count
        self.groups.append((group, totals))
    }

    /// The lines in the order of their keys. `period` is what was asked for; `now` bounds the time over which a hashrate is
    /// estimated.
    func rows(period: LedgerPeriod, now: Int64, _ lookup: inout LedgerLookup, _ db: Database) throws
        -> [LedgerReportRow]
    {
        var lines: [[String?]: Line] = [:]
        for (group, totals) in self.groups {
            let description = self.common ?? self.protocols[group.route] ?? .bitcoin
            lines[try self.key(of: group, &lookup, db), default: Line(start: group.start)].add(totals, description)
        }
        let first = lines.values.map(\.totals.firstTime).min() ?? 0
        let last = lines.values.map(\.totals.lastTime).max() ?? 0
        return
            lines
            .map { key, line in
                var begin = period.since ?? first
                var end = min(period.until ?? last, max(now, last))
                if let bucket {
                    begin = max(begin, line.start)
                    end = min(end, line.start &+ bucket)
                }
                return Self.row(key, line, seconds: (Double(end) - Double(begin)) / 1_000)
            }
            .sorted { left, right in
                left.key.lexicographicallyPrecedes(right.key) { ($0 ?? "") < ($1 ?? "") }
            }
    }

    private func key(of group: Group, _ lookup: inout LedgerLookup, _ db: Database) throws -> [String?] {
        try self.keys.map { key in
            switch key {
            case .worker: return try lookup.worker(group.worker, db)?.text
            case .pool: return try lookup.pool(group.pool, db)?.text
            case .route: return try lookup.describedRoute(worker: group.worker, pool: group.pool, db)?.name
            case .hour, .day:
                guard let length = key.bucket else { return nil }
                return LedgerTime.format(LedgerTime.floorDivide(group.start, by: length) &* length)
            }
        }
    }

    private static func row(_ key: [String?], _ line: Line, seconds: Double) -> LedgerReportRow {
        var row = LedgerReportRow(
            key: key,
            totals: line.totals,
            hashes: line.hashes,
            protocols: line.protocols.sorted {
                ($0.name, $0.hashesPerDifficulty) < ($1.name, $1.hashesPerDifficulty)
            }
        )
        guard seconds > 0 else { return row }
        let hashrate = line.hashes.session / seconds
        row.hashrate = hashrate
        row.hashrateRange = line.hashes.effectiveShares.flatMap { count in
            let bounds = PoissonInterval.bounds(count: count)
            let (low, high) = (hashrate * bounds.lowerBound / count, hashrate * bounds.upperBound / count)
            return low <= high ? low...high : nil
        }
        return row
    }
}
