import NIOCore
import Stratum
import Testing

/// eth-proxy, from both sides.
@Suite struct EthProxyTests {
    private static let grant = NonceGrant(space: 0, prefix: [], layout: NonceLayout(total: 2), isShared: true)
    private static let login =
        #"{"id":1,"jsonrpc":"2.0","method":"eth_submitLogin","params":["\#(EthashSample.wallet)","x"],"worker":"rig1"}"#
    private static let yes = #"{"id":1,"jsonrpc":"2.0","result":true}"# + "\n"
    private static let getWork = #"{"id":5,"jsonrpc":"2.0","method":"eth_getWork","params":[]}"#

    private static func result(_ header: String, height: String? = nil) -> String {
        #"["0x\#(header)","0x\#(EthashSample.seed)","0x\#(EthashSample.target)""#
            + (height.map { ",\"\($0)\"" } ?? "") + "]"
    }

    private static func reply(_ id: Int, _ header: String, height: String? = nil) -> String {
        #"{"id":\#(id),"jsonrpc":"2.0","result":\#(Self.result(header, height: height))}"#
    }

    private static func submit(nonce: String, header: String, mix: String = EthashSample.mix) -> String {
        #"{"id":40,"method":"eth_submitWork","params":["0x\#(nonce)","0x\#(header)","0x\#(mix)"],"worker":"rig1"}"#
    }

    private static func loggedIn() throws -> EthashMinerProbe {
        var miner = EthashMinerProbe()
        _ = try miner.send(Self.login)
        let reply = miner.write { dialogue, output in
            dialogue.subscribed(Self.grant, request: .integer(1), sessionID: "ab", into: &output)
            dialogue.authorized(true, request: .integer(1), into: &output)
        }
        #expect(reply == Self.yes)
        return miner
    }

    // MARK: Miners

