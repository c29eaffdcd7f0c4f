import NIOCore
import Router
import Stratum
import Testing

/// What goes out with a job, and which jobs are clean.
@Suite struct SessionJobTests {
    private static func setDifficulty(_ value: String) -> String {
        #"{"id":null,"method":"mining.set_difficulty","params":[\#(value)]}"#
    }

    private static func setMask(_ value: String) -> String {
        #"{"id":null,"method":"mining.set_version_mask","params":["\#(value)"]}"#
    }

    private static func ready(mask: String?, common: UInt32 = 0x1fff_e000) throws -> MinerConversation {
        var miner = MinerConversation()
        miner.commonMask = common
        if let mask {
            _ = try miner.says(
                #"{"id":1,"method":"mining.configure","params":[["version-rolling"],"#
                    + #"{"version-rolling.mask":"\#(mask)"}]}"#
            )
        }
        try miner.shakesHands()
        return miner
    }

    // MARK: Difficulty

    @Test func difficultyGoesOutWithAJobAndOnlyIfItChanges() throws {
        var miner = try Self.ready(mask: nil)
        let link = IssuingLink()
        let first = try #require(link.receives(upstreamJob("1", difficulty: 512)))
        #expect(miner.gets(first) == [Self.setDifficulty("512"), "notify 101 clean"])
        let second = try #require(link.receives(upstreamJob("2", difficulty: 512, coinbase: 9, clean: false)))
        #expect(miner.gets(second) == ["notify 102"])
        let third = try #require(link.receives(upstreamJob("3", difficulty: 64, coinbase: 8, clean: false)))
        #expect(miner.gets(third) == [Self.setDifficulty("64"), "notify 103"])
    }

    @Test func sessionDifficultyIsNeverAboveThePools() throws {
        var miner = MinerConversation { $0.vardiff.minimum = 1000 }
        try miner.shakesHands()
        let link = IssuingLink()
        let job = try #require(link.receives(upstreamJob(difficulty: 16)))
        #expect(miner.gets(job).first == Self.setDifficulty("16"))
    }

    @Test func theMinersWishIsWhereItStarts() throws {
        var miner = MinerConversation()
        _ = try miner.says(#"{"id":1,"method":"mining.suggest_difficulty","params":[32]}"#)
        try miner.shakesHands()
        let link = IssuingLink()
        let job = try #require(link.receives(upstreamJob(difficulty: 512)))
        #expect(miner.gets(job).first == Self.setDifficulty("32"))
    }

    // MARK: Version mask

    @Test func anUnchangedMaskIsNotSent() throws {
        var miner = try Self.ready(mask: "ffffffff")
        let link = IssuingLink()
        let job = try #require(link.receives(upstreamJob(difficulty: 512)))
        #expect(miner.gets(job) == [Self.setDifficulty("512"), "notify 101 clean"])
    }

    @Test func aMaskThatChangesIsSentBeforeTheJob() throws {
        var miner = try Self.ready(mask: "ffffffff")
        let link = IssuingLink()
        let narrow = try #require(link.receives(upstreamJob("1", difficulty: 512, mask: 0x00c0_0000)))
        #expect(miner.gets(narrow) == [Self.setMask("00c00000"), Self.setDifficulty("512"), "notify 101 clean"])
        let same = try #require(link.receives(upstreamJob("2", difficulty: 512, mask: 0x00c0_0000, coinbase: 7)))
        #expect(miner.gets(same) == ["notify 102 clean"])
        let wide = try #require(link.receives(upstreamJob("3", difficulty: 512, coinbase: 8)))
        #expect(miner.gets(wide) == [Self.setMask("1fffe000"), "notify 103 clean"])
    }

    @Test func theCommonMaskNeedNotChangeBetweenPools() throws {
        var miner = try Self.ready(mask: "ffffffff", common: 0x00c0_0000)
        #expect(miner.machine.versionMask == 0x00c0_0000)
        let a = IssuingLink(1)
        let b = IssuingLink(2)
        let wide = try #require(a.receives(upstreamJob(difficulty: 512)))
        let narrow = try #require(b.receives(upstreamJob(difficulty: 512, mask: 0x00c0_0000)))
        #expect(miner.gets(wide) == [Self.setDifficulty("512"), "notify 101 clean"])
        #expect(miner.gets(narrow) == ["notify 201 clean"])
    }

    @Test func aCommonMaskOfLessThanTwoBitsIsNoUse() throws {
        var miner = try Self.ready(mask: "1fffe000", common: 0x0000_2000)
        let link = IssuingLink()
        let job = try #require(link.receives(upstreamJob(difficulty: 512)))
        #expect(miner.gets(job).first == Self.setMask("1fffe000"))
    }

    @Test func whoDoesNotRollVersionsHearsOfNoMask() throws {
        var miner = try Self.ready(mask: nil)
        let link = IssuingLink()
        for mask in [0x1fff_e000, 0, 0x00c0_0000] as [UInt32] {
            let job = try #require(
                link.receives(upstreamJob(difficulty: 512, mask: mask, coinbase: UInt8(mask >> 22 & 7))))
            #expect(!miner.gets(job).contains { $0.contains("mask") })
        }
    }

