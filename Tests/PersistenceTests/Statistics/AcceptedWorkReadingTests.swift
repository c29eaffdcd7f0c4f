import GRDB
import Testing

@testable import Persistence

/// What is read of a pool's accepted work is what was recorded.
@Suite struct AcceptedWorkReadingTests {
    private static let start: Int64 = 1_769_817_600_000
    private static let hour: Int64 = 3_600_000
    private static let difficulties: [Double] = [64, 256, 1_024]

    /// A share of the history, as far as it matters here.
    private struct Event {
        var time: Int64
        var worker: Int32
        var isPrimary: Bool
        var difficulty: Double
        /// nil: never settled.
        var verdict: LedgerVerdictKind?
    }

    private struct History {
        var events: [Event] = []
        var workers: [Int32: String] = [:]
    }

    /// 600 shares of three workers for two pools in four hours; the ledger holds sealed segments, an open one and shares
    /// that await their verdict.
    private static func record(_ ledger: Ledger, seed: UInt64) async -> History {
        var generator = SeededGenerator(seed: seed)
        var history = History()
        let pools = [ledger.pool("primary", route: "btc"), ledger.pool("second", route: "btc")]
        for name in ["a.rig1", "a.rig2", "a.rig3"] { history.workers[ledger.worker(name, route: "btc")] = name }
        let workers = history.workers.keys.sorted()
        let lane = ledger.makeLane()
        for (pool, base) in zip(pools, [1, 11] as [Int64]) {
            for (offset, difficulty) in Self.difficulties.enumerated() {
                let id = base + Int64(offset)
                lane.record(
                    .job(LedgerJob(id: id, jobID: "a", pool: pool, poolJobID: "b", poolDifficulty: difficulty)))
            }
        }
        for id in 1...600 as ClosedRange<Int64> {
            let time = Self.start + id * 4 * Self.hour / 600 + Int64.random(in: 0..<20_000, using: &generator)
            let kind = Int.random(in: 0..<100, using: &generator)
            let job = Int.random(in: 0..<3, using: &generator)
            let event = Event(
                time: time,
                worker: workers.randomElement(using: &generator) ?? 0,
                isPrimary: Bool.random(using: &generator),
                difficulty: Self.difficulties[job],
                verdict: kind < 80 ? .accepted : kind < 90 ? .stale : kind < 95 ? .lost : id > 500 ? nil : .rejected
            )
            history.events.append(event)
            var share = Sample.share(
                id,
                time: time,
                worker: event.worker,
                pool: event.isPrimary ? pools[0] : pools[1],
                job: Int64(job) + (event.isPrimary ? 1 : 11),
                verdict: event.verdict == .stale ? .stale : .pending
            )
            share.session = 1
            lane.record(.share(share))
            if let verdict = event.verdict, verdict != .stale {
                lane.record(.settled(LedgerVerdict(id: id, verdict: verdict)))
            }
            if id % 50 == 0 { await ledger.flush() }
        }
        await ledger.flush()
        return history
    }

    private static func expected(
        _ history: History,
        of worker: Int32?,
        in period: Range<Int64>,
        near edge: Int64
    ) -> Reconciliation.Amounts {
        var amounts = Reconciliation.Amounts()
        for event in history.events where event.isPrimary && worker.map({ $0 == event.worker }) != false {
            let isInside = period.contains(event.time)
            let isNear = [period.lowerBound, period.upperBound].contains {
                ($0 - edge..<$0 + edge).contains(event.time)
            }
            switch event.verdict {
            case .accepted where isInside:
                amounts.shares += 1
                amounts.work += event.difficulty
                amounts.squares += event.difficulty * event.difficulty
                if isNear { amounts.mayBeElsewhere += event.difficulty }
            case .accepted where isNear, .lost where isInside || isNear, nil where isInside || isNear:
                amounts.mayBeHere += event.difficulty
            default: break
            }
        }
        return amounts
    }

