import Configuration
import PoolPool
import Router
import Testing

/// Rules that send miners to pools of their own.
@Suite struct PinTests {
    /// A route with two pools and two listeners; `pins` are its rules.
    private static func document(_ pins: String) -> String {
        """
        routes:
          - name: btc
            listen:
              - { address: '0.0.0.0:3333', name: asic }
              - { address: '0.0.0.0:3334' }
            pools:
              - { name: large, url: 'stratum+tcp://a.example:1' }
              - { name: small, url: 'stratum+tcp://b.example:1' }
            pins:
        \(pins.split(separator: "\n").map { "      \($0)" }.joined(separator: "\n"))
        """
    }

    @Test(arguments: [
        PinRow("- { worker: farm.*, pools: [small] }") {
            $0 == PinRule(name: "pin 1", worker: WorkerPattern("farm.*"), pools: [PinRule.Share(pool: "small")])
        },
        PinRow("- { worker: '*', pools: [small] }") { $0.worker?.text == "*" },
        PinRow("- { network: 10.1.0.0/16, pools: [small] }") { $0.network == NetworkPrefix("10.1.0.0/16") },
        PinRow("- { network: 'fd00::/8', pools: [small] }") { $0.network == NetworkPrefix("fd00::/8") },
        PinRow("- { network: 0.0.0.0/0, pools: [small] }") { $0.network == NetworkPrefix("0.0.0.0/0") },
        PinRow("- { network: 10.1.2.3, pools: [small] }") { $0.network == NetworkPrefix("10.1.2.3") },
        PinRow("- { listener: asic, pools: [small] }") { $0.listener == "asic" },
        PinRow("- { name: gpu, worker: a, pools: [small] }") { $0.name == "gpu" },
        PinRow("- { name: ~, worker: a, pools: [small] }") { $0.name == "pin 1" },
        PinRow("- { worker: a, pools: [small], strict: true }") { $0.isStrict },
        PinRow("- worker: a\n  pools:\n    - small\n    - { name: large, weight: 2.5 }") {
            $0.pools == [PinRule.Share(pool: "small"), PinRule.Share(pool: "large", weight: 2.5)]
        },
        PinRow("- { worker: a, pools: [&a small, { name: large, weight: 0 }] }") {
            $0.pools == [PinRule.Share(pool: "small"), PinRule.Share(pool: "large", weight: 0)]
        },
    ])
    func pinIsRead(row: PinRow) throws {
        let service = try Files().load(Self.document(row.text))
        let pin = try #require(service.routes.first?.pins.first)
        #expect(row.isRight(pin), "\(row.text): \(pin)")
        #expect(service.warnings.isEmpty)
    }

    @Test func pinsWithoutNameAreCountedByPosition() throws {
        let pins = ["worker: a", "name: gpu, worker: b", "worker: c"].map { "- { \($0), pools: [small] }" }
        let route = try Files().load(Self.document(pins.joined(separator: "\n"))).routes.first
        #expect(route?.pins.map(\.name) == ["pin 1", "gpu", "pin 3"])
    }

