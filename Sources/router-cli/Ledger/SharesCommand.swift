import ArgumentParser
import Persistence

/// `router-cli shares`
struct SharesCommand: AsyncParsableCommand {
    /// Rows of a table when no number is given.
    static let tableLimit = 1_000

    static let configuration = CommandConfiguration(
        commandName: "shares",
        abstract: "Show shares from the ledger, one row each, the newest last.",
        discussion: """
            They come in the order in which they were settled; those that still await their verdict come last. Works while \
            the router runs, and on a copy of the ledger without any router. Options that are given more than once widen \
            the choice; different options narrow it.

            \(PeriodOptions.help)

            Example: what the pool rejected in the last two hours, as JSON
              router-cli shares --ledger /var/lib/router/ledger.sqlite --verdict rejected --since 2h --format json
            Example: what a worker finds from now on
              router-cli shares --worker farm.rig1 --follow
            """
    )

    @OptionGroup var source: LedgerOptions

    @Option(help: ArgumentHelp("Only this worker.", valueName: "name"))
    var worker: [String] = []

    @Option(help: ArgumentHelp("Only this pool.", valueName: "name"))
    var pool: [String] = []

    @Option(help: ArgumentHelp("Only this route.", valueName: "name"))
    var route: [String] = []

    @Option(help: ArgumentHelp("Only this verdict.", valueName: "verdict"))
    var verdict: [LedgerVerdictKind] = []

    @OptionGroup var time: PeriodOptions

    @Option(
        help: ArgumentHelp(
            "Only the newest of them, this many (tables: \(Self.tableLimit) if not given; --follow: \(Following.start)).",
            valueName: "number"
        )
    )
    var limit: Int?

    @Option(help: "How to show them.")
    var format: OutputFormat = .table

    @Flag(help: "Go on with each share that is settled, until interrupted.")
    var follow = false

    func validate() throws {
        if let limit, limit < 0 { throw ValidationError("--limit must not be negative.") }
        if self.follow, self.time.until != nil { throw ValidationError("--follow has no end, so no --until.") }
    }

    func run() async throws {
        let filter = try self.filter
        guard !self.follow else { return try await self.follow(filter) }
        var output = StandardOutput()
        let count = try self.source.read { reader in
            var count = 0
            let columns = ShareColumns.names(self.format)
            var printer = try RowPrinter(format: self.format, columns: columns) { try output.write($0) }
            try reader.shares(filter) { share in
                try printer.add(ShareColumns.values(of: share, self.format))
                count += 1
            }
            try printer.finish()
            try self.source.remark(
                on: reader,
                workers: self.worker,
                pools: self.pool,
                routes: self.route,
                sharesSince: .some(filter.period.since)
            )
            return count
        }
        try output.flush()
        if self.limit == nil, self.format == .table, count == Self.tableLimit {
            printToStandardError("these are the newest \(Self.tableLimit); see --limit")
        }
    }

    private var filter: LedgerShareFilter {
        get throws {
            var filter = LedgerShareFilter()
            filter.workers = self.worker
            filter.pools = self.pool
            filter.routes = self.route
            filter.verdicts = self.verdict
            filter.period = try self.time.period(now: PeriodOptions.now)
            let limit = self.follow ? Following.start : self.format == .table ? Self.tableLimit : nil
            filter.limit = self.limit ?? limit
            return filter
        }
    }

    private func follow(_ filter: LedgerShareFilter) async throws {
        var shares = LedgerFollower.Shares(try self.source.open(), filter)
        var printer = FollowPrinter(format: self.format, columns: ShareColumns.names(self.format))
        try await Following.run {
            let records = try self.source.explained { try shares.next() }
            try printer.print(records.map { ShareColumns.values(of: $0, self.format) })
        }
    }
}
