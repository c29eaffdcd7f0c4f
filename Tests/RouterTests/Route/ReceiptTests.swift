import Testing

@testable import Router

/// What a failover came to for the miners of the pool that went.
@Suite struct ReceiptTests {
    @Test func whoIsClosedBeforeItHasItsNewJobWasNotMoved() throws {
        let world = try CoreWorld([(name: "a", extranonce: "a1"), (name: "b", extranonce: "b2")])
        let miners = (1...3).map { _ in world.waits() }
        for miner in miners { world.authorizes(miner) }
        #expect(miners.allSatisfy { world.pool(of: $0) == "a" })
        _ = world.told()
        world.fails("a")
        let receipts = world.told().compactMap { message -> Int? in
            if case .assign(_, _, let receipt) = message { receipt } else { nil }
        }
        let receipt = try #require(receipts.first)
        world.says(.delivered(receipt: receipt, sessions: 2))
        world.says(.closed(receipt: receipt), .sessionGone(miners[2].session))
        world.passes(seconds: 2)
        let failover = try #require(world.events(.failover).first)
        #expect(failover.sessionsMoved == 2 && failover.receipt?.sessionsClosed == 1)
        #expect(failover.receipt?.sessionsWaiting == 0 && failover.receipt?.completion != nil)
        #expect(world.events(.failover).count == 1)
    }
}
