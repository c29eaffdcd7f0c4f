import Configuration
import Foundation
import Testing

/// The plan that `check` prints.
@Suite struct PlanTests {
    @Test func sharesAddUpPerPriority() throws {
        let plan = ConfigurationPlan(try Files().load(StarterConfiguration.text))
        let levels = try #require(plan.routes.first?.levels)
        #expect(levels.map(\.priority) == [1, 2])
        #expect(levels.map { $0.pools.map(\.sharePercent) } == [[80, 20], [100]])
        #expect(levels.map { $0.pools.map(\.tls) } == [[.none, .verified], [.none]])
    }

    @Test func disabledPoolGetsNothing() throws {
        let plan = ConfigurationPlan(try Files().load(document(pool: "enabled: false")))
        #expect(plan.routes.first?.levels.first?.pools.first?.sharePercent == 0)
        #expect(plan.warnings.count == 1)
    }

    @Test func encodingHoldsNoPassword() throws {
        let text = document(route: "miner_password: geheim", pool: "password: geheim")
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let json = String(decoding: try encoder.encode(ConfigurationPlan(try Files().load(text))), as: UTF8.self)
        #expect(
            json == """
                {"control":"/run/router/control.sock","ledger":"/var/lib/router/ledger.sqlite",\
                "routes":[{"levels":[{"pools":[{"enabled":true,"name":"primary","share_percent":100,"tls":"verified",\
                "url":"stratum+ssl://pool.example.com:3333","user":"{user}","weight":1}],"priority":1}],\
                "listen":[{"address":"0.0.0.0:3333","tls":false}],"name":"btc"}],"warnings":[]}
                """
        )
    }
}
