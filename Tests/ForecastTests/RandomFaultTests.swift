import Forecast
import Foundation
import PoolPool
import Router
import Testing

/// Random faults over random farms: nobody is idle while a pool is there, no pool is trusted too early, and work comes to the
/// weights when the faults are over (design §4, invariants 4 to 6).
///
/// A failure names its seed: `ROUTER_FORECAST_SEED=n swift test --filter RandomFaultTests` repeats it. A plain run has 1,000
/// histories, `ROUTER_INVARIANTS_SEQUENCES` any number.
@Suite struct RandomFaultTests {
    private static let batches = 4

    private static func number(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
    }

    private static func scenario(seed: UInt64, faultTime: Double, duration: Double) -> ForecastScenario {
        var random = RandomSource(seed: seed)
        let names = ["a", "b", "c", "d"].prefix(Int.random(in: 2...4, using: &random))
        let pools = names.map { name in
            PoolConfiguration(
                name: name,
                endpoint: PoolEndpoint(transport: .tcp, host: "\(name).example.com", port: 3333),
                priority: Int.random(in: 1...2, using: &random),
                weight: Double([1, 2, 7][Int.random(in: 0...2, using: &random)])
            )
        }
        let kinds: [ForecastFault.Kind] = [
            .down, .frozen, .flapping(period: 10), .rejects(ratio: 0.6), .slow(latency: 25), .oldBlock,
        ]
        let faults = (0..<Int.random(in: 1...5, using: &random)).map { _ in
            let start = Double.random(in: 0...faultTime * 0.8, using: &random)
            return ForecastFault(
                pool: String(names.randomElement(using: &random) ?? "a"),
                kind: kinds[Int.random(in: 0..<kinds.count, using: &random)],
                start: start,
                length: min(faultTime - start, Double.random(in: 5...faultTime / 2, using: &random))
            )
        }
        var scenario = ForecastScenario(
            route: RouteConfiguration(name: "btc", listeners: [], pools: pools),
            miners: ForecastMiner.farm(Int.random(in: 1...8, using: &random), from: 1e13, to: 1e14),
            faults: faults,
            duration: duration,
            seed: seed,
            churn: Double.random(in: 0...0.3, using: &random)
        )
        scenario.blockInterval = 150
        return scenario
    }

    private static func inBatches(_ seeds: [UInt64], _ body: @escaping @Sendable (UInt64) -> Void) async {
        await withTaskGroup(of: Void.self) { group in
            for batch in 0..<Self.batches {
                group.addTask {
                    for index in seeds.indices where index % Self.batches == batch { body(seeds[index]) }
                }
            }
        }
    }

    @Test func nobodyIsIdleAndNoPoolIsTrustedTooEarly() async {
        let count = Self.number("ROUTER_INVARIANTS_SEQUENCES") ?? 1_000
        let seeds = Self.number("ROUTER_FORECAST_SEED").map { [$0] } ?? Array(0..<count)
        await Self.inBatches(seeds) { seed in
            let report = Forecast.run(Self.scenario(seed: seed, faultTime: 300, duration: 480))
            // A moment between a pool's return and the next tick is no idleness.
            if report.needlessIdleSeconds > 0 { Issue.record("seed \(seed): idle \(report.needlessIdleSeconds) s") }
            for start in report.starts where start.hadAlternative && (start.sinceFailure ?? .infinity) < 120 {
                Issue.record("seed \(seed): \(start)")
            }
        }
    }

    @Test func workComesToTheWeightsOnceTheFaultsAreOver() async {
        let count = min(Self.number("ROUTER_INVARIANTS_SEQUENCES") ?? 1_000, 10_000) / 50
        let seeds = Self.number("ROUTER_FORECAST_SEED").map { [$0] } ?? Array(0..<count)
        await Self.inBatches(seeds) { seed in
            var scenario = Self.scenario(seed: seed, faultTime: 900, duration: 7_200)
            // By then the last ejection, failback and slow start are over.
            scenario.checkpoints = [3_600, 7_199]
            let report = Forecast.run(scenario)
            guard let from = report.checkpoints.first, let to = report.checkpoints.last else { return }
            let total = zip(to.work, from.work).reduce(0) { $0 + $1.0 - $1.1 }
            for pool in to.work.indices {
                let done = (to.work[pool] - from.work[pool]) / total
                let owed = (to.owed[pool] - from.owed[pool]) / total
                if abs(done - owed) > 0.02 {
                    Issue.record("seed \(seed): pool \(pool) did \(done) and owed \(owed) of an hour's work")
                }
            }
        }
    }
}
