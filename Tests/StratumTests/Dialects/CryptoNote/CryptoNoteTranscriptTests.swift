import Foundation
import NIOCore
import Stratum
import Testing

/// A conversation recorded with a real proxy, replayed against both halves.
@Suite struct CryptoNoteTranscriptTests {
    private static func lines(_ mark: String) throws -> [String] {
        try resource("cryptonote-login.txt", in: "Transcripts").split(separator: "\n").compactMap { recorded in
            recorded.range(of: mark).map { String(recorded[$0.upperBound...]) }
        }
    }

    /// The same members, in whatever order.
    private static func expectSame(_ text: String, _ recorded: String) throws {
        func sorted(_ value: JSONValue) -> JSONValue {
            switch value {
            case .object(let object):
                .object(
                    JSONObject(
                        members: object.members.map { .init(name: $0.name, value: sorted($0.value)) }
                            .sorted { $0.name < $1.name }
                    )
                )
            case .array(let elements): .array(elements.map(sorted))
            default: value
            }
        }
        let (left, right) = (try JSONValue(parsing: line(text)), try JSONValue(parsing: line(recorded)))
        #expect(sorted(left) == sorted(right))
    }

    @Test func thePoolsHalfSaysAndUnderstandsWhatWasRecorded() throws {
        let (asked, answered) = (try Self.lines(" >> "), try Self.lines(" << "))
        #expect(asked.count == 4 && answered.count == 4)
        var dialogue = try CryptoNoteDialect(DialectOptions(["algo": "rx/0"])).makePoolDialogue(
            PoolDialogueSettings(
                user: "w1", password: "x", userAgent: "raw/0.1", handshakeTimeout: .seconds(10),
                questionTimeout: .seconds(5)
            )
        )
        let start = NIODeadline.uptimeNanoseconds(1)
        var output = ByteBuffer()
        #expect(dialogue.connected(now: start, into: &output) == nil)
        try Self.expectSame(String(buffer: output), asked[0])

        guard case .ready(let job) = dialogue.received(line(answered[0]), now: start, into: &output) else {
            Issue.record("not ready")
            return
        }
        #expect(dialogue.sessionID == "4836e35b4a8dab19")
        #expect(job.room == 1)
        #expect(job.work.id == "39e99c20")
        #expect(hex(job.work.block) == "3ffb2f65b69a8ec5e509dee0d0d04259b0992db342c3b14d463e98a87f0b6761")
        #expect(job.work.tip?.height == 26)
        #expect(job.difficulty == 150)

        output.clear()
        #expect(dialogue.tick(now: start + .seconds(50), into: &output) == nil)
        try Self.expectSame(
            String(buffer: output).replacing("4836e35b4a8dab19", with: "whatever"), asked[1])
        #expect(dialogue.received(line(answered[1]), now: start, into: &output) == nil)

        output.clear()
        let proof = ByteBuffer(bytes: [UInt8](repeating: 0xFF, count: 32))
        let request = dialogue.submit(
            PoolShare(jobID: "zz", found: FoundNonce(proof: proof)), user: "w1", into: &output
        )
        #expect(request == 3)
        try Self.expectSame(
            String(buffer: output).replacing("4836e35b4a8dab19", with: "bad"), asked[2])
        guard
            case .verdict(3, .rejected(let rejection)) = dialogue.received(line(answered[2]), now: start, into: &output)
        else {
            Issue.record("no verdict")
            return
        }
        #expect(rejection.message == "Unauthenticated" && rejection.kind == .unauthorized)
        #expect(!dialogue.isReady)
        guard case .failed(let failure) = dialogue.received(line(answered[3]), now: start, into: &output) else {
            Issue.record("the session is over")
            return
        }
        #expect(failure.kind == .closed)
    }

    @Test func theMinersHalfAnswersAsWasRecorded() throws {
        let (asked, answered) = (try Self.lines(" >> "), try Self.lines(" << "))
        var rig = try CryptoNoteRig(prefix: [0x5A])
        rig.sessionID = "4836e35b4a8dab19"
        let (login, early) = try rig.logIn(asked[0])
        #expect(login.user == "w1" && login.password == "x" && login.userAgent == "raw/0.1")
        #expect(early.isEmpty)

        var link = try CryptoNoteLink()
        _ = link.connect()
        guard case .ready(let upstream) = link.receive(answered[0]).event else {
            Issue.record("not ready")
            return
        }
        let work = try rig.issue(upstream, id: "39e99c20")
        // The router's own byte, and its extensions.
        let reply = rig.deliver(work, upstream, difficulty: 150)
            .replacing("0b67610000005a1c", with: "0b6761000000001c")
            .replacing("[\"algo\",\"nicehash\",\"keepalive\"]", with: "[\"algo\",\"connect\",\"tls\",\"keepalive\"]")
            .replacing(",\"id\":\"4836e35b4a8dab19\"},\"ext", with: "},\"ext")
        try Self.expectSame(reply.replacing(try Self.target(reply), with: "e8b4814e1be8b401"), answered[0])

        let keepalive = try rig.receive(asked[1])
        #expect(keepalive.step == nil)
        try Self.expectSame(keepalive.text, answered[1])

        guard case .malformedSubmit(let id, let rejection) = try rig.receive(asked[2]).step else {
            Issue.record("no refusal")
            return
        }
        try Self.expectSame(
            written { rig.dialogue.answer(.refused(rejection), to: id, into: &$0) }, answered[2])

        guard case .unknown(let id, "bogus") = try rig.receive(asked[3]).step else {
            Issue.record("known")
            return
        }
        let refusal = Rejection(code: -3, message: "Invalid method")
        try Self.expectSame(Self.refusal(rig, id, refusal), answered[3])
    }

    private static func refusal(_ rig: CryptoNoteRig, _ id: MessageID, _ rejection: Rejection) -> String {
        var output = ByteBuffer()
        rig.dialogue.refuse(id, rejection, into: &output)
        return String(buffer: output)
    }

    private static func target(_ reply: String) throws -> String {
        let result = try CryptoNoteSamples.object(reply)["result"]?.object
        return try #require(result?["job"]?.object?["target"]?.string)
    }
}
