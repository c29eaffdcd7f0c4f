import Dispatch
import Foundation
import GRDB
import Synchronization
import Testing

@testable import Persistence

/// Whether the disk is full, as the test says.
private final class Disk: Sendable {
    private struct Full: Error {}

    private let isFull = Mutex(false)

    func fill() { self.isFull.withLock { $0 = true } }
    func free() { self.isFull.withLock { $0 = false } }
    func check() throws { if self.isFull.withLock({ $0 }) { throw Full() } }
}

@Suite struct LedgerPressureTests {
    /// Room for a few hundred records on disk and as many in memory.
    private static func open(_ place: TemporaryLedger, journal: Disk, database: Disk) throws -> Ledger {
        try place.open { configuration, seams in
            configuration.journalLimit = 8 * 16 * 1_024
            configuration.memoryLimit = 2 * 16 * 1_024
            seams.segmentSize = 16 * 1_024
            let make = seams.makeFile
            seams.makeFile = { folder, sequence, size in
                try journal.check()
                return try make(folder, sequence, size)
            }
            seams.willCommit = { _ in try database.check() }
        }
    }

    private static func totals(_ place: TemporaryLedger) throws -> LedgerTotals {
        let rows = try LedgerReader(path: place.path).report(by: [], period: LedgerPeriod(), now: Sample.time)
        return rows.first?.totals ?? LedgerTotals()
    }

    @Test func failedCommitIsRepeatedAndNothingIsLost() async throws {
        let place = try TemporaryLedger()
        let disk = Disk()
        let ledger = try Self.open(place, journal: Disk(), database: disk)
        let lane = ledger.makeLane()
        disk.fill()
        for id in 1...50 as ClosedRange<Int64> { lane.record(.share(Sample.share(id))) }
        await ledger.flush()
        #expect(ledger.state.health != .healthy)
        #expect(ledger.state.queuedBytes > 0)
        #expect(try place.verdicts().isEmpty)
        for id in 1...50 as ClosedRange<Int64> { lane.record(Sample.accepted(id)) }
        disk.free()
        await ledger.flush()
        #expect(ledger.state.health == .healthy)
        #expect(ledger.state.gapShares == 0)
        #expect(try place.verdicts() == Dictionary(uniqueKeysWithValues: (1...50).map { ($0, .accepted) }))
    }

    @Test func databaseThatReallyIsFullRecovers() async throws {
        let place = try TemporaryLedger()
        let isFull = Mutex(false)
        let ledger = try place.open { _, seams in
            seams.willWrite = { db in
                // SQLite itself refuses to grow beyond this; 1 stands for the present size.
                try db.execute(sql: "PRAGMA max_page_count = \(isFull.withLock { $0 } ? 1 : 1_000_000)")
            }
        }
        let lane = ledger.makeLane()
        lane.record(.share(Sample.share(1, verdict: .counted)))
        await ledger.flush()
        isFull.withLock { $0 = true }
        for id in 2...3_000 as ClosedRange<Int64> { lane.record(.share(Sample.share(id, verdict: .counted))) }
        await ledger.flush()
        #expect(ledger.state.lastError?.contains("full") == true)
        #expect(try place.verdicts().count == 1)
        isFull.withLock { $0 = false }
        await ledger.flush()
        #expect(ledger.state.health == .healthy)
        #expect(try place.verdicts().count == 3_000)
    }

    @Test func withoutRoomForTheJournalEventsAreHeldInMemory() async throws {
        let place = try TemporaryLedger()
        let disk = Disk()
        disk.fill()
        let ledger = try Self.open(place, journal: disk, database: Disk())
        let lane = ledger.makeLane()
        for id in 1...50 as ClosedRange<Int64> {
            lane.record(.share(Sample.share(id)))
            lane.record(Sample.accepted(id))
        }
        await ledger.flush()
        #expect(try place.verdicts().count == 50)
        guard case .degraded = ledger.state.health else {
            Issue.record("nobody was told")
            return
        }
    }

