import Foundation
import GRDB
import Synchronization
import Testing

@testable import Persistence

@Suite struct LedgerPrunerTests {
    private static let hour: Int64 = 3_600_000

    /// Ten segments of ten shares each, an hour apart, the sessions of each closed; the tenth is the newest.
    private static func fill(_ place: TemporaryLedger) async throws -> Ledger {
        let now = Mutex(Sample.time)
        let ledger = try place.open { _, seams in
            seams.segmentRows = 10
            seams.now = { now.withLock { $0 } }
        }
        let lane = ledger.makeLane()
        let worker = ledger.worker("rig", route: "btc")
        let pool = ledger.pool("primary", route: "btc")
        for segment in 0..<10 as Range<Int64> {
            let time = Sample.time + segment * Self.hour
            now.withLock { $0 = time + 1_000 }
            let session = segment + 1
            lane.record(
                .sessionOpened(
                    LedgerSession(id: session, time: time, worker: worker, remote: "[::1]:\(session)", userAgent: "m")))
            lane.record(
                .job(LedgerJob(id: session, jobID: "j", pool: pool, poolJobID: "p\(session)", poolDifficulty: 4)))
            for place in 0..<10 as Range<Int64> {
                var share = Sample.share(segment * 10 + place + 1, time: time + place, worker: worker, job: session)
                share.session = session
                lane.record(.share(share))
                lane.record(Sample.accepted(share.id))
            }
            lane.record(.sessionClosed(id: session, time: time + 100, reason: "test"))
            await ledger.flush()
        }
        return ledger
    }

    private static func prune(_ place: TemporaryLedger, detail: Int64?, rollups: Int64? = nil) throws {
        let database = try LedgerFile.openForWriting(path: place.path, durability: .process)
        var pruner = LedgerPruner()
        let begins = try database.write { db in
            try pruner.begin(detailBefore: detail, rollupsBefore: rollups, now: Sample.time, db)
        }
        guard begins else { return }
        while try database.write({ db in try pruner.step(db) }) {}
    }

    @Test func wholeSegmentsGoAndTotalsStay() async throws {
        let place = try TemporaryLedger()
        let ledger = try await Self.fill(place)
        let before = try LedgerReader(path: place.path).report(by: [.worker], period: LedgerPeriod(), now: Sample.time)
        // In the middle of the fourth segment, which therefore stays.
        try Self.prune(place, detail: Sample.time + 3 * Self.hour + 5)
        #expect(try place.query("SELECT DISTINCT entry >> 18 FROM share", as: Int.self) == Array(4...10))
        #expect(try place.query("SELECT id FROM segment", as: Int.self) == Array(4...10))
        #expect(try place.query("SELECT id FROM job", as: Int.self) == Array(4...10))
        #expect(try place.query("SELECT id FROM session", as: Int.self) == Array(4...10))
        #expect(try place.count("SELECT min(session) FROM stint") == 4)
        #expect(try place.count("SELECT sum(shares) FROM rollup") == 100)
        #expect(try place.count("SELECT count(*) FROM sealPart WHERE blocks IS NULL AND stream = 1") == 3)
        let after = try LedgerReader(path: place.path).report(by: [.worker], period: LedgerPeriod(), now: Sample.time)
        #expect(after.first?.totals.byVerdict == before.first?.totals.byVerdict)
        #expect(after.first?.totals.acceptedWork == before.first?.totals.acceptedWork)
        _ = ledger.state
    }

    @Test func rollupsGoAfterTheirShares() async throws {
        let place = try TemporaryLedger()
        let ledger = try await Self.fill(place)
        try Self.prune(place, detail: nil, rollups: Sample.time + 2 * Self.hour)
        #expect(try place.query("SELECT DISTINCT segment FROM rollup", as: Int.self) == Array(3...10))
        #expect(try place.query("SELECT DISTINCT entry >> 18 FROM share", as: Int.self) == Array(3...10))
        _ = ledger.state
    }

    @Test func runningRouterDropsByAgeAndGoesOn() async throws {
        let place = try TemporaryLedger()
        let now = Mutex(Sample.time)
        let ledger = try place.open { configuration, seams in
            configuration.keepShares = 24 * Self.hour
            seams.segmentRows = 10
            seams.now = { now.withLock { $0 } }
        }
        let lane = ledger.makeLane()
        func record(_ ids: ClosedRange<Int64>) {
            for id in ids {
                lane.record(.share(Sample.share(id, time: now.withLock { $0 }, verdict: .counted)))
            }
        }
        record(1...25)
        await ledger.flush()
        now.withLock { $0 += 25 * Self.hour }
        for _ in 0..<50 { await ledger.flush() }
        // The open segment was sealed at its age; all three are older than a day.
        #expect(try place.count("SELECT count(*) FROM share") == 0)
        #expect(try place.count("SELECT count(*) FROM poolEvent WHERE kind = 'pruned'") == 1)
        record(26...30)
        await ledger.flush()
        var found: [LedgerShareRecord] = []
        try LedgerReader(path: place.path).shares(LedgerShareFilter()) { found.append($0) }
        #expect(found.map(\.id) == Array(26...30))
        // They refer to nothing that was dropped.
        #expect(found.map(\.difficulty) == [Double](repeating: 512, count: 5))
        #expect(ledger.state.health == .healthy)
    }

    @Test func prunerThatWasInterruptedIsContinuedByTheNext() async throws {
        let place = try TemporaryLedger()
        let ledger = try await Self.fill(place)
        let database = try LedgerFile.openForWriting(path: place.path, durability: .process)
        var pruner = LedgerPruner()
        _ = try await database.write { [pruner] db in
            var pruner = pruner
            return try pruner.begin(detailBefore: Sample.time + 5 * Self.hour, rollupsBefore: nil, now: 0, db)
        }
        pruner = LedgerPruner()
        try Self.prune(place, detail: Sample.time + 6 * Self.hour)
        #expect(try place.query("SELECT DISTINCT entry >> 18 FROM share", as: Int.self) == Array(7...10))
        _ = ledger.state
    }

    @Test func nothingOldNothingDropped() async throws {
        let place = try TemporaryLedger()
        let ledger = try await Self.fill(place)
        try Self.prune(place, detail: Sample.time)
        #expect(try place.count("SELECT count(*) FROM share") == 100)
        #expect(try place.count("SELECT count(*) FROM poolEvent") == 0)
        _ = ledger.state
    }
}
