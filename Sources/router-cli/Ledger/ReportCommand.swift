import ArgumentParser
import ControlAPI
import Persistence

/// `router-cli report`
struct ReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Show totals from the ledger.",
        discussion: """
            accepted_work is the sum of the pool difficulties of accepted shares: what the pool pays for. session_work is \
            the sum of the session difficulties of all shares that nobody refused: what the workers did. The hashrate is \
            estimated from session_work over the period.

            \(PeriodOptions.help)

            Example: each worker's totals at each pool, day by day
              router-cli report --config /etc/router/router.yaml --by day,worker,pool --since 7d
            """
    )

    @OptionGroup var source: LedgerOptions

    @Option(
        help: ArgumentHelp("What makes a line: worker, pool, route, hour, day, comma-separated.", valueName: "keys"),
        transform: ReportColumns.keys(in:)
    )
    var by: [LedgerReportKey] = []

    @OptionGroup var time: PeriodOptions

    @Option(help: "How to show them.")
    var format: OutputFormat = .table

    func run() async throws {
        let now = PeriodOptions.now
        let period = try self.time.period(now: now)
        let rows = try self.source.read { try $0.report(by: self.by, period: period, now: now) }
        var output = StandardOutput()
        var printer = try RowPrinter(format: self.format, columns: ReportColumns.names(self.by)) {
            try output.write($0)
        }
        for row in rows { try printer.add(ReportColumns.values(of: row)) }
        try printer.finish()
        try output.flush()
        let inGaps = rows.reduce(0) { $0 &+ $1.totals.inGaps }
        if inGaps > 0 {
            printToStandardError("\(inGaps) of these shares are known only as totals; see router-cli events --kind gap")
        }
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

    /// The keys, then the sums.
    static func names(_ keys: [LedgerReportKey]) -> [String] {
        keys.map(\.rawValue) + ["shares", "forwarded"] + Self.verdicts.map(\.name)
            + ["accepted_work", "session_work", "reject_percent", "hashrate"]
    }

    /// One value for each name.
    static func values(of row: LedgerReportRow) -> [OutputValue] {
        let totals = row.totals
        return row.key.map { .text($0) } + [.integer(totals.shares), .integer(totals.forwarded)]
            + Self.verdicts.map { .integer(totals[$0]) } + [
                .measure(totals.acceptedWork, shown: HumanUnits.scaled(totals.acceptedWork)),
                .measure(totals.sessionWork, shown: HumanUnits.scaled(totals.sessionWork)),
                totals.refusedPercent.map { .measure($0, shown: HumanUnits.percent($0 / 100)) } ?? .null,
                row.hashrate.map { .measure($0, shown: HumanUnits.hashrate($0)) } ?? .null,
            ]
    }
}
