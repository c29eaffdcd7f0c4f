import NIOCore
import PoolPool
import Router
import Testing

@Suite struct SessionExplanationTests {
    private static func world(_ priorities: [Int], pins: [PinRule] = []) -> PolicyWorld {
        var world = PolicyWorld(
            zip(["a", "b", "c"], priorities).map { PolicyWorld.pool($0, priority: $1) }, pins: pins)
        world.arrive(1...10)
        return world
    }

    private static func explain(_ world: PolicyWorld, _ session: Int64 = 1) throws -> SessionExplanation {
        try #require(world.policy.explain(session, now: world.now))
    }

    private static func objections(_ explanation: SessionExplanation) -> [String: String] {
        explanation.pools.reduce(into: [:]) { $0[$1.name] = $1.objection }
    }

    @Test func aSessionThatIsGoneHasNone() {
        #expect(Self.world([1]).policy.explain(77, now: .uptimeNanoseconds(0)) == nil)
    }

    @Test func itSaysWhoItIsAndWhatItDoes() throws {
        let explanation = try Self.explain(Self.world([1]))
        #expect(explanation.session == 1 && explanation.worker == "farm.1" && explanation.remote == "10.0.0.1")
        #expect(explanation.rule == nil && !explanation.isStrict && explanation.link == nil)
        #expect(explanation.pool == "a" && explanation.hashrate == 1e12)
        #expect(explanation.uncertainty == 1 / 1001.0.squareRoot())
    }

