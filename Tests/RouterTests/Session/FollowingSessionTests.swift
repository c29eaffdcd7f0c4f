import NIOCore
import PoolPool
import Router
import Stratum
import Testing

/// Miners whose nonces begin with bytes of their pool: told which when a pool is known, told others when that changes.
@Suite struct FollowingSessionTests {
    private static let ethash = EthashLines()

    /// A route of Ethash.
    private static func world() throws -> ShardWorld {
        let dialect = try ConfiguredDialect(EthashDialect.self)
        return ShardWorld { $0.dialect = dialect }
    }

    /// A miner of EthereumStratum/1.0.0 that mines a job of link 1.
    private static func mining(
        _ world: ShardWorld, base: [UInt8] = [0xa1], takesChanges: Bool
    ) throws -> (miner: Int, link: IssuingLink, job: IssuedJob) {
        let miner = try world.connects()
        try world.says(miner, Self.ethash.subscribe, Self.ethash.authorize)
        if takesChanges { try world.says(miner, Self.ethash.takesChanges) }
        world.receives(.offer(session: Int64(miner + 1), base: base))
        let link = try IssuingLink(1, layout: NonceLayout(total: 2), dialect: Self.ethash.dialect)
        let job = try #require(link.receives(try Self.ethash.job("1", extranonce: base)))
        world.receives(.job(job, .new), .assign(sessions: [Int64(miner + 1)], link: 1))
        _ = try world.hears(miner)
        _ = world.told()
        return (miner, link, job)
    }

    private static func asked(_ told: [CoreMessage]) -> [String] {
        told.compactMap { message in
            switch message {
            case .sessionWaits(let introduction): "waits \(introduction.session)"
            case .sessionReady(let introduction): "ready \(introduction.session) \(introduction.nonce.base)"
            case .sessionReturns(let session): "returns \(session)"
            case .sessionGone(let session): "gone \(session)"
            case .sessionCanMove(let session): "can move \(session)"
            case .share: "share"
            case .reissue, .hashrates, .delivered, .closed: nil
            }
        }
    }

    // MARK: Offers

    @Test func theSubscriptionWaitsForAnOfferAndWhatFollowsWaitsBehindIt() throws {
        let world = try Self.world()
        let miner = try world.connects()
        try world.says(miner, Self.ethash.subscribe, Self.ethash.authorize)
        #expect(try world.hears(miner) == [])
        #expect(Self.asked(world.told()) == ["waits 1"])
        world.receives(.offer(session: 1, base: [0xa1, 0xb2]))
        let heard = try world.hears(miner)
        #expect(heard.count == 2)
        #expect(heard.first?.hasSuffix(#""EthereumStratum/1.0.0"],"a1b20000"],"error":null}"#) == true)
        #expect(heard.last == #"{"id":2,"result":true,"error":null}"#)
        #expect(Self.asked(world.told()) == ["ready 1 [161, 178]"])
        // A second answer changes nothing.
        world.receives(.offer(session: 1, base: [0xff]))
        #expect(try world.hears(miner) == [])
    }

    @Test func whoLeavesWhileItWaitsGivesItsPrefixBack() throws {
        let world = try Self.world()
        let miner = try world.connects()
        try world.says(miner, Self.ethash.subscribe)
        #expect(world.registry.holders(of: 0) == 1)
        _ = world.told()
        world.leaves(miner)
        #expect(Self.asked(world.told()) == ["gone 1"])
        #expect(world.registry.holders(of: 0) == 0)
        // Nobody is there to hear it.
        world.receives(.offer(session: 1, base: [0xa1]))
        #expect(world.registry.holders(of: 0) == 0)
    }

    @Test func whoWaitsTooLongIsClosed() throws {
        let world = try Self.world()
        let miner = try world.connects()
        try world.says(miner, Self.ethash.subscribe)
        world.waits(seconds: 59)
        #expect(world.isConnected(miner))
        world.waits(seconds: 1)
        #expect(!world.isConnected(miner))
        #expect(world.registry.holders(of: 0) == 0)
    }

