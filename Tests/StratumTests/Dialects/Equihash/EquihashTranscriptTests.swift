import Foundation
import NIOCore
import Stratum
import Testing

/// The recorded conversations of two miners with a pool that takes everything, replayed on both halves.
@Suite struct EquihashTranscriptTests {
    /// One line and who said it.
    private struct Entry {
        var isFromMiner: Bool
        var text: String
    }

    private static let solutionDigits = 2694

    /// The two conversations. The recorder has cut long lines; what is missing of them is put back, where it is a
    /// solution as zeros.
    private static func conversations() throws -> [[Entry]] {
        let text = try resource("equihash-nheqminer.txt", in: "Transcripts")
        var entries: [Entry] = []
        for recorded in text.split(separator: "\n") {
            for (mark, isFromMiner) in [(">> ", true), ("<< ", false)] {
                guard let range = recorded.range(of: mark) else { continue }
                entries.append(Entry(isFromMiner: isFromMiner, text: String(recorded[range.upperBound...])))
            }
        }
        for index in entries.indices where !entries[index].text.hasSuffix("}") {
            let reply = entries.indices.contains(index + 1) ? entries[index + 1].text : ""
            entries[index].text = try self.completed(entries[index].text, reply: reply)
        }
        let starts = entries.indices.filter { entries[$0].text.contains("mining.subscribe") }
        #expect(starts.count == 2)
        return [Array(entries[..<(starts.last ?? 0)]), Array(entries[(starts.last ?? 0)...])]
    }

    private static func completed(_ text: String, reply: String) throws -> String {
        if text.hasSuffix(", t") { return text + "rue]}" }
        let start = try #require(text.range(of: "fd4005", options: .backwards)?.lowerBound)
        let missing = self.solutionDigits - text[start...].utf8.count
        let completed = text + String(repeating: "0", count: missing) + "\"]"
        // One of the miners has its id at the end of the line.
        guard !text.hasPrefix("{\"id\"") else { return completed + "}" }
        let id = try #require(try object(reply)["id"]?.integer)
        return completed + ",\"id\":\(id)}"
    }

    /// The job and the target that are announced.
    private static func work(_ entries: [Entry]) throws -> (target: String, notify: [JSONValue]) {
        func params(_ method: String) throws -> [JSONValue] {
            let entry = try #require(entries.first { $0.text.contains(method) })
            return try parameters(of: line(entry.text))
        }
        return (try #require(try params("mining.set_target").first?.string), try params("mining.notify"))
    }

    private static func method(_ text: String) throws -> String? { try object(text)["method"]?.string }

    @Test func theRouterAnswersTheMinersAsTheirPoolDid() throws {
        for entries in try Self.conversations() {
            let (target, notify) = try Self.work(entries)
            // To the miner the router is that pool: its NONCE_1 is one's base and prefix.
            var link = try EquihashLink(["validate": "off"])
            link.open(nonce1: "0a0b")
            let job = try link.job(target: target, notify)
            let work = try link.issue(job, jobID: "job0")
            var session = EquihashSession(link.dialect, base: job.base, prefix: [0x0C, 0x0D])
            var shareCount = 0
            for (index, entry) in entries.enumerated() where entry.isFromMiner {
                session.output = ByteBuffer()
                let step = try session.receive(entry.text)
                switch (try Self.method(entry.text), step) {
                case ("mining.subscribe", .subscribe(let request, let userAgent, nil)):
                    #expect(["nheqminer/0.5c", "aiostratum-proxy/1.1"].contains(userAgent))
                    session.miner.subscribed(session.grant, request: request, sessionID: "sess1", into: &session.output)
                case ("mining.authorize", .authorize(let request, "t1.w", "x")):
                    session.miner.authorized(true, request: request, into: &session.output)
                case ("mining.submit", .submit(let request, let submission)):
                    try Self.check(submission, entry.text)
                    if case .malformed = session.judge(submission, work, job) { Issue.record("\(entry.text)") }
                    shareCount += 1
                    session.miner.answer(.accepted, to: request, into: &session.output)
                case ("mining.extranonce.subscribe", nil):
                    #expect(session.miner.canChangeNonce)
                default:
                    Issue.record("\(entry.text) became \(String(describing: step))")
                }
                let reply = try object(entries[index + 1].text)
                let own = try object(session.output)
                for member in ["id", "result", "error"] { #expect(own[member] == reply[member], "\(entry.text)") }
            }
            #expect(shareCount == (entries.contains { $0.text.contains("nheqminer") } ? 7 : 6))
            let lines = session.deliver(work, job)
            #expect(try lines.map { try object($0)["params"] } == [.array([.string(target)]), .array(notify)])
        }
    }

    private static func check(_ submission: Submission, _ text: String) throws {
        let params = try parameters(of: line(text))
        #expect(submission.user.map { String(buffer: $0) } == params.value(at: 0).string)
        #expect(String(buffer: submission.jobID) == params.value(at: 1).string)
        #expect(submission.found.ntime == 0x5AEE_FFC0)
        #expect(hex(submission.found.extranonce2.bytes) == params.value(at: 3).string)
        #expect(submission.found.proof.map { hex(Array($0.readableBytesView)) } == params.value(at: 4).string)
    }

    @Test func theRouterSpeaksToThePoolAsTheMinersDid() throws {
        for entries in try Self.conversations() {
            var link = try EquihashLink()
            _ = link.pool.connected(now: EquihashLink.start, into: &link.output)
            #expect(try parameters(of: link.output) == [.string("router/1"), .null])
            var job: UpstreamJob?
            var verdictCount = 0
            var session = EquihashSession(link.dialect, base: bytes("0a0b0c0d"), prefix: [])
            for (index, entry) in entries.enumerated() {
                link.output = ByteBuffer()
                guard !entry.isFromMiner else {
                    guard try Self.method(entry.text) == "mining.submit" else { continue }
                    let upstream = try #require(job)
                    let params = try parameters(of: line(entry.text))
                    let work = try link.issue(upstream, jobID: "a1")
                    let grant = session.grant
                    let forwarded = try link.forward(try session.submission(params), upstream, work, grant)
                    #expect(forwarded.dropFirst() == params.dropFirst())
                    let request = try #require(try object(link.output)["id"]?.integer)
                    let reply = entries[index + 1].text.replacing(#/"id": \d+/#) { _ in "\"id\": \(request)" }
                    guard case .verdict(request, .accepted) = link.receive(reply) else {
                        Issue.record("\(reply)")
                        continue
                    }
                    verdictCount += 1
                    continue
                }
                if link.pool.isReady { continue }
                switch link.receive(entry.text) {
                case .subscribed(let terms):
                    #expect(terms == PoolTerms(room: 2, summary: "nonce 4 + 28 bytes"))
                    #expect(link.pool.sessionID == "sess1")
                    #expect(try parameters(of: link.output) == [.string("t1.w"), .string("x")])
                case .ready(let ready):
                    job = ready
                case nil:
                    break
                case let event?:
                    Issue.record("\(event)")
                }
            }
            #expect(job?.base == bytes("0a0b0c0d"))
            #expect(job?.difficulty == 0x1p243 / 0x1p254)
            #expect(verdictCount > 5)
        }
    }
}