    // MARK: Clean jobs

    @Test func whichJobsAreClean() throws {
        var miner = try Self.ready(mask: nil)
        let a = IssuingLink(1)
        let b = IssuingLink(2)
        func flag(_ job: IssuedJob?, isReissue: Bool = false) throws -> Bool {
            miner.gets(try #require(job), isReissue: isReissue).last?.hasSuffix("clean") == true
        }
        // The first one always; then as the pool says.
        #expect(try flag(a.receives(upstreamJob("1", clean: false))))
        #expect(try !flag(a.receives(upstreamJob("2", coinbase: 2, clean: false))))
        #expect(try flag(a.receives(upstreamJob("3", coinbase: 3, clean: true))))
        // Again, as new work: its shares and those of the first issue are both good.
        #expect(try !flag(a.reissues(), isReissue: true))
        // A new block that the pool forgot to call clean.
        #expect(try flag(a.receives(upstreamJob("4", previous: 7, clean: false))))
        // Another pool, and back.
        #expect(try flag(b.receives(upstreamJob("5", clean: false))))
        #expect(try flag(a.reissues(), isReissue: true))
        // The same link on a new connection.
        a.connection = 77
        #expect(try flag(a.receives(upstreamJob("6", previous: 7, coinbase: 6, clean: false))))
    }

    @Test func aResumedSessionStartsWithDifficultyAndACleanJob() throws {
        var former = try Self.ready(mask: nil)
        let link = IssuingLink()
        _ = former.gets(try #require(link.receives(upstreamJob(difficulty: 512))))
        var miner = MinerConversation()
        miner.resumes(former)
        try miner.shakesHands()
        let again = try #require(link.reissues())
        #expect(miner.gets(again, isReissue: true) == [Self.setDifficulty("512"), "notify \(again.id) clean"])
    }

    @Test func aJobIsRememberedByTheIssueItWas() throws {
        var miner = try Self.ready(mask: nil)
        let link = IssuingLink()
        let first = try #require(link.receives(upstreamJob()))
        let second = try #require(link.reissues())
        _ = miner.gets(first)
        #expect(miner.machine.holds(first))
        #expect(!miner.machine.holds(second))
        #expect(miner.machine.currentJob === first)
    }

    @Test func setExtranonceVoidsAllJobs() throws {
        var miner = try Self.ready(mask: nil)
        let link = IssuingLink()
        let job = try #require(link.receives(upstreamJob()))
        _ = miner.gets(job)
        let nonce = NonceGrant(space: 1, prefix: [0x05], layout: NonceLayout(total: 4))
        #expect(
            miner.changesNonce(nonce) == [#"{"id":null,"method":"mining.set_extranonce","params":["05",3]}"#]
        )
        #expect(try miner.submits(for: job).first?.contains("Job not found") == true)
    }
}
