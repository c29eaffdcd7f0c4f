import ArgumentParser
import Configuration
import Forecast
import Foundation
import Persistence
import PoolPool
import Router
import Stratum

/// `router-cli simulate`
struct SimulateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Run the decisions of a configuration over a simulated day, in seconds.",
        discussion: """
            The router's own code decides, between pools and miners that are numbers: who gets what work, who moves, what a \
            failover costs. Nothing is connected to. Without --replay there are --miners of --hashrate, evenly spread between \
            the two on a logarithmic scale, of which --churn leave in an hour and come back minutes later.

            With --replay the miners, their hashrates by the hour, and the outages of pools are those that a ledger has \
            recorded from --since on (until --until, or for --hours), so that a new configuration can be tried on yesterday. \
            Pools of the ledger that the configuration does not have are left out. A pool that was put aside in that time \
            refuses half of the shares meanwhile.

            --faults is a YAML file: a list "faults" whose items have pool, kind (down, frozen, flapping, rejects, slow, \
            old_block), at, for, and period, ratio or latency.

            The same seed gives the same result. TARGET is what the pool should have had by the shares that held at each \
            moment, MOVES those that nothing forced. Exit codes: 0 done, 66 a file is missing, 78 one has mistakes.

            Example: a day of a hundred miners
              router-cli simulate --config router.yaml --hours 24 --miners 100
            Example: would this configuration have done better yesterday?
              router-cli simulate --config new.yaml --replay ledger.sqlite --since yesterday --hours 24
            """
    )

    @OptionGroup var options: ConfigurationOptions

    @Option(help: ArgumentHelp("The route to simulate. Default: the first one.", valueName: "name"))
    var route: String?

    @Option(help: ArgumentHelp("How long, in hours of the simulation (at most 8760).", valueName: "number"))
    var hours = 24.0

    @Option(help: ArgumentHelp("How many miners (at most 100000; 100 if not given).", valueName: "number"))
    var miners: Int?

    @Option(
        help: ArgumentHelp(
            "Hashrates of the miners: one, or the lowest and the highest, as 90, 1-200 or 500k-2M. Without k, M, G or T "
                + "behind it a number is in TH/s. Default: what miners of the route's protocol have, 1-200 in bitcoin.",
            valueName: "low-high"))
    var hashrate: HashrateRange?

    @Option(help: ArgumentHelp("Per cent of the miners that leave in an hour (10 if not given).", valueName: "percent"))
    var churn: Double?

    @Option(help: ArgumentHelp("Where chance begins.", valueName: "number"))
    var seed: UInt64 = 1

    @Option(help: ArgumentHelp("A file of what goes wrong.", valueName: "file"))
    var faults: String?

    @Option(help: ArgumentHelp("A ledger whose miners and outages to take.", valueName: "ledger"))
    var replay: String?

    @OptionGroup var time: PeriodOptions

    @Option(help: "How to show the result.")
    var format = CheckCommand.Format.table

    func validate() throws {
        guard (0.01...8760).contains(self.hours) else { throw ValidationError("--hours must be from 0.01 to 8760.") }
        guard (1...100_000).contains(self.miners ?? 1) else {
            throw ValidationError("--miners must be from 1 to 100000.")
        }
        guard (0...1000).contains(self.churn ?? 0) else { throw ValidationError("--churn must be from 0 to 1000.") }
        if self.replay == nil, self.time.since != nil || self.time.until != nil {
            throw ValidationError("--since and --until go with --replay.")
        }
        if self.replay != nil, self.miners != nil || self.hashrate != nil || self.churn != nil {
            throw ValidationError(
                "--miners, --hashrate and --churn do not go with --replay: the ledger has the miners.")
        }
        if self.replay != nil, self.time.since == nil {
            throw ValidationError("--replay needs --since: from when on?")
        }
    }

    func run() async throws {
        let configuration = try self.options.load()
        let route = try self.route(of: configuration)
        var scenario = try self.scenario(route)
        for fault in scenario.faults where fault.start >= scenario.duration {
            printToStandardError("warning: the fault of \(fault.pool) begins after the end: it does not happen")
        }
        for fault in scenario.faults where route.pools.contains(where: { $0.name == fault.pool && !$0.enabled }) {
            printToStandardError("warning: \(fault.pool) is not enabled, so nobody notices its fault")
        }
        for pin in route.pins where pin.network != nil || pin.listener != nil {
            printToStandardError(
                "warning: simulated miners have no address and no listener: the pin \(pin.name) matches none of them"
            )
        }
        scenario.checkpoints = [3600, 6 * 3600, 24 * 3600].filter { $0 < scenario.duration }
        let clock = ContinuousClock()
        let start = clock.now
        let report = Forecast.run(scenario)
        var output = StandardOutput()
        switch self.format {
        case .table: try output.write(SimulationText.render(report, scenario))
        case .json: try output.write(SimulationText.json(report, scenario))
        }
        try output.flush()
        let seconds = Double((clock.now - start).components.seconds) + 1
        printToStandardError(
            String(format: "%.1f simulated hours in %.0f s or less", scenario.duration / 3600, seconds))
    }

    private func route(of configuration: ServiceConfiguration) throws -> RouteConfiguration {
        guard let wanted = self.route else {
            guard let first = configuration.routes.first else { throw ExitStatus.configuration }
            if configuration.routes.count > 1 {
                printToStandardError("simulating route \(first.name); --route chooses another one")
            }
            return first
        }
        guard let route = configuration.routes.first(where: { $0.name == wanted }) else {
            let known = configuration.routes.map(\.name).joined(separator: ", ")
            throw ValidationError("there is no route '\(wanted)'; there are \(known).")
        }
        return route
    }

    private func scenario(_ route: RouteConfiguration) throws -> ForecastScenario {
        var faults: [ForecastFault] = []
        if let path = self.faults {
            do {
                faults = try ConfigurationLoader.loadFaults(path: path, pools: route.pools.map(\.name))
                    .map { ForecastFault($0) }
            } catch {
                printToStandardError(error.description)
                throw error.isMissingFile ? ExitStatus.noInput : ExitStatus.configuration
            }
        }
        guard let ledger = self.replay else {
            let hashrate =
                self.hashrate
                ?? HashrateRange(
                    low: type(of: route.dialect.dialect).usualHashrates.lowerBound,
                    high: type(of: route.dialect.dialect).usualHashrates.upperBound
                )
            return ForecastScenario(
                route: route,
                miners: ForecastMiner.farm(self.miners ?? 100, from: hashrate.low, to: hashrate.high),
                faults: faults,
                duration: self.hours * 3600,
                seed: self.seed,
                churn: (self.churn ?? 10) / 100
            )
        }
        let period = try self.time.period(now: PeriodOptions.now)
        let recorded = try RecordedDay.read(ledger: ledger, route: route, period: period, hours: self.hours)
        return ForecastScenario(
            route: route,
            miners: recorded.miners,
            faults: recorded.faults + faults,
            duration: recorded.duration,
            seed: self.seed
        )
    }
}

