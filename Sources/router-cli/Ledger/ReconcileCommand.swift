import ArgumentParser
import Persistence

/// `router-cli ledger reconcile`
struct ReconcileCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reconcile",
        abstract: "Compare a pool's statement with the work it accepted.",
        discussion: """
            Prints each worker and period of the statement with what the pool accepted from the router, what it credited, \
            the difference with its confidence interval, and how many shares are enough to see the shortfall looked for; \
            the last line is the total, and the verdict is about the total. A line by itself is called under- or \
            over-credited only if the difference is too large to come up by chance in any of the lines.

            The model says what chance may have done. sampled: the pool's figure is an estimate from as many shares. \
            exact: the pool adds up the shares it accepted, so only the borders of periods are uncertain.

            Exit code 0: no difference found; 1: under- or over-credited.

            Example: a statement with the columns worker, date and hashrate in TH/s, by days
              router-cli ledger reconcile --config /etc/router/router.yaml --pool primary --statement january.csv \\
                --time-column date --work-column hashrate --unit ths --period 1d --worker-prefix account.
            """
    )

    @OptionGroup var source: LedgerOptions

    @Option(help: ArgumentHelp("Whose statement it is.", valueName: "name"))
    var pool: String

    @Option(help: ArgumentHelp("Only this route, when several have a pool of that name.", valueName: "name"))
    var route: String?

    @OptionGroup var statement: StatementOptions

    @OptionGroup var time: PeriodOptions

    @Option(help: "Where a difference may come from.")
    var model: Reconciliation.Model = .sampled

    @Option(
        help: ArgumentHelp(
            """
            How far the pool's clock may be from the router's: work that close to a border may be booked on its other \
            side. Without it: 60s for the model exact, 0s for sampled.
            """,
            valueName: "time"
        ),
        transform: StatementOptions.duration
    )
    var edge: Int64?

    @Option(help: ArgumentHelp("The shortfall looked for, in per cent.", valueName: "percent"))
    var shortfall = 1.0

    @Option(help: ArgumentHelp("How sure the interval is, in per cent.", valueName: "percent"))
    var confidence = 95.0

    @Option(help: "What makes a line: a row of the statement, or a worker.")
    var by: StatementComparison.Grouping = .row

    @Option(help: "How to show them.")
    var format: OutputFormat = .table

    func validate() throws {
        guard (0.001...99).contains(self.shortfall) else { throw ValidationError("--shortfall must be 0.001 to 99.") }
        guard (50...99.9999).contains(self.confidence) else {
            throw ValidationError("--confidence must be 50 to 99.9999.")
        }
    }

    func run() async throws {
        let rows = try self.rows()
        let comparison = try self.source.read { try self.compare(rows, with: $0) }
        var output = StandardOutput()
        var printer = try RowPrinter(format: self.format, columns: ReconcileColumns.names) { try output.write($0) }
        for row in ReconcileColumns.rows(of: comparison) { try printer.add(row) }
        try printer.finish()
        try output.flush()
        let words = ReconcileWords(comparison, pool: self.pool, with: self.reconciliation)
        for line in words.lines { printToStandardError(line) }
        switch comparison.total?.finding.verdict {
        case .underCredited, .overCredited: throw ExitStatus.no
        case .consistent, .notEnough, nil: break
        }
    }

    var reconciliation: Reconciliation {
        Reconciliation(model: self.model, confidence: self.confidence / 100, shortfall: self.shortfall / 100)
    }

    /// The statement as far as it lies within `--since` and `--until`, in the unit of the pool's route.
    func rows() throws -> PoolStatement {
        let description = try self.source.read { try self.protocol(in: $0) }
        let statement = try self.statement.read(hashesPerDifficulty: description.hashesPerDifficulty)
        for note in statement.notes { printToStandardError("\(self.statement.statement): \(note)") }
        let rows = statement.rows(in: try self.time.period(now: PeriodOptions.now))
        guard !rows.rows.isEmpty else {
            printToStandardError("\(self.statement.statement): there is no row to compare")
            throw ExitStatus.usage
        }
        if rows.rows.count < statement.rows.count {
            printToStandardError("\(statement.rows.count - rows.rows.count) rows are not within --since and --until")
        }
        return rows
    }

    /// What is spoken with the pool. That there is no such pool, or that its work cannot be added up, goes to stderr, the
    /// exit code is thrown.
    private func `protocol`(in reader: LedgerReader) throws -> LedgerProtocol {
        let pools = try reader.pools(route: self.route)
        let protocols = try reader.protocols(pool: self.pool, route: self.route)
        guard pools.contains(self.pool) else {
            let known = pools.isEmpty ? "none" : pools.joined(separator: ", ")
            printToStandardError("the ledger has no pool '\(self.pool)'; it has \(known)")
            throw ExitStatus.usage
        }
        if Set(protocols.map(\.hashesPerDifficulty)).count > 1 {
            let names = protocols.map(\.name).joined(separator: ", ")
            printToStandardError("several routes have a pool '\(self.pool)' (\(names)): name one with --route")
            throw ExitStatus.usage
        }
        return protocols.first ?? .bitcoin
    }

    /// Holds the statement against the ledger.
    func compare(_ statement: PoolStatement, with reader: LedgerReader) throws -> StatementComparison {
        let edge = self.edge ?? (self.model == .exact ? 60_000 : 0)
        let accepted = try reader.acceptedWork(
            pool: self.pool,
            route: self.route,
            periods: statement.rows.map(\.period),
            edge: edge
        )
        guard accepted.droppedShares == 0 else {
            printToStandardError(
                """
                the ledger has dropped its totals of a part of the statement's time: \
                leave that part out with --since
                """
            )
            throw ExitStatus.no
        }
        if accepted.isToTheMinute {
            printToStandardError(
                "some periods begin or end within a minute of which the ledger has only totals left; the intervals allow for it"
            )
        }
        return StatementComparison(
            statement: statement,
            work: accepted.work,
            names: accepted.workers,
            edge: edge,
            grouping: self.by,
            with: self.reconciliation
        )
    }
}

extension Reconciliation.Model: ExpressibleByArgument {}

extension StatementComparison.Grouping: ExpressibleByArgument {}
