import NIOCore
import PoolPool
import Router
import Stratum
import Testing

@Suite struct ShareValidatorTests {
    private static let nonce = SessionNonce(space: 0, prefix: [0x0a, 0x01], extranonce2Size: 4, layout: .assumed)

    private static func submission(
        _ nonce: UInt32 = 1,
        extranonce2: UInt64 = 0,
        count: Int = 4,
        ntime: UInt32 = 1_700_000_000,
        bits: UInt32? = nil
    ) throws -> Submission {
        Submission(
            user: ByteBuffer(string: "acct.w1"),
            jobID: ByteBuffer(string: "1"),
            extranonce2: try #require(Extranonce2(value: extranonce2, count: count)),
            ntime: ntime,
            nonce: nonce,
            versionBits: bits
        )
    }

    private static func judge(
        _ submission: Submission,
        _ job: IssuedJob,
        by validator: inout ShareValidator,
        mask: UInt32 = 0x1fff_e000,
        difficulty: Double = 1e-12,
        unixTime: UInt64 = 1_700_000_000
    ) -> ShareJudgement {
        validator.judge(
            submission,
            job: job,
            nonce: Self.nonce,
            mask: mask,
            difficulty: difficulty,
            unixTime: unixTime
        )
    }

    private static func isValid(_ judgement: ShareJudgement) -> Bool {
        if case .valid = judgement { return true }
        return false
    }

    @Test func eachMemberOfASubmissionMakesItAnother() throws {
        let link = IssuingLink()
        let job = try #require(link.receives(upstreamJob()))
        let reissue = try #require(link.reissues())
        var validator = ShareValidator()
        let first = try Self.submission()
        #expect(Self.isValid(Self.judge(first, job, by: &validator)))
        #expect(Self.judge(first, job, by: &validator) == .duplicate)
        for other in [
            try Self.submission(2), try Self.submission(extranonce2: 1), try Self.submission(ntime: 1_700_000_001),
            try Self.submission(bits: 0x2000),
        ] {
            #expect(Self.isValid(Self.judge(other, job, by: &validator)))
            #expect(Self.judge(other, job, by: &validator) == .duplicate)
        }
        // The same numbers for another issue of the job are other work.
        #expect(Self.isValid(Self.judge(first, reissue, by: &validator)))
        // Bits of zero and no bits are the same header.
        #expect(Self.judge(try Self.submission(bits: 0), job, by: &validator) == .duplicate)
    }

    @Test func aPoolsIDAloneDoesNotMakeADuplicate() throws {
        let link = IssuingLink()
        let old = try #require(link.receives(upstreamJob("0", coinbase: 1)))
        let new = try #require(link.receives(upstreamJob("0", coinbase: 2, clean: false)))
        var validator = ShareValidator()
        #expect(Self.isValid(Self.judge(try Self.submission(), old, by: &validator)))
        #expect(Self.isValid(Self.judge(try Self.submission(), new, by: &validator)))
    }

    @Test func theNewestFourThousandAreNeverForgotten() throws {
        let link = IssuingLink()
        let job = try #require(link.receives(upstreamJob()))
        var validator = ShareValidator()
        for nonce in 0..<10_000 as Range<UInt32> {
            #expect(Self.isValid(Self.judge(try Self.submission(nonce), job, by: &validator)))
        }
        for nonce in 5_905..<10_000 as Range<UInt32> {
            #expect(Self.judge(try Self.submission(nonce), job, by: &validator) == .duplicate)
        }
    }

    @Test(
        arguments: [
            // seconds after the job's time, seconds the clock is after it, whether that is good
            (-1, 0, false), (0, 0, true), (7200, 0, true), (7201, 0, false), (7300, 200, true), (7000, -5000, true),
            (7001, -5000, false),
        ]
    )
    func ntimeRollsForwardOnlyAndNotTooFar(ntime: Int, clock: Int, isGood: Bool) throws {
        let link = IssuingLink()
        let job = try #require(link.receives(upstreamJob()))
        var validator = ShareValidator()
        let submission = try Self.submission(ntime: UInt32(1_700_000_000 + ntime))
        let judgement = Self.judge(submission, job, by: &validator, unixTime: UInt64(1_700_000_000 + clock))
        #expect(Self.isValid(judgement) == isGood, "\(judgement)")
    }

    @Test func anotherSizeOfExtranonce2IsMalformed() throws {
        let link = IssuingLink()
        let job = try #require(link.receives(upstreamJob()))
        var validator = ShareValidator()
        for count in [0, 3, 5, 8] {
            let judgement = Self.judge(try Self.submission(count: count), job, by: &validator)
            #expect(judgement == .malformed("Invalid nonce2 length"))
        }
    }

    /// NerdQAxe goes on rolling 16 bits whatever mask it is given.
    @Test func bitsOutsideTheMaskAreMalformed() throws {
        let link = IssuingLink()
        let job = try #require(link.receives(upstreamJob(mask: 0x00c0_0000)))
        var validator = ShareValidator()
        let inside = try Self.submission(bits: 0x0040_0000)
        let outside = try Self.submission(bits: 0x0000_2000)
        #expect(Self.isValid(Self.judge(inside, job, by: &validator, mask: 0x00c0_0000)))
        #expect(Self.judge(outside, job, by: &validator, mask: 0x00c0_0000) == .malformed("Invalid version mask"))
    }

    @Test func aShareExactlyAtItsDifficultyIsGood() throws {
        let link = IssuingLink()
        let job = try #require(link.receives(upstreamJob()))
        var validator = ShareValidator()
        guard case .valid(let share) = Self.judge(try Self.submission(1), job, by: &validator) else {
            Issue.record("not valid")
            return
        }
        var fresh = ShareValidator()
        #expect(Self.isValid(Self.judge(try Self.submission(1), job, by: &fresh, difficulty: share.shareDifficulty)))
        let above = share.shareDifficulty * 1.000_001
        #expect(
            Self.judge(try Self.submission(2), job, by: &fresh, difficulty: 1e9)
                != Self.judge(try Self.submission(1), job, by: &fresh, difficulty: above)
        )
        var another = ShareValidator()
        #expect(
            Self.judge(try Self.submission(1), job, by: &another, difficulty: above)
                == .lowDifficulty(shareDifficulty: share.shareDifficulty)
        )
    }

    @Test func aBlockIsValidWhateverTheDifficulty() throws {
        var upstream = upstreamJob(difficulty: 1e9)
        // Any hash is a block on such a network.
        upstream.job.nbits = 0x2100_ffff
        let link = IssuingLink()
        let job = try #require(link.receives(upstream))
        var validator = ShareValidator()
        guard case .valid(let share) = Self.judge(try Self.submission(), job, by: &validator, difficulty: 1e9) else {
            Issue.record("not valid")
            return
        }
        #expect(share.meetsNetworkTarget)
        #expect(!share.meetsPoolTarget)
    }
}
