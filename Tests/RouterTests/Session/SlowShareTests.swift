import NIOCore
import Router
import Stratum
import Testing

/// Shares whose hash takes too long for an event loop: remembered before they are judged.
@Suite struct SlowShareTests {
    /// Bitcoin, with a hash that is not computed on the event loop.
    private struct SlowDialect: BitcoinLikeDialect {
        static let name = "slow"
        static let summary = "none"
        static let algorithm = BitcoinAlgorithm(isSlow: true) { $0.powHash }

        init(_ options: DialectOptions) {}
    }

    private static let duplicate = #"{"id":6,"result":null,"error":[22,"Duplicate share",null]}"#

    /// A session that rolls versions, with `upstream` as its job.
    private static func mining(_ upstream: UpstreamJob) throws -> (miner: MinerConversation, job: IssuedJob) {
        let dialect = try ConfiguredDialect(SlowDialect.self)
        var miner = MinerConversation { $0.dialect = dialect }
        _ = try miner.says(#"{"id":1,"method":"mining.configure","params":[["version-rolling"],{}]}"#)
        try miner.shakesHands()
        let job = try #require(IssuingLink().receives(upstream))
        _ = miner.gets(job)
        return (miner, job)
    }

    @Test func aRepeatedShareIsADuplicate() throws {
        var (miner, job) = try Self.mining(upstreamJob())
        #expect(try miner.submits(1, for: job, id: "5") == [])
        #expect(try miner.submits(1, for: job, id: "6") == [Self.duplicate])
        #expect(miner.forwarded.count == 1)
        #expect(miner.hears(.accepted, on: 1) == [#"{"id":5,"result":true,"error":null}"#])
    }

    /// Bits that are added to those of the job and bits that replace them, and in the end one version.
    @Test func oneHeaderBySeveralReadingsOfItsBitsIsADuplicate() throws {
        let difficulty = 1e-9
        var pool = try upstreamJob().bitcoin.job
        pool.version = 0x2040_0000
        var (miner, job) = try Self.mining(upstreamJob(pool, difficulty: difficulty))
        let coinbase1 = try job.bitcoin.coinbase1
        let extranonce2 = try #require(Extranonce2(value: 0, count: 4))
        func isGood(_ nonce: UInt32, _ version: UInt32) -> Bool {
            let hash = powHash(
                job: pool, coinbase1: coinbase1, extranonce1: [0x0a, 0x01], extranonce2: extranonce2,
                version: version, ntime: job.ntime, nonce: nonce
            )
            return hash.difficulty() >= difficulty
        }
        let nonce = try #require(
            (0..<1000 as Range<UInt32>).first { !isGood($0, 0x2000_2000) && isGood($0, 0x2040_2000) }
        )
        #expect(try miner.submits(nonce, for: job, id: "5", bits: "00002000") == [])
        #expect(miner.forwarded.last?.found.versionBits == 0x0040_2000)
        #expect(try miner.submits(nonce, for: job, id: "6", bits: "00402000") == [Self.duplicate])
        #expect(miner.forwarded.count == 1)
    }
}
