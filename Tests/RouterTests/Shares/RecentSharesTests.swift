import NIOCore
import PoolPool
import Router
import Stratum
import Testing

/// What is one and the same share, and for how long that is known.
@Suite struct RecentSharesTests {
    private static let grant = NonceGrant(space: 0, prefix: [0x0a, 0x01], layout: .bitcoinAssumed)

    private static func submission(
        _ nonce: UInt32 = 1,
        extranonce2: UInt64 = 0,
        ntime: UInt32 = 1_700_000_000,
        bits: UInt32? = nil
    ) throws -> Submission {
        Submission(
            user: ByteBuffer(string: "acct.w1"),
            jobID: ByteBuffer(string: "1"),
            found: FoundNonce(
                extranonce2: try #require(Extranonce2(value: extranonce2, count: 4)), ntime: ntime, nonce: nonce,
                versionBits: bits
            )
        )
    }

    private static func judge(
        _ submission: Submission, _ job: IssuedJob, by checks: inout ShareChecks
    ) -> ShareChecks.Outcome {
        checks.judge(
            submission,
            job: job,
            grant: Self.grant,
            mask: 0x1fff_e000,
            difficulty: 1e-12,
            unixTime: 1_700_000_000
        )
    }

    @Test func eachMemberOfASubmissionMakesItAnother() throws {
        let link = IssuingLink()
        let job = try #require(link.receives(upstreamJob()))
        let reissue = try #require(link.reissues())
        var checks = ShareChecks()
        let first = try Self.submission()
        #expect(Self.judge(first, job, by: &checks).isValid)
        #expect(Self.judge(first, job, by: &checks) == .duplicate)
        for other in [
            try Self.submission(2), try Self.submission(extranonce2: 1), try Self.submission(ntime: 1_700_000_001),
            try Self.submission(bits: 0x2000),
        ] {
            #expect(Self.judge(other, job, by: &checks).isValid)
            #expect(Self.judge(other, job, by: &checks) == .duplicate)
        }
        // The same numbers for another issue of the job are other work.
        #expect(Self.judge(first, reissue, by: &checks).isValid)
        // Bits of zero and no bits are the same header.
        #expect(Self.judge(try Self.submission(bits: 0), job, by: &checks) == .duplicate)
    }

    @Test func aPoolsIDAloneDoesNotMakeADuplicate() throws {
        let link = IssuingLink()
        let old = try #require(link.receives(upstreamJob("0", coinbase: 1)))
        let new = try #require(link.receives(upstreamJob("0", coinbase: 2, clean: false)))
        var checks = ShareChecks()
        #expect(Self.judge(try Self.submission(), old, by: &checks).isValid)
        #expect(Self.judge(try Self.submission(), new, by: &checks).isValid)
    }

    @Test func theNewestFourThousandAreNeverForgotten() throws {
        let link = IssuingLink()
        let job = try #require(link.receives(upstreamJob()))
        var checks = ShareChecks()
        for nonce in 0..<10_000 as Range<UInt32> {
            #expect(Self.judge(try Self.submission(nonce), job, by: &checks).isValid)
        }
        for nonce in 5_905..<10_000 as Range<UInt32> {
            #expect(Self.judge(try Self.submission(nonce), job, by: &checks) == .duplicate)
        }
    }

    @Test func oneKeyIsAnotherShareOnAnotherConnection() throws {
        let link = IssuingLink()
        let job = try #require(link.receives(upstreamJob()))
        link.connection = 9
        let reconnected = try #require(link.receives(upstreamJob()))
        var recent = RecentShares()
        for job in [job, reconnected] {
            let isNew = recent.insert(ShareKey(1, 2, 3, 4), job: job)
            #expect(isNew)
            for key in [ShareKey(2, 2, 3, 4), ShareKey(1, 0, 3, 4), ShareKey(1, 2, 0, 4), ShareKey(1, 2, 3, 0)] {
                let isNew = recent.insert(key, job: job)
                #expect(isNew, "\(key)")
            }
            let isNewAgain = recent.insert(ShareKey(1, 2, 3, 4), job: job)
            #expect(!isNewAgain)
        }
    }
}
