import Configuration
import PoolPool
import Router
import Stratum
import Testing

@testable import RouterCLI

@Suite struct PlanTextTests {
    private static func plan(_ route: RouteConfiguration) -> String {
        PlanText.render(
            ConfigurationPlan(
                ServiceConfiguration(
                    routes: [route],
                    ledger: LedgerSettings(path: "ledger.sqlite"),
                    control: ControlSettings(socket: "control.sock"),
                    log: LogSettings(),
                    threads: 1
                )
            )
        )
    }

    private static func route(_ options: [DialectOptions]) -> RouteConfiguration {
        RouteConfiguration(
            name: "one",
            listeners: [ListenerConfiguration(host: "0.0.0.0", port: 3333)],
            pools: options.enumerated().map { index, options in
                var pool = PoolConfiguration(
                    name: "pool\(index)", endpoint: PoolEndpoint(transport: .tcp, host: "a.example", port: 1)
                )
                pool.options = options
                return pool
            }
        )
    }

    @Test func routeSaysWhatItSpeaks() throws {
        let bitcoin = Self.plan(Self.route([DialectOptions()]))
        #expect(bitcoin.hasPrefix("route one (bitcoin), miners on 0.0.0.0:3333\n"))
        #expect(!bitcoin.contains("OPTIONS"))
        var route = Self.route([DialectOptions()])
        let options = DialectOptions(["parameters": "144,5", "personalization": "BgoldPoW"])
        route.dialect = try ConfiguredDialect(EquihashDialect.self, options)
        #expect(
            Self.plan(route).hasPrefix("route one (equihash, parameters 144,5, personalization BgoldPoW), miners on "))
    }

    @Test func poolsHaveOptionsOfTheirOwn() throws {
        var route = Self.route([DialectOptions(["flavor": "proxy"]), DialectOptions()])
        route.dialect = try ConfiguredDialect(EthashDialect.self)
        let lines = Self.plan(route).split(separator: "\n")
        #expect(lines.contains { $0.hasPrefix("PRIORITY") && $0.hasSuffix("  OPTIONS") }, "\(lines)")
        #expect(lines.contains { $0.contains("pool0") && $0.hasSuffix("  flavor proxy") }, "\(lines)")
        #expect(lines.contains { $0.contains("pool1") && $0.hasSuffix("  -") }, "\(lines)")
    }
}
