import NIOCore
import Stratum
import Testing

/// Whatever bytes come, the conversations go on or end in order.
@Suite struct EthashFuzzTests {
    private static let minerLines = [
        #"{"id":0,"method":"mining.hello","params":{"agent":"x","host":"h","port":"4d2","proto":"EthereumStratum/2.0.0"}}"#,
        #"{"id":1,"method":"mining.subscribe","params":"s-12345"}"#,
        #"{"id":1,"method":"mining.subscribe","params":["miner/1.0","EthereumStratum/1.0.0"]}"#,
        #"{"id":2,"method":"mining.extranonce.subscribe","params":[]}"#,
        #"{"id":3,"method":"mining.authorize","params":["wallet.rig","x"]}"#,
        #"{"id":244,"method":"mining.submit","params":["wallet.rig","bf0488aa","68765fccd712"]}"#,
        #"{"id":31,"method":"mining.submit","params":["bf0488aa","68765fccd712","w-0"]}"#,
        #"{"id":16,"method":"mining.hashrate","params":["500000","w-0"]}"#,
        #"{"id":50,"method":"mining.noop"}"#, #"{"method":"mining.bye"}"#,
        #"{"id":1,"jsonrpc":"2.0","method":"eth_submitLogin","params":["0xw","x"],"worker":"rig1"}"#,
        #"{"id":5,"jsonrpc":"2.0","method":"eth_getWork","params":[]}"#,
        #"{"id":40,"method":"eth_submitWork","params":["0xaf4c68765fccd712","0x\#(EthashSample.header)","0x\#(EthashSample.mix)"]}"#,
        #"{"id":6,"method":"eth_submitHashrate","params":["0x1","0x2"],"worker":"rig1"}"#,
    ].map { Array($0.utf8) }

    private static let poolLines = [
        #"{"id":1,"jsonrpc":"2.0","result":true}"#,
        #"{"id":2,"jsonrpc":"2.0","result":["0x\#(EthashSample.header)","0x\#(EthashSample.seed)","0x\#(EthashSample.target)","0x10"]}"#,
        #"{"id":0,"result":{"proto":"EthereumStratum/2.0.0","encoding":"plain","resume":"1","timeout":"b4"}}"#,
        #"{"id":1,"result":"s-12345"}"#, #"{"id":2,"result":"w-123"}"#, #"{"id":3}"#,
        #"{"method":"mining.set","params":{"epoch":"dc","target":"\#(EthashSample.target)","algo":"ethash","extranonce":"af4c"}}"#,
        #"{"method":"mining.notify","params":["bf0488aa","6526d5","\#(EthashSample.header)","0"]}"#,
        #"{"method":"mining.reconnect","params":{"host":"h","port":"d80","resume":"1"}}"#,
        #"{"id":1,"result":[["mining.notify","5f","EthereumStratum/1.0.0"],"080c"],"error":null}"#,
        #"{"id":3,"result":true,"error":null}"#,
        #"{"id":null,"method":"mining.set_difficulty","params":[0.5]}"#,
        #"{"id":null,"method":"mining.set_extranonce","params":["af4c"]}"#,
        #"{"id":null,"method":"mining.notify","params":["1","\#(EthashSample.seed)","\#(EthashSample.header)",true]}"#,
        #"{"id":4,"result":false,"error":[-1,"Job not found",null]}"#,
        #"{"id":4,"error":{"code":202,"message":"Stale"}}"#,
        #"{"id":null,"method":"client.reconnect","params":["h",3333,5]}"#,
    ].map { Array($0.utf8) }

    private static let fragments = [
        "\"", "\\", "{", "}", "[", "]", ",", ":", "null", "true", "-", "0", "e", ".", "\\ud83d", "0x", "\n", "1e999",
        "99999999999999999999", "\"id\":", "\"params\":[", "9223372036854775807", "-1", "ffffffffffffffff", "\u{00}",
    ].map { Array($0.utf8) }

    private static func mutate(_ original: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
        generator.mutate(original, with: Self.fragments).filter { $0 != UInt8(ascii: "\n") }
    }

    private static func garbage(_ generator: inout SeededGenerator) -> [UInt8] {
        (0..<Int.random(in: 0...80, using: &generator)).map { _ in .random(in: 11...255, using: &generator) }
    }

