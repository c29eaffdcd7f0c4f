import NIOCore
import PoolPool
import Router
import Testing

/// Which pool a session gets when it arrives, and what pinning rules make of that.
@Suite struct RoutePolicyPinTests {
    private static func rule(
        _ name: String, worker: String? = nil, network: String? = nil, _ pools: [PinRule.Share], isStrict: Bool = false
    ) -> PinRule {
        PinRule(
            name: name,
            worker: worker.map { WorkerPattern($0) },
            network: network.flatMap { NetworkPrefix($0) },
            pools: pools,
            isStrict: isStrict
        )
    }

    private static func pinned(isStrict: Bool) -> PolicyWorld {
        let rule = Self.rule("farm", worker: "farm.*", [PinRule.Share(pool: "b")], isStrict: isStrict)
        var world = PolicyWorld([PolicyWorld.pool("a"), PolicyWorld.pool("b", priority: 2)], pins: [rule])
        world.arrive(1...20, login: "farm.1")
        world.arrive(21...40, login: "other.1")
        return world
    }

    @Test func theFirstRuleThatMatchesDecides() {
        var world = PolicyWorld(
            [PolicyWorld.pool("a"), PolicyWorld.pool("b", priority: 2), PolicyWorld.pool("c", priority: 2)],
            pins: [
                Self.rule("hall", network: "10.1.0.0/16", [PinRule.Share(pool: "b")]),
                Self.rule("farm", worker: "farm.*", [PinRule.Share(pool: "c")]),
            ]
        )
        world.arrive(1...1, login: "farm.1", remote: "10.1.0.5")
        world.arrive(2...2, login: "farm.1", remote: "10.2.0.5")
        world.arrive(3...3, login: "other.1", remote: "10.2.0.5")
        #expect([1, 2, 3].map(world.pool(of:)) == ["b", "c", "a"])
        #expect([1, 2, 3].map { world.policy.explain($0, now: world.now)?.rule } == ["hall", "farm", nil])
    }

    @Test func theWeightsOfARuleHoldForItsMinersOnly() {
        let rule = Self.rule("farm", worker: "farm.*", [PinRule.Share(pool: "a"), PinRule.Share(pool: "b", weight: 3)])
        var world = PolicyWorld([PolicyWorld.pool("a", weight: 9), PolicyWorld.pool("b", weight: 1)], pins: [rule])
        world.arrive(1...40, login: "farm.1")
        #expect(world.count(at: "a") == 10)
        #expect(world.count(at: "b") == 30)
        world.arrive(101...140, login: "other.1")
        #expect(world.count(at: "a") == 10 + 36)
        #expect(world.count(at: "b") == 30 + 4)
        world.pass(600, isMining: true)
        #expect(world.moved.allSatisfy { $0.second == 0 })
    }

    @Test func pinnedSessionsFailOverAndComeBack() {
        var world = Self.pinned(isStrict: false)
        #expect(world.count(at: "b") == 20)
        world.fail("b")
        #expect(world.count(at: "a") == 40)
        world.pass(5)
        world.ready("b")
        world.pass(119)
        #expect(world.count(at: "a") == 40)
        world.pass(160)
        #expect((1...20).allSatisfy { world.pool(of: $0) == "b" })
        #expect((21...40).allSatisfy { world.pool(of: $0) == "a" })
    }

    @Test func strictSessionsGetNoOtherPool() {
        var world = Self.pinned(isStrict: true)
        world.fail("b")
        #expect((1...20).allSatisfy { world.pool(of: $0) == nil })
        #expect(world.policy.walk(1).isEmpty)
        #expect(!world.policy.mayStay(1, at: world.index("a"), now: world.now))
        world.pass(300)
        #expect(world.count(at: "a") == 20)
        // Not yet trusted is better than nothing.
        world.ready("b")
        #expect((1...20).allSatisfy { world.pool(of: $0) == "b" })
    }

    @Test func strictSessionsStayWithTheLeastBadOfTheirPools() {
        var world = Self.pinned(isStrict: true)
        world.reject("b", 10)
        #expect(world.changes("b").first?.ejection == .seconds(30))
        #expect((1...20).allSatisfy { world.pool(of: $0) == "b" })
        #expect(world.policy.walk(21) == [0, 1])
    }

    // MARK: Reload