    @Test func loginNamesWalletAndRig() throws {
        let rows = [
            (Self.login, "\(EthashSample.wallet).rig1"),
            (#"{"id":1,"method":"eth_submitLogin","params":["0xw.rig2","x"],"worker":"eth1.0"}"#, "0xw.rig2"),
            (#"{"id":1,"method":"eth_login","params":["0xw"],"worker":""}"#, "0xw"),
            (#"{"id":1,"method":"eth_submitLogin","params":["acct.rig"]}"#, "acct.rig"),
        ]
        for (line, user) in rows {
            var miner = EthashMinerProbe()
            #expect(try miner.send(line).isEmpty)
            guard case .login(let login) = miner.step else {
                Issue.record("\(line)")
                continue
            }
            #expect(login.user == user)
            #expect(login.request == .integer(1))
        }
        var miner = EthashMinerProbe()
        #expect(try miner.send(#"{"id":1,"method":"eth_submitLogin","params":[]}"#).contains("\"error\""))
        #expect(miner.step == nil)
    }

    @Test func unwelcomeLoginIsToldSo() throws {
        var miner = EthashMinerProbe()
        _ = try miner.send(Self.login)
        let reply = try objects(miner.write { $0.authorized(false, request: .integer(1), into: &$1) })
        #expect(reply.first?["id"] == .integer(1))
        #expect(reply.first?["result"] == .bool(false))
        #expect(reply.first?["error"]?.object?["message"]?.string == "Unauthorized worker")
    }

    @Test func workIsAskedForAndPushed() throws {
        var miner = EthashMinerProbe()
        // Without a login there is none.
        let refusal = try objects(miner.send(Self.getWork))
        #expect(refusal.first?["id"] == .integer(5))
        #expect(refusal.first?["error"]?.object?["message"] == .string("Not logged in"))
        miner = try Self.loggedIn()
        #expect(try miner.send(Self.getWork).isEmpty)
        #expect(try miner.send(Self.getWork.replacing("\"id\":5", with: "\"id\":6")).isEmpty)
        let first = try EthashSample.work(id: "x", flavor: .proxy)
        #expect(
            miner.deliver(first, jobID: "1", Self.grant)
                == Self.reply(5, EthashSample.header) + "\n" + Self.reply(6, EthashSample.header) + "\n"
        )
        #expect(try miner.send(Self.getWork) == Self.reply(5, EthashSample.header) + "\n")
        let second = try EthashSample.work(id: "y", flavor: .proxy, header: EthashSample.header2, height: 0x6526d5)
        let push = Self.reply(0, EthashSample.header2, height: "0x6526d5") + "\n"
        #expect(miner.deliver(second, jobID: "2", Self.grant) == push)
    }

    @Test func waitingForWorkIsBounded() throws {
        var miner = try Self.loggedIn()
        var refused = 0
        for _ in 0..<100 { refused += try miner.send(Self.getWork).isEmpty ? 0 : 1 }
        #expect(refused == 84)
        #expect(try objects(miner.deliver(EthashSample.work(flavor: .proxy), jobID: "1", Self.grant)).count == 16)
    }

    @Test func sharesFindTheirJobByTheHeader() throws {
        var miner = try Self.loggedIn()
        let old = EthashIssue(try EthashSample.work(id: "x", flavor: .proxy), jobID: "1", algorithm: .ethash)
        let new = EthashIssue(
            try EthashSample.work(id: "y", flavor: .proxy, header: EthashSample.header2), jobID: "2", algorithm: .ethash
        )
        _ = miner.deliver(old, Self.grant)
        _ = miner.deliver(new, Self.grant)
        _ = try miner.send(Self.submit(nonce: "af4c68765fccd712", header: EthashSample.header))
        let share = try #require(miner.step?.submission)
        #expect(share.jobID == line("1"))
        #expect(share.user == nil)
        #expect(hex(share.found.extranonce2.bytes) == "af4c68765fccd712")
        #expect(share.found.proof.map { hex(Array($0.readableBytesView)) } == EthashSample.mix)
        let judgement = miner.judge(share, old, Self.grant)
        guard case .judged(let judged) = judgement else {
            Issue.record("\(judgement)")
            return
        }
        #expect(judged.meetsDifficulty && judged.meetsPoolTarget && judged.shareDifficulty == 0)
        #expect(judged.key != miner.judge(share, new, Self.grant).key)
        // The same header under another id is the same share.
        let reissue = EthashIssue(old.work, jobID: "3", algorithm: .ethash)
        _ = miner.deliver(reissue, Self.grant)
        _ = try miner.send(Self.submit(nonce: "af4c68765fccd712", header: EthashSample.header))
        let again = try #require(miner.step?.submission)
        #expect(again.jobID == line("3"))
        #expect(miner.judge(again, reissue, Self.grant).key == judged.key)
    }

    @Test func sharesForUnknownWorkAndMalformedOnesAreAnswered() throws {
        var miner = try Self.loggedIn()
        _ = miner.deliver(try EthashSample.work(flavor: .proxy), jobID: "1", Self.grant)
        _ = try miner.send(Self.submit(nonce: "af4c68765fccd712", header: EthashSample.header2))
        #expect(miner.step?.submission?.jobID == line("0x" + EthashSample.header2))
        let rows = [
            (Self.submit(nonce: "4c68765fccd712", header: EthashSample.header), "Invalid nonce size"),
            (Self.submit(nonce: "af4c68765fccd71", header: EthashSample.header), "Invalid nonce size"),
            (Self.submit(nonce: "af4c68765fccd712", header: "00"), "Invalid header"),
            (Self.submit(nonce: "af4c68765fccd712", header: EthashSample.header, mix: ""), "Invalid mix digest"),
            (#"{"id":40,"method":"eth_submitWork"}"#, "Invalid nonce size"),
        ]
        for (line, message) in rows {
            #expect(try miner.send(line).isEmpty)
            #expect(miner.step?.malformed?.message == message)
        }
        #expect(
            miner.write { $0.answer(.accepted, to: .integer(40), into: &$1) }
                == #"{"id":40,"jsonrpc":"2.0","result":true}"# + "\n"
        )
        let stale = miner.write {
            $0.answer(.refused(Rejection(code: 21, message: "Job not found")), to: .integer(40), into: &$1)
        }
        #expect(
            stale
                == #"{"id":40,"jsonrpc":"2.0","result":false,"error":{"code":21,"message":"Job not found"}}"# + "\n"
        )
    }

    @Test func headersAreForgottenInOrder() throws {
        var miner = try Self.loggedIn()
        let headers = (0..<17).map { "\(10 + $0)" + String(repeating: "0", count: 62) }
        for (index, header) in headers.enumerated() {
            _ = miner.deliver(try EthashSample.work(flavor: .proxy, header: header), jobID: "a\(index)", Self.grant)
        }
        _ = try miner.send(Self.submit(nonce: "af4c68765fccd712", header: headers[0]))
        #expect(miner.step?.submission?.jobID == line("0x" + headers[0]))
        _ = try miner.send(Self.submit(nonce: "af4c68765fccd712", header: headers[1]))
        #expect(miner.step?.submission?.jobID == line("a1"))
    }

    @Test func hashrateIsAcknowledgedAndWorkOfOtherFlavorsIsKeptBack() throws {
        var miner = try Self.loggedIn()
        let report = #"{"id":6,"jsonrpc":"2.0","method":"eth_submitHashrate","params":["0x1","0x2"],"worker":"rig1"}"#
        #expect(try miner.send(report) == #"{"id":6,"jsonrpc":"2.0","result":true}"# + "\n")
        #expect(miner.deliver(try EthashSample.work(flavor: .stratum1), jobID: "1", Self.grant).isEmpty)
        #expect(miner.dialogue.prefixes(layout: NonceLayout(total: 2)) == .shared)
        #expect(!miner.dialogue.followsPool)
        #expect(miner.dialogue.kind == 1)
    }

    // MARK: Pools

    private static func ready() throws -> EthashPoolProbe {
        var pool = try EthashPoolProbe(.proxy)
        _ = pool.connect()
        _ = pool.receive(#"{"id":1,"jsonrpc":"2.0","result":true}"#)
        _ = pool.receive(Self.reply(2, EthashSample.header))
        #expect(pool.isReadyEvent)
        return pool
    }

    @Test func handshakeWithAPool() throws {
        var pool = try EthashPoolProbe(.proxy)
        #expect(pool.connect() == Self.login + "\n")
        #expect(pool.terms?.room == 2)
        #expect(pool.terms?.summary == "eth-proxy")
        let asked = pool.receive(#"{"id":1,"jsonrpc":"2.0","result":true}"#)
        #expect(asked == #"{"id":2,"jsonrpc":"2.0","method":"eth_getWork","params":[]}"# + "\n")
        #expect(pool.event == nil)
        #expect(pool.receive(Self.reply(2, EthashSample.header, height: "0x6526d5")).isEmpty)
        #expect(pool.isReadyEvent && pool.dialogue.isReady)
        let job = try #require(pool.job)
        #expect(job.kinds == 1)
        #expect(job.room == 2)
        #expect(job.base.isEmpty)
        #expect(job.difficulty == 4e9)
        #expect(job.work.id == "0x" + EthashSample.header)
        #expect(job.work.tip?.height == 0x6526d5)
        #expect(job.work.tip?.isProvable == false)
    }

    @Test func connectionWithoutAUserWaits() throws {
        var pool = try EthashPoolProbe(.proxy, user: nil)
        #expect(pool.connect().isEmpty)
        #expect(pool.terms != nil)
        #expect(pool.pass(1000).isEmpty)
        #expect(pool.failure == nil)
        #expect(pool.authorize("acct.rig").contains(#""params":["acct.rig","x"]}"#))
        #expect(pool.pass(10).isEmpty)
        #expect(pool.failure?.kind == .handshakeTimeout)
    }

    @Test func refusedLoginFails() throws {
        var pool = try EthashPoolProbe(.proxy)
        _ = pool.connect()
        _ = pool.receive(#"{"id":1,"jsonrpc":"2.0","result":null,"error":{"code":-1,"message":"Invalid login"}}"#)
        #expect(pool.failure?.kind == .authorizationRefused)
        #expect(pool.failure?.detail == "Invalid login")
    }

    @Test func poolsThatDoNotPushAreAsked() throws {
        var pool = try Self.ready()
        #expect(pool.pass(9).isEmpty)
        #expect(try objects(pool.pass(1)).first?["method"] == .string("eth_getWork"))
        // The same work is no news.
        _ = pool.receive(Self.reply(3, EthashSample.header))
        #expect(pool.event == nil)
        #expect(try objects(pool.pass(10)).count == 1)
        _ = pool.receive(Self.reply(4, EthashSample.header2))
        #expect(pool.work?.isClean == true)
        #expect(try objects(pool.pass(10)).count == 1)
    }

    @Test func poolsThatPushAreAskedAfterAMinute() throws {
        var pool = try Self.ready()
        _ = pool.receive(Self.reply(0, EthashSample.header2))
        #expect(pool.work != nil)
        #expect(pool.pass(59).isEmpty)
        #expect(try objects(pool.pass(1)).count == 1)
    }

    @Test func heightTellsBlocksApart() throws {
        var pool = try Self.ready()
        let headers = (1...4).map { "\($0)" + String(repeating: "0", count: 63) }
        var works: [EthashWork] = []
        for (header, height) in zip(headers, ["0x10", "0x10", "0x11", "0x11"]) {
            _ = pool.receive(Self.reply(0, header, height: height))
            works.append(try #require(pool.work))
        }
        #expect(works.map(\.isClean) == [true, false, true, false])
        #expect(works[0].block == works[1].block)
        #expect(works[1].block != works[2].block)
        #expect(works[2].block == works[3].block)
    }

    @Test func workHasSeveralShapes() throws {
        let (header, seed) = (EthashSample.header2, EthashSample.seed)
        let short = String(EthashSample.target.drop { $0 == "0" })
        let rows = [
            #"["jobid","0x\#(header)","0x\#(seed)","0x\#(short)"]"#,
            #"["0x\#(EthashSample.header)","0x\#(header)","0x\#(seed)","0x\#(EthashSample.target)","0x10"]"#,
            #"["\#(header)","\#(seed)","\#(short)"]"#,
            #"["0x\#(header)","0x\#(seed)","0x\#(short)",16]"#,
        ]
        for row in rows {
            var pool = try Self.ready()
            _ = pool.receive(#"{"id":0,"jsonrpc":"2.0","result":\#(row)}"#)
            #expect(pool.work?.id == "0x" + header, "\(row)")
            #expect(pool.work?.target.value.displayHex == EthashSample.target, "\(row)")
            #expect(pool.work?.seed?.displayHex == seed, "\(row)")
        }
        for row in [#"["0x\#(header)","0x\#(seed)","0x0"]"#, #"["0x\#(header)"]"#, "[]", "[1,2,3,4]"] {
            var pool = try Self.ready()
            _ = pool.receive(#"{"id":0,"jsonrpc":"2.0","result":\#(row)}"#)
            #expect(pool.hasOverstepped, "\(row)")
        }
    }

    @Test func sharesAndVerdicts() throws {
        var pool = try Self.ready()
        let share = PoolShare(
            jobID: "0x" + EthashSample.header,
            found: FoundNonce(
                extranonce2: try #require(Extranonce2(hex: "af4c68765fccd712")),
                proof: ByteBuffer(bytes: bytes(EthashSample.mix))
            )
        )
        let (request, sent) = pool.submit(share)
        #expect(request == 3)
        #expect(
            sent
                == Self.submit(nonce: "af4c68765fccd712", header: EthashSample.header)
                .replacing(#""id":40,"#, with: #""id":3,"jsonrpc":"2.0","#) + "\n"
        )
        _ = pool.receive(#"{"id":3,"jsonrpc":"2.0","result":true}"#)
        #expect(pool.verdict == .accepted)
        _ = pool.receive(#"{"id":3,"jsonrpc":"2.0","result":false}"#)
        #expect(pool.verdict == .rejected(Rejection(code: nil, message: "")))
        _ = pool.receive(#"{"id":3,"jsonrpc":"2.0","result":null,"error":{"code":21,"message":"stale"}}"#)
        #expect(pool.verdict == .rejected(Rejection(code: 21, message: "stale")))
    }

    @Test func nonsenseInARowEndsTheConnection() throws {
        var pool = try Self.ready()
        for _ in 0..<4 {
            _ = pool.receive("nonsense")
            #expect(pool.hasOverstepped)
        }
        _ = pool.receive("nonsense")
        #expect(pool.failure?.kind == .protocolViolation)
        #expect(pool.submit(PoolShare(jobID: "1")).0 == nil)
    }
}
