import NIOCore
import PoolPool
import Router
import Stratum
import Testing

/// How one miner's submits are judged and answered.
@Suite struct SessionShareTests {
    private static func yes(_ id: String) -> String { #"{"id":\#(id),"result":true,"error":null}"# }

    private static func no(_ id: String, _ code: Int, _ message: String) -> String {
        #"{"id":\#(id),"result":null,"error":[\#(code),"\#(message)",null]}"#
    }

    /// A session with a job every nonce is a share for.
    private static func mining(
        _ change: (inout RouteConfiguration) -> Void = { _ in }
    ) throws -> (miner: MinerConversation, job: IssuedJob) {
        var miner = MinerConversation(change)
        try miner.shakesHands()
        let link = IssuingLink()
        let job = try #require(link.receives(upstreamJob()))
        _ = miner.gets(job)
        return (miner, job)
    }

    // MARK: Replies

    @Test func aShareIsAnsweredWhenThePoolHasSpoken() throws {
        var (miner, job) = try Self.mining()
        #expect(try miner.submits(1, for: job, id: "5") == [])
        #expect(try miner.submits(2, for: job, id: "6") == [])
        #expect(miner.machine.unansweredCount == 2)
        let rejection = Rejection(code: 23, message: "Above target")
        #expect(miner.hears(.refused(rejection), on: 2) == [Self.no("6", 23, "Above target")])
        #expect(miner.hears(.accepted, on: 1) == [Self.yes("5")])
        #expect(miner.machine.unansweredCount == 0)
        #expect(miner.machine.acceptedShares == 1)
        #expect(miner.machine.refusedShares == 1)
    }

    @Test func aLostShareIsAnsweredAsStale() throws {
        var (miner, job) = try Self.mining()
        _ = try miner.submits(1, for: job)
        #expect(miner.hears(.lost("pool closed"), on: 1) == [Self.no("5", 21, "Job not found (pool closed)")])
    }

    @Test func repliesToOneIDKeepTheirOrder() throws {
        var (miner, job) = try Self.mining()
        for nonce in 1...3 as ClosedRange<UInt32> { #expect(try miner.submits(nonce, for: job, id: "4") == []) }
        // A duplicate is known at once, yet waits for its turn.
        #expect(try miner.submits(1, for: job, id: "4") == [])
        #expect(miner.hears(.accepted, on: 3) == [])
        #expect(miner.hears(.accepted, on: 1) == [Self.yes("4")])
        #expect(
            miner.hears(.refused(Rejection(code: 23, message: "low")), on: 2)
                == [Self.no("4", 23, "low"), Self.yes("4"), Self.no("4", 22, "Duplicate share")]
        )
    }

    @Test func immediateRepliesDoNotWait() throws {
        var (miner, job) = try Self.mining { $0.reply = .immediate }
        #expect(try miner.submits(1, for: job, id: "4") == [Self.yes("4")])
        #expect(miner.hears(.refused(Rejection(code: 23, message: "low")), on: 1) == [])
        #expect(miner.machine.refusedShares == 1)
        #expect(miner.machine.acceptedShares == 0)
    }

    // MARK: Refusals

    @Test func theOrderOfChecks() throws {
        let submit = #"{"id":5,"method":"mining.submit","params":["acct.w1","ff","00000000","00000000","00000000"]}"#
        var miner = MinerConversation()
        #expect(try miner.says(submit) == [Self.no("5", 25, "Not subscribed")])
        _ = try miner.says(#"{"id":1,"method":"mining.subscribe","params":[]}"#)
        #expect(try miner.says(submit) == [Self.no("5", 24, "Unauthorized worker")])
        _ = try miner.says(#"{"id":2,"method":"mining.authorize","params":["acct.w1","x"]}"#)
        #expect(try miner.says(submit) == [Self.no("5", 21, "Job not found")])
        let short = try miner.says(#"{"id":5,"method":"mining.submit","params":["acct.w1"]}"#)
        #expect(short.count == 1 && short[0].contains("[20,"), "\(short)")
    }

    @Test func impossibleSubmissionsAreRefused() throws {
        var (miner, job) = try Self.mining()
        #expect(try miner.submits(for: job, extranonce2: "000000") == [Self.no("5", 20, "Invalid nonce2 length")])
        for count in [5, 8, 9, 32] {
            let long = String(repeating: "00", count: count)
            #expect(try miner.submits(for: job, extranonce2: long) == [Self.no("5", 20, "Invalid nonce2 length")])
        }
        #expect(try miner.submits(for: job, ntime: job.ntime - 1) == [Self.no("5", 20, "Ntime out of range")])
        #expect(try miner.submits(for: job, ntime: job.ntime + 7201) == [Self.no("5", 20, "Ntime out of range")])
        #expect(try miner.submits(for: job, bits: "00002000") == [Self.no("5", 20, "Invalid version mask")])
        #expect(miner.forwarded.isEmpty)
        #expect(try miner.submits(1, for: job, ntime: job.ntime + 7200) == [])
        #expect(try miner.submits(2, for: job) == [])
    }

    @Test func aRepeatedShareIsADuplicate() throws {
        var (miner, job) = try Self.mining()
        #expect(try miner.submits(1, for: job) == [])
        #expect(try miner.submits(1, for: job, id: "6") == [Self.no("6", 22, "Duplicate share")])
        #expect(try miner.submits(1, for: job, id: "7", extranonce2: "01000000") == [])
        #expect(try miner.submits(1, for: job, id: "8", ntime: job.ntime + 1) == [])
    }

    @Test func whatTheShardsSayOfTheJobDecides() throws {
        var (miner, job) = try Self.mining()
        miner.standing = .stale
        #expect(try miner.submits(1, for: job) == [Self.no("5", 21, "Stale")])
        miner.standing = .gone
        #expect(try miner.submits(2, for: job) == [Self.no("5", 21, "Job not found (the link to its pool is gone)")])
        miner.standing = .live
        #expect(try miner.submits(3, for: job) == [])
    }

    @Test func oldJobsAreForgottenAtLast() throws {
        var (miner, first) = try Self.mining()
        let link = IssuingLink(2)
        var jobs: [IssuedJob] = []
        for coinbase in 1...31 as ClosedRange<UInt8> {
            let job = try #require(link.receives(upstreamJob(coinbase: coinbase, clean: false)))
            _ = miner.gets(job)
            jobs.append(job)
        }
        #expect(try miner.submits(1, for: first) == [])
        _ = miner.gets(try #require(link.receives(upstreamJob(coinbase: 99, clean: false))))
        #expect(try miner.submits(2, for: first, id: "6") == [Self.no("6", 21, "Job not found")])
        #expect(try miner.submits(2, for: jobs[0], id: "7") == [])
    }

    @Test func aLateShareGoesToThePoolThatIssuedItsJob() throws {
        var (miner, first) = try Self.mining()
        let other = IssuingLink(2)
        _ = miner.gets(try #require(other.receives(upstreamJob())))
        #expect(try miner.submits(1, for: first) == [])
        #expect(miner.forwarded.last?.job === first)
    }

    @Test func aMinerOfInvalidSharesIsHopelessUntilAGoodOne() throws {
        var (miner, job) = try Self.mining { $0.limits.invalidSharesInARow = 3 }
        for _ in 0..<2 { _ = try miner.submits(for: job, extranonce2: "00") }
        #expect(!miner.machine.isHopeless)
        _ = try miner.submits(1, for: job)
        for _ in 0..<2 { _ = try miner.submits(for: job, extranonce2: "00") }
        #expect(!miner.machine.isHopeless)
        _ = try miner.submits(for: job, extranonce2: "00")
        #expect(miner.machine.isHopeless)
    }

    // MARK: Names

    @Test(
        arguments: [
            ("acct.w1", true), ("acct.w1.a", true), ("acct", true), ("acct.w2", false), ("other", false),
            ("ACCT.w1", false),
        ]
    )
    func aNameMayDifferByASuffix(name: String, isWelcome: Bool) throws {
        var (miner, job) = try Self.mining()
        let answer = try miner.submits(1, for: job, user: name)
        #expect(answer == (isWelcome ? [] : [Self.no("5", 24, "Unauthorized worker")]), "\(name)")
        if isWelcome { #expect(miner.forwarded.last?.user == "acct.w1") }
    }

    @Test func withSeveralNamesEachMustBeExact() throws {
        var (miner, job) = try Self.mining()
        _ = try miner.says(#"{"id":3,"method":"mining.authorize","params":["acct.w2","x"]}"#)
        #expect(try miner.submits(1, for: job, user: "acct.w2") == [])
        #expect(miner.forwarded.last?.user == "acct.w2")
        #expect(try miner.submits(2, for: job, user: "acct.w1") == [])
        #expect(miner.forwarded.last?.user == "acct.w1")
        #expect(try miner.submits(3, for: job, id: "6", user: "acct") == [Self.no("6", 24, "Unauthorized worker")])
    }

    // MARK: Version bits

    @Test func versionBitsGoToPoolsThatExpectThem() throws {
        for (expects, bits, sent) in [
            (true, "00c00000", 0x00c0_0000), (true, nil, 0), (false, nil, nil), (true, "20c00000", 0x00c0_0000),
        ] as [(Bool, String?, UInt32?)] {
            var miner = MinerConversation()
            _ = try miner.says(#"{"id":1,"method":"mining.configure","params":[["version-rolling"],{}]}"#)
            try miner.shakesHands()
            let link = IssuingLink()
            let job = try #require(link.receives(upstreamJob(expectsVersionBits: expects)))
            _ = miner.gets(job)
            #expect(try miner.submits(1, for: job, bits: bits) == [])
            #expect(miner.forwarded.last?.found.versionBits == sent, "\(expects) \(bits ?? "-")")
        }
    }

    // MARK: Difficulty

    /// A nonce whose share difficulty is in `range`.
    private static func nonce(for job: IssuedJob, in range: Range<Double>, from first: UInt32 = 0) throws -> UInt32 {
        let extranonce2 = try #require(Extranonce2(value: 0, count: 4))
        let pool = try job.upstream.bitcoin.job
        let coinbase1 = try job.bitcoin.coinbase1
        return try #require(
            (first..<first + 1_000_000).first { nonce in
                let hash = powHash(
                    job: pool,
                    coinbase1: coinbase1,
                    extranonce1: [0x0a, 0x01],
                    extranonce2: extranonce2,
                    version: pool.version,
                    ntime: job.ntime,
                    nonce: nonce
                )
                return range.contains(hash.difficulty())
            }
        )
    }

    private static let low = 1e-9
    private static let high = 1e-7
    private static let between = 2e-9..<5e-8

    @Test func aShareBelowThePoolsDifficultyIsCountedAndNotSent() throws {
        var miner = MinerConversation { $0.vardiff.initial = Self.low }
        try miner.shakesHands()
        let link = IssuingLink()
        let job = try #require(link.receives(upstreamJob(difficulty: Self.high)))
        _ = miner.gets(job)
        #expect(miner.machine.difficulty == Self.low)
        #expect(try miner.submits(try Self.nonce(for: job, in: Self.between), for: job) == [Self.yes("5")])
        #expect(miner.forwarded.isEmpty)
        #expect(try miner.submits(try Self.nonce(for: job, in: Self.high..<1), for: job) == [])
        #expect(miner.forwarded.last?.difficulty == Self.low)
    }

    @Test func aShareBelowTheSessionsDifficultyIsRefused() throws {
        var miner = MinerConversation()
        try miner.shakesHands()
        let link = IssuingLink()
        let job = try #require(link.receives(upstreamJob(difficulty: Self.high)))
        _ = miner.gets(job)
        let nonce = try Self.nonce(for: job, in: Self.between)
        #expect(try miner.submits(nonce, for: job) == [Self.no("5", 23, "Low difficulty share")])
    }

    /// Difficulty before and after, whether the share is for the job before, seconds since the change, and whether it
    /// is good.
    @Test(
        arguments: [
            // Raised: the old job keeps its difficulty for ever, the new one is lenient for 10 s.
            (low, high, true, 9, true), (low, high, true, 60, true),
            (low, high, false, 9, true), (low, high, false, 10, false),
            // Lowered: miners that switch at once send easy shares for the old job.
            (high, low, true, 9, true), (high, low, true, 10, false),
            (high, low, false, 9, true), (high, low, false, 60, true),
        ]
    )
    func aDifficultyChangeHasTenSecondsGrace(before: Double, after: Double, old: Bool, seconds: Int64, good: Bool)
        throws
    {
        var miner = MinerConversation { $0.vardiff.enabled = false }
        try miner.shakesHands()
        let link = IssuingLink()
        let first = try #require(link.receives(upstreamJob("1", difficulty: before)))
        _ = miner.gets(first)
        let second = try #require(link.receives(upstreamJob("2", difficulty: after, coinbase: 9, clean: false)))
        _ = miner.gets(second)
        miner.waits(.seconds(seconds))
        let job = old ? first : second
        let answer = try miner.submits(try Self.nonce(for: job, in: Self.between), for: job)
        let isRefused = answer.first?.contains("[23,") ?? false
        #expect(isRefused != good)
        // What was easy counts as easy.
        if case .judged(let share) = miner.lastStep, good { #expect(share.difficulty == Self.low) }
    }

    // MARK: Resuming

    @Test func aResumedSessionKeepsItsJobsAndItsDuplicates() throws {
        var (former, job) = try Self.mining()
        _ = try former.submits(1, for: job)
        var miner = MinerConversation()
        miner.resumes(former)
        try miner.shakesHands()
        #expect(try miner.submits(1, for: job) == [Self.no("5", 22, "Duplicate share")])
        #expect(try miner.submits(2, for: job) == [])
    }
}
