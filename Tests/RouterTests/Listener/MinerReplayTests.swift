import Foundation
import NIOCore
import Router
import Stratum
import Testing

@testable import PoolPool

/// The miner's side of a recorded conversation, said to the router.
@Suite struct MinerReplayTests {
    /// What cpuminer and ckpool said, remarks of the recorder left out.
    private static func lines() throws -> [(isMiner: Bool, text: String)] {
        guard let root = Bundle.module.resourceURL else { throw CocoaError(.fileNoSuchFile) }
        let file = root.appendingPathComponent("Transcripts/ckpool-minerd.txt")
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").compactMap { line in
            for (mark, isMiner) in [(" >> ", true), (" << ", false)] {
                if let range = line.range(of: mark) { return (isMiner, String(line[range.upperBound...])) }
            }
            return nil
        }
    }

    /// The last of them was never answered.
    private static let submitCount = 97

    /// The recorded job with its pool's surroundings, and the number that gives it its recorded id.
    private static func jobs() throws -> [(job: UpstreamJob, number: UInt64)] {
        try Self.lines().filter { !$0.isMiner }.compactMap { line in
            guard case .notification(.notify(let job), _) = try PoolMessage.decode(ByteBuffer(string: line.text)) else {
                return nil
            }
            let upstream = upstreamJob(job, extranonce1: [0x11, 0xe2, 0x02, 0x6b])
            return (upstream, IssuedJob.number(ByteBuffer(string: job.id)) ?? 0)
        }
    }

    /// The recorded shares are for an extranonce1 that the router would not give: their numbers are kept, and the
    /// difficulty is so low that any hash will do.
    @Test func everySubmitIsAnsweredInItsPlace() throws {
        let world = ShardWorld()
        let miner = try world.connects()
        let link = IssuingLink()
        for (job, number) in try Self.jobs() {
            let issued = try #require(link.receives(job, number: number))
            world.receives(.job(issued, .new))
        }
        var submitted = 0
        var answers: [String] = []
        for (isMiner, text) in try Self.lines() where isMiner {
            try world.says(miner, text.replacing("\"0000000000000000\"", with: "\"00000000\""))
            if text.contains("mining.submit") {
                submitted += 1
            } else {
                if text.contains("mining.authorize") { world.receives(.assign(sessions: [1], link: 1)) }
                answers += try world.hears(miner)
            }
        }
        #expect(answers.count == 4, "\(answers)")
        #expect(answers.first?.hasPrefix(#"{"id":1,"result":[["#) == true)
        #expect(answers.dropFirst().first == #"{"id":2,"result":true,"error":null}"#)
        #expect(answers.last?.hasSuffix("true]}") == true)
        let shares = world.forwarded()
        #expect(submitted == Self.submitCount)
        #expect(shares.count == Self.submitCount)
        #expect(try world.hears(miner) == [])
        // The pool answers the last one first: cpuminer, whose ids are all 4, hears them in its own order.
        for (index, share) in shares.enumerated().reversed() {
            let rejection = Rejection(code: 100 + index, message: "")
            world.receives(.settled(share.ticket, .refused(rejection), latencyMicroseconds: nil))
        }
        let heard = try world.hears(miner)
        #expect(heard == (0..<Self.submitCount).map { #"{"id":4,"result":null,"error":[\#(100 + $0),"",null]}"# })
    }

    @Test func unalteredSubmitsAreEachRefusedOnce() throws {
        let world = ShardWorld()
        let miner = try world.connects()
        let link = IssuingLink()
        for (job, number) in try Self.jobs() {
            let issued = try #require(link.receives(job, number: number))
            world.receives(.job(issued, .new))
        }
        for (isMiner, text) in try Self.lines() where isMiner {
            try world.says(miner, text)
            if text.contains("mining.authorize") { world.receives(.assign(sessions: [1], link: 1)) }
        }
        let refusals = try world.hears(miner).filter { $0.contains("[20,") }
        #expect(
            refusals
                == Array(
                    repeating: #"{"id":4,"result":null,"error":[20,"Invalid nonce2 length",null]}"#,
                    count: Self.submitCount))
        #expect(world.forwarded().isEmpty)
    }

    /// What ckpool accepted, and the one it never answered, the router accepts at the recorded difficulty,
    /// and nothing twice.
    @Test func recordedSharesAreValid() throws {
        var jobs: [String: IssuedJob] = [:]
        // The recorded miner rolled all eight bytes itself: no padding, no prefix.
        let layout = NonceLayout(total: 8)
        let link = IssuingLink(layout: layout)
        for (job, number) in try Self.jobs() { jobs[job.work.id] = link.receives(job, number: number) }
        let grant = NonceGrant(space: 0, prefix: [], layout: layout)
        var checks = ShareChecks()
        var validCount = 0
        for (isMiner, text) in try Self.lines() where isMiner {
            guard case .request(_, .submit(let submission)) = try MinerMessage.decode(ByteBuffer(string: text)) else {
                continue
            }
            let job = try #require(jobs[String(buffer: submission.jobID)])
            let time = UInt64(submission.found.ntime)
            func judge() -> ShareChecks.Outcome {
                checks.judge(submission, job: job, grant: grant, mask: 0, difficulty: 0.0005, unixTime: time)
            }
            if judge().isValid { validCount += 1 }
            #expect(judge() == .duplicate)
        }
        #expect(validCount == Self.submitCount)
    }
}