    @Test func whoWaitsMaySendNoMoreThanALine() throws {
        let world = try Self.world()
        let miner = try world.connects()
        try world.says(miner, Self.ethash.subscribe)
        for _ in 0..<100 where world.isConnected(miner) { try world.says(miner, String(repeating: "{}\n", count: 100)) }
        #expect(!world.isConnected(miner))
        #expect(world.registry.holders(of: 0) == 0)
    }

    /// No flavour of it but the last lets a miner name its former session: nothing is kept for one that cannot ask for it.
    @Test func aMinerThatCannotNameItsSessionGivesItsPrefixBack() throws {
        let world = try Self.world()
        let (miner, _, _) = try Self.mining(world, takesChanges: true)
        #expect(world.registry.holders(of: 0) == 1)
        world.leaves(miner)
        #expect(world.registry.holders(of: 0) == 0)
    }

    // MARK: Another pool

    @Test func aMinerThatTakesChangesIsToldTheNewBeginningBeforeTheJob() throws {
        let world = try Self.world()
        let (miner, _, _) = try Self.mining(world, takesChanges: true)
        let other = try IssuingLink(2, layout: NonceLayout(total: 2), dialect: Self.ethash.dialect)
        let job = try #require(other.receives(try Self.ethash.job("2", extranonce: [0xc3])))
        world.receives(.job(job, .new), .assign(sessions: [1], link: 2))
        let heard = try world.hears(miner)
        #expect(heard.first == #"{"id":null,"method":"mining.set_extranonce","params":["c30000"]}"#)
        #expect(heard.last?.contains("\"mining.notify\",\"params\":[\"\(job.id)\"") == true)
        #expect(world.isConnected(miner))
        #expect(Self.asked(world.told()) == [])
        // What it finds is counted in the slice that it has now.
        try world.says(miner, Self.ethash.submit(job, "0000000001"))
        let shares = world.forwarded()
        #expect(shares.map(\.share.prefix) == [[0, 0]])
        #expect(shares.map(\.share.jobID) == ["2"])
    }

    @Test func theSameBeginningIsNotToldAgain() throws {
        let world = try Self.world()
        let (miner, _, _) = try Self.mining(world, takesChanges: true)
        let other = try IssuingLink(2, layout: NonceLayout(total: 2), dialect: Self.ethash.dialect)
        let job = try #require(other.receives(try Self.ethash.job("2", extranonce: [0xa1])))
        world.receives(.job(job, .new), .assign(sessions: [1], link: 2))
        #expect(try !world.hears(miner).contains { $0.contains("set_extranonce") })
    }

    @Test func aMinerThatTakesNoneIsSentBack() throws {
        let world = try Self.world()
        let (miner, _, _) = try Self.mining(world, takesChanges: false)
        let other = try IssuingLink(2, layout: NonceLayout(total: 2), dialect: Self.ethash.dialect)
        let job = try #require(other.receives(try Self.ethash.job("2", extranonce: [0xc3])))
        world.receives(.job(job, .new), .assign(sessions: [1], link: 2))
        #expect(try world.hears(miner) == [#"{"id":null,"method":"client.reconnect","params":[]}"#])
        #expect(!world.isConnected(miner))
        #expect(Self.asked(world.told()) == ["returns 1", "gone 1"])
        #expect(world.recorded().last == "closed 1: must come back for another pool")
    }

    @Test func theSameForAPoolThatChangesItsOwnBeginning() throws {
        let world = try Self.world()
        let (able, link, _) = try Self.mining(world, takesChanges: true)
        let (unable, _, _) = try Self.mining(world, takesChanges: false)
        _ = try world.hears(able)
        let job = try #require(link.receives(try Self.ethash.job("2", extranonce: [0xc3])))
        world.receives(.job(job, .new))
        #expect(try world.hears(able).first?.contains(#""mining.set_extranonce","params":["c30000"]"#) == true)
        #expect(!world.isConnected(unable))
        #expect(world.isConnected(able))
    }

    @Test func aMinerThatSaysLaterThatItTakesChangesMayMoveFromThenOn() throws {
        let world = try Self.world()
        let (miner, _, _) = try Self.mining(world, takesChanges: false)
        try world.says(miner, Self.ethash.takesChanges)
        #expect(Self.asked(world.told()) == ["can move 1"])
        try world.says(miner, Self.ethash.takesChanges)
        #expect(Self.asked(world.told()) == [])
    }