    @Test func newRulesHoldForSessionsThatAreThere() {
        let pools = [PolicyWorld.pool("a"), PolicyWorld.pool("b", priority: 2)]
        var world = PolicyWorld(pools)
        world.arrive(1...10, login: "farm.1")
        world.arrive(11...20, login: "other.1")
        let rule = Self.rule("farm", worker: "farm.*", [PinRule.Share(pool: "b")])
        world.policy.update(PolicyWorld.configuration(pools, pins: [rule]), now: world.now)
        world.place()
        #expect(world.count(at: "a") == 20)
        world.pass(60)
        #expect((1...10).allSatisfy { world.pool(of: $0) == "b" })
        #expect((11...20).allSatisfy { world.pool(of: $0) == "a" })
        world.policy.update(PolicyWorld.configuration(pools), now: world.now)
        world.pass(60)
        #expect(world.count(at: "a") == 20)
    }

    @Test func aNewStrictRuleMovesItsSessionsAtOnce() {
        let pools = [PolicyWorld.pool("a"), PolicyWorld.pool("b", priority: 2)]
        var world = PolicyWorld(pools)
        world.arrive(1...10, login: "farm.1")
        let rule = Self.rule("farm", worker: "farm.*", [PinRule.Share(pool: "b")], isStrict: true)
        world.policy.update(PolicyWorld.configuration(pools, pins: [rule]), now: world.now)
        world.place()
        #expect(world.count(at: "b") == 10)
        #expect(world.policy.loads == [0, 1e13])
    }

    // MARK: Workers

    private static func comesBack(_ estimate: HashrateEstimate) -> PolicyWorld {
        var world = PolicyWorld([PolicyWorld.pool("a")])
        world.policy.arrived(ArrivingSession(session: 1, identity: SessionIdentity(login: "farm.1")))
        world.policy.measured(1, estimate)
        world.policy.left(1)
        world.policy.arrived(ArrivingSession(session: 2, identity: SessionIdentity(login: "farm.1")))
        return world
    }

    @Test func aSessionBeginsWithWhatItsWorkerDidBefore() throws {
        var world = Self.comesBack(HashrateEstimate(hashrate: 5e12, shares: 100))
        world.policy.arrived(ArrivingSession(session: 3, identity: SessionIdentity(login: "farm.2")))
        let known = try #require(world.policy.explain(2, now: world.now))
        #expect(known.hashrate == 5e12)
        #expect(known.uncertainty == 1 / 7.0.squareRoot())
        let stranger = try #require(world.policy.explain(3, now: world.now))
        #expect(stranger.hashrate != 5e12)
        #expect(stranger.uncertainty == 1)
    }

    @Test func whatIsRememberedCountsUntilTheSessionHasShownMore() {
        var world = Self.comesBack(HashrateEstimate(hashrate: 5e12, shares: 100))
        world.policy.measured(2, HashrateEstimate(hashrate: 1e12, shares: 5))
        #expect(world.policy.explain(2, now: world.now)?.hashrate == 5e12)
        world.policy.measured(2, HashrateEstimate(hashrate: 1e12, shares: 6))
        #expect(world.policy.explain(2, now: world.now)?.hashrate == 1e12)
    }

    @Test func aStrangerIsTakenForAUsualSession() {
        var world = PolicyWorld([PolicyWorld.pool("a")])
        world.arrive(1...1, hashrate: 2e12)
        world.arrive(2...2, hashrate: 4e12)
        world.pass(5)
        world.policy.arrived(ArrivingSession(session: 3, identity: SessionIdentity(login: "new.1")))
        world.policy.assigned(3, to: 0)
        #expect(world.policy.loads == [9e12])
        world.policy.measured(3, HashrateEstimate(hashrate: 1e12, shares: 9))
        #expect(world.policy.loads == [7e12])
        world.policy.left(3)
        #expect(world.policy.loads == [6e12])
    }

    @Test func barredPoolsAreInNoWalk() {
        var world = PolicyWorld([PolicyWorld.pool("a"), PolicyWorld.pool("b"), PolicyWorld.pool("c", priority: 2)])
        world.arrive(1...4, barred: 0b001)
        #expect(world.count(at: "b") == 4)
        world.policy.bar(1, from: 0b011)
        #expect(world.policy.walk(1) == [2])
        #expect(!world.policy.mayStay(1, at: 1, now: world.now))
        world.place()
        #expect(world.pool(of: 1) == "c")
    }
}
