import ArgumentParser
import Configuration
import Foundation
import Persistence

/// Which ledger to read.
struct LedgerOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The ledger itself.", valueName: "path"))
    var ledger: String?

    @Option(
        help: ArgumentHelp(
            "A configuration that names it. Without either: $ROUTER_CONFIG, then /etc/router/router.yaml.",
            valueName: "file"
        )
    )
    var config: String?

    func validate() throws {
        if self.ledger != nil, self.config != nil {
            throw ValidationError("Give --ledger or --config, not both.")
        }
    }

    /// The ledger's path. What is wrong goes to stderr, the exit code is thrown.
    func path() throws -> String {
        if let ledger { return ledger }
        let environment = ProcessInfo.processInfo.environment
        let file = ConfigurationPath.resolve(explicit: self.config, environment: environment)
        guard FileManager.default.fileExists(atPath: file) else {
            printToStandardError(
                "there is no configuration at \(file): name one with --config, or a ledger with --ledger")
            throw ExitStatus.noInput
        }
        do {
            return try LedgerLocator.path(configFile: file)
        } catch {
            printToStandardError("\(error)")
            throw ExitStatus.configuration
        }
    }

    /// The ledger, opened. What is wrong with it goes to stderr, the exit code is thrown.
    func open() throws -> LedgerReader {
        let path = try self.path()
        return try self.explained { try LedgerReader(path: path) }
    }

    /// Runs `body` on the ledger. What is wrong with it goes to stderr, the exit code is thrown.
    func read<Result>(_ body: (LedgerReader) throws -> Result) throws -> Result {
        let reader = try self.open()
        return try self.explained { try body(reader) }
    }

    /// Says on stderr what explains an answer that is shorter than expected.
    func remark(
        on reader: LedgerReader,
        workers: [String] = [],
        pools: [String] = [],
        routes: [String] = [],
        sharesSince since: Int64?? = nil
    ) throws {
        try self.explained {
            for name in try reader.unknownNames(workers: workers, pools: pools, routes: routes) {
                printToStandardError("the ledger has no \(name)")
            }
            guard case .some(let since) = since, let dropped = try reader.droppedUntil(), since ?? .min <= dropped
            else {
                return
            }
            printToStandardError(
                "shares up to \(LedgerTime.format(dropped)) have been dropped; report has the totals that stayed"
            )
        }
    }

    /// Runs `body`. What it finds wrong with the ledger goes to stderr, the exit code is thrown.
    func explained<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as LedgerError {
            printToStandardError("\(error)")
            if case .missing = error { throw ExitStatus.noInput }
            throw ExitStatus.configuration
        }
    }
}

/// Which stretch of time.
struct PeriodOptions: ParsableArguments {
    static let help = """
        Times are UTC: 2026-01-31, "2026-01-31 09:05", RFC 3339, today, yesterday, or back from now: 90s, 15m, 2h, 30d.
        """

    @Option(help: ArgumentHelp("From this time on.", valueName: "time"))
    var since: String?

    @Option(help: ArgumentHelp("Before this time.", valueName: "time"))
    var until: String?

    func validate() throws {
        _ = try self.period(now: Self.now)
    }

    /// Milliseconds since 1970.
    static var now: Int64 { Int64(Date().timeIntervalSince1970 * 1_000) }

    /// `now` is what durations count back from.
    func period(now: Int64) throws -> LedgerPeriod {
        let period = LedgerPeriod(
            since: try self.since.map { try Self.time($0, option: "--since", now: now) },
            until: try self.until.map { try Self.time($0, option: "--until", now: now) }
        )
        if let since = period.since, let until = period.until, since > until {
            throw ValidationError("--since is later than --until.")
        }
        return period
    }

    private static func time(_ text: String, option: String, now: Int64) throws -> Int64 {
        guard let time = LedgerTime.parse(text, now: now) else {
            throw ValidationError("'\(text)' is no time for \(option). \(Self.help)")
        }
        return time
    }
}

extension LedgerVerdictKind: ExpressibleByArgument {
    /// By the name users see.
    public init?(argument: String) { self.init(name: argument) }

    /// The names users see.
    public static var allValueStrings: [String] { Self.allCases.map(\.name) }
}
