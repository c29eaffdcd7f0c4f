import Forecast
import PoolPool
import Router
import Testing

/// What a day with faults comes to. Times of detection are printed for the documents.
@Suite struct FaultForecastTests {
    private static let minute = 60.0

    private static func pool(_ name: String, priority: Int = 1, weight: Double = 1) -> PoolConfiguration {
        PoolConfiguration(
            name: name,
            endpoint: PoolEndpoint(transport: .tcp, host: "\(name).example.com", port: 3333),
            priority: priority,
            weight: weight
        )
    }

    private static func run(
        _ pools: [PoolConfiguration], _ faults: [ForecastFault], minutes: Double = 60, miners: Int = 20
    ) -> ForecastReport {
        var scenario = ForecastScenario(
            route: RouteConfiguration(name: "btc", listeners: [], pools: pools),
            miners: ForecastMiner.farm(miners, from: 1e13, to: 2e14),
            faults: faults,
            duration: minutes * Self.minute
        )
        scenario.blockInterval = 120
        return Forecast.run(scenario)
    }

    private static let pair = [pool("primary"), pool("backup", priority: 2)]
    private static let three = pair + [pool("third", priority: 3)]

    @Test(arguments: [
        (ForecastFault.Kind.down, 1.0), (.frozen, 60), (.rejects(ratio: 0.5), 180), (.rejects(ratio: 1), 60),
        (.slow(latency: 20), 120), (.oldBlock, 600),
    ])
    func poolThatFailsIsLeft(kind: ForecastFault.Kind, limit: Double) throws {
        let fault = ForecastFault(pool: "primary", kind: kind, start: 600, length: 1_800)
        let report = Self.run(Self.three, [fault])
        let failover = try #require(report.failovers.first)
        print("\(kind): left after \(failover.detection ?? -1) s: \(failover.cause)")
        #expect(failover.pool == "primary" && failover.sessions == 20)
        #expect((failover.detection ?? .infinity) <= limit)
        #expect(report.pools[1].work > 0)
        #expect(report.needlessIdleSeconds == 0)
    }

    @Test func withTwoPoolsAnOldBlockIsSeenAsWell() throws {
        let fault = ForecastFault(pool: "primary", kind: .oldBlock, start: 600, length: 1_800)
        let report = Self.run(Self.pair, [fault])
        #expect(report.failovers.first?.cause.contains("old block") == true)
        #expect(report.pools[1].work > 0)
    }

    @Test func healthyPoolIsNeverLeft() {
        for seed in 1...3 as ClosedRange<UInt64> {
            var scenario = ForecastScenario(
                route: RouteConfiguration(name: "btc", listeners: [], pools: Self.three),
                miners: ForecastMiner.farm(50, from: 1e13, to: 2e14),
                duration: 12 * 3600,
                seed: seed
            )
            scenario.rejectRatio = 0.02
            scenario.shareInterval = 1
            let report = Forecast.run(scenario)
            #expect(report.failovers.isEmpty && report.ejections == 0, "seed \(seed)")
            #expect(report.pools[0].accepted > 40_000)
        }
    }

    @Test func flappingPoolCarriesNoLoadWhileItFlaps() {
        let fault = ForecastFault(pool: "primary", kind: .flapping(period: 10), start: 600, length: 3_600)
        let report = Self.run(Self.pair, [fault], minutes: 90)
        let starts = report.starts.filter { $0.pool == "primary" && $0.sinceFailure != nil }
        // Once, when the flapping is over.
        #expect(starts.count == 1, "\(starts)")
        #expect(starts.allSatisfy { $0.time > 4_200 && ($0.sinceFailure ?? 0) >= 120 })
        #expect(report.failovers.count == 1)
    }

    @Test func failbackIsARampAndNoStep() throws {
        let fault = ForecastFault(pool: "primary", kind: .down, start: 600, length: 300)
        let report = Self.run(Self.pair, [fault], minutes: 30, miners: 100)
        let start = try #require(report.starts.last { $0.pool == "primary" })
        #expect((start.sinceFailure ?? 0) >= 300 + 120)
        // All of them came back, at most five a second.
        #expect(report.moves >= 100)
        #expect(report.pools[0].share > 0.7)
    }

    @Test func ofPoolsThatAreAllBadTheLeastBadCarriesMost() {
        let faults = [
            ForecastFault(pool: "primary", kind: .rejects(ratio: 0.9), start: 300, length: 86_400),
            ForecastFault(pool: "backup", kind: .rejects(ratio: 0.4), start: 300, length: 86_400),
        ]
        let report = Self.run(Self.pair, faults, minutes: 240)
        #expect(report.pools[1].work > 5 * report.pools[0].work, "\(report.pools)")
        #expect(report.needlessIdleSeconds == 0)
    }

    @Test func firstPoolThatComesBackTakesEverybodyAtOnce() {
        let faults = Self.pair.map { pool in
            ForecastFault(pool: pool.name, kind: .down, start: 600, length: pool.priority == 2 ? 60 : 900)
        }
        let report = Self.run(Self.pair, faults, minutes: 30)
        #expect(report.needlessIdleSeconds == 0)
        // A minute of outage, and the time until the next attempt to connect.
        #expect(report.longestWait <= 60 + 61)
        #expect(report.starts.contains { $0.pool == "backup" && ($0.sinceFailure ?? 0) < 121 })
    }
}
