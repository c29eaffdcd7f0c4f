import Forecast
import PoolPool
import Router
import Testing

/// Work per pool comes to the weights, over simulated hours (design §4, invariant 5).
@Suite struct BalanceForecastTests {
    private static let hour = 3600.0
    private static let terahash = 1e12

    private static func scenario(
        miners: [ForecastMiner], weights: [Double], hours: Double, seed: UInt64, churn: Double = 0
    ) -> ForecastScenario {
        let pools = weights.enumerated().map { index, weight in
            PoolConfiguration(
                name: "pool\(index + 1)",
                endpoint: PoolEndpoint(transport: .tcp, host: "pool\(index + 1).example.com", port: 3333),
                weight: weight
            )
        }
        var scenario = ForecastScenario(
            route: RouteConfiguration(name: "btc", listeners: [], pools: pools),
            miners: miners,
            duration: hours * self.hour,
            seed: seed,
            churn: churn
        )
        scenario.checkpoints = [self.hour, 6 * self.hour]
        return scenario
    }

    private static func print(_ what: String, _ report: ForecastReport) {
        let checkpoints = report.checkpoints.map { "\(Int($0.time / self.hour)) h: \(percent($0.deviation))" }
        let deviations = report.pools.map { "\($0.name) \(percent($0.deviation))" }
        Swift.print(
            "\(what): \(checkpoints), at the end \(deviations), \(report.moves) moves, "
                + "\(percent(report.movesPerSessionHour / 100)) a session and hour, longest wait \(report.longestWait) s"
        )
    }

    private static func percent(_ part: Double) -> String { "\((part * 10_000).rounded() / 100)" }

    @Test(arguments: [UInt64](1...3))
    func hundredUnequalMinersComeWithinOnePercentInAnHourAndATenthInADay(seed: UInt64) {
        let miners = ForecastMiner.farm(100, from: Self.terahash / 10, to: 100 * Self.terahash)
        let scenario = Self.scenario(miners: miners, weights: [70, 20, 10], hours: 24, seed: seed, churn: 0.1)
        let report = Forecast.run(scenario)
        Self.print("100 miners 70/20/10, 10 % churn an hour, seed \(seed)", report)
        #expect((report.checkpoints.first?.deviation ?? 1) <= 0.01)
        for pool in report.pools { #expect(abs(pool.deviation) <= 0.002, "\(pool)") }
        #expect(report.failovers.isEmpty && report.ejections == 0)
        #expect(report.movesPerSessionHour < 2)
    }

    @Test(arguments: [UInt64](1...5), [[70.0, 20, 10], [60, 40], [50, 50]])
    func threeMinersComeWithinTwoPercentInAnHour(seed: UInt64, weights: [Double]) {
        let miners = [5.0, 3, 1].enumerated().map { index, size in
            ForecastMiner(login: "farm.\(index)", steps: [.init(time: 0, hashrate: size * 20 * Self.terahash)])
        }
        let report = Forecast.run(Self.scenario(miners: miners, weights: weights, hours: 1, seed: seed))
        Self.print("3 miners \(weights), seed \(seed)", report)
        for pool in report.pools { #expect(abs(pool.deviation) <= 0.02, "\(pool)") }
        #expect(report.movesPerSessionHour < 40)
    }

    @Test(arguments: [UInt64](1...5))
    func oneMinerIsSplitByTime(seed: UInt64) {
        let miners = [ForecastMiner(login: "farm.1", steps: [.init(time: 0, hashrate: 100 * Self.terahash)])]
        let report = Forecast.run(Self.scenario(miners: miners, weights: [80, 20], hours: 6, seed: seed))
        Self.print("1 miner 80/20, seed \(seed)", report)
        for pool in report.pools { #expect(abs(pool.deviation) <= 0.01, "\(pool)") }
        #expect(report.movesPerSessionHour < 40)
    }
}
