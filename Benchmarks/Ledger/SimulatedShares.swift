import Persistence

/// A repeatable source of chance (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var value = self.state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}

/// What a farm does, in simulated time: one session a worker, a share every 10 s each on average, two pools at 80 to 20, a
/// job every 30 s a pool, difficulties in powers of two, verdicts after some 40 ms, 0.7 % refused by the pool, 0.3 % by the
/// router.
struct SimulatedShares {
    private static let shareInterval = 10_000.0
    private static let jobInterval: Int64 = 30_000

    let workers: Int
    private(set) var time: Int64
    private var chance: SeededGenerator
    private var nextShare: Int64
    private var nextJob: Int64 = 1
    private var jobs: [Int64] = [0, 0]
    private var nextJobTime: Int64
    private var workerIDs: [Int32] = []
    private var poolIDs: [Int32] = []
    private var reasons: [Int32] = []
    private var difficulties: [Double] = []
    private var unsettled: [LedgerVerdict] = []
    private var clock = 0.0

    init(workers: Int, seed: UInt64, start: Int64) {
        self.workers = workers
        self.time = start
        self.nextJobTime = start
        self.nextShare = 1
        self.chance = SeededGenerator(state: seed)
    }

    /// What is recorded before the first share.
    mutating func begin(_ ledger: Ledger, _ lane: LedgerLane) {
        self.poolIDs = ["primary", "second"].map { ledger.pool($0, route: "btc") }
        self.reasons = ["Stale", "Above target"].map { ledger.reason($0) }
        self.nextShare = ledger.nextShareID
        self.nextJob = ledger.nextJobID
        for number in 0..<self.workers {
            let worker = ledger.worker("account.rig\(number)", route: "btc")
            self.workerIDs.append(worker)
            self.difficulties.append(Double(1 << Int.random(in: 12...16, using: &self.chance)))
            let session = LedgerSession(
                id: Int64(number) + 1,
                time: self.time,
                worker: worker,
                remote: "10.\(number >> 16).\(number >> 8 & 255).\(number & 255):40000",
                userAgent: "bmminer/2.0.0"
            )
            lane.record(.sessionOpened(session))
        }
    }

    /// Goes on after the ledger was closed and opened.
    mutating func resume(_ ledger: Ledger) {
        self.nextShare = ledger.nextShareID
        self.nextJob = ledger.nextJobID
        self.nextJobTime = self.time
    }

    /// Records the next share, and the verdicts that have come by then.
    mutating func step(_ lane: LedgerLane) {
        self.clock += Double.random(in: 0..<2, using: &self.chance) * Self.shareInterval / Double(self.workers)
        self.time += Int64(self.clock)
        self.clock -= self.clock.rounded(.down)
        if self.time >= self.nextJobTime { self.issueJobs(lane) }
        let miner = Int.random(in: 0..<self.workers, using: &self.chance)
        if Int.random(in: 0..<50, using: &self.chance) == 0 {
            self.difficulties[miner] = Double(1 << Int.random(in: 12...16, using: &self.chance))
        }
        let pool = miner % 5 == 0 ? 1 : 0
        let isRefused = Int.random(in: 0..<1_000, using: &self.chance) < 3
        let difficulty = self.difficulties[miner]
        let share = LedgerShare(
            id: self.nextShare,
            time: self.time,
            session: Int64(miner) + 1,
            worker: self.workerIDs[miner],
            pool: self.poolIDs[pool],
            job: self.jobs[pool],
            difficulty: difficulty,
            shareDifficulty: difficulty / Double.random(in: 1e-9..<1, using: &self.chance),
            forwarded: !isRefused,
            verdict: isRefused ? .stale : .pending,
            reason: isRefused ? self.reasons[0] : 0,
            reasonCode: isRefused ? 21 : nil,
            extranonce2: LedgerExtranonce2(low: self.chance.next(), count: 8),
            ntime: UInt32(truncatingIfNeeded: self.time / 1_000),
            nonce: UInt32(truncatingIfNeeded: self.chance.next()),
            versionBits: UInt32(truncatingIfNeeded: self.chance.next()) & 0x1FFF_E000
        )
        self.nextShare += 1
        lane.record(.share(share))
        if !isRefused { self.unsettled.append(self.verdict(share.id)) }
        // As many as come within the time to a verdict are under way.
        let underWay = max(1, self.workers * 40 / Int(Self.shareInterval))
        while self.unsettled.count > underWay { self.settleOne(lane) }
    }

    /// Records the verdicts that are still to come.
    mutating func finish(_ lane: LedgerLane) {
        while !self.unsettled.isEmpty { self.settleOne(lane) }
    }

    private mutating func settleOne(_ lane: LedgerLane) {
        let index = Int.random(in: 0..<min(self.unsettled.count, 8), using: &self.chance)
        lane.record(.settled(self.unsettled.remove(at: index)))
    }

    private mutating func verdict(_ id: Int64) -> LedgerVerdict {
        let isRefused = Int.random(in: 0..<1_000, using: &self.chance) < 7
        return LedgerVerdict(
            id: id,
            verdict: isRefused ? .rejected : .accepted,
            reason: isRefused ? self.reasons[1] : 0,
            reasonCode: isRefused ? 23 : nil,
            latency: Int64.random(in: 20_000...90_000, using: &self.chance)
        )
    }

    private mutating func issueJobs(_ lane: LedgerLane) {
        for pool in 0..<2 {
            self.jobs[pool] = self.nextJob
            let job = LedgerJob(
                id: self.nextJob,
                jobID: String(self.nextJob, radix: 16),
                pool: self.poolIDs[pool],
                poolJobID: String(self.chance.next(), radix: 16),
                poolDifficulty: 65_536
            )
            lane.record(.job(job))
            self.nextJob += 1
        }
        self.nextJobTime = self.time + Self.jobInterval
    }
}
