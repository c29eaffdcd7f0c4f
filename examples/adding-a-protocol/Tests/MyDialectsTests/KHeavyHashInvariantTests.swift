import MyDialects
import NIOCore
import Stratum
import Testing

/// What must hold between a pool and its miners, whatever they do.
@Suite struct KHeavyHashInvariantTests {
    /// One session with its own prefix, and all that it has found.
    private struct Session {
        var miner: MinerProbe
        var grant: NonceGrant
    }

    /// No two finds of any two sessions reach the pool as one, and what reaches it is what was hashed.
    @Test(arguments: [0x5A_0001, 0x5A_0002, 0x5A_0003, 0x5A_0004] as [UInt64])
    func poolGetsWhatWasHashedAndNothingTwice(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for round in 0..<20 {
            let count = Int.random(in: 0...2, using: &generator)
            let base = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            let extranonce = base.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            var pool = try PoolProbe.ready(extranonce: extranonce)
            let job = try IssuedSample(try PoolProbe.sampleJob(extranonce: extranonce))
            let layout = try #require(KHeavyHashDialect(DialectOptions()).layout(rooms: [job.upstream.room]))
            let range = try MinerProbe().dialogue.prefixes(layout: layout)
            var sessions: [Session] = []
            for number in 0..<UInt64(8) {
                let prefix = (0..<range.count).map { UInt8(truncatingIfNeeded: number >> (8 * (range.count - 1 - $0))) }
                let grant = NonceGrant(space: 0, prefix: prefix, layout: layout, base: job.upstream.base)
                var miner = try MinerProbe()
                try miner.enter(grant)
                _ = miner.deliver(job, grant)
                sessions.append(Session(miner: miner, grant: grant))
            }
            var sent: [String: ShareKey] = [:]
            for step in 0..<200 {
                let comment: Comment = "seed \(seed), round \(round).\(step)"
                let index = Int.random(in: sessions.indices, using: &generator)
                let grant = sessions[index].grant
                // Few values, so that many meet.
                let rest = UInt64.random(in: 0..<16, using: &generator)
                let hashed =
                    grant.told.reduce(UInt64(0)) { $0 << 8 | UInt64($1) } << UInt64(64 - 8 * grant.told.count) | rest
                let digits = String(hashed, radix: 16)
                let whole = String(repeating: "0", count: 16 - digits.count) + digits
                let text =
                    switch Int.random(in: 0..<3, using: &generator) {
                    case 0: "0x" + whole
                    case 1: String(whole.dropFirst(2 * grant.told.count))
                    default: String(rest, radix: 16)
                    }
                let key = try #require(try sessions[index].miner.submit(text, job, grant)?.key, comment)
                let submission = try #require(sessions[index].miner.step?.submission, comment)
                let line = try #require(try objects(pool.submit(job.share(submission, grant)).text).first, comment)
                let nonce = try #require(line["params"]?.array?.value(at: 2).string, comment)
                #expect(nonce == "0x" + whole, comment)
                #expect(sent[nonce] == nil || sent[nonce] == key, comment)
                #expect(sent.filter { $0.value == key }.allSatisfy { $0.key == nonce }, comment)
                sent[nonce] = key
            }
            #expect(sent.count > 16)
        }
    }
}
