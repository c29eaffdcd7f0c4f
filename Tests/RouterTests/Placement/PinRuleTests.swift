import Router
import Testing

@Suite struct PinRuleTests {
    private static func rule(worker: String? = nil, network: String? = nil, listener: String? = nil) -> PinRule {
        PinRule(
            name: "rule",
            worker: worker.map { WorkerPattern($0) },
            network: network.flatMap { NetworkPrefix($0) },
            listener: listener,
            pools: []
        )
    }

    @Test(
        arguments: [
            (Self.rule(), true),
            (Self.rule(worker: "farm.*"), true),
            (Self.rule(worker: "other.*"), false),
            (Self.rule(network: "10.0.0.0/8"), true),
            (Self.rule(network: "11.0.0.0/8"), false),
            (Self.rule(listener: "asic"), true),
            (Self.rule(listener: "gpu"), false),
            (Self.rule(listener: ""), false),
            (Self.rule(worker: "farm.*", network: "10.0.0.0/8", listener: "asic"), true),
            (Self.rule(worker: "other.*", network: "10.0.0.0/8", listener: "asic"), false),
            (Self.rule(worker: "farm.*", network: "11.0.0.0/8", listener: "asic"), false),
            (Self.rule(worker: "farm.*", network: "10.0.0.0/8", listener: "gpu"), false),
        ]
    )
    func allThatIsGivenMustMatch(rule: PinRule, matches: Bool) {
        #expect(rule.matches(login: "farm.1", remote: "10.1.2.3", listener: "asic") == matches)
    }

    @Test func anUnknownAddressIsInNoNetwork() {
        #expect(!Self.rule(network: "0.0.0.0/0").matches(login: "farm.1", remote: "", listener: ""))
    }
}
