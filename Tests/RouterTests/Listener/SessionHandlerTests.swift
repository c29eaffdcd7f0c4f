import NIOCore
import NIOEmbedded
import PoolPool
import Router
import Stratum
import Testing

/// Miners on a ``RouterShard``: what they hear, what the core and the observer are told.
@Suite struct SessionHandlerTests {
    private static func submit(_ job: IssuedJob, _ nonce: Int = 1, id: Int = 5) -> String {
        let digits = String(String(0x1_0000_0000 + nonce, radix: 16).dropFirst())
        return
            #"{"id":\#(id),"method":"mining.submit","params":["acct.w1","\#(job.id)","00000000","6553f100","#
            + #""\#(digits)"]}"#
    }

    private static func yes(_ id: Int) -> String { #"{"id":\#(id),"result":true,"error":null}"# }

    // MARK: Opening

    @Test func nothingIsAnsweredBeforeTheRouteIsOpen() throws {
        let world = ShardWorld(isOpen: false)
        let miner = try world.joins()
        #expect(try world.hears(miner) == [])
        world.waits(seconds: 120)
        #expect(world.isConnected(miner))
        world.opens()
        let heard = try world.hears(miner)
        #expect(heard.count == 2)
        #expect(heard.first?.contains(#""0001",4]"#) == true)
        #expect(heard.last == Self.yes(2))
    }

    @Test func aReadySessionIsIntroducedOnce() throws {
        let world = ShardWorld()
        let miner = try world.joins()
        try world.says(miner, #"{"id":3,"method":"mining.authorize","params":["acct.w2","x"]}"#)
        let introductions = world.told().filter { if case .sessionReady = $0 { true } else { false } }
        #expect(introductions.count == 1)
        #expect(world.recorded() == ["opened 1"])
    }

    @Test(
        arguments: [
            "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "POST /x HTTP/1.1\r\n", "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
            "\u{16}\u{03}\u{01}\u{02}\u{00}", "hello\n", String(repeating: "x", count: 20_000),
        ]
    )
    func whatIsNoMinerIsClosed(bytes: String) throws {
        let world = ShardWorld()
        let miner = try world.connects()
        try world.says(miner, bytes, ending: "")
        #expect(!world.isConnected(miner))
        #expect(world.shard.sessionCount == 0)
    }

    @Test func aSubscribedMinerMaySendSomeNonsense() throws {
        let world = ShardWorld()
        let miner = try world.joins()
        for _ in 0..<9 { try world.says(miner, "{nonsense") }
        try world.says(miner, #"{"id":9,"method":"mining.ping","params":[]}"#)
        #expect(try world.hears(miner).last == #"{"id":9,"result":"pong","error":null}"#)
        for _ in 0..<10 { try world.says(miner, "{nonsense") }
        #expect(!world.isConnected(miner))
    }

    @Test func tooManyLinesInASecondEndTheSession() throws {
        let world = ShardWorld { $0.limits.linesPerSecond = 5 }
        let miner = try world.joins()
        for _ in 0..<3 {
            world.waits(seconds: 1)
            for _ in 0..<5 { try world.says(miner, #"{"id":9,"method":"mining.ping","params":[]}"#) }
        }
        #expect(world.isConnected(miner))
        try world.says(miner, #"{"id":9,"method":"mining.ping","params":[]}"#)
        #expect(!world.isConnected(miner))
    }

    @Test func whoDoesNotAuthoriseInTimeIsClosed() throws {
        let world = ShardWorld()
        let miner = try world.connects()
        try world.says(miner, #"{"id":1,"method":"mining.subscribe","params":[]}"#)
        world.waits(seconds: 59)
        #expect(world.isConnected(miner))
        world.waits(seconds: 1)
        #expect(!world.isConnected(miner))
        // It never was a session that others knew of.
        #expect(world.told().isEmpty)
        #expect(world.recorded() == [])
    }

    // MARK: Jobs

    @Test func allSessionsOfALinkHearTheSameBytes() throws {
        let world = ShardWorld()
        let miners = [try world.joins(), try world.joins()]
        let link = IssuingLink()
        let first = try #require(link.receives(upstreamJob("1")))
        world.receives(.job(first, .new), .assign(sessions: [1, 2], link: 1))
        let heard = try miners.map { try world.hears($0).suffix(2) }
        #expect(heard[0] == heard[1])
        #expect(try heard[0].last.map { $0 + "\n" } == String(buffer: first.bitcoin.notifyLine(clean: true)))
        let second = try #require(link.receives(upstreamJob("2", coinbase: 2, clean: false)))
        world.receives(.job(second, .new))
        let line = String(buffer: try second.bitcoin.notifyLine(clean: false))
        for miner in miners {
            #expect(try world.hears(miner).map { $0 + "\n" } == [line])
        }
    }

    @Test func aSessionThatReturnsIsGivenNewWork() throws {
        let world = ShardWorld()
        let miner = try world.joins()
        let other = try world.joins()
        let a = IssuingLink(1)
        let b = IssuingLink(2)
        let jobA = try #require(a.receives(upstreamJob()))
        let jobB = try #require(b.receives(upstreamJob()))
        world.receives(.job(jobA, .new), .job(jobB, .new), .assign(sessions: [1, 2], link: 1))
        world.receives(.assign(sessions: [1], link: 2))
        _ = try world.hears(miner)
        _ = try world.hears(other)
        _ = world.told()
        // Back on the first pool, whose job it has already worked on.
        world.receives(.assign(sessions: [1], link: 1))
        #expect(try world.hears(miner) == [])
        let asked = world.told().filter { if case .reissue(link: 1) = $0 { true } else { false } }
        #expect(asked.count == 1)
        let again = try #require(a.reissues())
        world.receives(.job(again, .reissue))
        #expect(try world.hears(miner).map { $0 + "\n" } == [String(buffer: again.bitcoin.notifyLine(clean: true))])
        // Nobody else needed it.
        #expect(try world.hears(other) == [])
    }

    @Test func aReissueThatDoesNotComeIsAskedForAgain() throws {
        let world = ShardWorld()
        try world.joins()
        let a = IssuingLink(1)
        let job = try #require(a.receives(upstreamJob()))
        world.receives(.job(job, .new), .assign(sessions: [1], link: 1))
        let b = IssuingLink(2)
        world.receives(.job(try #require(b.receives(upstreamJob())), .new), .assign(sessions: [1], link: 2))
        world.receives(.assign(sessions: [1], link: 1))
        _ = world.told()
        world.waits(seconds: 1)
        #expect(world.told().contains { if case .reissue(link: 1) = $0 { true } else { false } })
    }

    @Test func aMinerThatDoesNotReadIsDropped() throws {
        let world = ShardWorld()
        let miner = try world.joins()
        let link = IssuingLink()
        world.channels[miner].isWritable = false
        world.channels[miner].pipeline.fireChannelWritabilityChanged()
        world.receives(.job(try #require(link.receives(upstreamJob())), .new), .assign(sessions: [1], link: 1))
        #expect(!world.isConnected(miner))
        #expect(world.recorded() == ["opened 1", "closed 1: does not read"])
    }

    // MARK: Shares

    @Test func aShareGoesOutAndItsVerdictComesBack() throws {
        let world = ShardWorld()
        let miner = try world.joins()
        let link = IssuingLink()
        let job = try #require(link.receives(upstreamJob("p7")))
        world.receives(.job(job, .new), .assign(sessions: [1], link: 1))
        _ = try world.hears(miner)
        try world.says(miner, Self.submit(job))
        let share = try #require(world.forwarded().first)
        #expect(share.share.jobID == "p7")
        #expect(share.connection == 1)
        #expect(share.share.padding == [0, 0])
        #expect(share.share.prefix == [0, 1])
        #expect(try world.hears(miner) == [])
        world.receives(.settled(share.ticket, .accepted, latencyMicroseconds: 5))
        #expect(try world.hears(miner) == [Self.yes(5)])
        #expect(world.recorded() == ["opened 1", "share 1 forwarded", "settled 1"])
    }

    @Test func aShareOfASessionThatLeftIsSettledAllTheSame() throws {
        let world = ShardWorld()
        let miner = try world.joins()
        let link = IssuingLink()
        let job = try #require(link.receives(upstreamJob()))
        world.receives(.job(job, .new), .assign(sessions: [1], link: 1))
        try world.says(miner, Self.submit(job))
        let share = try #require(world.forwarded().first)
        world.leaves(miner)
        world.receives(.settled(share.ticket, .accepted, latencyMicroseconds: 5))
        #expect(world.recorded() == ["opened 1", "share 1 forwarded", "closed 1: closed by the miner", "settled 1"])
    }

    @Test func sharesOfStaleAndGoneJobsAreAnsweredHere() throws {
        let world = ShardWorld()
        let miner = try world.joins()
        let link = IssuingLink()
        let first = try #require(link.receives(upstreamJob("1")))
        world.receives(.job(first, .new), .assign(sessions: [1], link: 1))
        let clean = try #require(link.receives(upstreamJob("2", previous: 2, coinbase: 2)))
        world.receives(.job(clean, .new))
        let open = try #require(link.receives(upstreamJob("3", previous: 2, coinbase: 3, clean: false)))
        world.receives(.job(open, .new))
        _ = try world.hears(miner)
        try world.says(miner, Self.submit(first), Self.submit(clean, id: 6), Self.submit(open, id: 7))
        #expect(try world.hears(miner) == [#"{"id":5,"result":null,"error":[21,"Stale",null]}"#])
        #expect(world.forwarded().map(\.share.jobID) == ["2", "3"])
        world.receives(.connectionGone(link: 1, connection: 1))
        try world.says(miner, Self.submit(open, 2, id: 8))
        #expect(try world.hears(miner).first?.contains("the link to its pool is gone") == true)
    }

    @Test func aReplacedConnectionStillTakesItsShares() throws {
        let world = ShardWorld()
        let miner = try world.joins()
        let link = IssuingLink()
        let old = try #require(link.receives(upstreamJob("1")))
        world.receives(.job(old, .new), .assign(sessions: [1], link: 1))
        link.connection = 9
        let new = try #require(link.receives(upstreamJob("2", coinbase: 2)))
        world.receives(.job(new, .new))
        try world.says(miner, Self.submit(old), Self.submit(new))
        #expect(world.forwarded().map(\.connection) == [1, 9])
    }

    // MARK: Coming back

    @Test func aMinerThatComesBackKeepsItsExtranonce() throws {
        let world = ShardWorld()
        let miner = try world.joins()
        let token = "a1"
        #expect(try world.hears(miner).first?.contains(#"["mining.notify","a1"]],"0001",4]"#) == true)
        world.leaves(miner)
        world.waits(seconds: 170)
        let again = try world.joins(sessionID: token)
        #expect(try world.hears(again).first?.contains(#""0001",4]"#) == true)
        // The id is good once.
        let third = try world.joins(sessionID: token)
        #expect(try world.hears(third).first?.contains(#""0002",4]"#) == true)
    }

    @Test func aKickedMinerStartsAnew() throws {
        let world = ShardWorld()
        let miner = try world.joins()
        #expect(world.shard.kick(1))
        #expect(!world.shard.kick(1))
        #expect(!world.isConnected(miner))
        let again = try world.joins(sessionID: "a1")
        #expect(try world.hears(again).first?.contains(#""0002",4]"#) == true)
    }

    @Test func sharesFoundDuringTheBreakCount() throws {
        let world = ShardWorld()
        let miner = try world.joins()
        let link = IssuingLink()
        let job = try #require(link.receives(upstreamJob()))
        world.receives(.job(job, .new), .assign(sessions: [1], link: 1))
        try world.says(miner, Self.submit(job, 1))
        world.leaves(miner)
        _ = world.told()
        let again = try world.joins(sessionID: "a1")
        _ = try world.hears(again)
        try world.says(again, Self.submit(job, 1), Self.submit(job, 2, id: 6))
        #expect(try world.hears(again) == [#"{"id":5,"result":null,"error":[22,"Duplicate share",null]}"#])
        #expect(world.forwarded().count == 1)
    }

    // MARK: Other nonce space

    @Test func aMinerThatTakesItIsGivenAnotherExtranonce() throws {
        let world = ShardWorld()
        let miner = try world.joins()
        try world.says(miner, #"{"id":3,"method":"mining.extranonce.subscribe","params":[]}"#)
        _ = try world.hears(miner)
        _ = world.told()
        world.opens(layout: try #require(NonceLayout(smallestExtranonce2Size: 4)))
        world.receives(.renegotiate([1]))
        #expect(
            try world.hears(miner) == [#"{"id":null,"method":"mining.set_extranonce","params":["01",3]}"#]
        )
        #expect(world.told().contains { if case .sessionReady = $0 { true } else { false } })
    }

    @Test func aMinerThatDoesNotIsAskedToComeBack() throws {
        let world = ShardWorld()
        let miner = try world.joins()
        _ = try world.hears(miner)
        world.opens(layout: try #require(NonceLayout(smallestExtranonce2Size: 4)))
        world.receives(.renegotiate([1]))
        #expect(try world.hears(miner).first?.contains("client.reconnect") == true)
        #expect(!world.isConnected(miner))
        let again = try world.joins(sessionID: "a1")
        #expect(try world.hears(again).first?.contains(#""01",3]"#) == true)
    }
    // MARK: The end

    /// Its question would not be read any more, and the others may wait for verdicts for a while.
    @Test func whoDoesNotMineYetIsClosedAtOnceWhenTheRouteStops() throws {
        let world = ShardWorld()
        let miner = try world.joins()
        let guest = try world.connects()
        world.shard.stopReading()
        world.loop.run()
        #expect(world.isConnected(miner))
        #expect(!world.isConnected(guest))
    }
}
