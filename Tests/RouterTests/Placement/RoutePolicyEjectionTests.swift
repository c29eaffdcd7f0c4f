import NIOCore
import PoolPool
import Router
import Testing

/// Pools that are put aside for what they answer.
@Suite struct RoutePolicyEjectionTests {
    private static func world(_ adjust: (inout RouteConfiguration) -> Void = { _ in }) -> PolicyWorld {
        var world = PolicyWorld([PolicyWorld.pool("a"), PolicyWorld.pool("b", priority: 2)], adjust)
        world.arrive(1...10)
        return world
    }

    @Test func tenRefusalsInARowPutThePoolAside() {
        var world = Self.world()
        world.reject("a", 9)
        #expect(world.told.isEmpty && world.count(at: "a") == 10)
        world.reject("a", 1)
        #expect(world.changes("a") == [.ejected(reason: "refused 10 shares in a row", time: .seconds(30))])
        #expect(world.count(at: "b") == 10)
        #expect(world.policy.carryingPools == [1])
    }

    @Test(arguments: [(15, false), (14, true)])
    func moreThanAQuarterRefusedPutThePoolAside(accepted: Int, isEjected: Bool) {
        var world = Self.world()
        world.accept("a", accepted / 2)
        world.reject("a", (20 - accepted) / 2)
        world.accept("a", accepted - accepted / 2)
        world.reject("a", 20 - accepted - (20 - accepted) / 2)
        world.pass(1)
        #expect((world.changes("a").first?.ejection != nil) == isEjected)
        #expect(world.count(at: "b") == (isEjected ? 10 : 0))
    }

    @Test func whatIsNotToBeJudgedIsNot() {
        var world = Self.world { $0.health.outliers.enabled = false }
        world.reject("a", 100)
        world.pass(5)
        #expect(world.told.isEmpty)
    }

    @Test func aReloadChangesWhatIsJudged() {
        var world = Self.world()
        var configuration = world.policy.configuration
        configuration.health.outliers.consecutiveRejects = 3
        world.policy.update(configuration, now: world.now)
        world.reject("a", 3)
        #expect(world.changes("a").count == 1)
    }

    @Test func theLastUsablePoolIsKeptUntilThereIsAnother() {
        var world = Self.world()
        world.fail("b")
        world.reject("a", 30)
        world.pass(20)
        #expect(world.changes("a") == [.panic(reason: "refused 10 shares in a row")])
        #expect(world.count(at: "a") == 10)
        world.ready("b")
        world.pass(1)
        #expect(world.changes("a").last == .ejected(reason: "refused 30 shares in a row", time: .seconds(30)))
        #expect(world.count(at: "b") == 10)
    }

    @Test func thePanicEndsWithItsCause() {
        var world = Self.world()
        world.fail("b")
        world.reject("a", 10)
        world.accept("a", 30)
        world.pass(1)
        #expect(world.policy.pools[0].panic == nil)
        world.ready("b")
        world.pass(5)
        #expect(world.changes("a").count { !$0.isPanic } == 0)
        world.fail("b")
        world.reject("a", 20)
        #expect(world.changes("a").count { $0.isPanic } == 2)
    }

    @Test func theTimeAsideGrowsAndIsForgiven() {
        var world = Self.world()
        func times() -> [TimeAmount] { world.changes("a").compactMap(\.ejection) }
        for _ in 0..<12 {
            world.reject("a", 10)
            // Readmitted, and a second more.
            world.pass(Int((times().last ?? .zero).nanoseconds / 1_000_000_000) + 1)
        }
        #expect(times() == (1...12).map { .seconds(min(300, 30 * $0)) })
        // Each five minutes one of twelve.
        world.pass(10 * 300)
        world.reject("a", 10)
        #expect(times().last == .seconds(90))
        world.pass(91 + 5 * 300)
        world.reject("a", 10)
        #expect(times().last == .seconds(30))
    }

