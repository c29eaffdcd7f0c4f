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
        (
            "protocol: ethash\n    algorithm: ETChash", "",
            "5:16: algorithm: \"ETChash\" is not possible; write ethash or etchash (did you mean \"etchash\"?)"
        ),
        (
            "protocol: ethash\n    algorithm: blake", "",
            "5:16: algorithm: \"blake\" is not possible; write ethash or etchash"
        ),
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

    @Test(arguments: [
        (
            "protocol: equihash\n    version_mask: 1fffe000", "",
            ["5:19: version_mask: has no effect in protocol equihash"]
        ),
        (
            "protocol: cryptonote", ", version_rolling: true",
            ["7:71: version_rolling: has no effect in protocol cryptonote"]
        ),
        ("protocol: ethash", ", suggest_difficulty: 5", ["7:74: suggest_difficulty: has no effect in protocol ethash"]),
        ("protocol: cryptonote", ", suggest_difficulty: 5", []),
        ("version_mask: 1fffe000", ", version_rolling: true, suggest_difficulty: 5", []),
        (
            "protocol: equihash\n    personalization: VerusHash", "",
            ["5:22: personalization: every share of VerusHash goes to the pool"]
        ),
        ("protocol: equihash\n    personalization: VerusHash\n    vardiff: { enabled: false }", "", []),
        (
            "protocol: equihash\n    personalization: VerusHash\n    validate: all\n    vardiff: { enabled: false }",
            "",
            ["6:15: validate: has no effect: solutions of VerusHash are believed"]
        ),
        (
            "protocol: equihash\n    validate: all", ", personalization: VerusHash",
            ["8:71: personalization: every share of VerusHash goes to the pool"]
        ),
        ("protocol: ethash\n    vardiff: { minimum: 2 }", "", ["5:14: vardiff: has no effect: miners of this route"]),
        ("protocol: ethash\n    vardiff: { enabled: false }", "", []),
        ("protocol: scrypt\n    validate: all\n    vardiff: { minimum: 2 }", "", []),
        ("protocol: scrypt\n    validate: sample\n    vardiff: { minimum: 2 }", "", ["6:14: vardiff: has no effect"]),
    ])
    func whatHasNoEffectIsAWarning(route: String, second: String, warnings: [String]) throws {
        let found = try Files().load(Self.document(route: route, second: second)).warnings
            .map { String($0.description.trimmingPrefix("/etc/router/test.yaml:")) }
        #expect(found.count == warnings.count && zip(found, warnings).allSatisfy { $0.hasPrefix($1) }, "\(found)")
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