    @Test func amongEqualPoolsTheBalanceDecides() throws {
        var world = Self.world([1, 1])
        world.pass(10, isMining: true)
        let explanation = try Self.explain(world)
        #expect(explanation.reason == "a is to have 50 % of the work, and with it comes nearest to that")
        #expect(
            explanation.movers == [
                "a failing, being put aside, drained or disabled",
                "the balance, when b lacks about as much work as this miner does",
            ]
        )
        #expect(explanation.pools.map(\.name) == ["a", "b"])
        for pool in explanation.pools {
            #expect(pool.objection == nil && pool.standing == .good && pool.priority == 1 && pool.weight == 1)
            #expect(pool.targetShare == 0.5 && pool.loadShare == 0.5 && pool.workShare == 0.5 && pool.lack == 0)
        }
    }

    @Test func aStandbyPoolWaitsForTheFirst() throws {
        let world = Self.world([2, 1, 3])
        let explanation = try Self.explain(world)
        #expect(explanation.reason == "b is the best usable pool")
        #expect(explanation.movers == ["b failing, being put aside, drained or disabled"])
        #expect(explanation.pools.map(\.name) == ["b", "a", "c"])
        #expect(Self.objections(explanation) == ["a": "standby: b comes first", "c": "standby: b comes first"])
        #expect(explanation.pools.map(\.targetShare) == [1, 0, 0])
    }

    @Test func aPinnedSessionNamesItsRule() throws {
        let rule = PinRule(
            name: "hall", worker: WorkerPattern("farm.*"), pools: [PinRule.Share(pool: "b", weight: 2)], isStrict: true
        )
        let explanation = try Self.explain(Self.world([1, 2], pins: [rule]))
        #expect(explanation.rule == "hall" && explanation.isStrict)
        #expect(explanation.reason == "the rule hall matches it, and b is the best usable pool")
        #expect(explanation.movers == ["b failing, being put aside, drained or disabled"])
        #expect(explanation.pools.map(\.name) == ["b", "a"])
        #expect(explanation.pools.map(\.weight) == [2, 1])
        #expect(explanation.pools.map(\.priority) == [2, 1])
        #expect(Self.objections(explanation) == ["a": "the rule hall is strict and does not name it"])
    }

    @Test func aFailoverWaitsForThePoolToComeBack() throws {
        var world = Self.world([1, 2])
        world.fail("a")
        world.pass(3)
        #expect(Self.objections(try Self.explain(world)) == ["a": "down: closed"])
        world.ready("a")
        world.pass(20)
        let explanation = try Self.explain(world)
        #expect(explanation.pool == "b")
        #expect(explanation.reason == "b is the best usable pool")
        #expect(explanation.movers == ["b failing, being put aside, drained or disabled", "a coming back"])
        #expect(Self.objections(explanation) == ["a": "back, trusted in 100 s"])
        world.pass(120)
        let failback = try Self.explain(world)
        #expect(Self.objections(failback)["a"] == "it carries load again and has its full share soon")
        #expect(failback.movers.contains("the next clean job: somebody of this group is to move now"))
        #expect(failback.pools.map(\.name) == ["a", "b"])
    }

    @Test func aPoolThatIsPutAsideSaysForHowLong() throws {
        var world = Self.world([1, 2])
        world.reject("a", 10)
        world.pass(10)
        let explanation = try Self.explain(world)
        #expect(explanation.pool == "b" && explanation.reason == "b is the best usable pool")
        #expect(explanation.movers == ["b failing, being put aside, drained or disabled", "a coming back"])
        #expect(Self.objections(explanation) == ["a": "put aside (another 20 s): refused 10 shares in a row"])
        #expect(explanation.pools.last?.standing == .ejected)
    }

    @Test func aPoolThatIsHeldSaysSo() throws {
        var world = PolicyWorld([PolicyWorld.pool("a"), PolicyWorld.pool("b")]) { $0.payoutGuard = .eject }
        world.arrive(1...1)
        world.tell("a", world.policy.payoutDoubted(0, "pays bc1x", now: world.now))
        #expect(Self.objections(try Self.explain(world)) == ["a": "put aside (until further notice): pays bc1x"])
    }

    @Test func aDrainedPoolIsLeftByAndBy() throws {
        var world = Self.world([1, 2])
        world.administer("a", .draining, within: 300)
        world.pass(5)
        let explanation = try Self.explain(world)
        #expect(explanation.pool == "a")
        #expect(explanation.reason == "a keeps it until it can move: the load belongs to b")
        #expect(
            explanation.movers == [
                "a failing, being put aside, drained or disabled",
                "the balance, when b lacks about as much work as this miner does",
                "the next clean job: somebody of this group is to move now",
            ]
        )
        #expect(Self.objections(explanation) == ["a": "it is being drained"])
        world.pass(60)
        #expect(try Self.explain(world).movers == ["b failing, being put aside, drained or disabled"])
    }

    @Test func whoHasNoPoolWaitsForOne() throws {
        var world = Self.world([1, 2])
        world.policy.bar(1, from: 0b11)
        world.place()
        let barred = try Self.explain(world)
        #expect(barred.pool == nil && barred.reason == "it waits for a pool that can have it")
        #expect(barred.movers == ["the first usable pool that can have it"])
        #expect(
            Set(Self.objections(barred).values) == [
                "it has no work for this kind of miner, leaves too little nonce space for it, or has refused its user"
            ]
        )
        world.fail("a")
        world.administer("b", .disabled)
        let explanation = try Self.explain(world, 2)
        #expect(explanation.reason == "no pool is usable")
        #expect(Self.objections(explanation) == ["a": "down: closed", "b": "it is disabled"])
    }

    @Test func aPoolThatCannotHaveItWouldNotMoveIt() throws {
        var world = Self.world([1, 2, 2])
        world.policy.bar(1, from: 0b101)
        world.fail("a")
        world.pass(10)
        let explanation = try Self.explain(world)
        #expect(explanation.pool == "b")
        #expect(explanation.movers == ["b failing, being put aside, drained or disabled"])
        let other = try Self.explain(world, 2)
        #expect(other.movers.contains("a coming back") && other.movers.contains { $0.hasPrefix("the balance, when") })
    }

    @Test func weightZeroAndSuspicionAreObjections() throws {
        var world = PolicyWorld([PolicyWorld.pool("a"), PolicyWorld.pool("b", weight: 0), PolicyWorld.pool("c")])
        world.arrive(1...1)
        world.suspect("c", "no job for 90 s")
        world.policy.add(PolicyWorld.pool("d"), now: world.now)
        #expect(
            Self.objections(try Self.explain(world)) == [
                "b": "its weight is 0", "c": "suspect: no job for 90 s", "d": "it has not answered yet",
            ]
        )
    }

    @Test func theSessionsOfAWorkerAreFound() {
        var world = PolicyWorld([PolicyWorld.pool("a")])
        world.arrive(3...5, login: "farm.1")
        world.arrive(7...7, login: "farm.2")
        world.policy.left(4)
        #expect(world.policy.sessions(of: "farm.1") == [3, 5])
        #expect(world.policy.sessions(of: "farm") == [])
    }
}
