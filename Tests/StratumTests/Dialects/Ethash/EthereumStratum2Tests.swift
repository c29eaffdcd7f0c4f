import NIOCore
import Stratum
import Testing

/// EthereumStratum/2.0.0, from both sides.
@Suite struct EthereumStratum2Tests {
    private static let grant = NonceGrant(space: 0, prefix: [0x4c], layout: NonceLayout(total: 1), base: [0xaf])
    private static let hello =
        #"{"id":0,"method":"mining.hello","params":{"agent":"x","host":"h","port":"4d2","proto":"EthereumStratum/2.0.0"}}"#
    private static let notify =
        #"{"method":"mining.notify","params":["bf0488aa","6526d5","\#(EthashSample.header)","0"]}"#
    private static let set =
        #"{"method":"mining.set","params":{"epoch":"dc","target":"0112e0be826d694b2e62d01511f12a6061fbaec8bc02357593e70e52ba","#
        + #""algo":"ethash","extranonce":"af4c"}}"#

    private static func greeted() throws -> EthashMinerProbe {
        var miner = EthashMinerProbe()
        _ = try miner.send(Self.hello)
        _ = try miner.send(#"{"id":1,"method":"mining.subscribe"}"#)
        _ = miner.write { $0.subscribed(Self.grant, request: .integer(1), sessionID: "s-12345", into: &$1) }
        _ = try miner.send(#"{"id":2,"method":"mining.authorize","params":["acct.rig","pw"]}"#)
        #expect(
            miner.write { $0.authorized(true, request: .integer(2), into: &$1) } == #"{"id":2,"result":"w-0"}"# + "\n"
        )
        return miner
    }

    private static func work(height: Int? = 0x6526d5, extranonce: [UInt8] = [0xaf]) throws -> EthashWork {
        try EthashSample.work(
            flavor: .stratum2, epoch: 0xdc, algorithm: "ethash", height: height, extranonce: extranonce
        )
    }

    // MARK: Miners

    @Test func wholeConversationWithAMiner() throws {
        var miner = EthashMinerProbe()
        let welcome = try #require(try objects(miner.send(Self.hello)).first)
        #expect(welcome["id"] == .integer(0))
        #expect(welcome["error"] == nil && welcome["jsonrpc"] == nil)
        #expect(welcome["result"]?.object?["proto"] == .string("EthereumStratum/2.0.0"))
        #expect(welcome["result"]?.object?["encoding"] == .string("plain"))
        #expect(miner.dialogue.kind == 4)
        #expect(miner.dialogue.canChangeNonce && miner.dialogue.followsPool)
        _ = try miner.send(#"{"id":1,"method":"mining.subscribe","params":"s-9"}"#)
        guard case .subscribe(.integer(1), "x", "s-9") = miner.step else {
            Issue.record("\(String(describing: miner.step))")
            return
        }
        #expect(
            miner.write { $0.subscribed(Self.grant, request: .integer(1), sessionID: "s-9", into: &$1) }
                == #"{"id":1,"result":"s-9"}"# + "\n"
        )
        _ = try miner.send(#"{"id":2,"method":"mining.authorize","params":["acct.rig","pw"]}"#)
        guard case .authorize(.integer(2), "acct.rig", "pw") = miner.step else {
            Issue.record("\(String(describing: miner.step))")
            return
        }
        _ = miner.write { $0.authorized(true, request: .integer(2), into: &$1) }
        let set = Self.set.replacing(#""0112e0"#, with: #""0000000112e0"#)
        #expect(
            miner.deliver(try Self.work(), jobID: "bf0488aa", Self.grant, isClean: false)
                == set + "\n" + Self.notify + "\n"
        )
        #expect(
            miner.deliver(try Self.work(), jobID: "bf0488aa", Self.grant)
                == Self.notify.replacing(#""0"]"#, with: #""1"]"#) + "\n"
        )
        #expect(try miner.send(#"{"id":50,"method":"mining.noop"}"#) == #"{"id":50}"# + "\n")
        #expect(try miner.send(#"{"method":"mining.noop"}"#).isEmpty)
        #expect(
            try miner.send(#"{"id":16,"method":"mining.hashrate","params":["500000","w-0"]}"#) == #"{"id":16}"# + "\n"
        )
        #expect(miner.write { $0.reconnect(into: &$1) } == #"{"method":"mining.bye"}"# + "\n")
        _ = try miner.send(#"{"method":"mining.bye"}"#)
        guard case .leave = miner.step else {
            Issue.record("\(String(describing: miner.step))")
            return
        }
    }

    @Test func anotherExtranonceComesWithTheNextJob() throws {
        var miner = try Self.greeted()
        _ = miner.deliver(try Self.work(), jobID: "1", Self.grant)
        let moved = NonceGrant(space: 0, prefix: [0x4d], layout: NonceLayout(total: 1), base: [1, 2])
        #expect(miner.write { $0.changeNonce(moved, into: &$1) }.isEmpty)
        let lines = try objects(miner.deliver(try Self.work(extranonce: [1, 2]), jobID: "2", moved))
        #expect(lines.count == 2)
        #expect(lines.first?["params"]?.object?.members.map(\.name) == ["extranonce"])
        #expect(lines.first?["params"]?.object?["extranonce"] == .string("01024d"))
    }

    @Test func sharesNameTheirWorkerByItsToken() throws {
        var miner = try Self.greeted()
        let issue = EthashIssue(try Self.work(), jobID: "bf0488aa", algorithm: .ethash)
        _ = miner.deliver(issue, Self.grant)
        _ = try miner.send(#"{"id":7,"method":"mining.authorize","params":["acct.rig2"]}"#)
        #expect(miner.write { $0.authorized(true, request: .integer(7), into: &$1) }.contains("w-1"))
        let submit = #"{"id":31,"method":"mining.submit","params":["bf0488aa","68765fccd712","w-0"]}"#
        _ = try miner.send(submit)
        let share = try #require(miner.step?.submission)
        #expect(share.user == line("acct.rig"))
        #expect(miner.judge(share, issue, Self.grant).key?.words[0] == 0xaf4c_6876_5fcc_d712)
        _ = try miner.send(submit.replacing("w-0", with: "w-1"))
        #expect(miner.step?.submission?.user == line("acct.rig2"))
        for token in ["w-2", "", "acct.rig"] {
            _ = try miner.send(submit.replacing("w-0", with: token))
            #expect(miner.step?.malformed?.kind == .unauthorized)
        }
        #expect(miner.write { $0.answer(.accepted, to: .integer(31), into: &$1) } == #"{"id":31}"# + "\n")
        let codes: [(Int, String, Int)] = [
            (21, "Job not found", 404), (20, "Invalid nonce size", 406), (24, "Unauthorized worker", 301),
            (22, "Duplicate share", 406), (23, "Low difficulty share", 406), (25, "Not subscribed", 301),
            (20, "no idea", 400),
        ]
        for (code, message, told) in codes {
            let reply = SubmitReply.refused(Rejection(code: code, message: message))
            #expect(
                miner.write { $0.answer(reply, to: .integer(31), into: &$1) }
                    == #"{"id":31,"error":{"code":\#(told),"message":"\#(message)"}}"# + "\n"
            )
        }
    }

    @Test func workersOfAConnectionAreBounded() throws {
        var miner = try Self.greeted()
        for index in 1..<64 {
            _ = try miner.send(#"{"id":\#(index),"method":"mining.authorize","params":["acct.\#(index)"]}"#)
            _ = miner.write { $0.authorized(true, request: .integer(Int64(index)), into: &$1) }
        }
        #expect(try miner.send(#"{"id":99,"method":"mining.authorize","params":["more"]}"#).contains("500"))
        #expect(miner.step == nil)
        _ = try miner.send(#"{"id":99,"method":"mining.authorize","params":["acct.5"]}"#)
        #expect(
            miner.write { $0.authorized(true, request: .integer(99), into: &$1) } == #"{"id":99,"result":"w-5"}"# + "\n"
        )
    }

    @Test func refusedWorkerGetsNoToken() throws {
        var miner = EthashMinerProbe()
        _ = try miner.send(Self.hello)
        _ = try miner.send(#"{"id":2,"method":"mining.authorize","params":["acct.rig","pw"]}"#)
        #expect(miner.write { $0.authorized(false, request: .integer(2), into: &$1) }.contains("301"))
        _ = try miner.send(#"{"id":31,"method":"mining.submit","params":["1","68765fccd712","w-0"]}"#)
        #expect(miner.step?.malformed?.kind == .unauthorized)
    }

    // MARK: Pools

    private static let welcome =
        #"{"id":0,"result":{"proto":"EthereumStratum/2.0.0","encoding":"plain","resume":"1","timeout":"b4","maxerrors":"5","node":"n"}}"#

    private static func ready() throws -> EthashPoolProbe {
        var pool = try EthashPoolProbe(.stratum2, user: "acct.rig")
        _ = pool.connect()
        for line in [
            Self.welcome, #"{"id":1,"result":"s-12345"}"#, Self.set, #"{"id":2,"result":"w-123"}"#, Self.notify,
        ] {
            _ = pool.receive(line)
        }
        #expect(pool.isReadyEvent)
        return pool
    }

    @Test func handshakeWithAPool() throws {
        var pool = try EthashPoolProbe(.stratum2, user: "acct.rig", sessionID: "s-1")
        let hello = try #require(try objects(pool.connect()).first)
        #expect(hello["id"] == .integer(0))
        #expect(hello["params"]?.object?["proto"] == .string("EthereumStratum/2.0.0"))
        #expect(pool.receive(Self.welcome) == #"{"id":1,"method":"mining.subscribe","params":"s-1"}"# + "\n")
        #expect(
            pool.receive(#"{"id":1,"result":"s-12345"}"#)
                == #"{"id":2,"method":"mining.authorize","params":["acct.rig","x"]}"# + "\n"
        )
        #expect(pool.terms == PoolTerms(room: nil, summary: "EthereumStratum/2.0.0"))
        #expect(pool.dialogue.sessionID == "s-12345")
        _ = pool.receive(#"{"id":2,"result":"w-123"}"#)
        #expect(pool.event == nil)
        _ = pool.receive(Self.notify)
        #expect(pool.hasOverstepped)
        _ = pool.receive(Self.set)
        #expect(pool.event == nil)
        _ = pool.receive(Self.notify)
        #expect(pool.isReadyEvent)
        let job = try #require(pool.job)
        #expect(job.base == [0xaf, 0x4c])
        #expect(job.room == 1)
        #expect(job.kinds == 6)
        #expect(job.difficulty == 4e9)
        #expect(pool.work?.height == 0x6526d5)
        #expect(pool.work?.seed == EthashSeed.seed(at: 0xdc))
        #expect(job.work.tip?.height == 0x6526d5)
    }

    @Test func settingsChangeOneByOneAndForLaterJobs() throws {
        var pool = try Self.ready()
        _ = pool.receive(#"{"method":"mining.set","params":{"extranonce":"01"}}"#)
        _ = pool.receive(Self.notify)
        #expect(pool.job?.base == [1])
        #expect(pool.work?.epoch == 0xdc)
        // Nothing of a set that is wrong in part is taken.
        _ = pool.receive(#"{"method":"mining.set","params":{"epoch":"dd","target":"0"}}"#)
        #expect(pool.hasOverstepped)
        _ = pool.receive(Self.notify)
        #expect(pool.work?.epoch == 0xdc)
        _ = pool.receive(#"{"method":"mining.set","params":{"algo":"progpow"}}"#)
        _ = pool.receive(Self.notify)
        #expect(pool.job?.kinds == 4)
    }

    @Test func sharesAndVerdicts() throws {
        var pool = try Self.ready()
        let share = PoolShare(
            jobID: "bf0488aa",
            prefix: [0x68],
            found: FoundNonce(extranonce2: try #require(Extranonce2(hex: "765fccd712")))
        )
        let (request, sent) = pool.submit(share)
        #expect(request == 3)
        #expect(sent == #"{"id":3,"method":"mining.submit","params":["bf0488aa","68765fccd712","w-123"]}"# + "\n")
        let rows: [(String, Rejection.Kind?)] = [
            (#"{"id":3}"#, nil), (#"{"id":3,"result":true}"#, nil),
            (#"{"id":3,"error":{"code":202,"message":"Stale"}}"#, nil),
            (#"{"id":3,"error":{"code":301,"message":"no"}}"#, .unauthorized),
            (#"{"id":3,"error":{"code":404,"message":"Job not found"}}"#, .stale),
            (#"{"id":3,"error":{"code":406,"message":"Bad nonce"}}"#, .lowDifficulty),
            (#"{"id":3,"error":{"code":406,"message":"Duplicate share"}}"#, .duplicate),
            (#"{"id":3,"error":{"code":406,"message":"Invalid nonce size"}}"#, .malformed),
            (#"{"id":3,"error":{"code":500,"message":"sorry"}}"#, .other),
        ]
        for (line, kind) in rows {
            _ = pool.receive(line)
            switch pool.verdict {
            case .accepted: #expect(kind == nil, "\(line)")
            case .rejected(let rejection): #expect(rejection.kind == kind, "\(line)")
            case nil: Issue.record("\(line)")
            }
        }
    }

    @Test func idsOnTheWireHaveSixteenBits() throws {
        var pool = try Self.ready()
        var last: Int?
        for _ in 3...0x1_0005 {
            let (request, _) = pool.submit(PoolShare(jobID: "1", found: FoundNonce(extranonce2: .empty)))
            last = request
        }
        #expect(last == 0x1_0005)
        let (request, sent) = pool.submit(PoolShare(jobID: "1", found: FoundNonce(extranonce2: .empty)))
        #expect(request == 0x1_0006)
        #expect(try objects(sent).first?["id"] == .integer(6))
        for (id, expected) in [(6, 0x1_0006), (7, 7), (0xffff, 0xffff)] {
            _ = pool.receive(#"{"id":\#(id)}"#)
            guard case .verdict(expected, .accepted) = pool.event else {
                Issue.record("\(id): \(String(describing: pool.event))")
                continue
            }
        }
        _ = pool.receive(#"{"id":65536}"#)
        #expect(pool.event == nil)
    }

    @Test func keepsTheConnectionOpen() throws {
        var pool = try Self.ready()
        #expect(pool.pass(89).isEmpty)
        #expect(pool.pass(1) == #"{"id":3,"method":"mining.noop"}"# + "\n")
        _ = pool.receive(#"{"id":3}"#)
        #expect(pool.event == nil)
        #expect(pool.receive(#"{"id":9,"method":"mining.noop"}"#) == #"{"id":9}"# + "\n")
        _ = pool.receive(#"{"method":"mining.reconnect","params":{"host":"h.example","port":"d80","resume":"1"}}"#)
        guard case .reconnectRequested("h.example", 0xd80, nil) = pool.event else {
            Issue.record("\(String(describing: pool.event))")
            return
        }
        _ = pool.receive(#"{"method":"mining.bye"}"#)
        #expect(pool.failure?.kind == .closed)
    }

    @Test func refusalsOfTheHandshake() throws {
        let rows: [([String], LinkFailure.Kind)] = [
            ([#"{"id":0,"error":{"code":500,"message":"no"}}"#], .subscribeRefused),
            ([Self.welcome.replacing("plain", with: "gzip")], .subscribeRefused),
            ([Self.welcome, #"{"id":1,"error":{"code":500,"message":"no"}}"#], .subscribeRefused),
            (
                [Self.welcome, #"{"id":1,"result":"s-1"}"#, #"{"id":2,"error":{"code":301,"message":"no"}}"#],
                .authorizationRefused
            ),
        ]
        for (lines, kind) in rows {
            var pool = try EthashPoolProbe(.stratum2)
            _ = pool.connect()
            for line in lines { _ = pool.receive(line) }
            #expect(pool.failure?.kind == kind, "\(lines)")
        }
        var pool = try EthashPoolProbe(.stratum2, user: nil)
        _ = pool.connect()
        _ = pool.receive(Self.welcome)
        _ = pool.receive(#"{"id":1,"result":"s-1"}"#)
        _ = pool.pass(50)
        #expect(pool.failure == nil)
        _ = pool.authorize("acct.rig")
        _ = pool.pass(10)
        #expect(pool.failure?.kind == .handshakeTimeout)
    }
}