    @Test func aReadmittedPoolBeginsWithLittle() {
        var world = PolicyWorld([PolicyWorld.pool("a"), PolicyWorld.pool("b")])
        world.arrive(1...100)
        world.reject("a", 10)
        #expect(world.target("a") == 0)
        world.pass(29)
        #expect(world.target("a") == 0)
        world.pass(1)
        #expect(world.changes("a").last?.isReadmission == true)
        #expect(world.target("a") < 0.011)
        #expect(world.count(at: "a") == 0)
        world.pass(30)
        #expect(abs(world.target("a") - 1.0 / 3) < 0.01)
        world.pass(30)
        #expect(world.target("a") == 0.5)
        world.pass(300, isMining: true)
        #expect((45...55).contains(world.count(at: "a")))
    }

    @Test func whatItRefusesWhileItIsPutAsideDoesNotCount() {
        var world = Self.world()
        world.reject("a", 10)
        world.pass(20)
        world.reject("a", 10)
        world.pass(60)
        #expect(world.changes("a").count == 2)
        #expect(world.changes("a").last?.isReadmission == true)
    }

    @Test(arguments: [["a", "b"], ["b", "a"]])
    func ofAllPutAsideTheLeastBadCarries(names: [String]) {
        var world = Self.world()
        let (mild, severe) = (names[0], names[1])
        for _ in 0..<3 {
            world.accept(mild, 5)
            world.reject(mild, 3)
        }
        world.pass(1)
        #expect(world.changes(mild).first?.ejection != nil)
        world.reject(severe, 10)
        #expect(world.changes(severe).first?.ejection != nil)
        #expect(world.policy.carryingPools.map(world.name) == [mild])
        #expect(world.count(at: mild) == 10)
    }

    @Test func onePutAsideIsBetterThanOneThatIsDown() {
        var world = Self.world()
        world.reject("a", 10)
        #expect(world.count(at: "b") == 10)
        world.fail("b")
        #expect(world.count(at: "a") == 10)
        #expect(world.policy.walk(1) == [0])
        // Back, and not put aside: better.
        world.ready("b")
        world.place()
        #expect(world.count(at: "b") == 10)
    }

    @Test func unansweredSharesAreRefusals() {
        var world = Self.world()
        world.tell("a", world.policy.unanswered(0, 10, now: world.now))
        #expect(world.changes("a") == [.ejected(reason: "did not answer 10 shares in a row", time: .seconds(30))])
    }

    // MARK: Payout

    @Test func aPoolThatPaysSomebodyElseIsPutAsideUntilItIsEnabled() {
        var world = Self.world { $0.payoutGuard = .eject }
        world.tell("a", world.policy.payoutDoubted(0, "pays bc1x", now: world.now))
        #expect(world.changes("a") == [.ejected(reason: "pays bc1x", time: nil)])
        #expect(world.policy.payoutDoubted(0, "pays bc1x", now: world.now) == nil)
        world.pass(3600)
        world.administer("a", .disabled)
        world.pass(10)
        #expect(world.policy.pools[0].hold == .payout)
        #expect(world.count(at: "b") == 10)
        world.administer("a", .enabled)
        #expect(world.policy.pools[0].hold == nil)
        #expect(world.policy.carryingPools == [0])
        world.pass(60)
        #expect(world.count(at: "a") == 10)
    }

    @Test(arguments: [PayoutGuardMode.warn, .off])
    func withoutTheGuardNothingIsPutAside(mode: PayoutGuardMode) {
        var world = Self.world { $0.payoutGuard = mode }
        #expect(world.policy.payoutDoubted(0, "pays bc1x", now: world.now) == nil)
        #expect(world.policy.carryingPools == [0])
    }

    @Test func aPayoutHoldOutlastsAnEjection() {
        var world = Self.world { $0.payoutGuard = .eject }
        world.reject("a", 10)
        world.tell("a", world.policy.payoutDoubted(0, "pays bc1x", now: world.now))
        world.pass(100)
        #expect(world.changes("a").count == 2)
        #expect(world.count(at: "b") == 10)
    }
}
