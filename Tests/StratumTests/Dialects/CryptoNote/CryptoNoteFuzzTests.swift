import NIOCore
import Stratum
import Testing

/// Whatever bytes come, from miners or pools, they lead to a value or an error, in bounded memory.
@Suite struct CryptoNoteFuzzTests {
    private typealias Samples = CryptoNoteSamples

    private static let fromPools = [
        Samples.loginReply(extensions: #""algo","nicehash","keepalive""#),
        Samples.loginReply(job: nil), Samples.loginReply(id: 2, job: Samples.job("x", target: "96218e75711b0d00")),
        Samples.notification(Samples.job("j2")), Samples.notification(Samples.job("j3", algo: "rx/yada")),
        Samples.notification(Samples.job("j4", more: #","xn":[1,{"a":"\u00e9"}],"height":12345678901234567890"#)),
        #"{"id":2,"error":null,"result":{"status":"OK"}}"#, #"{"id":2,"error":{"code":-1,"message":"Block expired"}}"#,
        #"{"id":3,"error":{"code":-1,"message":"Unauthenticated"}}"#, #"{"id":2,"result":{"status":"KEEPALIVED"}}"#,
        #"{"method":"client.reconnect","params":["pool.example.com","3334"]}"#,
    ].map { Array($0.utf8) }

    private static let fromMiners = [
        Samples.login("w1.x+5000", more: #","rigid":"r","algo":["rx/0","cn/r"],"algo-perf":{"rx/0":1.5e3}"#),
        Samples.submit(), Samples.submit(nonce: "00000003", more: #","sig":"abcd","algo":"rx/0","commitment":"00""#),
        #"{"id":3,"jsonrpc":"2.0","method":"keepalived","params":{"id":"s"}}"#,
        #"{"id":"g","jsonrpc":"2.0","method":"getjob","params":{"id":"s"}}"#,
        #"{"id":4,"jsonrpc":"2.0","method":"bogus","params":{}}"#, #"{"id":1,"result":true}"#,
    ].map { Array($0.utf8) }

    private static let fragments = [
        "\"", "\\", "{", "}", "[", "]", ",", ":", "null", "true", "-", "0", "9", "e", ".", "\\u", "\\ud83d", "0x", " ",
        "1e999", "99999999999999999999", "1e300", "-9223372036854775808", "\"id\":", "\"params\":{", "\"job_id\":\"\",",
        "\"blob\":\"00\",", "\"target\":\"ffffffff\",", "\"target\":\"00000000\",", "\"nonce\":\"ffffffff\",",
        "\"job\":{}", "\"algo\":\"kawpow\",", "\u{00}", "\u{FF}", "+", "+99999999999999999999",
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":",
    ].map { Array($0.utf8) }

    private static func mutate(_ original: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
        guard Int.random(in: 0..<10, using: &generator) == 0 else {
            return mutated(original, with: Self.fragments, &generator)
        }
        return (0..<Int.random(in: 0...80, using: &generator)).map { _ in .random(in: 0...255, using: &generator) }
    }

    /// Lines of these writers are one object each, and not much longer than what they were written from.
    private static func check(_ output: ByteBuffer, longest: Int, _ comment: Comment) {
        #expect(output.readableBytes <= longest, comment)
        for text in String(buffer: output).split(separator: "\n") {
            #expect(Self.isObject(line(String(text))), comment)
        }
    }

    /// Every submit is answered once, by its own id.
    private static func checkOneReply(_ output: ByteBuffer, to id: MessageID, _ comment: Comment) {
        #expect(output.readableBytesView.filter { $0 == UInt8(ascii: "\n") }.count == 1, comment)
        #expect(FirstLine.id(of: output) == (id == .absent ? .null : id), comment)
    }

    /// By JSON's grammar: an echoed id may be a number beyond all numbers.
    private static func isObject(_ text: ByteBuffer) -> Bool {
        text.withUnsafeReadableBytes { bytes in
            var scanner = JSONScanner(bytes)
            return bytes.first == UInt8(ascii: "{") && (try? scanner.skipValue()) != nil
                && (try? scanner.expectEnd()) != nil
        }
    }

    @Test(arguments: [0xC0DE_2001, 0xC0DE_2002] as [UInt64])
    func poolsCannotBreakTheirHalf(seed: UInt64) throws {
        print("seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        var rig = try CryptoNoteRig()
        try rig.logIn()
        var link = try CryptoNoteLink()
        var jobCount = 0
        var isOver = true
        for round in 0..<10_000 {
            if isOver || round.isMultiple(of: 8) {
                link = try CryptoNoteLink()
                _ = link.connect()
                isOver = false
                if Bool.random(using: &generator) { _ = link.receive(Samples.loginReply(extensions: #""algo""#)) }
            }
            let bytes = Self.mutate(Self.fromPools.randomElement(using: &generator) ?? [], &generator)
            let comment: Comment = "seed \(seed), round \(round): \(String(decoding: bytes, as: UTF8.self))"
            var output = ByteBuffer()
            let event = link.dialogue.received(ByteBuffer(bytes: bytes), now: link.now, into: &output)
            switch event {
            case .ready(let upstream), .job(let upstream):
                jobCount += 1
                let work = try #require(upstream.work as? CryptoNoteWork)
                #expect(work.job.blob.count <= CryptoNoteJob.maximumBlobCount, comment)
                #expect(upstream.difficulty >= 1 && upstream.difficulty.isFinite, comment)
                rig.grant.prefix = upstream.room == 1 ? [9] : []
                rig.grant.layout = NonceLayout(total: upstream.room)
                let issue = try rig.issue(upstream)
                Self.check(ByteBuffer(string: rig.deliver(issue, upstream)), longest: 16_384, comment)
            case .failed:
                isOver = true
            case .overstepped, .verdict, .reconnectRequested, nil:
                break
            case .subscribed, .versionMaskChanged, .messageShown:
                Issue.record(comment)
            }
            let share = PoolShare(jobID: "j1", found: FoundNonce(nonce: 1, proof: ByteBuffer(repeating: 7, count: 32)))
            _ = link.dialogue.submit(share, user: "", into: &output)
            let now = link.now + .seconds(Int64(round % 120))
            if case .failed = link.dialogue.tick(now: now, into: &output) { isOver = true }
            Self.check(output, longest: 2048, comment)
        }
        #expect(jobCount > 300)
    }

    @Test(arguments: [0xC0DE_3001, 0xC0DE_3002] as [UInt64])
    func minersCannotBreakTheirHalf(seed: UInt64) throws {
        print("seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        let (_, upstream) = try CryptoNoteLink.ready()
        var rig = try CryptoNoteRig()
        let work = try rig.issue(upstream)
        var shareCount = 0
        for round in 0..<10_000 {
            if round.isMultiple(of: 8) {
                rig = try CryptoNoteRig()
                if Bool.random(using: &generator) {
                    try rig.logIn()
                    _ = rig.deliver(work, upstream)
                }
            }
            let bytes = Self.mutate(Self.fromMiners.randomElement(using: &generator) ?? [], &generator)
            let comment: Comment = "seed \(seed), round \(round): \(String(decoding: bytes, as: UTF8.self))"
            var output = ByteBuffer()
            let surroundings = MinerSurroundings(commonMask: 0, entryMask: 0)
            let step = try? rig.dialogue.received(ByteBuffer(bytes: bytes), in: surroundings, into: &output)
            switch step {
            case .login(let login):
                #expect(login.suggestedDifficulty.map { (100...2_147_483_647).contains($0) } ?? true, comment)
                rig.dialogue.subscribed(rig.grant, request: login.request, sessionID: "s", into: &output)
                rig.dialogue.authorized(true, request: login.request, into: &output)
                output.writeString(rig.deliver(work, upstream))
            case .submit(let request, let submission):
                shareCount += 1
                #expect((submission.found.proof?.readableBytes ?? 0) <= 32 + 1024, comment)
                _ = rig.judge(submission, work, upstream, difficulty: .random(in: 0...1e20, using: &generator))
                #expect(output.readableBytes == 0, comment)
                rig.dialogue.answer(.accepted, to: request, into: &output)
                Self.checkOneReply(output, to: FirstLine.id(of: ByteBuffer(bytes: bytes)), comment)
            case .malformedSubmit(let request, let rejection):
                #expect(output.readableBytes == 0, comment)
                rig.dialogue.answer(.refused(rejection), to: request, into: &output)
                Self.checkOneReply(output, to: FirstLine.id(of: ByteBuffer(bytes: bytes)), comment)
            case .unknown(let request, _):
                rig.dialogue.refuse(request, Rejection(code: -3, message: "Unknown method"), into: &output)
            case .leave:
                // The login named no algorithm that there is.
                Self.checkOneReply(output, to: FirstLine.id(of: ByteBuffer(bytes: bytes)), comment)
            case nil:
                #expect(FirstLine.method(of: ByteBuffer(bytes: bytes)) != "submit", comment)
            case .subscribe, .authorize, .suggestDifficulty:
                Issue.record(comment)
            }
            // An id is echoed as it came, so that what is written is at most that much longer.
            Self.check(output, longest: 2048 + MessageID.maximumTokenCount, comment)
            _ = CryptoNoteDialect.recognizes(ByteBuffer(bytes: bytes))
            _ = CryptoNoteDialect.refusal(of: ByteBuffer(bytes: bytes), "no")
        }
        #expect(shareCount > 300)
    }

    /// What is kept of a job, a login or a share has an end, however long the line is.
    @Test func nothingKeepsMoreThanItsLimit() throws {
        let long = String(repeating: "ab", count: 40_000)
        let many = (0..<100).map { #","m\#($0)":1"# }.joined()
        for job in [
            Samples.job(long), Samples.job(blob: long), Samples.job(target: long), Samples.job(algo: long),
            Samples.job(more: #","x":"\#(long)""#), Samples.job(more: many), "[]", "7", #""""#,
        ] {
            var (link, _) = try CryptoNoteLink.ready()
            guard case .failed(let failure) = link.receive(Samples.notification(job)).event else {
                Issue.record("taken: \(job.prefix(80))")
                continue
            }
            #expect(failure.detail.utf8.count < 200)
        }
        var rig = try CryptoNoteRig()
        let (login, _) = try rig.logIn(Samples.login(long, more: #","rigid":"\#(long)""#))
        #expect(login.user.isEmpty)
        for text in [
            Samples.submit(job: long), Samples.submit(nonce: long), Samples.submit(result: long),
            Samples.submit(more: #","sig":"\#(long)""#), Samples.submit(more: many),
        ] {
            guard case .malformedSubmit = try rig.receive(text).step else {
                Issue.record("taken: \(text.prefix(80))")
                continue
            }
        }
    }

    /// Of a member that is said twice the last counts, for the router and for whoever reads what it forwards.
    @Test func repeatedMembersAreForwardedOnce() throws {
        let job = Samples.job(more: #","height":7,"algo":"rx/wow","target":"b88d0600","\u0068eight":9"#)
        let (_, upstream) = try CryptoNoteLink.ready(job)
        #expect(upstream.difficulty == 10_000)
        #expect(upstream.work.tip?.height == 9)
        var rig = try CryptoNoteRig()
        try rig.logIn()
        let reply = rig.deliver(try rig.issue(upstream), upstream)
        let members = try #require(try Samples.object(reply)["result"]?.object?["job"]?.object).members
        #expect(Set(members.map(\.name)).count == members.count)
        #expect(members.first { $0.name == "height" }?.value == .integer(9))
        #expect(members.first { $0.name == "algo" }?.value == .string("rx/wow"))
    }
}
