/// What a report is about; what is empty does not restrict.
package struct LedgerReportFilter: Sendable, Hashable {
    package var workers: [String] = []
    package var pools: [String] = []
    package var routes: [String] = []
    package var period = LedgerPeriod()

    package init() {}
}

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

/// The totals that were asked for, and what is to be said about them.
package struct LedgerReportTable: Sendable, Hashable {
    package var rows: [LedgerReportRow]
    /// At the edges of the period, shares were there only as totals of a minute; a minute was taken if it begins in the
    /// period.
    package var isToTheMinute: Bool
    /// Shares in or next to the period of which nothing is left, because the ledger no longer keeps them.
    package var droppedShares: Int64
}

/// One line of a report.
package struct LedgerReportRow: Sendable, Hashable {
    /// One value for each key asked for, in that order; hours and days as RFC 3339 times of their start. nil: none, or
    /// never recorded.
    package var key: [String?]
    package var totals: LedgerTotals
    /// The same work in hashes, each route's by its own unit.
    package var hashes: LedgerHashes
    /// What the routes speak whose shares these are, in order of their names; one if the row is about one route.
    package var protocols: [LedgerProtocol]
    /// Hashes per second that the session work stands for, over the period or its part that the row is about; nil if
    /// that has no length.
    package var hashrate: Double?
    /// Where the true hashrate is with 95 % confidence, shares coming by chance; nil if there were none.
    package var hashrateRange: ClosedRange<Double>?

    /// Difficulties of several units have been added up, so that only the hashes mean something.
    package var mixesUnits: Bool { Set(self.protocols.map(\.hashesPerDifficulty)).count > 1 }
}

/// Sums over shares. Work is in difficulty: over routes of several units it means nothing.
package struct LedgerTotals: Sendable, Hashable {
    private var counts = [Int64](repeating: 0, count: 16)
    package private(set) var forwarded: Int64 = 0
    /// Shares of these that are known only as totals, because they could not be written.
    package private(set) var inGaps: Int64 = 0
    /// Shares of these that are known only as totals, because they have been dropped.
    package private(set) var fromRollups: Int64 = 0
    /// Σ pool difficulty of the accepted shares.
    package private(set) var acceptedWork: Double = 0
    /// Σ session difficulty of the shares that nobody refused.
    package private(set) var sessionWork: Double = 0
    /// Σ (session difficulty)² of the same; shares that were summed up count as if they were of equal size.
    package private(set) var sessionSquares: Double = 0
    /// Milliseconds since 1970; to the minute where shares were summed up.
    package private(set) var firstTime = Int64.max
    package private(set) var lastTime = Int64.min

    init() {}

    package var shares: Int64 { self.counts.reduce(0, &+) }

    package var refused: Int64 {
        LedgerVerdictKind.allCases.reduce(0) { $1.isRefusal ? $0 &+ self[$1] : $0 }
    }

    /// Per cent of all shares; nil without any.
    package var refusedPercent: Double? {
        self.shares == 0 ? nil : Double(self.refused) / Double(self.shares) * 100
    }

    package subscript(_ verdict: LedgerVerdictKind) -> Int64 { self.counts[Int(verdict.rawValue)] }

    /// - Throws: `LedgerDamage`.
    @inline(__always)
    mutating func add(_ summand: LedgerSummand) throws {
        guard let verdict = summand.outcome.verdict else { throw LedgerDamage(column: "outcome") }
        self.counts[Int(verdict.rawValue)] &+= summand.shares
        if summand.outcome.forwarded { self.forwarded &+= summand.shares }
        switch summand.source {
        case .share, .rollup: break
        case .rollupAlone: self.fromRollups &+= summand.shares
        case .gap: self.inGaps &+= summand.shares
        }
        if verdict == .accepted { self.acceptedWork += summand.poolWork }
        if !verdict.isRefusal, summand.shares > 0 {
            self.sessionWork += summand.sessionWork
            self.sessionSquares += summand.sessionWork * summand.sessionWork / Double(summand.shares)
        }
        self.firstTime = min(self.firstTime, summand.firstTime)
        self.lastTime = max(self.lastTime, summand.lastTime)
    }

    mutating func add(_ other: LedgerTotals) {
        for index in self.counts.indices { self.counts[index] &+= other.counts[index] }
        self.forwarded &+= other.forwarded
        self.inGaps &+= other.inGaps
        self.fromRollups &+= other.fromRollups
        self.acceptedWork += other.acceptedWork
        self.sessionWork += other.sessionWork
        self.sessionSquares += other.sessionSquares
        self.firstTime = min(self.firstTime, other.firstTime)
        self.lastTime = max(self.lastTime, other.lastTime)
    }
}
