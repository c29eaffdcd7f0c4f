import NIOCore
import PoolPool
import Stratum
import Testing

@testable import Router

/// Miners that must be told what their nonces begin with before anything is known of them: which pool they are told of.
@Suite struct OfferTests {
    private static let pools = [(name: "a", extranonce: "a1"), (name: "b", extranonce: "b2")]

    // MARK: When

    @Test func aMinerIsAnsweredAsSoonAsAPoolCanServe() throws {
        let world = try CoreWorld(Self.pools, arePoolsUp: false)
        let first = world.waits()
        world.passes(seconds: 20)
        #expect(world.offers() == [])
        world.pool("b").isUp = true
        world.passes(seconds: 60)
        #expect(world.offers() == ["\(first.session): b2"])
        world.passes(seconds: 5)
        #expect(world.offers() == [])
    }

    @Test func aMinerIsAnsweredAtOnceIfAPoolCanServe() throws {
        let world = try CoreWorld(Self.pools)
        let first = world.waits()
        #expect(world.offers() == ["\(first.session): a1"])
        world.authorizes(first)
        #expect(world.pool(of: first) == "a")
        #expect(world.core.offers.isEmpty)
    }

    @Test func whoLeavesWhileItWaitsIsForgotten() throws {
        let world = try CoreWorld(Self.pools, arePoolsUp: false)
        let first = world.waits()
        #expect(world.core.policy.sessionCount == 1)
        world.leaves(first)
        #expect(world.core.offers.isEmpty)
        #expect(world.core.policy.sessionCount == 0)
        for pool in world.pools { pool.isUp = true }
        world.passes(seconds: 60)
        #expect(world.offers() == [])
    }

    /// The pool that it was told of is gone by the time it says its name.
    @Test func aMinerWhoseOfferIsVoidIsPlacedElsewhere() throws {
        let world = try CoreWorld(Self.pools)
        let first = world.waits()
        #expect(world.offers() == ["\(first.session): a1"])
        world.fails("a")
        world.authorizes(first)
        #expect(world.pool(of: first) == "b")
    }

    // MARK: Who comes back

    /// Two sessions from one address mine at the second pool, are asked to come back, and the first pool is there again.
    private static func returning(_ count: Int) throws -> CoreWorld {
        let world = try CoreWorld(Self.pools)
        for _ in 0..<count {
            let session = world.waits()
            world.authorizes(session)
            _ = world.core.command(.drain, pool: "a", within: .zero)
            world.passes(seconds: 1)
            #expect(world.pool(of: session) == "b")
            world.says(.sessionReturns(session.session))
            world.leaves(session)
            _ = world.core.command(.enable, pool: "a", within: .zero)
            world.passes(seconds: 1)
        }
        _ = world.told()
        return world
    }

    @Test func whoComesBackGoesWhereItWasSent() throws {
        let world = try Self.returning(1)
        let stranger = world.waits(from: "192.0.2.9")
        #expect(world.offers() == ["\(stranger.session): a1"])
        let first = world.waits()
        #expect(world.offers() == ["\(first.session): b2"])
        world.authorizes(first)
        #expect(world.pool(of: first) == "b")
        // The place was for one.
        let second = world.waits()
        #expect(world.offers() == ["\(second.session): a1"])
    }

    @Test func whoComesBackAfterAMinuteBeginsAnew() throws {
        let world = try Self.returning(1)
        world.passes(seconds: 61)
        let first = world.waits()
        #expect(world.offers() == ["\(first.session): a1"])
    }

    @Test func whoComesBackWithinAMinuteDoesNot() throws {
        let world = try Self.returning(1)
        world.passes(seconds: 55)
        let first = world.waits()
        #expect(world.offers() == ["\(first.session): b2"])
    }

    @Test func aPlaceThatCannotBeHadIsNone() throws {
        let world = try Self.returning(1)
        world.fails("b")
        let first = world.waits()
        #expect(world.offers() == ["\(first.session): a1"])
    }

    @Test func aPlaceAtAPoolThatIsDrainedMeanwhileIsNone() throws {
        let world = try Self.returning(1)
        _ = world.core.command(.drain, pool: "b", within: .seconds(600))
        let first = world.waits()
        #expect(world.offers() == ["\(first.session): a1"])
    }

    // MARK: Who stays

    /// Sessions that can be told another beginning and sessions that cannot, all at the second pool because the first one
    /// was away for a time.
    private static func failedOver(
        able count: Int, sticky: Int, areEqual: Bool
    ) throws -> (world: CoreWorld, able: [SessionIntroduction], sticky: [SessionIntroduction]) {
        let world = try CoreWorld(Self.pools) { if areEqual { $0.pools[1].priority = 1 } }
        let able = (0..<count).map { _ in world.waits(canChangeNonce: true) }
        let sticky = (0..<sticky).map { _ in world.waits() }
        for session in able + sticky { world.authorizes(session) }
        world.says(
            .hashrates((able + sticky).map { ($0.session, HashrateEstimate(hashrate: 1e9, shares: 1000)) })
        )
        world.fails("a")
        #expect((able + sticky).allSatisfy { world.pool(of: $0) == "b" })
        world.pool("a").isUp = true
        world.passes(seconds: 60)
        return (world, able, sticky)
    }

    @Test func theBalanceLeavesAloneWhoWouldHaveToConnectAgain() throws {
        let (world, able, sticky) = try Self.failedOver(able: 2, sticky: 4, areEqual: true)
        #expect(able.map { world.pool(of: $0) } == ["a", "a"])
        #expect(sticky.allSatisfy { world.pool(of: $0) == "b" })
        world.passes(seconds: 600)
        #expect(sticky.allSatisfy { world.pool(of: $0) == "b" })
    }

    @Test func whoSaysThatItCanMoveDoes() throws {
        let (world, _, sticky) = try Self.failedOver(able: 0, sticky: 2, areEqual: true)
        #expect(sticky.allSatisfy { world.pool(of: $0) == "b" })
        let mover = try #require(sticky.last)
        world.says(.sessionCanMove(mover.session))
        world.passes(seconds: 30)
        #expect(sticky.map { world.pool(of: $0) } == ["b", "a"])
    }

    @Test func aDrainMovesThemAll() throws {
        let (world, able, sticky) = try Self.failedOver(able: 2, sticky: 2, areEqual: true)
        _ = world.core.command(.drain, pool: "b", within: .seconds(20))
        world.passes(seconds: 30)
        #expect((able + sticky).allSatisfy { world.pool(of: $0) == "a" })
    }

    /// A backup is to carry nothing once the pool it stands in for is back.
    @Test func aFailbackMovesThemAll() throws {
        let (world, able, sticky) = try Self.failedOver(able: 2, sticky: 2, areEqual: false)
        #expect((able + sticky).allSatisfy { world.pool(of: $0) == "a" })
    }
}