/// Hashrates on the command line, as `90` or `1-200` in TH/s, or with prefixes as `500k-2M`.
struct HashrateRange: ExpressibleByArgument {
    /// H/s, or what the protocol counts.
    var low: Double
    var high: Double

    init(low: Double, high: Double) {
        self.low = low
        self.high = high
    }

    init?(argument: String) {
        let parts = argument.split(separator: "-", omittingEmptySubsequences: false).map(Self.hashrate)
        guard (1...2).contains(parts.count), let first = parts.first, let low = first, let last = parts.last,
            let high = last, low > 0, low <= high, high <= 1e21
        else { return nil }
        self.init(low: low, high: high)
    }

    private static func hashrate(_ text: Substring) -> Double? {
        let factors: [Character: Double] = ["k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12]
        guard let factor = text.last.flatMap({ factors[$0] }) else { return Double(text).map { $0 * 1e12 } }
        return Double(text.dropLast()).map { $0 * factor }
    }
}

extension ForecastFault {
    init(_ planned: PlannedFault) {
        let kind: Kind
        switch planned.kind {
        case .down: kind = .down
        case .frozen: kind = .frozen
        case .flapping: kind = .flapping(period: Self.seconds(planned.period))
        case .rejects: kind = .rejects(ratio: planned.ratio)
        case .slow: kind = .slow(latency: Self.seconds(planned.latency))
        case .oldBlock: kind = .oldBlock
        }
        self.init(
            pool: planned.pool, kind: kind, start: Self.seconds(planned.start), length: Self.seconds(planned.length)
        )
    }

    private static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
    }
}