    // MARK: Miners that do not listen

    /// The new beginning is shorter: what the miner sends has the wrong length.
    @Test func threeInvalidSharesAfterAChangeSendTheMinerBack() throws {
        let world = try Self.world()
        let (miner, job) = try Self.moved(world, base: [])
        for nonce in 1...2 { try world.says(miner, Self.ethash.submit(job, "000000000\(nonce)")) }
        #expect(world.isConnected(miner))
        try world.says(miner, Self.ethash.submit(job, "0000000003"))
        #expect(!world.isConnected(miner))
        #expect(try world.hears(miner).last?.contains("client.reconnect") == true)
        #expect(Self.asked(world.told()) == ["returns 1", "gone 1"])
        // Each was answered, and is in the book.
        #expect(world.recorded().count { $0.hasPrefix("share ") } == 3)
    }

    /// The new beginning is as long as the old one: only the pool can tell.
    @Test func threeRefusalsByThePoolAfterAChangeSendTheMinerBack() throws {
        let world = try Self.world()
        let (miner, job) = try Self.moved(world, base: [0xc3])
        for nonce in 1...3 { try world.says(miner, Self.ethash.submit(job, "000000000\(nonce)")) }
        let shares = world.forwarded()
        #expect(shares.count == 3)
        for (index, share) in shares.enumerated() {
            #expect(world.isConnected(miner))
            world.receives(
                .settled(share.ticket, .refused(Rejection(code: 23, message: "Low")), latencyMicroseconds: 1)
            )
            #expect(try world.hears(miner).filter { $0.contains("\"Low\"") }.count == 1, "share \(index)")
        }
        #expect(!world.isConnected(miner))
        #expect(Self.asked(world.told()) == ["returns 1", "gone 1"])
    }

    @Test func oneShareThatThePoolAcceptsShowsThatTheMinerListens() throws {
        let world = try Self.world()
        let (miner, job) = try Self.moved(world, base: [0xc3])
        for nonce in 1...9 { try world.says(miner, Self.ethash.submit(job, "000000000\(nonce)")) }
        let shares = world.forwarded()
        #expect(shares.count == 9)
        for (index, share) in shares.enumerated() {
            let verdict: ShareVerdict = index == 2 ? .accepted : .refused(Rejection(code: 23, message: "Low"))
            world.receives(.settled(share.ticket, verdict, latencyMicroseconds: 1))
        }
        #expect(world.isConnected(miner))
    }

    /// Shares that were under way when the miner was told do not speak against it.
    @Test func refusalsOfSharesFromBeforeTheChangeDoNotCount() throws {
        let world = try Self.world()
        let (miner, _, former) = try Self.mining(world, takesChanges: true)
        for nonce in 1...5 { try world.says(miner, Self.ethash.submit(former, "000000000\(nonce)")) }
        let early = world.forwarded()
        #expect(early.count == 5)
        _ = try Self.move(world, base: [0xc3])
        for share in early {
            world.receives(
                .settled(share.ticket, .refused(Rejection(code: 21, message: "Stale")), latencyMicroseconds: 1)
            )
        }
        #expect(world.isConnected(miner))
        #expect(try world.hears(miner).count { $0.contains("Stale") } == 5)
    }

    private static func moved(_ world: ShardWorld, base: [UInt8]) throws -> (miner: Int, job: IssuedJob) {
        let (miner, _, _) = try Self.mining(world, takesChanges: true)
        let job = try Self.move(world, base: base)
        _ = try world.hears(miner)
        _ = world.told()
        _ = world.recorded()
        return (miner, job)
    }

    /// Session 1 is given a job of another pool.
    private static func move(_ world: ShardWorld, base: [UInt8]) throws -> IssuedJob {
        let other = try IssuingLink(2, layout: NonceLayout(total: 2), dialect: Self.ethash.dialect)
        let job = try #require(other.receives(try Self.ethash.job("2", extranonce: base)))
        world.receives(.job(job, .new), .assign(sessions: [1], link: 2))
        return job
    }
}
