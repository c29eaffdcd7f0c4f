import PoolPool
import Router
import Stratum
import Testing

@testable import Forecast

/// At what difficulty simulated miners mine.
@Suite struct ShareDifficultyTests {
    /// After ten minutes of five equal miners with one pool, which the whole farm finds a share of every three seconds.
    private static func difficulties(
        _ dialect: any Dialect.Type, _ change: (inout RouteConfiguration) -> Void = { _ in }
    ) throws -> (miners: [Double], pool: Double) {
        let endpoint = PoolEndpoint(transport: .tcp, host: "pool.example.com", port: 3333)
        var route = RouteConfiguration(
            name: "one", listeners: [], pools: [PoolConfiguration(name: "pool", endpoint: endpoint)]
        )
        route.dialect = try ConfiguredDialect(dialect)
        change(&route)
        let miners = ForecastMiner.farm(5, from: 1e9, to: 1e9)
        var forecast = Forecast(ForecastScenario(route: route, miners: miners, duration: 600))
        _ = forecast.run()
        let pools = forecast.pools.map(\.difficulty)
        return (forecast.miners.map(\.difficulty), try #require(pools.first))
    }

    @Test func ofTheirPoolWhereNobodyCanTell() throws {
        let (miners, pool) = try Self.difficulties(EthashDialect.self)
        #expect(miners == Array(repeating: pool, count: 5))
    }

    @Test func ofTheirPoolWithoutVardiff() throws {
        let (miners, pool) = try Self.difficulties(CryptoNoteDialect.self) { $0.vardiff.enabled = false }
        #expect(miners == Array(repeating: pool, count: 5))
    }

    @Test func ofTheirOwnOtherwise() throws {
        let (miners, pool) = try Self.difficulties(CryptoNoteDialect.self) { $0.vardiff.targetInterval = .seconds(1) }
        #expect(miners.allSatisfy { $0 < pool / 2 }, "\(miners), \(pool)")
    }
}
