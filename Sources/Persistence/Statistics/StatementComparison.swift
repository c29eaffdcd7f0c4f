/// A pool's statement beside the work that it accepted from the router, line by line and in total.
package struct StatementComparison: Sendable {
    /// What makes a line.
    package enum Grouping: String, Sendable, Hashable, CaseIterable {
        /// A worker in a period of the statement.
        case row
        /// A worker in all periods.
        case worker
    }

    package struct Line: Sendable, Hashable {
        /// As the statement names it, or the ledger if the statement does not; nil: the whole pool.
        package var worker: String?
        /// From the beginning of the first period to the end of the last, milliseconds since 1970.
        package var period: Range<Int64>
        /// Whether the statement has a row for it; otherwise the pool credited nothing.
        package var isStated: Bool
        package var amounts: Reconciliation.Amounts
        package var finding: Reconciliation.Finding
    }

    /// Credited work of somebody the ledger does not know.
    package struct Stranger: Sendable, Hashable {
        package var worker: String
        package var credited: Double
        /// The first of its rows in the file.
        package var line: Int
    }

    /// In order of worker and time. A verdict here is one that none of the lines gets by chance.
    package let lines: [Line]
    /// All lines together; strangers are left out. nil: the statement has no row.
    package let total: Line?
    /// What the statement has about workers unknown to the ledger.
    package let strangers: [Stranger]
    /// Workers of the ledger with accepted work that no row is about.
    package let unstated: [String]

    /// - Parameters:
    ///   - names: The workers of `work`. A row is about the workers of its name or, if there are none, about those whose
    ///     part after the first dot has its name, which is what `{worker}` in a pool's `user` stands for.
    ///   - edge: How far the two clocks may be apart, in milliseconds.
    package init(
        statement: PoolStatement,
        work: AcceptedWork,
        names: [Int32: String],
        edge: Int64,
        grouping: Grouping = .row,
        with reconciliation: Reconciliation
    ) {
        let covered = Self.merged(statement.rows.map(\.period))
        var builder = Builder(work: work, edge: edge)
        var strangers: [Stranger] = []
        var unstated: [String] = []
        let byWorker = Dictionary(grouping: statement.rows, by: \.worker)
        let directory = WorkerDirectory(names.filter { work.workers.contains($0.key) })
        var rest = work.workers
        for (name, rows) in byWorker.sorted(by: { ($0.key ?? "") < ($1.key ?? "") }) {
            let workers = name.map { directory.workers(called: $0) }
            if let name, workers?.isEmpty == true {
                let credited = rows.reduce(0) { $0 + $1.credited }
                strangers.append(Stranger(worker: name, credited: credited, line: rows.map(\.line).min() ?? 0))
                continue
            }
            if let workers { rest.subtract(workers) } else { rest = [] }
            builder.add(name, workers, rows: rows, covered: covered, grouping)
        }
        let restByName = Dictionary(grouping: rest.sorted()) { names[$0] ?? "" }
        for (name, workers) in restByName.sorted(by: { $0.key < $1.key })
        where builder.add(name, workers, rows: [], covered: covered, .worker) {
            unstated.append(name)
        }
        let comparisons = builder.lines.count { $0.amounts.shares > 0 }
        self.lines = builder.lines.map { line in
            var line = line
            line.finding = reconciliation.finding(line.amounts, among: comparisons)
            return line
        }
        self.total = builder.total(covered: covered, with: reconciliation)
        self.strangers = strangers
        self.unstated = unstated
    }

    /// The same stretches of time without overlaps, those that touch made one, ascending.
    static func merged(_ periods: [Range<Int64>]) -> [Range<Int64>] {
        var result: [Range<Int64>] = []
        for period in periods.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = result.last, period.lowerBound <= last.upperBound {
                result[result.count - 1] = last.lowerBound..<max(last.upperBound, period.upperBound)
            } else {
                result.append(period)
            }
        }
        return result
    }

    /// What of `covered` is in none of `periods`; both ascending and without overlaps.
    static func missing(_ periods: [Range<Int64>], of covered: [Range<Int64>]) -> [Range<Int64>] {
        var result: [Range<Int64>] = []
        var rest = periods[...]
        for stretch in covered {
            var begin = stretch.lowerBound
            while let next = rest.first, next.lowerBound < stretch.upperBound {
                if begin < next.lowerBound { result.append(begin..<next.lowerBound) }
                begin = max(begin, next.upperBound)
                rest = rest.dropFirst()
            }
            if begin < stretch.upperBound { result.append(begin..<stretch.upperBound) }
        }
        return result
    }
}

/// Finds workers by the names that pools use.
private struct WorkerDirectory {
    private var byName: [String: [Int32]] = [:]
    private var byRest: [String: [Int32]] = [:]

    init(_ names: [Int32: String]) {
        for (id, name) in names.sorted(by: { $0.key < $1.key }) {
            self.byName[name, default: []].append(id)
            guard let dot = name.firstIndex(of: ".") else { continue }
            self.byRest[String(name[name.index(after: dot)...]), default: []].append(id)
        }
    }

    func workers(called name: String) -> [Int32] { self.byName[name] ?? self.byRest[name] ?? [] }
}

/// Lines without their findings.
private struct Builder {
    let work: AcceptedWork
    let edge: Int64
    private(set) var lines: [StatementComparison.Line] = []
    private var credited = 0.0
    private var rounding = 0.0

    init(work: AcceptedWork, edge: Int64) {
        self.work = work
        self.edge = edge
    }

    /// Adds the lines of one worker: of its rows, and of the time that other rows are about and its own are not.
    /// - Returns: Whether there was anything to add.
    @discardableResult
    mutating func add(
        _ name: String?,
        _ workers: [Int32]?,
        rows: [PoolStatement.Row],
        covered: [Range<Int64>],
        _ grouping: StatementComparison.Grouping
    ) -> Bool {
        let before = self.lines.count
        switch grouping {
        case .row:
            for row in rows { self.add(name, workers, [row.period], rows: [row]) }
            let own = StatementComparison.merged(rows.map(\.period))
            for stretch in StatementComparison.missing(own, of: covered) {
                self.add(name, workers, [stretch], rows: [])
            }
        case .worker:
            self.add(name, workers, covered, rows: rows)
        }
        return self.lines.count > before
    }

    private mutating func add(
        _ name: String?,
        _ workers: [Int32]?,
        _ periods: [Range<Int64>],
        rows: [PoolStatement.Row]
    ) {
        var amounts = self.work.amounts(of: workers, in: periods, edge: self.edge)
        guard !rows.isEmpty || amounts.shares > 0, let first = periods.first, let last = periods.last else { return }
        amounts.credited = rows.reduce(0) { $0 + $1.credited }
        amounts.rounding = rows.reduce(0) { $0 + $1.rounding }
        self.credited += amounts.credited
        self.rounding += amounts.rounding
        self.lines.append(
            StatementComparison.Line(
                worker: name,
                period: first.lowerBound..<last.upperBound,
                isStated: !rows.isEmpty,
                amounts: amounts,
                finding: Reconciliation.Finding(verdict: .notEnough)
            )
        )
    }

    func total(covered: [Range<Int64>], with reconciliation: Reconciliation) -> StatementComparison.Line? {
        guard let first = covered.first, let last = covered.last else { return nil }
        var amounts = self.work.amounts(of: nil, in: covered, edge: self.edge)
        amounts.credited = self.credited
        amounts.rounding = self.rounding
        return StatementComparison.Line(
            period: first.lowerBound..<last.upperBound,
            isStated: true,
            amounts: amounts,
            finding: reconciliation.finding(amounts)
        )
    }
}
