import NIOCore
import Stratum
import Testing

/// What must hold whatever sessions, jobs and shares come: no two sessions of a link have one prefix, no two shares
/// become one, and miner and pool hash the same bytes.
@Suite struct CryptoNoteInvariantTests {
    /// A pool that keeps its own books: it knows its jobs as it sent them, and puts a nonce where it belongs.
    private struct ModelPool {
        struct Share: Hashable {
            var job: String
            var nonce: String
        }

        var blobs: [String: [UInt8]] = [:]
        var shares: Set<Share> = []

        /// A job with bytes of its own, the nonce left empty.
        mutating func makeJob(_ number: Int, _ generator: inout SeededGenerator) -> String {
            var blob =
                bytes("1010a9d08bd806")
                + (0..<Int.random(in: 69...73, using: &generator)).map { _ in
                    UInt8.random(in: 0...255, using: &generator)
                }
            blob.replaceSubrange(39..<43, with: [0, 0, 0, 0])
            let id = "pool \(number)"
            self.blobs[id] = blob
            return CryptoNoteSamples.job(id, blob: hex(blob), height: number / 3)
        }

        /// What the pool hashes; nil if it has seen the share or does not know the job.
        mutating func receive(_ submit: JSONObject) throws -> [UInt8]? {
            let job = try #require(submit["job_id"]?.string)
            let nonce = try #require(submit["nonce"]?.string)
            #expect(submit["id"]?.string == "pool-session")
            guard self.shares.insert(Share(job: job, nonce: nonce)).inserted, var blob = self.blobs[job] else {
                return nil
            }
            blob[39] = try #require(UInt8(nonce.dropFirst(0).prefix(2), radix: 16))
            blob[40] = try #require(UInt8(nonce.dropFirst(2).prefix(2), radix: 16))
            blob[41] = try #require(UInt8(nonce.dropFirst(4).prefix(2), radix: 16))
            blob[42] = try #require(UInt8(nonce.dropFirst(6).prefix(2), radix: 16))
            return blob
        }
    }

    /// A miner that knows only what it was sent.
    private struct ModelMiner {
        var rig: CryptoNoteRig
        /// By the router's id: the blob as it was received.
        var blobs: [String: [UInt8]] = [:]

        mutating func take(_ text: String) throws {
            let object = try CryptoNoteSamples.object(text)
            let job = try #require((object["result"]?.object?["job"] ?? object["params"])?.object)
            let id = try #require(job["job_id"]?.string)
            #expect(self.blobs[id] == nil)
            self.blobs[id] = bytes(try #require(job["blob"]?.string))
            #expect(job["id"]?.string == self.rig.sessionID)
        }

        /// A nonce in the three bytes that are the miner's, and what it hashes with it.
        func search(_ job: String, _ generator: inout SeededGenerator) throws -> (nonce: [UInt8], blob: [UInt8]) {
            var blob = try #require(self.blobs[job])
            // Few values, so that miners often try the same ones.
            for index in 39..<42 { blob[index] = .random(in: 0...1, using: &generator) }
            return (Array(blob[39..<43]), blob)
        }
    }

    @Test(arguments: [0xC0DE_1001, 0xC0DE_1002, 0xC0DE_1003] as [UInt64])
    func everyShareIsOneOfItsOwnAndHashedAlike(seed: UInt64) throws {
        print("seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        var pool = ModelPool()
        var (link, upstream) = try CryptoNoteLink.ready(pool.makeJob(0, &generator))
        var miners = try Self.makeMiners()
        var issues: [(id: String, work: any IssuedWork, upstream: UpstreamJob)] = []
        var seen: Set<[String]> = []
        var sentCount = 0
        for round in 0..<60 {
            if round > 0 { upstream = try link.job(pool.makeJob(round, &generator)) }
            let id = String(round + 16, radix: 16)
            let work = try miners[0].rig.issue(upstream, id: id)
            #expect(work.padding.isEmpty && work.ntime == 0)
            issues.append((id, work, upstream))
            for index in miners.indices {
                try miners[index].take(miners[index].rig.deliver(work, upstream))
            }
            for _ in 0..<200 {
                let index = Int.random(in: miners.indices, using: &generator)
                let issue = try #require(issues.suffix(2).randomElement(using: &generator))
                let (nonce, hashed) = try miners[index].search(issue.id, &generator)
                let comment: Comment = "seed \(seed), round \(round), session \(index)"
                let submission = try miners[index].rig.submission(
                    CryptoNoteSamples.submit(
                        session: miners[index].rig.sessionID, job: issue.id, nonce: hex(nonce)
                    )
                )
                guard case .judged = miners[index].rig.judge(submission, issue.work, issue.upstream) else {
                    Issue.record(comment)
                    continue
                }
                let isNew = seen.insert([issue.id, "\(index)", hex(nonce)]).inserted
                let (_, text) = link.submit(
                    PoolShare(
                        jobID: issue.upstream.work.id,
                        padding: issue.work.padding,
                        prefix: miners[index].rig.grant.prefix,
                        found: submission.found
                    )
                )
                let params = try #require(try CryptoNoteSamples.object(text)["params"]?.object)
                #expect(params["result"]?.string == CryptoNoteSamples.result, comment)
                let poolHashed = try pool.receive(params)
                #expect((poolHashed != nil) == isNew, comment)
                if let poolHashed { #expect(poolHashed == hashed, comment) }
                sentCount += isNew ? 1 : 0
            }
        }
        #expect(sentCount > 5000)
        #expect(pool.shares.count == sentCount)
    }

    /// As many sessions as a link can have, each with a prefix of its own.
    private static func makeMiners() throws -> [ModelMiner] {
        let range = try CryptoNoteRig().dialogue.prefixes(layout: NonceLayout(total: 1))
        #expect(range.count == 1 && range.isExclusive)
        let miners = try range.values.map { value in
            var rig = try CryptoNoteRig(prefix: [try #require(UInt8(exactly: value))])
            rig.sessionID = "session \(value)"
            try rig.logIn()
            return ModelMiner(rig: rig)
        }
        #expect(miners.count == 255)
        #expect(Set(miners.map(\.rig.grant.prefix)).count == miners.count)
        #expect(!miners.contains { $0.rig.grant.prefix == [0] })
        return miners
    }

    /// No session gets the nonce of another through.
    @Test func onlyTheSessionsOwnByteIsTaken() throws {
        let (_, upstream) = try CryptoNoteLink.ready()
        for prefix in [1, 128, 255] as [UInt8] {
            var rig = try CryptoNoteRig(prefix: [prefix])
            try rig.logIn()
            let work = try rig.issue(upstream)
            for byte in UInt8.min...UInt8.max {
                let submission = try rig.submission(CryptoNoteSamples.submit(nonce: hex([1, 2, 3, byte])))
                let judgement = rig.judge(submission, work, upstream)
                if case .judged = judgement {
                    #expect(byte == prefix)
                } else {
                    #expect(byte != prefix)
                }
            }
        }
    }
}
