import NIOCore
import NIOEmbedded
import PoolPool
import Stratum
import Testing

@Suite struct PoolLinkTests {
    private static func yes(_ id: Int) -> String { #"{"id":\#(id),"result":true,"error":null}"# }

    // MARK: Connecting

    @Test func aLinkBecomesReadyAndBringsJobs() throws {
        let world = LinkWorld()
        world.link.start()
        try world.accept()
        try world.shakeHands()
        #expect(!world.link.isReady)
        try world.says(notifyLine("j1"))
        try world.says(notifyLine("j2"))
        #expect(world.news() == ["subscribed 8: extranonce 4 + 8 bytes", "ready j1 on 1", "job j2 on 1"])
        #expect(world.link.isReady)
        #expect(world.link.readyConnection == 1)
    }

    @Test(arguments: 1...50 as ClosedRange<UInt64>)
    func reconnectDelaysStayBelowTheDoublingBound(seed: UInt64) throws {
        let world = LinkWorld(seed: seed)
        world.link.start()
        for bound in [1, 2, 4, 8, 16, 32, 60, 60, 60] as [Int64] {
            let attempts = world.attempts.count
            let failedAt = world.loop.now
            world.refuse()
            #expect(world.news() == ["failed connect-failed", "closed \(attempts)"].reversed(), "seed \(seed)")
            while world.attempts.count == attempts, world.loop.now - failedAt < .seconds(61) {
                world.waits(.milliseconds(250))
            }
            #expect(world.attempts.count == attempts + 1, "seed \(seed)")
            #expect(world.loop.now - failedAt <= .seconds(bound) + .milliseconds(250), "seed \(seed)")
        }
    }

    @Test func jitterComesFromTheSeed() {
        func times(seed: UInt64) -> [UInt64] {
            let world = LinkWorld(seed: seed)
            world.link.start()
            var result: [UInt64] = []
            for _ in 0..<5 {
                world.refuse()
                let count = world.attempts.count
                while world.attempts.count == count { world.waits(.milliseconds(250)) }
                result.append(world.loop.now.uptimeNanoseconds)
            }
            return result
        }
        #expect(times(seed: 3) == times(seed: 3))
        #expect(Set((1...8).map { times(seed: $0) }).count > 1)
    }

    @Test func aStableConnectionStartsANewBackoff() throws {
        let world = LinkWorld()
        world.link.start()
        for _ in 0..<6 {
            world.refuse()
            let count = world.attempts.count
            while world.attempts.count == count { world.waits(.seconds(1)) }
        }
        try world.accept()
        try world.shakeHands()
        try world.says(notifyLine("j1"))
        world.waits(.seconds(31))
        let count = world.attempts.count
        world.closes()
        world.waits(.milliseconds(1250))
        #expect(world.attempts.count == count + 1)
    }

    @Test func theFormerSessionIsResumed() throws {
        let world = LinkWorld()
        try world.becomesReady()
        world.closes()
        world.waits(.seconds(2))
        try world.accept()
        #expect(try world.heard() == [#"{"id":1,"method":"mining.subscribe","params":["router/1","s1"]}"#])
    }

    @Test func handshakeTimeoutIsAFailure() throws {
        let world = LinkWorld()
        world.link.start()
        try world.accept()
        world.waits(.seconds(10))
        #expect(world.news() == ["closed 1", "failed handshake-timeout"])
    }

    @Test func refusedConfigureIsNeverSentAgain() throws {
        let world = LinkWorld(versionRolling: true)
        world.link.start()
        try world.accept()
        #expect(try world.heard().first?.contains("mining.configure") == true)
        world.closes()
        // A known quirk, not an outage: nobody is told and nothing is waited for.
        #expect(world.news() == ["closed 1"])
        world.waits(.milliseconds(250))
        try world.accept()
        #expect(try world.heard().first?.contains("mining.subscribe") == true)
        // Nor by another link of the same pool.
        let other = world.addLink(user: "acct.w2", versionRolling: true)
        other.start()
        try world.accept()
        #expect(try world.heard().first?.contains("mining.subscribe") == true)
    }

    @Test func silenceOnConfigureCountsAsRefusal() throws {
        let world = LinkWorld(versionRolling: true)
        world.link.start()
        try world.accept()
        world.waits(.seconds(6))
        #expect(world.attempts.count == 2)
        try world.accept()
        #expect(try world.heard().first?.contains("mining.subscribe") == true)
    }

    @Test func aLinkWithoutUserWaitsForOne() throws {
        let world = LinkWorld(user: nil)
        world.link.start()
        try world.accept()
        try world.shakeHands()
        #expect(world.news() == ["subscribed 8: extranonce 4 + 8 bytes"])
        world.waits(.seconds(30))
        #expect(!world.link.isReady)
        world.link.authorize(as: LinkKey(pool: "a", user: "acct.w9", space: 0))
        #expect(try world.heard() == [#"{"id":2,"method":"mining.authorize","params":["acct.w9","x"]}"#])
        try world.says(Self.yes(2))
        try world.says(notifyLine("j1"))
        #expect(world.news() == ["ready j1 on 1"])
        #expect(world.link.key.user == "acct.w9")
    }

    @Test func aUserThatComesWhileTheLinkIsMadeIsAuthorisedOnce() throws {
        let world = LinkWorld(user: nil)
        world.link.start()
        world.link.authorize(as: LinkKey(pool: "a", user: "acct.w9", space: 0))
        try world.accept()
        #expect(try world.heard().count == 1)
        try world.says(#"{"id":1,"result":[[],"8100f3c2",8],"error":null}"#)
        #expect(try world.heard() == [#"{"id":2,"method":"mining.authorize","params":["acct.w9","x"]}"#])
    }

    // MARK: client.reconnect

    @Test func theNewConnectionIsReadyBeforeTheOldOneGoes() throws {
        let world = LinkWorld()
        try world.becomesReady()
        #expect(world.link.submit(someShare(1), now: world.loop.now))
        try world.says(#"{"method":"client.reconnect","params":["us.pool.example",3334]}"#)
        #expect(world.attempts.count == 2)
        #expect(world.attempts[1].endpoint == PoolEndpoint(transport: .tcp, host: "us.pool.example", port: 3334))
        // The old one carries on meanwhile.
        #expect(world.link.readyConnection == 1)
        try world.says(notifyLine("j2"), on: 0)
        try world.accept()
        try world.shakeHands()
        try world.says(notifyLine("k1"))
        #expect(world.link.readyConnection == 2)
        #expect(world.news() == ["job j2 on 1", "subscribed 8: extranonce 4 + 8 bytes", "ready k1 on 2"])
        // Shares of the old connection's jobs go there and are settled there.
        #expect(world.link.isAlive(1))
        #expect(world.link.submit(someShare(2, on: 1), now: world.loop.now))
        try world.says(Self.yes(3), on: 0)
        try world.says(Self.yes(4), on: 0)
        #expect(world.news() == ["accepted 1 after 0 ms", "accepted 2 after 0 ms"])
        // A job on the old one concerns nobody any more.
        try world.says(notifyLine("j3"), on: 0)
        world.waits(.seconds(10))
        #expect(world.news() == ["closed 1"])
        #expect(!world.link.isAlive(1))
        #expect(!world.link.submit(someShare(3, on: 1), now: world.loop.now))
        #expect(world.link.isReady)
    }

    @Test func aReconnectToAForeignHostIsIgnored() throws {
        let world = LinkWorld()
        try world.becomesReady()
        try world.says(#"{"method":"client.reconnect","params":["evil.com",3334]}"#)
        world.waits(.seconds(5))
        #expect(world.attempts.count == 1)
        #expect(world.link.isReady)
    }

    @Test func aReconnectIsPutOffAsLongAsThePoolAsks() throws {
        let world = LinkWorld()
        try world.becomesReady()
        try world.says(#"{"method":"client.reconnect","params":[null,3334,5]}"#)
        world.waits(.milliseconds(4750))
        #expect(world.attempts.count == 1)
        world.waits(.milliseconds(250))
        #expect(world.attempts.count == 2)
    }

    @Test func aPoolThatClosesBeforeItsOwnTimeIsFoundWhereItSaid() throws {
        let world = LinkWorld()
        try world.becomesReady()
        try world.says(#"{"method":"client.reconnect","params":["us.pool.example",3334,5]}"#)
        world.closes()
        world.waits(.seconds(5))
        #expect(world.attempts.count == 2)
        #expect(world.attempts[1].endpoint.description == "stratum+tcp://us.pool.example:3334")
        // If that leads nowhere, the configured endpoint is tried again.
        world.refuse()
        world.waits(.seconds(2))
        #expect(world.attempts.last?.endpoint.description == "stratum+tcp://eu.pool.example:3333")
    }

    @Test func aFailedReconnectChangesNothing() throws {
        let world = LinkWorld()
        try world.becomesReady()
        try world.says(#"{"method":"client.reconnect","params":[]}"#)
        world.refuse()
        #expect(world.news() == ["closed 2"])
        #expect(world.link.readyConnection == 1)
    }

    @Test func thePoolMayCloseWhileItsSuccessorIsBeingMade() throws {
        let world = LinkWorld()
        try world.becomesReady()
        #expect(world.link.submit(someShare(1), now: world.loop.now))
        try world.says(#"{"method":"client.reconnect","params":[]}"#)
        world.closes(0)
        #expect(world.news() == ["closed 1", "lost 1: closed", "failed closed, was ready"])
        try world.accept()
        try world.shakeHands()
        try world.says(notifyLine("k1"))
        #expect(world.news() == ["subscribed 8: extranonce 4 + 8 bytes", "ready k1 on 2"])
        #expect(world.attempts.count == 2)
    }

    @Test func aDrainedConnectionIsNoFailedAttempt() throws {
        let world = LinkWorld()
        try world.becomesReady()
        try world.says(#"{"method":"client.reconnect","params":[]}"#)
        try world.accept()
        try world.shakeHands()
        try world.says(notifyLine("k1"))
        world.closes(1)
        _ = world.news()
        world.closes(0)
        #expect(world.news() == ["closed 1"])
    }

    // MARK: Silence

    @Test func aSilentPoolIsSuspectThenConfirmedBySecondSession() throws {
        let world = LinkWorld()
        try world.becomesReady()
        try world.mines(for: .minutes(20))
        world.waits(.seconds(59))
        #expect(world.news() == [])
        world.waits(.seconds(2))
        #expect(world.news() == ["suspect: no new job for 60.0 s"])
        #expect(world.attempts.count == 2)
        world.refuse()
        #expect(world.news() == ["closed 1", "failed silence, was ready", "closed 2"])
    }

    @Test func aSecondSessionWithAFreshJobReplacesTheFirst() throws {
        let world = LinkWorld()
        try world.becomesReady()
        try world.mines(for: .minutes(20))
        world.waits(.seconds(61))
        try world.accept()
        try world.shakeHands()
        try world.says(notifyLine("fresh", ntime: "681d7000"))
        #expect(world.link.readyConnection == 2)
        world.waits(.milliseconds(250))
        #expect(world.news().last == "cleared")
    }

    @Test func aSecondSessionWithNothingNewDoesNotSaveThePool() throws {
        let world = LinkWorld()
        try world.becomesReady()
        try world.mines(for: .minutes(20))
        world.waits(.seconds(30))
        try world.says(notifyLine("last"))
        world.waits(.seconds(61))
        #expect(world.attempts.count == 2)
        _ = world.news()
        try world.accept()
        try world.shakeHands()
        try world.says(notifyLine("last"))
        #expect(world.news() == ["subscribed 8: extranonce 4 + 8 bytes", "closed 2"])
        #expect(world.link.readyConnection == 1)
        // The same job once more on the first connection does not either.
        try world.says(notifyLine("last"), on: 0)
        world.waits(.seconds(58))
        #expect(world.link.isReady)
        world.waits(.seconds(2))
        #expect(world.news() == ["job last on 1", "closed 1", "failed silence, was ready"])
    }

    @Test func aFreshJobClearsSuspicion() throws {
        let world = LinkWorld()
        try world.becomesReady()
        try world.mines(for: .minutes(20))
        world.waits(.seconds(61))
        _ = world.news()
        try world.says(notifyLine("fresh", ntime: "681d7000"), on: 0)
        world.waits(.milliseconds(250))
        #expect(world.news() == ["job fresh on 1", "cleared"])
    }

    // MARK: Shares

    @Test func verdictsComeWithTheirLatency() throws {
        let world = LinkWorld()
        try world.becomesReady()
        #expect(world.link.submit(someShare(1), now: world.loop.now))
        #expect(world.link.submit(someShare(2), now: world.loop.now))
        #expect(world.link.pendingCount == 2)
        #expect(try world.heard() == [])
        world.link.flush()
        #expect(try world.heard().count == 2)
        world.loop.advanceTime(by: .milliseconds(30))
        try world.says(#"{"id":4,"result":null,"error":[23,"low",null]}"#)
        try world.says(Self.yes(3))
        try world.says(Self.yes(3))
        #expect(world.news() == ["rejected 2 after 30 ms", "accepted 1 after 30 ms"])
        #expect(world.link.pendingCount == 0)
    }

    @Test func anUnansweredShareMakesThePoolSuspect() throws {
        let world = LinkWorld()
        try world.becomesReady()
        #expect(world.link.submit(someShare(1), now: world.loop.now))
        world.waits(.seconds(10))
        #expect(world.news() == ["suspect: a share is unanswered for 10.0 s"])
        try world.says(Self.yes(3))
        world.waits(.milliseconds(250))
        #expect(world.news() == ["accepted 1 after 10000 ms", "cleared"])
    }

    @Test func threeUnansweredSharesTakeTheLinkDown() throws {
        let world = LinkWorld()
        try world.becomesReady()
        for share in 1...3 { #expect(world.link.submit(someShare(Int64(share)), now: world.loop.now)) }
        world.waits(.seconds(30))
        #expect(
            world.news() == [
                "suspect: a share is unanswered for 10.0 s",
                "closed 1", "lost 1,2,3: unanswered", "failed unanswered, was ready",
            ]
        )
    }

    @Test func twoUnansweredSharesExpireOneByOne() throws {
        let world = LinkWorld()
        try world.becomesReady()
        try world.mines(for: .minutes(5))
        #expect(world.link.submit(someShare(1), now: world.loop.now))
        world.waits(.seconds(1))
        #expect(world.link.submit(someShare(2), now: world.loop.now))
        world.waits(.seconds(28))
        try world.says(notifyLine("j8", clean: false))
        world.waits(.seconds(30))
        try world.says(notifyLine("j9", clean: false))
        #expect(world.link.isReady)
        _ = world.news()
        world.waits(.seconds(1))
        #expect(world.news() == ["lost 1: unanswered"])
        world.waits(.seconds(1))
        #expect(world.news().first == "lost 2: unanswered")
        // What the pool says afterwards is told apart.
        try world.says(Self.yes(3))
        try world.says(Self.yes(3))
        #expect(world.news().filter { $0.hasPrefix("accepted") } == ["accepted 1 after 61000 ms, late"])
    }

    @Test func closingLosesEachShareInFlightOnce() throws {
        let world = LinkWorld()
        try world.becomesReady()
        for share in 1...3 { #expect(world.link.submit(someShare(Int64(share)), now: world.loop.now)) }
        try world.says(Self.yes(4))
        _ = world.news()
        world.closes()
        #expect(world.news() == ["closed 1", "lost 1,3: closed", "failed closed, was ready"])
        world.waits(.minutes(2))
        #expect(!world.news().contains { $0.hasPrefix("lost") })
    }

    // MARK: Stopping

    @Test func stoppingClosesEverythingAndMakesNothingNew() throws {
        let world = LinkWorld()
        try world.becomesReady()
        try world.says(#"{"method":"client.reconnect","params":[]}"#)
        #expect(world.link.submit(someShare(1), now: world.loop.now))
        world.link.stop(LinkFailure(.stopped, "drained"))
        world.loop.run()
        let news = world.news()
        #expect(news.filter { $0.hasPrefix("lost") } == ["lost 1: stopped"])
        #expect(news.filter { $0.hasPrefix("closed") }.sorted() == ["closed 1", "closed 2"])
        #expect(!world.link.submit(someShare(2), now: world.loop.now))
        world.waits(.minutes(5))
        #expect(world.attempts.count == 2)
        #expect(world.news() == [])
    }

    @Test func aStoppedLinkStartsAgain() throws {
        let world = LinkWorld()
        try world.becomesReady()
        world.link.stop(LinkFailure(.stopped, "disabled"))
        world.loop.run()
        _ = world.news()
        world.link.start()
        try world.accept()
        try world.shakeHands()
        try world.says(notifyLine("j5"))
        #expect(world.news() == ["subscribed 8: extranonce 4 + 8 bytes", "ready j5 on 2"])
    }

    @Test func aConnectionMadeAfterStoppingIsClosedAtOnce() throws {
        let world = LinkWorld()
        world.link.start()
        world.link.stop(LinkFailure(.stopped, "drained"))
        try world.accept()
        #expect(world.attempts[0].channel?.isActive == false)
        #expect(try world.heard() == [])
    }
}