    @Test func amountsAreThoseOfTheShares() async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        let folder = try TemporaryLedger()
        let ledger = try folder.open { _, seams in seams.segmentRows = 100 }
        let history = await Self.record(ledger, seed: seed)
        #expect(try folder.count("SELECT count(*) FROM seal") >= 5)
        #expect(try folder.count("SELECT count(*) FROM pending") > 0)
        let reader = try LedgerReader(path: folder.path)
        #expect(try reader.pools() == ["primary", "second"])
        #expect(try reader.pools(route: "nowhere").isEmpty)
        var generator = SeededGenerator(seed: seed)
        for round in 0..<40 {
            // By turns to the minute and within minutes.
            let unit: Int64 = round % 2 == 0 ? 60_000 : 1
            let borders = (0..<3).map { _ in
                Self.start + Int64.random(in: -10 * 60_000...250 * 60_000, using: &generator) / unit * unit
            }
            .sorted()
            guard borders[0] < borders[1], borders[1] < borders[2] else { continue }
            let edge: Int64 = round % 3 == 0 && unit > 1 ? 120_000 : 0
            let periods = [borders[0]..<borders[1], borders[1]..<borders[2]]
            let read = try reader.acceptedWork(pool: "primary", periods: periods, edge: edge)
            #expect(read.workers == history.workers)
            #expect(read.droppedShares == 0 && !read.isToTheMinute)
            for worker in [nil] + history.workers.keys.map(Optional.some) {
                for period in periods + [borders[0]..<borders[2]] {
                    let amounts = read.work.amounts(of: worker.map { [$0] }, in: [period], edge: edge)
                    var expected = Self.expected(history, of: worker, in: period, near: edge)
                    // From totals of minutes Σd² comes out a little small.
                    #expect(amounts.squares <= expected.squares * 1.000_001, "seed \(seed)")
                    #expect(amounts.squares * Double(amounts.shares) >= expected.squares * 0.999_999, "seed \(seed)")
                    expected.squares = amounts.squares
                    #expect(amounts == expected, "seed \(seed), \(period), \(edge)")
                }
            }
        }
    }

    @Test func withoutDetailBordersWithinAMinuteAreUncertain() async throws {
        // One with shares in the minute of the border.
        let seed: UInt64 = 1
        let folder = try TemporaryLedger()
        let ledger = try folder.open { _, seams in seams.segmentRows = 100 }
        let history = await Self.record(ledger, seed: seed)
        try await folder.database().write { db in
            try RetentionCounters.save(detailFrom: 4, rollupsFrom: 1, db)
            try db.execute(sql: "DELETE FROM share WHERE entry >> 16 < 4")
        }
        let reader = try LedgerReader(path: folder.path)
        let border = Self.start + Self.hour + 30_000
        let periods = [Self.start..<border, border..<Self.start + 4 * Self.hour]
        let read = try reader.acceptedWork(pool: "primary", periods: periods, edge: 0)
        #expect(read.isToTheMinute)
        for period in periods {
            let amounts = read.work.amounts(of: nil, in: [period], edge: 0)
            let expected = Self.expected(history, of: nil, in: period, near: 0)
            #expect(amounts.work - amounts.mayBeElsewhere <= expected.work, "seed \(seed)")
            #expect(amounts.work + amounts.mayBeHere >= expected.work, "seed \(seed)")
        }
        let all = Self.start..<Self.start + 4 * Self.hour
        let whole = read.work.amounts(of: nil, in: [all], edge: 0)
        #expect(whole.work == Self.expected(history, of: nil, in: all, near: 0).work)
    }

    @Test func gapsCountAndDroppedTotalsAreSaid() async throws {
        let folder = try TemporaryLedger()
        let ledger = try folder.open { _, seams in seams.segmentRows = 100 }
        let history = await Self.record(ledger, seed: 1)
        let period = Self.start..<Self.start + 5 * Self.hour
        let before = Self.expected(history, of: nil, in: period, near: 0).work
        try await folder.database().write { db in
            try db.execute(
                sql: """
                    INSERT INTO gap SELECT 1, ?, ?, 1, id, 1, 1, 7, 100.0, 700.0 FROM pool WHERE name = 'primary'
                    """,
                arguments: [Self.start + 10, Self.start + 20]
            )
        }
        let reader = try LedgerReader(path: folder.path)
        let read = try reader.acceptedWork(pool: "primary", periods: [period], edge: 0)
        #expect(read.work.amounts(of: nil, in: [period], edge: 0).work == before + 700)
        #expect(try reader.acceptedWork(pool: "none", periods: [period], edge: 0).work.workers.isEmpty)
        try await folder.database().write { db in
            try RetentionCounters.save(detailFrom: 3, rollupsFrom: 3, db)
        }
        #expect(try reader.acceptedWork(pool: "primary", periods: [period], edge: 0).droppedShares == 200)
        let later = [Self.start + 3 * Self.hour..<Self.start + 5 * Self.hour]
        #expect(try reader.acceptedWork(pool: "primary", periods: later, edge: 0).droppedShares == 0)
    }
}
