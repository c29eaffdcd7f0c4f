import NIOCore
import PoolPool
import Stratum
import Testing

@testable import Router

/// Nonce spaces beside the first one: their links come with their first session and go some time after the last.
@Suite struct IdleSpaceTests {
    private static let pools = [(name: "a", extranonce: "a1"), (name: "b", extranonce: "b2")]

    /// Sessions of two spaces, each with its link to each pool.
    private static func twoSpaces() throws -> (CoreWorld, first: SessionIntroduction, second: SessionIntroduction) {
        let world = try CoreWorld(Self.pools)
        let first = world.waits(nonce: world.allocate())
        let second = world.waits(nonce: world.allocate(total: 1))
        #expect([first.nonce.space, second.nonce.space] == [0, 1])
        for session in [first, second] { world.authorizes(session) }
        #expect(world.pools.map(\.links) == [2, 2])
        return (world, first, second)
    }

    @Test func theLinksOfASpaceGoAMinuteAfterItsLastSession() throws {
        let (world, first, second) = try Self.twoSpaces()
        world.passes(seconds: 200)
        #expect(world.pools.map(\.links) == [2, 2])
        world.leaves(second)
        world.passes(seconds: 59)
        #expect(world.pools.map(\.links) == [2, 2])
        world.passes(seconds: 3)
        #expect(world.pools.map(\.links) == [1, 1])
        // The first space's links are what the pools are watched by.
        world.leaves(first)
        world.passes(seconds: 200)
        #expect(world.pools.map(\.links) == [1, 1])
    }

    @Test func theLinksComeBackWhenTheyAreNeeded() throws {
        let (world, _, second) = try Self.twoSpaces()
        world.leaves(second)
        world.passes(seconds: 62)
        #expect(world.pools.map(\.links) == [1, 1])
        _ = world.told()
        let third = world.waits(nonce: world.allocate(total: 1))
        #expect(third.nonce.space == 1)
        #expect(third.nonce.prefix != second.nonce.prefix)
        #expect(world.offers() == ["\(third.session): a1"])
        world.authorizes(third)
        #expect(world.pool(of: third) == "a")
        #expect(world.pools.map(\.links) == [2, 2])
    }

    @Test func aSessionThatComesInTimeKeepsTheLinks() throws {
        let (world, _, second) = try Self.twoSpaces()
        world.leaves(second)
        world.passes(seconds: 50)
        let third = world.waits(nonce: world.allocate(total: 1))
        world.passes(seconds: 50)
        #expect(world.pools.map(\.links) == [2, 2])
        world.leaves(third)
        // The minute begins anew.
        world.passes(seconds: 55)
        #expect(world.pools.map(\.links) == [2, 2])
        world.passes(seconds: 7)
        #expect(world.pools.map(\.links) == [1, 1])
    }
}
