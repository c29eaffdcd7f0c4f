/// What a report's rows stand for.
package enum LedgerReportKey: String, Sendable, Hashable, CaseIterable {
    case worker
    case pool
    case route
    case hour
    case day

    /// Milliseconds of a stretch of time; nil for names.
    var bucket: Int64? {
        switch self {
        case .worker, .pool, .route: nil
        case .hour: 3_600_000
        case .day: 86_400_000
        }
    }
}

/// Sums over shares.
package struct LedgerTotals: Sendable, Hashable {
    package fileprivate(set) var byVerdict: [LedgerVerdictKind: Int64] = [:]
    package fileprivate(set) var forwarded: Int64 = 0
    /// Shares of these that are known only as totals.
    package fileprivate(set) var inGaps: Int64 = 0
    /// Σ pool difficulty of the accepted shares.
    package fileprivate(set) var acceptedWork: Double = 0
    /// Σ session difficulty of the shares that nobody refused.
    package fileprivate(set) var sessionWork: Double = 0
    /// Milliseconds since 1970.
    package fileprivate(set) var firstTime = Int64.max
    package fileprivate(set) var lastTime = Int64.min

    package var shares: Int64 { self.byVerdict.values.reduce(0, &+) }

    package var refused: Int64 { self.byVerdict.reduce(0) { $1.key.isRefusal ? $0 &+ $1.value : $0 } }

    /// Per cent of all shares; nil without any.
    package var refusedPercent: Double? {
        self.shares == 0 ? nil : Double(self.refused) / Double(self.shares) * 100
    }

    package subscript(_ verdict: LedgerVerdictKind) -> Int64 { self.byVerdict[verdict] ?? 0 }
}

/// One line of a report.
package struct LedgerReportRow: Sendable, Hashable {
    /// One value for each key asked for, in that order; hours and days as RFC 3339 times of their start. nil: none, or
    /// never recorded.
    package var key: [String?]
    package var totals: LedgerTotals
    /// Hashes per second that the session work stands for, over the period or its part that the row is about; nil if
    /// that has no length.
    package var hashrate: Double?
}

/// One group of shares that the database has summed up.
struct LedgerReportGroup {
    var key: [String?]
    /// Start of its stretch of time; nil when not divided by time.
    var bucketStart: Int64?
    var verdict: LedgerVerdictKind
    var forwarded: Bool
    var shares: Int64
    var sessionWork: Double
    var poolWork: Double
    var firstTime: Int64
    var lastTime: Int64
    var isGap: Bool
}

/// Makes lines out of groups.
struct LedgerReportTally {
    private struct Line {
        var totals = LedgerTotals()
        var bucketStart: Int64?
    }

    private var lines: [[String?]: Line] = [:]

    mutating func add(_ group: LedgerReportGroup) {
        var line = self.lines[group.key] ?? Line(bucketStart: group.bucketStart)
        line.totals.byVerdict[group.verdict, default: 0] &+= group.shares
        if group.forwarded { line.totals.forwarded &+= group.shares }
        if group.isGap { line.totals.inGaps &+= group.shares }
        if group.verdict == .accepted { line.totals.acceptedWork += group.poolWork }
        if !group.verdict.isRefusal { line.totals.sessionWork += group.sessionWork }
        line.totals.firstTime = min(line.totals.firstTime, group.firstTime)
        line.totals.lastTime = max(line.totals.lastTime, group.lastTime)
        self.lines[group.key] = line
    }

    /// The lines in the order of their keys. `period` is what was asked for, `bucket` the length of a stretch of time.
    func rows(period: LedgerPeriod, bucket: Int64?, now: Int64) -> [LedgerReportRow] {
        let first = self.lines.values.map(\.totals.firstTime).min() ?? 0
        let last = self.lines.values.map(\.totals.lastTime).max() ?? 0
        return self.lines
            .map { key, line in
                var begin = period.since ?? first
                var end = min(period.until ?? last, max(now, last))
                if let start = line.bucketStart, let bucket {
                    begin = max(begin, start)
                    end = min(end, start &+ bucket)
                }
                let seconds = (Double(end) - Double(begin)) / 1_000
                let hashrate = seconds > 0 ? line.totals.sessionWork * 4_294_967_296 / seconds : nil
                return LedgerReportRow(key: key, totals: line.totals, hashrate: hashrate)
            }
            .sorted { left, right in
                left.key.lexicographicallyPrecedes(right.key) { ($0 ?? "") < ($1 ?? "") }
            }
    }
}
