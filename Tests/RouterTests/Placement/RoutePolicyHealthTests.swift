import NIOCore
import PoolPool
import Router
import Testing

/// Pools that go, are doubted, and come back.
@Suite struct RoutePolicyHealthTests {
    private static func world(_ adjust: (inout RouteConfiguration) -> Void = { _ in }) -> PolicyWorld {
        var world = PolicyWorld([PolicyWorld.pool("a"), PolicyWorld.pool("b", priority: 2)], adjust)
        world.arrive(1...20)
        return world
    }

    @Test func aSuspectPoolKeepsWhatItHasAndGetsNothing() {
        var world = Self.world()
        world.suspect("a", "no job for 90 s")
        #expect(world.changes("a") == [.health(.becameSuspect("no job for 90 s"))])
        #expect(world.policy.walk(1) == [1, 0])
        world.arrive(21...30)
        #expect(world.count(at: "b") == 10)
        for _ in 0..<10 {
            world.pass(60, isMining: true)
            world.cleanJob("a")
            world.cleanJob("b")
        }
        #expect(world.count(at: "a") == 20 && world.count(at: "b") == 10)
        world.suspect("a", nil)
        world.arrive(31...31)
        #expect(world.pool(of: 31) == "a")
        world.pass(60)
        #expect(world.count(at: "a") == 31)
    }

    @Test func suspectPoolsAreBetterThanNone() {
        var world = Self.world()
        world.suspect("a", "no job")
        world.suspect("b", "no job")
        world.arrive(21...21)
        #expect(world.pool(of: 21) == "a")
    }

    /// Owed work, and then doubted: the debt must not draw anybody there.
    @Test(arguments: ["suspect", "drained"])
    func aDebtToAPoolThatIsToGetNothingMovesNobodyThere(how: String) {
        var world = PolicyWorld([PolicyWorld.pool("a"), PolicyWorld.pool("b")]) { $0.balance.patience = .seconds(600) }
        world.arrive(1...20)
        for session in 1...20 as ClosedRange<Int64> { world.policy.assigned(session, to: 0) }
        world.pass(100, isMining: true)
        #expect(world.count(at: "a") == 20)
        if how == "suspect" { world.suspect("b", "no job") } else { world.administer("b", .draining, within: 600) }
        world.cleanJob("b")
        #expect(world.count(at: "b") == 0)
        world.cleanJob("a")
        world.pass(60, isMining: true)
        world.cleanJob("b")
        #expect(world.count(at: "b") == 0)
    }

    @Test func aPoolThatComesBackIsTrustedAfterTheFailbackTime() {
        var world = Self.world()
        world.fail("a")
        #expect(world.count(at: "b") == 20)
        world.pass(10)
        world.ready("a")
        world.pass(119)
        #expect(world.target("a") == 0)
        world.pass(1)
        #expect(
            world.changes("a") == [.health(.wentDown("closed")), .health(.beganRecovery), .health(.recovered)]
        )
        #expect(world.count(at: "b") == 20)
    }

    @Test func aReloadChangesTheFailbackTime() {
        var world = Self.world()
        world.fail("a")
        world.ready("a")
        world.pass(5)
        var configuration = world.policy.configuration
        configuration.health.failbackAfter = .seconds(10)
        world.policy.update(configuration, now: world.now)
        world.pass(5)
        #expect(world.changes("a").last == .health(.recovered))
    }

    @Test func aPoolWhoseHealthIsResetBeginsAnew() {
        var world = Self.world()
        world.fail("a")
        world.ready("a")
        world.pass(130)
        #expect(world.target("a") > 0 && world.target("a") < 0.5)
        world.policy.resetHealth(0, now: world.now)
        #expect(world.target("a") == 0)
        world.ready("a")
        #expect(world.changes("a").last == .health(.cameUp))
        #expect(world.target("a") == 1)
    }

    @Test func aPoolThatIsNotTrustedYetIsBetterThanNone() {
        var world = Self.world()
        world.fail("a")
        world.pass(10)
        world.ready("a")
        world.fail("b")
        #expect(world.count(at: "a") == 20)
    }

    @Test func withNothingUsableSessionsHaveNoPool() {
        var world = Self.world()
        world.fail("a")
        world.fail("b")
        #expect(world.policy.walk(1).isEmpty)
        #expect(world.pool(of: 1) == nil)
        #expect(world.policy.loads == [0, 0])
        world.pass(30)
        world.ready("b")
        #expect(world.count(at: "b") == 20)
    }

    @Test func failbackIsARamp() {
        var world = PolicyWorld([PolicyWorld.pool("a"), PolicyWorld.pool("b", priority: 2)]) {
            $0.balance.patience = .zero
        }
        world.arrive(1...100)
        world.fail("a")
        world.ready("a")
        world.pass(120)
        var counts: [Int] = []
        for second in 1...80 {
            world.pass(1, isMining: true)
            counts.append(world.count(at: "a"))
            // It carries no more than it should, and not much less.
            let target = Double(min(60, second)) / 60 * 100
            #expect(Double(counts.last ?? 0) <= target + 2, "\(second) s")
            #expect(Double(counts.last ?? 0) >= target - 35, "\(second) s")
        }
        #expect(counts == counts.sorted())
        #expect(counts.last == 100)
        let moves = world.movesBySecond(from: 120).values
        #expect(moves.allSatisfy { $0 <= 5 }, "\(moves)")
    }

    /// Invariant 6: up and down every ten seconds, for an hour.
    @Test func aFlappingPoolGetsNobody() {
        var world = Self.world()
        for step in 0..<360 {
            if step.isMultiple(of: 2) { world.fail("a") } else { world.ready("a") }
            world.pass(10, isMining: true)
            #expect(world.count(at: "b") == 20)
        }
        #expect(world.moved.count { $0.second > 0 && $0.pool == "a" } == 0)
    }

    @Test(arguments: [(5, 20), (20, 130), (1, 121), (60, 300)])
    func aPoolCarriesLoadAtMostOncePerFailbackTime(down: Int, up: Int) {
        var world = Self.world { $0.balance.patience = .zero }
        var starts: [Int] = []
        while world.second < 3600 {
            world.fail("a")
            world.pass(down, isMining: true)
            world.ready("a")
            for _ in 0..<up {
                let before = world.count(at: "a")
                world.pass(1, isMining: true)
                if before == 0, world.count(at: "a") > 0 { starts.append(world.second) }
            }
        }
        #expect(starts.isEmpty == (up < 130))
        for (earlier, later) in zip(starts, starts.dropFirst()) { #expect(later - earlier >= 120) }
    }

    @Test func anotherPoolThatIsDownDoesNotMakeAFlappingOneBetter() {
        var world = PolicyWorld([
            PolicyWorld.pool("a"), PolicyWorld.pool("b"), PolicyWorld.pool("c", priority: 2),
        ])
        world.arrive(1...20)
        world.fail("b")
        world.fail("a")
        #expect(world.count(at: "c") == 20)
        for step in 0..<100 {
            if step.isMultiple(of: 2) { world.ready("a") } else { world.fail("a") }
            world.pass(10)
            #expect(world.count(at: "c") == 20)
        }
    }
}
