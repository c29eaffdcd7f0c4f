import ArgumentParser
import ControlAPI
import Persistence
import Stratum

/// `router-cli report`
struct ReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Show totals from the ledger.",
        discussion: """
            accepted_work is the sum of the pool difficulties of accepted shares: what the pool pays for. session_work is \
            the sum of the session difficulties of all shares that nobody refused: what the workers did; accepted_hashes and \
            session_hashes are the same in hashes, by the unit of each route's protocol: 2^32 for a difficulty of 1 in Bitcoin. \
            Where routes of different units come together, only hashes and hashrates can be added up. The hashrate is estimated from session_work \
            over the period. Shares come by chance: with 95 % confidence the true one is between hashrate_low and \
            hashrate_high.

            in_gaps counts shares known only as totals because the ledger could not be written, from_rollups those whose \
            single rows the ledger no longer keeps. Both are among the others.

            \(PeriodOptions.help)

            Example: each worker's totals at each pool, day by day
              router-cli report --config /etc/router/router.yaml --by day,worker,pool --since 7d
            Example: one worker's hashrate, hour by hour
              router-cli report --worker farm.rig1 --by hour --since today
            """
    )

    @OptionGroup var source: LedgerOptions

    @Option(
        help: ArgumentHelp("What makes a line: worker, pool, route, hour, day, comma-separated.", valueName: "keys"),
        transform: ReportColumns.keys(in:)
    )
    var by: [LedgerReportKey] = []

    @Option(help: ArgumentHelp("Only this worker.", valueName: "name"))
    var worker: [String] = []

    @Option(help: ArgumentHelp("Only this pool.", valueName: "name"))
    var pool: [String] = []

    @Option(help: ArgumentHelp("Only this route.", valueName: "name"))
    var route: [String] = []

    @OptionGroup var time: PeriodOptions

    @Option(help: "How to show them.")
    var format: OutputFormat = .table

    func run() async throws {
        let now = PeriodOptions.now
        var filter = LedgerReportFilter()
        filter.workers = self.worker
        filter.pools = self.pool
        filter.routes = self.route
        filter.period = try self.time.period(now: now)
        let report = try self.source.read { reader in
            try self.source.remark(on: reader, workers: self.worker, pools: self.pool, routes: self.route)
            return try reader.report(by: self.by, filter, now: now)
        }
        var output = StandardOutput()
        var printer = try RowPrinter(format: self.format, columns: ReportColumns.names(self.by)) {
            try output.write($0)
        }
        for row in report.rows { try printer.add(ReportColumns.values(of: row, self.by)) }
        try printer.finish()
        try output.flush()
        ReportNotes.lines(about: report).forEach(printToStandardError)
    }
}

/// What is to be said about a report beside its numbers.
enum ReportNotes {
    static func lines(about report: LedgerReportTable) -> [String] {
        let inGaps = report.rows.reduce(0) { $0 &+ $1.totals.inGaps }
        let fromRollups = report.rows.reduce(0) { $0 &+ $1.totals.fromRollups }
        var lines: [String] = []
        if inGaps > 0 {
            lines.append("\(inGaps) of these shares are known only as totals; see router-cli events --kind gap")
        }
        if fromRollups > 0 {
            lines.append("\(fromRollups) of these shares are so old that the ledger keeps only totals of them")
        }
        if report.rows.contains(where: \.mixesUnits) {
            lines.append(
                "accepted_work and session_work add up difficulties of several units: see hashes, or --by route")
        }
        if report.isToTheMinute {
            lines.append("where the period begins or ends, the ledger has only totals of whole minutes")
        }
        if report.droppedShares > 0 {
            let count = report.droppedShares
            lines.append("\(count) shares of about this period are so old that the ledger has dropped them")
        }
        return lines
    }
}

/// How totals are shown. Users rely on the names and their order.
enum ReportColumns {
    private static let verdicts: [LedgerVerdictKind] = [
        .accepted, .rejected, .stale, .duplicate, .lowDifficulty, .malformed, .unauthorized, .counted, .lost, .unknown,
        .pending,
    ]

    /// `worker,day` and the like.
    static func keys(in text: String) throws -> [LedgerReportKey] {
        try text.split(separator: ",", omittingEmptySubsequences: false).reduce(into: []) { keys, name in
            guard let key = LedgerReportKey(rawValue: String(name)) else {
                let known = LedgerReportKey.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("'\(name)' is none of \(known).")
            }
            if !keys.contains(key) { keys.append(key) }
        }
    }

    /// The keys, then the sums; last the protocol, where each line is about one route.
    static func names(_ keys: [LedgerReportKey]) -> [String] {
        keys.map(\.rawValue) + ["shares", "forwarded"] + Self.verdicts.map(\.name)
            + [
                "accepted_work", "session_work", "reject_percent", "hashrate", "hashrate_low", "hashrate_high",
                "session_hashes", "accepted_hashes", "in_gaps", "from_rollups",
            ] + (keys.contains(.route) ? ["protocol"] : [])
    }

    /// One value for each name.
    static func values(of row: LedgerReportRow, _ keys: [LedgerReportKey]) -> [OutputValue] {
        let totals = row.totals
        let unit = Self.hashrateUnit(row)
        return row.key.map { .text($0) } + [.integer(totals.shares), .integer(totals.forwarded)]
            + Self.verdicts.map { .integer(totals[$0]) } + [
                .measure(totals.acceptedWork, shown: HumanUnits.scaled(totals.acceptedWork)),
                .measure(totals.sessionWork, shown: HumanUnits.scaled(totals.sessionWork)),
                totals.refusedPercent.map { .measure($0, shown: HumanUnits.percent($0 / 100)) } ?? .null,
                Self.hashrate(row.hashrate, unit),
                Self.hashrate(row.hashrateRange?.lowerBound, unit),
                Self.hashrate(row.hashrateRange?.upperBound, unit),
                Self.hashes(row.hashes.session),
                Self.hashes(row.hashes.accepted),
                .integer(totals.inGaps),
                .integer(totals.fromRollups),
            ] + (keys.contains(.route) ? [.text(row.protocols.first?.name)] : [])
    }

    /// That of the protocols whose shares they are, or H/s where they differ.
    private static func hashrateUnit(_ row: LedgerReportRow) -> String {
        let units = Set(row.protocols.map { RouterProgram.dialects[$0.name]?.hashrateUnit ?? HumanUnits.hashrateUnit })
        return units.count == 1 ? units.first ?? HumanUnits.hashrateUnit : HumanUnits.hashrateUnit
    }

    private static func hashrate(_ value: Double?, _ unit: String) -> OutputValue {
        value.map { .measure($0, shown: HumanUnits.hashrate($0, unit: unit)) } ?? .null
    }

    private static func hashes(_ hashes: Double) -> OutputValue {
        .measure(hashes, shown: HumanUnits.scaled(hashes))
    }
}
