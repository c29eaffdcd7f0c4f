import NIOCore
import Stratum
import Testing

/// EthereumStratum/1.0.0, from both sides.
@Suite struct EthereumStratum1Tests {
    private static let grant = NonceGrant(space: 0, prefix: [7], layout: NonceLayout(total: 1), base: [8, 0x0c])
    private static let subscribe =
        #"{"id":1,"method":"mining.subscribe","params":["miner/1.0","EthereumStratum/1.0.0"]}"#
    private static let notify =
        #"{"id":null,"method":"mining.notify","params":["bf0488aa","\#(EthashSample.seed)","\#(EthashSample.header)",true]}"#

    private static func subscribed() throws -> EthashMinerProbe {
        var miner = EthashMinerProbe()
        _ = try miner.send(Self.subscribe)
        let reply = miner.write { $0.subscribed(Self.grant, request: .integer(1), sessionID: "5f", into: &$1) }
        #expect(
            reply == #"{"id":1,"result":[["mining.notify","5f","EthereumStratum/1.0.0"],"080c07"],"error":null}"# + "\n"
        )
        return miner
    }

    // MARK: Miners

    @Test func wholeConversationWithAMiner() throws {
        var miner = EthashMinerProbe()
        #expect(miner.dialogue.kind == 0xff)
        #expect(try miner.send(Self.subscribe).isEmpty)
        guard case .subscribe(.integer(1), "miner/1.0", nil) = miner.step else {
            Issue.record("\(String(describing: miner.step))")
            return
        }
        miner = try Self.subscribed()
        #expect(miner.dialogue.kind == 2)
        #expect(miner.dialogue.followsPool)
        #expect(!miner.dialogue.canChangeNonce)
        let yes = #"{"id":2,"result":true,"error":null}"# + "\n"
        #expect(try miner.send(#"{"id":2,"method":"mining.extranonce.subscribe","params":[]}"#) == yes)
        #expect(miner.dialogue.canChangeNonce)
        _ = try miner.send(#"{"id":3,"method":"mining.authorize","params":["wallet.rig","x"]}"#)
        guard case .authorize(.integer(3), "wallet.rig", "x") = miner.step else {
            Issue.record("\(String(describing: miner.step))")
            return
        }
        #expect(
            miner.write { $0.authorized(true, request: .integer(3), into: &$1) }
                == #"{"id":3,"result":true,"error":null}"# + "\n"
        )
        let work = try EthashSample.work(id: "x", difficulty: 0.5, extranonce: [8, 0x0c])
        #expect(
            miner.deliver(work, jobID: "bf0488aa", Self.grant)
                == #"{"id":null,"method":"mining.set_difficulty","params":[0.5]}"# + "\n" + Self.notify + "\n"
        )
        // The same difficulty is not told again.
        let plain = Self.notify.replacing("true", with: "false") + "\n"
        #expect(miner.deliver(work, jobID: "bf0488aa", Self.grant, isClean: false) == plain)
        let other = NonceGrant(space: 0, prefix: [0xff], layout: NonceLayout(total: 1), base: [])
        #expect(
            miner.write { $0.changeNonce(other, into: &$1) }
                == #"{"id":null,"method":"mining.set_extranonce","params":["ff"]}"# + "\n"
        )
        #expect(try miner.send(#"{"id":9,"method":"eth_submitHashrate","params":["0x1","0x2"]}"#).contains("true"))
        #expect(miner.write { $0.reconnect(into: &$1) }.contains("client.reconnect"))
    }

    @Test func sharesHaveExactlyTheRemainingDigits() throws {
        var miner = try Self.subscribed()
        let issue = EthashIssue(
            try EthashSample.work(difficulty: 0.5, extranonce: [8, 0x0c]), jobID: "1f", algorithm: .ethash
        )
        _ = miner.deliver(issue, Self.grant)
        let submit = #"{"id":244,"method":"mining.submit","params":["wallet.rig","1f","0102030405"]}"#
        #expect(try miner.send(submit).isEmpty)
        let share = try #require(miner.step?.submission)
        #expect(share.user == line("wallet.rig"))
        #expect(share.jobID == line("1f"))
        #expect(miner.judge(share, issue, Self.grant).key?.words[0] == 0x080c_0701_0203_0405)
        for digits in ["01020304", "010203040506", "080c070102030405", ""] {
            _ = try miner.send(submit.replacing("0102030405", with: digits))
            let short = try #require(miner.step?.submission)
            #expect(miner.judge(short, issue, Self.grant).rejection?.message == "Invalid nonce size")
        }
        for line in [
            submit.replacing("0102030405", with: "01020304050"), submit.replacing(#","0102030405""#, with: ""),
            submit.replacing("0102030405", with: "080c07010203040506"), submit.replacing("0102030405", with: "zz"),
        ] {
            _ = try miner.send(line)
            #expect(miner.step?.malformed?.message == "Invalid nonce size", "\(line)")
        }
        // A share for a job under another extranonce is for no job.
        let moved = NonceGrant(space: 0, prefix: [7], layout: NonceLayout(total: 1), base: [9, 0x0c])
        #expect(miner.judge(share, issue, moved).rejection?.kind == .stale)
        #expect(
            miner.write { $0.answer(.accepted, to: .integer(244), into: &$1) }
                == #"{"id":244,"result":true,"error":null}"# + "\n"
        )
        let stale = SubmitReply.refused(Rejection(code: 21, message: "Job not found"))
        #expect(
            miner.write { $0.answer(stale, to: .integer(244), into: &$1) }
                == #"{"id":244,"result":false,"error":[21,"Job not found",null]}"# + "\n"
        )
    }

    @Test func secondSubscriptionAndUnknownRequests() throws {
        var miner = try Self.subscribed()
        #expect(try miner.send(Self.subscribe).contains("Already subscribed"))
        #expect(miner.step == nil)
        _ = try miner.send(#"{"id":8,"method":"mining.multi_version","params":[]}"#)
        guard case .unknown(.integer(8), "mining.multi_version") = miner.step else {
            Issue.record("\(String(describing: miner.step))")
            return
        }
    }

    // MARK: Pools

    private static let subscription =
        #"{"id":1,"result":[["mining.notify","5f","EthereumStratum/1.0.0"],"080c"],"error":null}"#

    private static func ready() throws -> EthashPoolProbe {
        var pool = try EthashPoolProbe(.stratum1, user: "wallet.rig")
        _ = pool.connect()
        _ = pool.receive(Self.subscription)
        _ = pool.receive(#"{"id":3,"result":true,"error":null}"#)
        _ = pool.receive(Self.notify)
        #expect(pool.isReadyEvent)
        return pool
    }

    @Test func handshakeWithAPool() throws {
        var pool = try EthashPoolProbe(.stratum1, user: "wallet.rig")
        #expect(pool.connect() == Self.subscribe.replacing("miner/1.0", with: "router/1.0") + "\n")
        #expect(
            pool.receive(Self.subscription)
                == #"{"id":2,"method":"mining.extranonce.subscribe","params":[]}"# + "\n"
                + #"{"id":3,"method":"mining.authorize","params":["wallet.rig","x"]}"# + "\n"
        )
        #expect(pool.terms == PoolTerms(room: 1, summary: "EthereumStratum/1.0.0, extranonce 2 bytes"))
        #expect(pool.dialogue.sessionID == "5f")
        // A job that comes before the user is known waits.
        _ = pool.receive(#"{"id":null,"method":"mining.set_difficulty","params":[0.5]}"#)
        _ = pool.receive(Self.notify)
        #expect(pool.event == nil)
        _ = pool.receive(#"{"id":2,"result":false,"error":[20,"Not supported.",null]}"#)
        #expect(pool.event == nil)
        _ = pool.receive(#"{"id":3,"result":true,"error":null}"#)
        #expect(pool.isReadyEvent)
        let job = try #require(pool.job)
        #expect(job.base == [8, 0x0c])
        #expect(job.room == 1)
        #expect(job.kinds == 6)
        #expect(job.difficulty == 2_147_516_416)
        #expect(pool.work?.stratumDifficulty == 0.5)
        #expect(job.work.tip == nil)
    }

    @Test func changesAreForTheJobsThatFollow() throws {
        var pool = try Self.ready()
        #expect(pool.work?.stratumDifficulty == 1)
        _ = pool.receive(#"{"id":null,"method":"mining.set_extranonce","params":["af"]}"#)
        _ = pool.receive(#"{"id":null,"method":"mining.set_difficulty","params":[2]}"#)
        #expect(pool.event == nil)
        _ = pool.receive(Self.notify)
        #expect(pool.job?.base == [0xaf])
        #expect(pool.job?.room == 2)
        #expect(pool.work?.stratumDifficulty == 2)
        for bad in [
            #"{"id":null,"method":"mining.set_difficulty","params":[0]}"#,
            #"{"id":null,"method":"mining.set_difficulty","params":[1e300]}"#,
            #"{"id":null,"method":"mining.set_extranonce","params":["af4c0102030405"]}"#,
            #"{"id":null,"method":"mining.notify","params":["1","\#(EthashSample.seed)","abc",true]}"#,
        ] {
            _ = pool.receive(bad)
            #expect(pool.hasOverstepped, "\(bad)")
        }
        _ = pool.receive(Self.notify)
        #expect(pool.job?.base == [0xaf])
        #expect(pool.work?.stratumDifficulty == 2)
    }

    @Test func cleanJobsBeginABlock() throws {
        var pool = try Self.ready()
        let first = try #require(pool.work)
        _ = pool.receive(
            Self.notify.replacing(EthashSample.header, with: EthashSample.header2).replacing("true", with: "false"))
        let second = try #require(pool.work)
        _ = pool.receive(Self.notify.replacing(EthashSample.header, with: EthashSample.header2))
        let third = try #require(pool.work)
        #expect(first.block == second.block)
        #expect(second.block != third.block)
        #expect(!second.isClean && third.isClean)
        #expect(!first.isSameSearch(as: second))
        #expect(second.isSameSearch(as: third))
    }

    @Test func sharesAndVerdicts() throws {
        var pool = try Self.ready()
        let share = PoolShare(
            jobID: "bf0488aa",
            prefix: [7],
            found: FoundNonce(extranonce2: try #require(Extranonce2(hex: "0102030405")))
        )
        let (request, sent) = pool.submit(share, user: "wallet.rig")
        #expect(request == 4)
        #expect(
            sent
                == #"{"id":4,"method":"mining.submit","params":["wallet.rig","bf0488aa","070102030405"]}"# + "\n"
        )
        _ = pool.receive(#"{"id":4,"result":true,"error":null}"#)
        #expect(pool.verdict == .accepted)
        _ = pool.receive(#"{"id":4,"result":false,"error":[-1,"Job not found",null]}"#)
        guard case .rejected(let rejection) = pool.verdict else {
            Issue.record("\(String(describing: pool.event))")
            return
        }
        #expect(rejection.kind == .stale)
    }

    @Test func poolsWithoutAnExtranonceAreRefused() throws {
        for result in ["true", #"[["mining.notify","5f"],"00010203040506"]"#, #"[["mining.notify","5f"],"abc"]"#, "[]"]
        {
            var pool = try EthashPoolProbe(.stratum1)
            _ = pool.connect()
            _ = pool.receive(#"{"id":1,"result":\#(result),"error":null}"#)
            #expect(pool.failure?.kind == .subscribeRefused, "\(result)")
        }
    }

    @Test func silenceAndRequestsOfAPool() throws {
        var silent = try EthashPoolProbe(.stratum1, user: nil)
        _ = silent.connect()
        #expect(silent.pass(9).isEmpty && silent.failure == nil)
        _ = silent.receive(Self.subscription)
        #expect(silent.terms != nil)
        _ = silent.pass(100)
        #expect(silent.failure == nil)
        #expect(try objects(silent.authorize("a.b")).first?["method"] == .string("mining.authorize"))
        _ = silent.pass(10)
        #expect(silent.failure?.kind == .handshakeTimeout)

        var pool = try Self.ready()
        #expect(pool.receive(#"{"id":7,"method":"mining.ping","params":[]}"#).contains("pong"))
        _ = pool.receive(#"{"id":null,"method":"client.reconnect","params":["h.example",3333,5]}"#)
        guard case .reconnectRequested("h.example", 3333, 5) = pool.event else {
            Issue.record("\(String(describing: pool.event))")
            return
        }
    }
}
