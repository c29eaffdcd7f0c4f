import ArgumentParser
import ControlAPI
import Persistence

/// `router-cli events`
struct EventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events",
        abstract: "Show what happened to pools and sessions, the newest last.",
        discussion: """
            Kinds: \(LedgerEventFilter.allKinds.joined(separator: ", ")). A gap stands for shares of which the ledger has \
            only totals, because it could not be written. The table leaves out columns in which no event has anything.

            Of a failover the last columns say when the pool last did something right, how long it took from the decision \
            to the last session's new job, how many sessions had none after ten seconds, and what the lost shares were \
            worth: the sum of their difficulties, and hashes.

            \(PeriodOptions.help)

            Example: every failover of the last month, with its cause, how long it took to see, and what it cost
              router-cli events --kind failover --since 30d
            Example: whatever happens from now on
              router-cli events --follow
            """
    )

    @OptionGroup var source: LedgerOptions

    @Option(help: ArgumentHelp("Only this kind.", valueName: "kind"), transform: Self.kind)
    var kind: [String] = []

    @Option(help: ArgumentHelp("Only this pool.", valueName: "name"))
    var pool: [String] = []

    @OptionGroup var time: PeriodOptions

    @Option(
        help: ArgumentHelp(
            "Only the newest of them, this many (--follow: \(Following.start) if not given).",
            valueName: "number"
        )
    )
    var limit: Int?

    @Option(help: "How to show them.")
    var format: OutputFormat = .table

    @Flag(help: "Go on with each event that is recorded, until interrupted.")
    var follow = false

    func validate() throws {
        if let limit, limit < 0 { throw ValidationError("--limit must not be negative.") }
        if self.follow, self.time.until != nil { throw ValidationError("--follow has no end, so no --until.") }
    }

    func run() async throws {
        var filter = LedgerEventFilter()
        filter.kinds = self.kind
        filter.pools = self.pool
        filter.period = try self.time.period(now: PeriodOptions.now)
        filter.limit = self.limit ?? (self.follow ? Following.start : nil)
        guard !self.follow else { return try await self.follow(filter) }
        let events = try self.source.read { reader in
            try self.source.remark(on: reader, pools: self.pool)
            return try reader.events(filter)
        }
        var output = StandardOutput()
        var printer = try RowPrinter(format: self.format, columns: EventColumns.names, leavesOutEmpty: true) {
            try output.write($0)
        }
        for event in events { try printer.add(EventColumns.values(of: event)) }
        try printer.finish()
        try output.flush()
    }

    private func follow(_ filter: LedgerEventFilter) async throws {
        var events = LedgerFollower.Events(try self.source.open(), filter)
        var printer = FollowPrinter(format: self.format, columns: EventColumns.names)
        try await Following.run {
            let records = try self.source.explained { try events.next() }
            try printer.print(records.map { EventColumns.values(of: $0) })
        }
    }

    private static func kind(_ text: String) throws -> String {
        guard LedgerEventFilter.allKinds.contains(text) else {
            throw ValidationError("'\(text)' is none of \(LedgerEventFilter.allKinds.joined(separator: ", ")).")
        }
        return text
    }
}

/// How an event is shown. Users rely on the names and their order.
enum EventColumns {
    static let names = [
        "time", "kind", "route", "pool", "from_pool", "to_pool", "session", "worker", "remote", "cause", "detection_ms",
        "sessions_moved", "shares_lost", "detail", "last_good", "completion_ms", "sessions_waiting", "work_lost",
        "hashes_lost", "sessions_closed",
    ]

    /// One value for each name.
    static func values(of event: LedgerEventRecord) -> [OutputValue] {
        [
            .text(LedgerTime.format(event.time)),
            .text(event.kind),
            .text(event.route),
            .text(event.pool),
            .text(event.fromPool),
            .text(event.toPool),
            .integer(event.session),
            .text(event.worker),
            .text(event.remote),
            .text(event.cause),
            .integer(event.detection),
            .integer(event.sessionsMoved),
            .integer(event.sharesLost),
            .text(event.detail),
            .text(event.receipt?.lastGood.map { LedgerTime.format($0) }),
            .integer(event.receipt?.completion),
            .integer(event.receipt?.sessionsWaiting),
            Self.measure(event.receipt?.workLost),
            Self.measure(event.receipt?.hashesLost),
            .integer(event.receipt?.sessionsClosed),
        ]
    }

    private static func measure(_ value: Double?) -> OutputValue {
        value.map { .measure($0, shown: HumanUnits.scaled($0)) } ?? .null
    }
}
