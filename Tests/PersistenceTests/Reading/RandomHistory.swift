@testable import Persistence

/// Some hours of a router's life, made of chance alone.
struct RandomHistory {
    static let workers = [("a", "btc"), ("b", "btc"), ("c", "btc"), ("a", "ltc"), ("d", "ltc")]
    static let pools = [("one", "btc"), ("two", "btc"), ("two", "ltc")]
    /// 2026-01-30T22:00:00Z: two days are touched.
    static let start: Int64 = 1_769_810_400_000
    static let length: Int64 = 4 * 3_600_000

    private let workers: [Int32]
    private let pools: [Int32]
    private var generator: SeededGenerator
    private var pending: [Int64] = []
    private var job: Int64 = 0
    private var jobPool: Int32 = 0

    init(_ ledger: Ledger, seed: UInt64) {
        self.generator = SeededGenerator(seed: seed)
        self.workers = Self.workers.map { ledger.worker($0.0, route: $0.1) }
        self.pools = Self.pools.map { ledger.pool($0.0, route: $0.1) }
    }

    /// Records `count` shares and what belongs to them.
    mutating func record(_ count: Int, _ ledger: Ledger) async {
        let lane = ledger.makeLane()
        for session in 1...9 as ClosedRange<Int64> {
            lane.record(
                .sessionOpened(
                    LedgerSession(
                        id: session,
                        time: Self.start,
                        worker: self.workers[0],
                        remote: "10.0.0.\(session):4000",
                        userAgent: "x"
                    )
                )
            )
        }
        for id in 1...Int64(count) {
            if self.job == 0 || self.chance(20) { self.issueJob(lane) }
            lane.record(.share(self.share(id, of: count)))
            while !self.pending.isEmpty, self.chance(2) { self.settle(lane) }
            if self.chance(40) { await ledger.flush() }
        }
        await ledger.flush()
    }

    private mutating func issueJob(_ lane: borrowing LedgerLane) {
        self.job += 1
        self.jobPool = self.pick(self.pools)
        lane.record(
            .job(
                LedgerJob(
                    id: self.job,
                    jobID: "j\(self.job)",
                    pool: self.jobPool,
                    poolJobID: "p\(self.job)",
                    poolDifficulty: self.pick([16, 1_000.5, 65_536])
                )
            )
        )
    }

    private mutating func share(_ id: Int64, of count: Int) -> LedgerShare {
        let final = self.pick([.stale, .counted, .duplicate, .malformed] as [LedgerVerdictKind])
        let verdict = self.chance(2) ? final : .pending
        if verdict == .pending { self.pending.append(id) }
        let time = Self.start + Self.length * id / Int64(count + 1)
        return Sample.share(
            id,
            time: time - Int64.random(in: 0...90_000, using: &self.generator),
            worker: self.pick(self.workers),
            pool: self.jobPool,
            job: self.chance(30) ? 0 : self.job,
            difficulty: self.pick([0.75, 512, 8_192]),
            verdict: verdict
        )
    }

    private mutating func settle(_ lane: borrowing LedgerLane) {
        let id = self.pending.remove(at: Int.random(in: 0..<self.pending.count, using: &self.generator))
        let verdict = self.pick([.accepted, .accepted, .accepted, .rejected, .lost] as [LedgerVerdictKind])
        lane.record(.settled(LedgerVerdict(id: id, verdict: verdict, latency: 5)))
        if verdict == .lost, self.chance(2) { lane.record(.lateVerdict(LedgerVerdict(id: id, verdict: .accepted))) }
    }

    /// One in `count`.
    private mutating func chance(_ count: Int) -> Bool { Int.random(in: 0..<count, using: &self.generator) == 0 }

    private mutating func pick<Value>(_ values: [Value]) -> Value {
        values[Int.random(in: 0..<values.count, using: &self.generator)]
    }
}