    @Test func aFileThatIsMovedAwayIsToldAndWrittenAllTheSame() async throws {
        let place = try TemporaryLedger()
        let ledger = try place.open()
        let lane = ledger.makeLane()
        let aside = place.path + ".aside"
        for (id, path) in [(1, aside), (2, place.path)] as [(Int64, String)] {
            try FileManager.default.moveItem(atPath: path == aside ? place.path : aside, toPath: path)
            lane.record(.share(Sample.share(id, verdict: .counted)))
            await ledger.flush()
            switch ledger.state.health {
            case .healthy: #expect(path == place.path)
            case .degraded(let reason): #expect(path == aside && reason.contains("was moved"), "\(reason)")
            }
        }
        // Another file under its name is not it.
        try FileManager.default.copyItem(atPath: place.path, toPath: aside)
        try FileManager.default.removeItem(atPath: place.path)
        try FileManager.default.moveItem(atPath: aside, toPath: place.path)
        await ledger.flush()
        #expect(ledger.state.health != .healthy)
        #expect(ledger.state.committedShares == 2)
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>) func totalsAreExactWhateverHasNoRoom(seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        let place = try TemporaryLedger()
        let journal = Disk()
        let database = Disk()
        let ledger = try Self.open(place, journal: journal, database: database)
        let lanes = [ledger.makeLane(), ledger.makeLane()]
        lanes[0].record(.job(LedgerJob(id: 1, jobID: "1", pool: 1, poolJobID: "1", poolDifficulty: 1_000)))
        var counts: [LedgerVerdictKind: Int64] = [:]
        var sessionWork = 0.0
        var pending: [(id: Int64, lane: Int, difficulty: Double)] = []
        var nextID: Int64 = 1
        func settle(_ index: Int) {
            let share = pending.remove(at: index)
            let verdict = [LedgerVerdictKind.accepted, .rejected, .lost].randomElement(using: &generator) ?? .lost
            // The verdict mostly comes by the share's own lane, but not always.
            let lane = Int.random(in: 0..<10, using: &generator) == 0 ? 1 - share.lane : share.lane
            lanes[lane].record(.settled(LedgerVerdict(id: share.id, verdict: verdict)))
            counts[verdict, default: 0] += 1
            if verdict != .rejected { sessionWork += share.difficulty }
        }
        for _ in 0..<6_000 {
            switch Int.random(in: 0..<1_000, using: &generator) {
            case 0..<500:
                let lane = Int.random(in: 0..<2, using: &generator)
                let difficulty = Double(Int.random(in: 1...64, using: &generator))
                let time = Sample.time + Int64(Int.random(in: 0..<7_200_000, using: &generator))
                lanes[lane].record(.share(Sample.share(nextID, time: time, difficulty: difficulty)))
                pending.append((nextID, lane, difficulty))
                nextID += 1
            case 500..<900:
                if let index = pending.indices.randomElement(using: &generator) { settle(index) }
            case 900..<980:
                lanes[0].record(.share(Sample.share(nextID, difficulty: 2, verdict: .stale)))
                counts[.stale, default: 0] += 1
                nextID += 1
            case 980..<983: journal.fill()
            case 983..<986: database.fill()
            case 986..<989: journal.free()
            case 989..<992: database.free()
            default: _ = await ledger.drainOnce()
            }
        }
        while !pending.isEmpty { settle(0) }
        journal.free()
        database.free()
        await ledger.flush()
        let totals = try Self.totals(place)
        let forwarded = (counts[.accepted] ?? 0) + (counts[.rejected] ?? 0) + (counts[.lost] ?? 0)
        #expect(totals.byVerdict == counts, "seed \(seed)")
        #expect(totals.forwarded == forwarded, "seed \(seed)")
        #expect(totals.sessionWork == sessionWork, "seed \(seed)")
        #expect(totals.acceptedWork == Double(counts[.accepted] ?? 0) * 1_000, "seed \(seed)")
        #expect(Int(totals.inGaps) == ledger.state.gapShares, "seed \(seed)")
        #expect(ledger.state.contradictions == 0, "seed \(seed)")
        #expect(ledger.state.droppedEvents == 0, "seed \(seed)")
    }

