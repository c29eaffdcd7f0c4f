import Configuration
import Foundation
import PoolPool
import Router
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
                "listen":[{"address":"0.0.0.0:3333","tls":false}],"name":"btc","pins":[],"protocol":"bitcoin"}],"warnings":[]}
                """
        )
    }

    @Test func pinsHaveSharesOfTheirOwn() throws {
        let pins = """
            pins:
              - { name: gpu, worker: "gpu.*", network: 10.0.0.0/8, listener: asic, pools: [primary], strict: true }
              - { pools: [{ name: primary, weight: 3 }, second, off] }
            """
        let others = """
                  - { name: second, url: "stratum+tcp://b.example:1" }
                  - { name: off, url: "stratum+tcp://c.example:1", enabled: false }
            """
        let text = document(route: "pins:").replacing("3333\n    pools", with: "3333\n        name: asic\n    pools")
            .replacing(
                "\n    pins:", with: "\n\(others)\n" + pins.split(separator: "\n").map { "    \($0)\n" }.joined())
        let plan = ConfigurationPlan(try Files().load(text))
        let route = try #require(plan.routes.first)
        #expect(route.pins.map(\.name) == ["gpu", "pin 2"])
        #expect(route.pins.map(\.match) == ["worker gpu.*, network 10.0.0.0/8, listener asic", "every miner"])
        #expect(route.pins.map(\.strict) == [true, false])
        #expect(route.pins.map { $0.pools.map(\.name) } == [["primary"], ["primary", "second", "off"]])
        #expect(route.pins.map { $0.pools.map(\.sharePercent) } == [[100], [75, 25, 0]])
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        #expect(
            String(decoding: try encoder.encode(route.pins.first), as: UTF8.self)
                == #"{"match":"worker gpu.*, network 10.0.0.0\/8, listener asic","name":"gpu","#
                + #""pools":[{"name":"primary","share_percent":100}],"strict":true}"#
        )
    }

    @Test func coinAndPayoutAreShownWhereTheyAreSet() throws {
        let text = document(pool: "coin: btc\npayout: [bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4]")
        let pool = try #require(ConfigurationPlan(try Files().load(text)).routes.first?.levels.first?.pools.first)
        #expect(pool.coin == "btc")
        #expect(pool.payout == ["script:0014751e76e8199196d454941c45d1b3a323f1433bd6"])
        // It can be written like that as well.
        let again = try Files().load(document(pool: "payout: \(pool.payout ?? [])"))
        #expect(again.routes.first?.pools.first?.payoutScripts == [[0, 20] + Self.program])
    }

    private static let program: [UInt8] = [
        0x75, 0x1e, 0x76, 0xe8, 0x19, 0x91, 0x96, 0xd4, 0x54, 0x94, 0x1c, 0x45, 0xd1, 0xb3, 0xa3, 0x23, 0xf1, 0x43,
        0x3b, 0xd6,
    ]
}