    @Test func poolNameMayComeFromTheEnvironment() throws {
        let text = Self.document("- { worker: a, pools: ['${POOL}'] }")
        #expect(
            try Files().load(text, environment: ["POOL": "small"]).routes.first?.pins.first?.pools.map(\.pool) == [
                "small"
            ]
        )
    }

    @Test func allMistakesAreReportedAtOnce() {
        let pins = """
            - { wroker: a, pools: [smal] }
            - { worker: '', network: 10.1, listener: gpu, pools: [large, { name: other, weight: -1 }, large] }
            - { worker: a, pools: [{ name: small, weight: 0 }, { name: large, weight: 0 }] }
            - { worker: b, strict: 'yes' }
            - { worker: c, pools: [] }
            - { worker: d, pools: small }
            - { worker: e, pools: [{ weight: 1 }, ~, [small]] }
            - small
            """
        #expect(
            Files().problems(Self.document(pins)) == [
                "10:11: pin: unknown key \"wroker\"; did you mean \"worker\"?",
                "10:30: name: the route has no pool called \"smal\"; did you mean \"small\"?",
                "11:19: worker: \"\" is empty; write a login, as in farm.* for all of a farm",
                "11:32: network: \"10.1\" is no network; write an address and the bits that count, as in 10.1.0.0/16 "
                    + "or fd00::/8",
                "11:48: listener: the route has no listener called \"gpu\"; it has \"asic\"",
                "11:76: name: the route has no pool called \"other\"; it has \"large\", \"small\"",
                "11:91: weight: \"-1\" is no number, 0 to 1000000000",
                "11:97: name: \"large\" stands in line 11 already; keep one of them",
                "12:29: pools: every weight is 0, so no pool takes these miners; give one of them a weight",
                "13:9: pin: pools is missing; pools of the route that share the work of these miners: names, or sections "
                    + "with name and weight",
                "13:30: strict: \"yes\" is neither true nor false",
                "14:29: pools: the list is empty; pools of the route that share the work of these miners: names, or "
                    + "sections with name and weight",
                "15:29: pools: a list is needed here, each item on a line that begins with \"- \"",
                "16:30: pool: name is missing; the name of a pool of the route",
                "16:45: pool: keys and values are needed here, as in \"name: value\"",
                "16:48: pool: keys and values are needed here, as in \"name: value\"",
                "17:9: pin: keys and values are needed here, as in \"name: value\"",
            ]
        )
    }

    @Test(arguments: [
        ("worker: \(String(repeating: "a", count: 256))", "worker: ", "longer than 255 bytes"),
        ("worker: \"a\\tb\"", "worker: ", "control character"),
        ("network: 10.1.0.0/33", "network: ", "is no network"),
        ("network: 10.1.0.0/", "network: ", "is no network"),
        ("network: 10.1.0.0/-1", "network: ", "is no network"),
        ("network: 10.1.0.0/16/8", "network: ", "is no network"),
        ("network: example.com", "network: ", "is no network"),
        ("network: 'fe80::1%eth0/64'", "network: ", "names an interface"),
        ("listener: ''", "listener: ", "is no name"),
        ("name: -a", "name: ", "is no name"),
        (
            "worker: *.gpu", "",
            "this alias refers to nothing; mark the value with &name, or put a text that begins with *"
        ),
    ])
    func valueIsRefused(text: String, key: String, remark: String) throws {
        let problems = Files().problems(Self.document("- { pools: [small], \(text) }"))
        #expect(problems.count == 1)
        let problem = try #require(problems.first)
        #expect(problem.contains(" \(key)") && problem.contains(remark), "\(problem)")
    }

    @Test func listenersWithoutNamesCannotBeMeant() {
        let text = Self.document("- { listener: asic, pools: [small] }").replacing(", name: asic", with: "")
        #expect(
            Files().problems(text) == [
                "10:21: listener: the route has no listener called \"asic\"; none of them has a name; give that listener one"
            ]
        )
    }

    /// What is wrong with a name is said once, not again by each rule.
    @Test func nameThatCannotBeReadIsNotMissedByPins() {
        let pins = "- { listener: asic, pools: [large] }"
        let text = Self.document(pins).replacing("name: asic", with: "name: '-'").replacing(
            "name: large", with: "name: '-'")
        #expect(Files().problems(text).map { $0.prefix(11) } == ["4:42: name:", "7:17: name:"])
    }

    @Test(arguments: ["gpu", "pin 2"])
    func pinsOfARouteHaveDifferentNames(name: String) {
        let pins = "- { name: \(name), worker: a, pools: [small] }\n- { name: gpu, worker: b, pools: [small] }"
            .replacing("{ name: gpu, worker: b", with: name == "gpu" ? "{ name: gpu, worker: b" : "{ worker: b")
        let problems = Files().problems(Self.document(pins))
        #expect(problems.count == 1)
        #expect(
            problems.allSatisfy {
                $0.hasPrefix("11:") && $0.contains("name: the pin in line 10 is called \"\(name)\" too; give each pin")
            }
        )
    }

    @Test(arguments: [(64, false), (65, true)])
    func routeHasAtMost64Pins(count: Int, isTooMuch: Bool) {
        let pins = (1...count).map { "- { worker: w\($0), pools: [small] }" }.joined(separator: "\n")
        let problem = "10:7: pins: 65 rules are more than the 64 a route may have; "
        let remedy = "a rule takes many miners with * in worker, or with network"
        #expect(Files().problems(Self.document(pins)) == (isTooMuch ? [problem + remedy] : []))
    }

    @Test(arguments: [
        (["pools: [small]"], ["10:9: pin: \"pin 1\" matches every miner; write worker: \"*\" if that is meant, else"]),
        (
            ["name: all, pools: [small]", "worker: a, pools: [large]"],
            [
                "10:9: pin: \"all\" matches every",
                "11:9: pin: \"pin 2\" never matches: the rule in line 10 takes all its",
            ]
        ),
        (["worker: '**', pools: [small]", "listener: asic, pools: [large]"], ["11:9: pin: \"pin 2\" never matches"]),
        (["worker: a, pools: [small]", "worker: a, pools: [large]"], ["11:9: pin: \"pin 2\" never matches"]),
        (
            ["worker: a, pools: [small]", "worker: a, network: 10.0.0.0/8, pools: [large]"],
            ["11:9: pin: \"pin 2\" never matches"]
        ),
        (["worker: a, network: 10.0.0.0/8, pools: [small]", "worker: a, pools: [large]"], []),
        (["worker: a*, pools: [small]", "worker: b, pools: [large]", "worker: '*', pools: [large]"], []),
        (
            ["network: 10.1.2.3/16, pools: [small]"],
            ["10:20: network: 10.1.2.3/16 means 10.1.0.0/16; write that"]
        ),
        (
            ["network: 10.1.2.3/16, pools: [small]", "network: 10.1.0.0/16, pools: [small]"],
            ["10:20: network: 10.1.2.3/16 means 10.1.0.0/16; write that", "11:9: pin: \"pin 2\" never matches"]
        ),
        (
            ["network: 'FD00::1:2/9', pools: [small]"],
            ["10:20: network: FD00::1:2/9 means fd00::/9; write that"]
        ),
        (
            ["network: '::ffff:10.1.2.3/31', pools: [small]"],
            ["10:20: network: ::ffff:10.1.2.3/31 means 10.1.2.2/31; write that"]
        ),
        (["network: 10.1.2.3/0, pools: [small]"], ["10:20: network: 10.1.2.3/0 means 0.0.0.0/0; write that"]),
    ])
    func doubtfulPinIsAWarning(pins: [String], warnings: [String]) throws {
        let service = try Files().load(Self.document(pins.map { "- { \($0) }" }.joined(separator: "\n")))
        let found = service.warnings.map { String($0.description.trimmingPrefix("/etc/router/test.yaml:")) }
        #expect(found.count == warnings.count)
        #expect(zip(found, warnings).allSatisfy { $0.hasPrefix($1) }, "\(found)")
    }

    /// Weight 0 keeps a pool for the miners that are pinned to it.
    @Test(arguments: [("small", true), ("{ name: small, weight: 0 }, large", false)])
    func poolThatOnlyPinnedMinersUseIsNoWarning(pools: String, isUsed: Bool) throws {
        let text = Self.document("- { worker: a, pools: [\(pools)] }")
            .replacing("b.example:1'", with: "b.example:1', weight: 0, priority: 2")
        let warnings = try Files().load(text).warnings.map(\.message)
        #expect(warnings == (isUsed ? [] : ["weight: all pools of priority 2 have 0 and take no work"]))
    }

    @Test func hostBitsAreDropped() throws {
        let service = try Files().load(Self.document("- { network: 10.1.2.3/16, pools: [small] }"))
        #expect(service.routes.first?.pins.first?.network == NetworkPrefix("10.1.0.0/16"))
    }
}

typealias PinRow = Row<PinRule>
