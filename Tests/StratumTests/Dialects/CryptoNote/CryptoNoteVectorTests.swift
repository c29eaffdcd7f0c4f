import NIOCore
import Stratum
import Testing

/// The vector file, from the wire to the verdict.
@Suite struct CryptoNoteVectorTests {
    private static func vectors(_ kind: String, count: Int) throws -> [JSONObject] {
        let text = try resource("cryptonote.json", in: "Vectors")
        let all = try #require(try JSONValue(parsing: line(text)).object?["vectors"]?.array)
        #expect(all.count == 18)
        let vectors = all.compactMap(\.object).filter { $0["kind"]?.string == kind }
        #expect(vectors.count == count)
        return vectors
    }

    private static func text(_ vector: JSONObject, _ name: String) throws -> String {
        try #require(vector[name]?.string)
    }

    private static func expected(_ vector: JSONObject) throws -> JSONObject {
        try #require(vector["expect"]?.object)
    }

    @Test func targetsSayTheirDifficulty() throws {
        for vector in try Self.vectors("target_to_difficulty", count: 6) {
            let expected = try Self.expected(vector)
            let text = try Self.text(vector, "target")
            let target = try #require(CryptoNoteTarget(hex: text))
            #expect(String(target.value) == expected["target64"]?.string, "\(vector)")
            #expect(String(target.difficulty) == expected["difficulty"]?.string, "\(vector)")
        }
    }

    @Test func difficultiesBecomeTargets() throws {
        for vector in try Self.vectors("difficulty_to_target", count: 8) {
            let expected = try Self.expected(vector)
            let text = try Self.text(vector, "difficulty")
            let difficulty = try #require(Double(text))
            let whole = CryptoNoteTarget.whole(difficulty)
            #expect(String(whole) == text)
            #expect(hex(CryptoNoteTarget.eightBytes(difficulty: whole)) == expected["target_8"]?.string, "\(vector)")
            #expect(
                CryptoNoteTarget.fourBytes(difficulty: whole).map(hex) == expected["target_4"]?.string, "\(vector)"
            )
        }
    }

    /// What stands in the miner's job is one of the two forms.
    @Test func minersAreSentTheseTargets() throws {
        for vector in try Self.vectors("difficulty_to_target", count: 8) {
            let expected = try Self.expected(vector)
            let difficulty = try #require(Double(try Self.text(vector, "difficulty")))
            var rig = try CryptoNoteRig()
            try rig.logIn()
            let (_, upstream) = try CryptoNoteLink.ready()
            let reply = rig.deliver(try rig.issue(upstream), upstream, difficulty: difficulty)
            let job = try #require(try CryptoNoteSamples.object(reply)["result"]?.object?["job"]?.object)
            #expect(job["target"] == expected[difficulty <= 1_000_000 ? "target_4" : "target_8"], "\(vector)")
        }
    }

    @Test func sharesAreWorthWhatTheyProve() throws {
        for vector in try Self.vectors("share", count: 2) {
            let expected = try Self.expected(vector)
            let target = try Self.text(vector, "target")
            let (_, upstream) = try CryptoNoteLink.ready(CryptoNoteSamples.job(target: target))
            var rig = try CryptoNoteRig()
            try rig.logIn()
            let work = try rig.issue(upstream)
            let submission = try rig.submission(CryptoNoteSamples.submit(result: try Self.text(vector, "result")))
            guard case .judged(let judged) = rig.judge(submission, work, upstream, difficulty: upstream.difficulty)
            else {
                Issue.record("not judged: \(vector)")
                continue
            }
            let isGood = expected["accepted"] == .bool(true)
            #expect(String(Int(judged.shareDifficulty)) == expected["share_difficulty"]?.string, "\(vector)")
            #expect(judged.meetsPoolTarget == isGood, "\(vector)")
            #expect(judged.meetsDifficulty == isGood, "\(vector)")
            #expect(!judged.meetsNetworkTarget)
        }
    }

    @Test func theByteIsDividedAndTheNonceForwarded() throws {
        for vector in try Self.vectors("nicehash_blob", count: 2) {
            let expected = try Self.expected(vector)
            let prefix = try #require(vector["fixed_byte"]?.integer.flatMap { UInt8(exactly: $0) })
            let nonce = try Self.text(vector, "submit_nonce")
            let poolBlob = try Self.text(vector, "pool_blob")
            var (link, upstream) = try CryptoNoteLink.ready(CryptoNoteSamples.job(blob: poolBlob))
            var rig = try CryptoNoteRig(prefix: [prefix])
            try rig.logIn()
            let work = try rig.issue(upstream)
            let reply = rig.deliver(work, upstream)
            let job = try #require(try CryptoNoteSamples.object(reply)["result"]?.object?["job"]?.object)
            #expect(job["blob"] == expected["miner_blob"], "\(vector)")

            let submission = try rig.submission(CryptoNoteSamples.submit(nonce: nonce))
            let judgement = rig.judge(submission, work, upstream)
            guard case .judged = judgement else {
                #expect(expected["nonce_accepted"] == .bool(false), "\(vector)")
                continue
            }
            #expect(expected["nonce_accepted"] == .bool(true), "\(vector)")
            let (_, sent) = link.submit(
                PoolShare(jobID: "j1", prefix: rig.grant.prefix, found: submission.found)
            )
            let params = try #require(try CryptoNoteSamples.object(sent)["params"]?.object)
            var blob = bytes(poolBlob)
            blob.replaceSubrange(39..<43, with: bytes(try Self.text(params, "nonce")))
            #expect(hex(blob) == expected["hashed_blob"]?.string, "\(vector)")
        }
    }
}
