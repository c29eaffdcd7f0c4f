import NIOCore
import Stratum
import Testing

/// Mutated lines lead to a step, an event or an error, with at most one reply each, and what is taken is understood.
@Suite struct EquihashGarbageTests {
    private static let field = String(repeating: "a1", count: 32)
    private static let seeds = [
        #"{"id":4,"method":"mining.submit","params":["u.w","1f","c0ffee5a","\#(String(repeating: "00", count: 26))","#
            + #""24\#(String(repeating: "b2", count: 36))"]}"#,
        #"{"id":1,"method":"mining.subscribe","params":["agent/1.0",null,"host",3333]}"#,
        #"{"id":1,"method":"mining.subscribe","params":["host",5555,"agent","NULL"]}"#,
        #"{"id":"a","method":"mining.authorize","params":["u.w","x"]}"#,
        #"{"id":2,"method":"mining.extranonce.subscribe","params":[]}"#,
        #"{"id":7,"method":"mining.suggest_target","params":["\#(field)"]}"#,
        #"{"id":7,"method":"mining.suggest_difficulty","params":[1.5e3]}"#,
        #"{"id":1,"result":["s","0a0b0c0d"],"error":null}"#,
        #"{"id":1,"result":[[["mining.notify","5f"]],"0a0b0c0d",28],"error":null}"#,
        #"{"id":2,"result":true,"error":null}"#, #"{"id":3,"result":null,"error":[23,"low",null]}"#,
        #"{"id":null,"method":"mining.set_target","params":["\#(field)"]}"#,
        #"{"id":null,"method":"mining.set_extranonce","params":["0a0b0c0d0e"]}"#,
        #"{"id":null,"method":"client.reconnect","params":["h","3333",5]}"#,
        notify, #"{"id":1,"method":"client.get_version","params":[]}"#,
    ].map { Array($0.utf8) }

    private static let notify =
        #"{"id":null,"method":"mining.notify","params":["1f","04000000","\#(field)","\#(field)","\#(field)","c0ffee5a","#
        + #""0f0f0f20",true,"48_5","ZcashPoW"]}"#

    private static let fragments = [
        "\"", "\\", "{", "}", "[", "]", ",", ":", "null", "true", "-", "0", "fd4005", "ffffffff", "\\u00", "0x", " ",
        "1e999", "99999999999999999999", "\"id\":", "\"params\":[", "mining.submit", "mining.notify", "\u{00}", "192_7",
    ].map { Array($0.utf8) }

    @Test(arguments: [0xE6A8_0001, 0xE6A8_0002, 0xE6A8_0003, 0xE6A8_0004] as [UInt64])
    func mutatedLinesAreStepsEventsOrErrors(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var link = try EquihashLink(["parameters": "48,5"])
        link.open(nonce1: "0a0b0c0d")
        guard case .ready(let job) = link.receive(String(decoding: Array(Self.notify.utf8), as: UTF8.self)) else {
            throw UnexpectedConversation(what: "not ready")
        }
        let work = try link.issue(job, jobID: "1f")
        var fresh = EquihashSession(link.dialect, base: job.base, prefix: [0, 1])
        var subscribed = fresh
        _ = try subscribed.subscribe()
        var fails = 0
        for round in 0..<5_000 {
            let original = Self.seeds.randomElement(using: &generator) ?? []
            let text = generator.mutate(original, with: Self.fragments)
            let comment: Comment = "seed \(seed), round \(round): \(String(decoding: text, as: UTF8.self))"
            if round.isMultiple(of: 2) {
                try Self.checkMiner(&fresh, text, work, job, comment)
            } else {
                try Self.checkMiner(&subscribed, text, work, job, comment)
            }
            try Self.checkPool(&link, text, comment)
            _ = EquihashDialect.recognizes(ByteBuffer(bytes: text))
            if !link.pool.isReady {
                fails += 1
                link = try EquihashLink(["parameters": "48,5"])
                link.open(nonce1: "0a0b0c0d")
                _ = link.receive(Self.notify)
            }
        }
        #expect(fails > 0, "seed \(seed)")
    }

    private static func checkMiner(
        _ session: inout EquihashSession, _ text: [UInt8], _ work: any IssuedWork, _ job: UpstreamJob,
        _ comment: Comment
    ) throws {
        session.output = ByteBuffer()
        let surroundings = MinerSurroundings(commonMask: 0, entryMask: 0)
        let step: MinerStep?
        do throws(StratumError) {
            step = try session.miner.received(ByteBuffer(bytes: text), in: surroundings, into: &session.output)
        } catch {
            #expect((try? JSONValue(parsing: ByteBuffer(bytes: text)))?.object == nil, comment)
            return
        }
        let lines = session.output.readableBytesView.split(separator: UInt8(ascii: "\n"))
        #expect(lines.count <= 1 && session.output.readableBytes <= text.count + 600, comment)
        switch step {
        case .submit(let request, let submission):
            #expect(lines.isEmpty, comment)
            _ = session.judge(submission, work, job)
            try Self.checkReply(to: request, .accepted, session, comment)
        case .malformedSubmit(let request, let rejection):
            #expect(lines.isEmpty, comment)
            try Self.checkReply(to: request, .refused(rejection), session, comment)
        case .suggestDifficulty(let difficulty):
            #expect(difficulty.isFinite && difficulty > 0, comment)
        case .subscribe(let request, _, let sessionID):
            #expect(sessionID?.isEmpty != true && lines.isEmpty, comment)
            _ = request
        case .authorize, .login, .unknown, .leave, nil:
            break
        }
    }

    /// Exactly one line, with the id of the request.
    private static func checkReply(
        to request: MessageID, _ reply: SubmitReply, _ session: EquihashSession, _ comment: Comment
    ) throws {
        var buffer = ByteBuffer()
        session.miner.answer(reply, to: request, into: &buffer)
        let text = String(buffer: buffer)
        var id = ByteBuffer()
        id.writeJSON(request)
        #expect(text.hasPrefix("{\"id\":\(String(buffer: id)),"), comment)
        #expect(text.filter { $0 == "\n" }.count == 1 && text.hasSuffix("\n"), comment)
    }

    private static func checkPool(_ link: inout EquihashLink, _ text: [UInt8], _ comment: Comment) throws {
        link.output = ByteBuffer()
        let event = link.pool.received(ByteBuffer(bytes: text), now: EquihashLink.start, into: &link.output)
        #expect(link.output.readableBytes <= text.count + 600, comment)
        guard case .job(let job) = event, let work = job.work as? EquihashWork else { return }
        #expect(job.room == EquihashNonce.room(nonce1Count: job.base.count) && job.base == work.nonce1, comment)
        // What was taken for a job is written as the same job.
        var session = EquihashSession(link.dialect, base: job.base, prefix: [0, 1])
        let notify = try #require(session.deliver(try link.issue(job, jobID: work.job.id), job).last)
        var reader = try EquihashLink(["parameters": "48,5"])
        reader.open(nonce1: hex(job.base))
        guard case .ready(let again) = reader.receive(notify), let readBack = again.work as? EquihashWork else {
            Issue.record(comment)
            return
        }
        var expected = work.job
        expected.isClean = true
        #expect(readBack.job == expected && readBack.verifier == work.verifier, comment)
    }
}
