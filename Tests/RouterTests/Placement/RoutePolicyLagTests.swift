import NIOCore
import PoolPool
import Router
import Testing

/// Pools that stay on an old block.
@Suite struct RoutePolicyLagTests {
    private static let aside = PolicyChange.ejected(reason: "works on an old block: a, b moved on 30 s ago", time: nil)

    /// All pools of one coin announced block 1.
    private static func world(
        _ pools: [PoolConfiguration], _ adjust: (inout RouteConfiguration) -> Void = { _ in }
    ) -> PolicyWorld {
        var world = PolicyWorld(pools, adjust)
        for pool in pools { world.announce(pool.name, block: 1) }
        return world
    }

    private static func three(_ adjust: (inout RouteConfiguration) -> Void = { _ in }) -> PolicyWorld {
        var world = Self.world([PolicyWorld.pool("a"), PolicyWorld.pool("b"), PolicyWorld.pool("c")], adjust)
        world.arrive(1...30)
        world.pass(10)
        return world
    }

    @Test func aPoolOnAnOldBlockIsPutAsideUntilItCatchesUp() {
        var world = Self.three()
        world.announce("a", block: 2)
        world.announce("b", block: 2)
        world.pass(29)
        #expect(world.told.isEmpty && world.count(at: "c") == 10)
        world.pass(1)
        #expect(world.told == [PolicyWorld.Told(second: 40, pool: "c", change: Self.aside)])
        #expect(world.policy.pools[2].hold == .lag)
        #expect(world.count(at: "c") == 0)
        world.pass(600)
        #expect(world.changes("c") == [Self.aside])
        world.announce("c", block: 2)
        world.pass(1)
        #expect(world.changes("c") == [Self.aside, .readmitted(reason: "it has caught up")])
        #expect(world.policy.pools[2].hold == nil)
        world.pass(180, isMining: true)
        #expect((8...12).contains(world.count(at: "c")))
    }

    @Test func aPoolThatCatchesUpInTimeIsLeftAlone() {
        var world = Self.three()
        world.announce("a", block: 2)
        world.announce("b", block: 2)
        world.pass(29)
        world.announce("c", block: 2)
        world.pass(600)
        #expect(world.told.isEmpty)
    }

    @Test func onePoolThatIsAheadSaysNothingAgainstTwo() {
        var world = Self.three()
        world.announce("a", block: 2)
        world.pass(600)
        #expect(world.told.isEmpty)
    }

    @Test func lagIsNotLookedAtWhenItIsOff() {
        var world = Self.three { $0.health.lag = nil }
        world.announce("a", block: 2)
        world.announce("b", block: 2)
        world.pass(600)
        #expect(world.told.isEmpty)
    }

    @Test(arguments: [true, false])
    func ofTwoPoolsOneIsBelievedOnlyWithAProvenBlock(isProven: Bool) {
        var world = Self.world([PolicyWorld.pool("a"), PolicyWorld.pool("b")])
        world.arrive(1...10)
        world.announce("b", block: 2, isProven: isProven)
        world.pass(60)
        #expect(world.changes("a").count == (isProven ? 1 : 0))
        #expect(world.count(at: "a") == (isProven ? 0 : 5))
    }

    @Test func poolsOfOtherCoinsAreNotCompared() {
        var world = Self.world([
            PolicyWorld.pool("a"), PolicyWorld.pool("b"), PolicyWorld.pool("c", coin: "bch"),
        ])
        world.announce("a", block: 2)
        world.announce("b", block: 2)
        world.pass(600)
        #expect(world.told.isEmpty)
    }

    @Test func aPoolThatIsGivenAnotherCoinIsComparedNoMore() {
        var world = Self.three()
        world.announce("a", block: 2)
        world.announce("b", block: 2)
        world.pass(20)
        world.policy.update(2, to: PolicyWorld.pool("c", coin: "bch"), now: world.now)
        world.pass(600)
        #expect(world.told.isEmpty)
    }

    @Test func aPoolWithoutLinkIsNotBehind() {
        var world = Self.three()
        world.announce("a", block: 2)
        world.announce("b", block: 2)
        world.fail("c")
        world.pass(100)
        world.ready("c")
        world.announce("c", block: 2)
        world.pass(300)
        #expect(world.changes("c") == [.health(.wentDown("closed")), .health(.beganRecovery), .health(.recovered)])
    }

    @Test(arguments: ["down", "disabled"])
    func aPoolWithoutLinkSpeaksAgainstNobody(how: String) {
        var world = Self.three()
        world.announce("a", block: 2, isProven: false)
        world.announce("b", block: 2, isProven: false)
        world.pass(10)
        if how == "down" { world.fail("b") } else { world.administer("b", .disabled) }
        world.pass(100)
        #expect(world.changes("c").isEmpty)
    }

    /// A refusal as stale right after a block of its coin is no pool's fault.
    @Test(arguments: [("", false), ("bch", true)])
    func aBlockExcusesStaleSharesOfAllPoolsOfItsCoin(coin: String, isEjected: Bool) {
        var world = Self.world([PolicyWorld.pool("a"), PolicyWorld.pool("b", coin: coin)])
        world.announce("a", block: 2)
        world.reject("b", 12, code: 21)
        world.pass(9)
        #expect((world.changes("b").first?.ejection != nil) == isEjected)
    }

    /// The other one is being emptied and knows of the newer block.
    @Test func theLastUsablePoolPanicsOnceOnAnOldBlock() {
        var world = Self.world([PolicyWorld.pool("a"), PolicyWorld.pool("b")])
        world.administer("b", .draining, within: 3600)
        world.announce("b", block: 2)
        world.pass(60)
        #expect(world.changes("a").count == 1)
        #expect(world.changes("a").first?.isPanic == true)
        #expect(world.policy.carryingPools == [0])
        world.announce("a", block: 2)
        world.pass(2)
        #expect(world.policy.pools[0].panic == nil)
    }

    @Test func poolsOfDifferentChainsAreToldOnce() {
        var world = PolicyWorld([PolicyWorld.pool("a"), PolicyWorld.pool("b")])
        for block in 1...5 as ClosedRange<UInt8> {
            world.announce("a", block: block)
            world.announce("b", block: block + 100)
            world.pass(60)
        }
        #expect(world.told.map(\.change) == [.strangers(other: 0)])
        #expect(world.told.map(\.pool) == ["b"])
    }

    @Test func lagsAreMeasuredAgainstTheFirst() {
        var world = Self.three()
        world.announce("a", block: 2)
        world.pass(3)
        world.announce("b", block: 2)
        #expect(world.policy.pools[0].lags.median == 0)
        #expect(world.policy.pools[1].lags.median == 3_000_000)
        #expect(world.policy.pools[2].lags.median == nil)
    }

    // MARK: Pools that go

    @Test func lagsMoveDownWithTheIndices() {
        var world = Self.world(["x", "a", "b", "c"].map { PolicyWorld.pool($0) })
        world.announce("a", block: 2)
        world.announce("b", block: 2)
        world.announce("x", block: 2)
        world.pass(20)
        world.policy.remove(at: 0, now: world.now)
        world.pass(10)
        #expect(world.told == [PolicyWorld.Told(second: 30, pool: "c", change: Self.aside)])
        world.announce("c", block: 2)
        world.pass(1)
        #expect(world.changes("c").last?.isReadmission == true)
    }
}
