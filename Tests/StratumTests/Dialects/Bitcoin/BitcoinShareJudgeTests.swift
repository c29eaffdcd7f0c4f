import Crypto
import NIOCore
import Testing

@testable import Stratum

@Suite struct BitcoinShareJudgeTests {
    private static let grant = NonceGrant(space: 0, prefix: [0x0a, 0x01], layout: .bitcoinAssumed)

    /// A pool's job, and what its miners get; any hash meets a difficulty of 1e-12.
    private static func job(
        difficulty: Double = 1e-12,
        mask: UInt32 = 0x1fff_e000,
        nbits: UInt32 = 0x1700_ffff,
        coinbase1: [UInt8] = [1],
        coinbase2: [UInt8] = [2],
        branches: [UInt8] = []
    ) throws -> (upstream: UpstreamJob, issue: any IssuedWork) {
        let upstream = UpstreamJob(
            work: BitcoinWork(
                job: Job(
                    id: "p1",
                    previousHash: [UInt8](repeating: 1, count: 32),
                    coinbase1: coinbase1,
                    coinbase2: coinbase2,
                    merkleBranches: branches,
                    version: 0x2000_0000,
                    nbits: nbits,
                    ntime: 1_700_000_000,
                    cleanJobs: true
                ),
                extranonce1: [0x81, 0x00, 0xf3, 0xc2],
                extranonce2Size: 8,
                expectsVersionBits: true
            ),
            difficulty: difficulty,
            room: 8,
            versionMask: mask
        )
        let request = IssueRequest(jobID: "1", layout: .bitcoinAssumed, issuedBefore: 0, age: 0, lastNtime: 0)
        return (upstream, try #require(BitcoinDialect().issue(upstream, request)))
    }

    private static func submission(
        _ nonce: UInt32 = 1,
        extranonce2: UInt64 = 0,
        count: Int = 4,
        ntime: UInt32 = 1_700_000_000,
        bits: UInt32? = nil
    ) throws -> Submission {
        Submission(
            user: line("acct.w1"),
            jobID: line("1"),
            found: FoundNonce(
                extranonce2: try #require(Extranonce2(value: extranonce2, count: count)), ntime: ntime, nonce: nonce,
                versionBits: bits
            )
        )
    }

    private static func judge(
        _ submission: Submission,
        _ job: (upstream: UpstreamJob, issue: any IssuedWork),
        mask: UInt32 = 0x1fff_e000,
        difficulty: Double = 1e-12,
        unixTime: UInt64 = 1_700_000_000
    ) -> Judgement {
        var judge = BitcoinShareJudge(algorithm: .sha256d, validation: .all)
        return judge.judge(
            submission,
            JudgingContext(
                work: job.issue,
                upstream: job.upstream,
                grant: Self.grant,
                difficulty: difficulty,
                versionMask: mask,
                unixTime: unixTime
            )
        )
    }

    private static func work(_ judgement: Judgement) -> JudgedWork? {
        if case .judged(let work) = judgement { work } else { nil }
    }

    /// A share that is good for its session.
    private static func isValid(_ judgement: Judgement) -> Bool { Self.work(judgement)?.meetsDifficulty == true }

    private static func refusal(_ judgement: Judgement) -> Rejection? {
        if case .malformed(let rejection) = judgement { rejection } else { nil }
    }

    @Test(
        arguments: [
            // seconds after the job's time, seconds the clock is after it, whether that is good
            (-1, 0, false), (0, 0, true), (7200, 0, true), (7201, 0, false), (7300, 200, true), (7000, -5000, true),
            (7001, -5000, false),
        ]
    )
    func ntimeRollsForwardOnlyAndNotTooFar(ntime: Int, clock: Int, isGood: Bool) throws {
        let submission = try Self.submission(ntime: UInt32(1_700_000_000 + ntime))
        let judgement = Self.judge(submission, try Self.job(), unixTime: UInt64(1_700_000_000 + clock))
        #expect(Self.isValid(judgement) == isGood, "\(judgement)")
        let refusal = isGood ? nil : Rejection(code: 20, message: "Ntime out of range")
        #expect(Self.refusal(judgement) == refusal)
    }

    @Test func anotherSizeOfExtranonce2IsMalformed() throws {
        for count in [0, 3, 5, 8] {
            let judgement = Self.judge(try Self.submission(count: count), try Self.job())
            #expect(Self.refusal(judgement) == Rejection(code: 20, message: "Invalid nonce2 length"))
        }
    }

    /// NerdQAxe goes on rolling 16 bits whatever mask it is given.
    @Test func bitsOutsideTheMaskAreMalformed() throws {
        let job = try Self.job(mask: 0x00c0_0000)
        let inside = Self.judge(try Self.submission(bits: 0x0040_0000), job, mask: 0x00c0_0000)
        #expect(Self.isValid(inside))
        #expect(Self.work(inside)?.versionBits == 0x0040_0000)
        let outside = Self.judge(try Self.submission(bits: 0x0000_2000), job, mask: 0x00c0_0000)
        #expect(Self.refusal(outside) == Rejection(code: 20, message: "Invalid version mask"))
    }

    @Test func aShareExactlyAtItsDifficultyIsGood() throws {
        let job = try Self.job()
        let first = try #require(Self.work(Self.judge(try Self.submission(1), job)))
        #expect(first.meetsDifficulty)
        #expect(Self.isValid(Self.judge(try Self.submission(1), job, difficulty: first.shareDifficulty)))
        let above = first.shareDifficulty * 1.000_001
        let missed = try #require(Self.work(Self.judge(try Self.submission(1), job, difficulty: above)))
        #expect(!missed.meetsDifficulty)
        #expect(!missed.meetsNetworkTarget)
        #expect(missed.shareDifficulty == first.shareDifficulty)
        let other = try #require(Self.work(Self.judge(try Self.submission(2), job, difficulty: 1e9)))
        #expect(other != missed)
    }

    /// What is hashed once for a job and what is hashed for each share make one coinbase, however long its parts are.
    @Test(arguments: [0, 1, 57, 58, 64, 122, 200, 60_000], [0, 1, 12, 24])
    func theDifficultyIsThatOfTheWholeHeader(count: Int, branchCount: Int) throws {
        var generator = SeededGenerator(seed: UInt64(count))
        func random(_ count: Int) -> [UInt8] {
            (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        }
        let parts = (random(count), random(count / 2), random(branchCount * 32))
        let job = try Self.job(coinbase1: parts.0, coinbase2: parts.1, branches: parts.2)
        let submission = try Self.submission(7, extranonce2: 0x0102_0304, bits: 0x2000)
        let judged = try #require(Self.work(Self.judge(submission, job)))

        func hash(_ bytes: [UInt8]) -> [UInt8] { Array(SHA256.hash(data: Array(SHA256.hash(data: bytes)))) }
        let extranonces: [UInt8] = [0x81, 0x00, 0xf3, 0xc2, 0, 0, 0x0a, 0x01, 1, 2, 3, 4]
        var root = hash(parts.0 + extranonces + parts.1)
        for index in 0..<branchCount { root = hash(root + parts.2[index * 32..<index * 32 + 32]) }
        let header =
            bytes("00200020") + [UInt8](repeating: 1, count: 32) + root + bytes("00f15365" + "ffff0017" + "07000000")
        #expect(judged.shareDifficulty == (try #require(Hash256(bytes: hash(header)))).difficulty())
    }

    @Test func aBlockIsOneWhateverTheDifficulty() throws {
        // Any hash is a block on such a network.
        let job = try Self.job(difficulty: 1e9, nbits: 0x2100_ffff)
        let block = try #require(Self.work(Self.judge(try Self.submission(), job, difficulty: 1e9)))
        #expect(block.meetsNetworkTarget)
        #expect(!block.meetsPoolTarget)
    }

    @Test func theKeyIsThatOfTheHeader() throws {
        let job = try Self.job()
        func key(_ submission: Submission) -> ShareKey? { Self.work(Self.judge(submission, job))?.key }
        let shares = [
            try Self.submission(), try Self.submission(2), try Self.submission(extranonce2: 1),
            try Self.submission(ntime: 1_700_000_001), try Self.submission(bits: 0x2000),
        ]
        #expect(Set(shares.compactMap(key)).count == shares.count)
        // Bits of zero and no bits are the same header, and so is a full version.
        #expect(try key(Self.submission(bits: 0)) == key(Self.submission()))
        #expect(try key(Self.submission(bits: 0x2000_2000)) == key(Self.submission(bits: 0x2000)))
    }
}
