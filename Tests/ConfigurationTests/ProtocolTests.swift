import Configuration
import PoolPool
import Router
import Stratum
import Testing

/// What a route speaks, and what that allows its pools.
@Suite struct ProtocolTests {
    /// A route with two pools; `second` are further keys of the second one.
    private static func document(route: String, second: String = "") -> String {
        """
        routes:
          - name: mine
            listen: [{ address: "0.0.0.0:3333" }]
            \(route)
            pools:
              - { name: a, url: "stratum+tcp://a.example:1", coin: zec }
              - { name: b, url: "stratum+tcp://b.example:1"\(second) }
        """
    }

    @Test(arguments: [
        ("protocol: equihash\n    validate: claimed", "", "5:15: validate: \"claimed\" is not possible"),
        ("protocol: equihash\n    parameters: 1,2", "", "5:17: parameters: Equihash 1,2 is not supported"),
        ("protocol: bitcoin\n    validate: all", "", "5:15: validate: is no option of protocol bitcoin"),
        ("protocol: bitcoin", ", rigid: r", "7:61: rigid: is no option of protocol bitcoin, but of cryptonote"),
        ("protocol: equihash", ", personalization: short", "7:71: personalization: \"short\" is not eight characters"),
        ("protocol: ethash", ", flavor: stratum3", "7:62: flavor: \"stratum3\" is not possible; write proxy or"),
        ("protocol: cryptonote", ", protocol: ethash", "7:64: protocol: the route speaks cryptonote"),
        ("protocol: cryptonote\n    algo: kawpow", "", "5:11: algo: kawpow cannot be divided among miners"),
        ("protocol: equihash", ", coin: btg", "7:60: coin: \"btg\" is not the coin of pool \"a\", \"zec\";"),
    ])
    func mistakeIsReportedAtItsPlace(route: String, second: String, problem: String) {
        let problems = Files().problems(Self.document(route: route, second: second))
        #expect(problems.count == 1 && problems.first?.hasPrefix(problem) == true, "\(problems)")
    }

    @Test(arguments: [
        ("protocol: equihash", ", coin: zec, protocol: equihash, personalization: BgoldPoW"),
        ("protocol: equihash\n    mixed_coins: true", ", coin: btg"),
        ("mixed_coins: false", ""),
    ])
    func whatIsMeantIsTaken(route: String, second: String) throws {
        #expect(try Files().load(Self.document(route: route, second: second)).warnings.isEmpty)
    }

    @Test func optionsReachTheirRouteAndTheirPool() throws {
        let options = "protocol: equihash\n    validate: sample"
        let text = Self.document(route: options, second: ", personalization: BgoldPoW")
        let route = try #require(try Files().load(text).routes.first)
        #expect(route.dialect.name == "equihash")
        #expect(route.dialect.options["validate"] == "sample")
        #expect(route.pools.map { $0.options["personalization"] } == [nil, "BgoldPoW"])
    }
}