    /// Plays the router's part: every request that it is asked about is answered.
    @Test(arguments: [0xFA_0001, 0xFA_0002, 0xFA_0003, 0xFA_0004] as [UInt64])
    func minersMaySendAnything(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let grant = NonceGrant(space: 0, prefix: [7], layout: NonceLayout(total: 1), base: [8, 0x0c])
        let issues = try EthashFlavor.allCases.map {
            EthashIssue(
                try EthashSample.work(flavor: $0, epoch: 1, extranonce: $0 == .proxy ? [] : grant.base),
                jobID: "bf0488aa",
                algorithm: .ethash
            )
        }
        for round in 0..<250 {
            var miner = EthashMinerProbe()
            for step in 0..<20 {
                let isGarbage = Int.random(in: 0..<10, using: &generator) == 0
                let bytes =
                    isGarbage
                    ? Self.garbage(&generator)
                    : Self.mutate(Self.minerLines.randomElement(using: &generator) ?? [], &generator)
                let comment: Comment = "seed \(seed), round \(round).\(step): \(String(decoding: bytes, as: UTF8.self))"
                var output = ByteBuffer()
                let answer: MinerStep?
                do {
                    answer = try miner.dialogue.received(
                        ByteBuffer(bytes: bytes), in: miner.surroundings, into: &output)
                } catch {
                    #expect(output.readableBytes == 0, comment)
                    continue
                }
                Self.play(answer, &miner, issues, grant, &output)
                Self.checkReplies(to: bytes, answer, output, comment)
                if Bool.random(using: &generator), let issue = issues.randomElement(using: &generator) {
                    _ = try objects(miner.deliver(issue, grant))
                }
            }
        }
    }

    private static func play(
        _ step: MinerStep?, _ miner: inout EthashMinerProbe, _ issues: [EthashIssue], _ grant: NonceGrant,
        _ output: inout ByteBuffer
    ) {
        let refusal = Rejection(code: 20, message: "no")
        switch step {
        case .subscribe(let request, _, _):
            miner.dialogue.subscribed(grant, request: request, sessionID: "s", into: &output)
        case .authorize(let request, _, _):
            miner.dialogue.authorized(true, request: request, into: &output)
        case .login(let login):
            miner.dialogue.subscribed(grant, request: login.request, sessionID: "s", into: &output)
            miner.dialogue.authorized(true, request: login.request, into: &output)
        case .submit(let request, let submission):
            for issue in issues { _ = miner.judge(submission, issue, grant) }
            miner.dialogue.answer(.accepted, to: request, into: &output)
        case .malformedSubmit(let request, let rejection):
            miner.dialogue.answer(.refused(rejection), to: request, into: &output)
        case .unknown(let request, _):
            miner.dialogue.refuse(request, refusal, into: &output)
        case .suggestDifficulty, .leave, nil:
            break
        }
    }

    /// All that is written is JSON, and a submit has exactly one reply with its id.
    private static func checkReplies(
        to bytes: [UInt8], _ step: MinerStep?, _ output: ByteBuffer, _ comment: Comment
    ) {
        // A number beyond a double is echoed, but cannot be read here.
        guard let line = try? JSONValue(parsing: ByteBuffer(bytes: bytes)) else { return }
        var replies: [JSONValue?] = []
        for text in output.readableBytesView.split(separator: UInt8(ascii: "\n")) {
            guard let object = (try? JSONValue(parsing: ByteBuffer(bytes: Array(text))))?.object else {
                Issue.record(comment)
                continue
            }
            if object["method"] == nil { replies.append(object["id"]) }
        }
        switch step {
        case .submit, .malformedSubmit:
            #expect(replies == [line.object?["id"] ?? .null], comment)
        default:
            break
        }
    }

    @Test(arguments: [0xFB_0001, 0xFB_0002, 0xFB_0003, 0xFB_0004] as [UInt64])
    func poolsMaySendAnything(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let dialect = try EthashDialect(DialectOptions())
        for round in 0..<250 {
            var pool = try EthashPoolProbe(
                EthashFlavor.allCases[round % 3], user: Bool.random(using: &generator) ? "u.r" : nil
            )
            _ = pool.connect()
            for step in 0..<20 {
                let bytes =
                    Int.random(in: 0..<20, using: &generator) == 0
                    ? Self.garbage(&generator)
                    : Self.mutate(Self.poolLines.randomElement(using: &generator) ?? [], &generator)
                let comment: Comment = "seed \(seed), round \(round).\(step): \(String(decoding: bytes, as: UTF8.self))"
                var output = ByteBuffer()
                pool.event = pool.dialogue.received(ByteBuffer(bytes: bytes), now: pool.now, into: &output)
                if let job = pool.job {
                    #expect(job.difficulty >= 1 && job.difficulty.isFinite, comment)
                    #expect(job.base.count <= 6 && job.kinds != 0, comment)
                    let request = IssueRequest(
                        jobID: "1", layout: NonceLayout(total: 1), issuedBefore: 0, age: 0, lastNtime: 0
                    )
                    let issue = dialect.issue(job, request) as? EthashIssue
                    #expect(issue?.stratumDifficulty.isFinite == true, comment)
                }
                output.writeString(pool.authorize("u.r"))
                output.writeString(pool.submit(PoolShare(jobID: "1")).1)
                output.writeString(pool.pass(.random(in: 0...3, using: &generator)))
                guard (try? JSONValue(parsing: ByteBuffer(bytes: bytes))) != nil else { continue }
                for text in output.readableBytesView.split(separator: UInt8(ascii: "\n")) {
                    #expect((try? JSONValue(parsing: ByteBuffer(bytes: Array(text))))?.object != nil, comment)
                }
            }
        }
    }
}