    @Test func overflowBecomesGapRowsByTheHour() async throws {
        let place = try TemporaryLedger()
        let disk = Disk()
        let ledger = try Self.open(place, journal: Disk(), database: disk)
        let lane = ledger.makeLane()
        disk.fill()
        for id in 1...5_000 as ClosedRange<Int64> {
            lane.record(.share(Sample.share(id, time: Sample.time + id * 1_000, verdict: .counted)))
        }
        disk.free()
        await ledger.flush()
        let gap = try place.count("SELECT sum(shares) FROM gap")
        #expect(gap > 0)
        #expect(gap + (try place.verdicts().count) == 5_000)
        #expect(try place.count("SELECT count(*) FROM gap") == 2)
        #expect(try place.count("SELECT count(*) FROM gap WHERE beginTime / 3600000 <> endTime / 3600000") == 0)
        let events = try LedgerReader(path: place.path).events(LedgerEventFilter())
        #expect(events.map(\.kind) == ["gap", "gap"])
    }

    @Test func whileADiskHangsNobodyWaitsAndTotalsStayExact() async throws {
        let place = try TemporaryLedger()
        let hangs = Mutex(true)
        let entered = DispatchSemaphore(value: 0)
        let release = DispatchSemaphore(value: 0)
        let ledger = try place.open { configuration, seams in
            configuration.journalLimit = 8 * 16 * 1_024
            configuration.memoryLimit = 2 * 16 * 1_024
            seams.segmentSize = 16 * 1_024
            seams.willCommit = { _ in
                guard hangs.withLock({ $0 }) else { return }
                entered.signal()
                release.wait()
            }
        }
        let lane = ledger.makeLane()
        lane.record(.share(Sample.share(1, verdict: .counted)))
        async let flushed: Void = ledger.flush()
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                entered.wait()
                continuation.resume()
            }
        }
        // The writer is in the middle of a commit that does not end; these return all the same.
        for id in 2...5_000 as ClosedRange<Int64> {
            lane.record(.share(Sample.share(id)))
            lane.record(Sample.accepted(id))
        }
        hangs.withLock { $0 = false }
        release.signal()
        await flushed
        await ledger.flush()
        let totals = try Self.totals(place)
        #expect(totals.byVerdict == [.counted: 1, .accepted: 4_999])
        #expect(totals.inGaps > 0)
        #expect(Int(totals.inGaps) == ledger.state.gapShares)
        #expect(try LedgerReader(path: place.path).events(LedgerEventFilter()).contains { $0.kind == "gap" })
        #expect(ledger.state.health == .healthy)
    }

    @Test func pendingSharesOfAGapAreUnknownAtTheEnd() async throws {
        let place = try TemporaryLedger()
        let disk = Disk()
        let ledger = try Self.open(place, journal: Disk(), database: disk)
        let lane = ledger.makeLane()
        disk.fill()
        for id in 1...5_000 as ClosedRange<Int64> { lane.record(.share(Sample.share(id))) }
        disk.free()
        try await ledger.end()
        let totals = try Self.totals(place)
        #expect(totals.shares == 5_000)
        #expect(totals[.unknown] == 5_000)
        #expect(totals.inGaps > 0)
    }

    @Test func databaseLockedByAnotherIsWaitedFor() async throws {
        let place = try TemporaryLedger()
        let ledger = try place.open()
        let lane = ledger.makeLane()
        lane.record(.share(Sample.share(1, verdict: .counted)))
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        let other = try DatabaseQueue(path: place.path, configuration: configuration)
        try other.inDatabase { db in try db.execute(sql: "BEGIN EXCLUSIVE") }
        _ = await ledger.drainOnce()
        #expect(ledger.state.lastError?.contains("locked") == true)
        try other.inDatabase { db in try db.execute(sql: "COMMIT") }
        await ledger.flush()
        #expect(try place.verdicts() == [1: .counted])
    }
}
