import Foundation
import Testing

@testable import Persistence

@Suite struct LedgerFollowerTests {
    private static func settle(_ ids: ClosedRange<Int64>, _ lane: borrowing LedgerLane) {
        for id in ids {
            lane.record(.share(Sample.share(id)))
            lane.record(Sample.accepted(id))
        }
    }

    @Test(arguments: [3, 1_000]) func sharesComeOnceEachAsTheyAreSettled(segmentRows: Int) async throws {
        let place = try TemporaryLedger()
        let ledger = try place.open { $1.segmentRows = segmentRows }
        let lane = ledger.makeLane()
        Self.settle(1...8, lane)
        lane.record(.share(Sample.share(9)))
        await ledger.flush()
        var filter = LedgerShareFilter()
        filter.limit = 2
        var follower = LedgerFollower.Shares(try LedgerReader(path: place.path), filter)
        #expect(try follower.next().map(\.id) == [7, 8])
        #expect(try follower.next() == [])
        lane.record(.share(Sample.share(10, verdict: .stale)))
        await ledger.flush()
        #expect(try follower.next().map(\.id) == [10])
        lane.record(Sample.accepted(9))
        Self.settle(11...15, lane)
        await ledger.flush()
        #expect(Set(try follower.next().map(\.id)) == [9, 11, 12, 13, 14, 15])
        #expect(try follower.next() == [])
    }

    @Test func filtersHoldAndNamesMayComeLater() async throws {
        let place = try TemporaryLedger()
        let ledger = try place.open { $1.segmentRows = 4 }
        let lane = ledger.makeLane()
        Self.settle(1...3, lane)
        await ledger.flush()
        var filter = LedgerShareFilter()
        filter.workers = ["late"]
        filter.limit = 10
        var follower = LedgerFollower.Shares(try LedgerReader(path: place.path), filter)
        #expect(try follower.next() == [])
        let worker = ledger.worker("late", route: "btc")
        for id in 4...9 as ClosedRange<Int64> {
            lane.record(.share(Sample.share(id, worker: id % 2 == 0 ? worker : 99, verdict: .counted)))
        }
        await ledger.flush()
        #expect(try follower.next().map(\.id) == [4, 6, 8])
    }

    @Test func followingAnEmptyLedgerBeginsWithItsFirstShare() async throws {
        let place = try TemporaryLedger()
        let ledger = try place.open()
        var follower = LedgerFollower.Shares(try LedgerReader(path: place.path), LedgerShareFilter())
        #expect(try follower.next() == [])
        let lane = ledger.makeLane()
        Self.settle(1...2, lane)
        await ledger.flush()
        #expect(try follower.next().map(\.id) == [1, 2])
    }

    @Test func eventsComeOnceEach() async throws {
        let place = try TemporaryLedger()
        let ledger = try place.open()
        let lane = ledger.makeLane()
        let pool = ledger.pool("one", route: "btc")
        func record(_ kind: LedgerPoolEventKind, _ time: Int64) {
            lane.record(.poolEvent(LedgerPoolEvent(time: Sample.time + time, kind: kind, pool: pool, cause: "")))
        }
        record(.up, 1)
        record(.down, 2)
        await ledger.flush()
        var filter = LedgerEventFilter()
        filter.limit = 1
        var follower = LedgerFollower.Events(try LedgerReader(path: place.path), filter)
        #expect(try follower.next().map(\.kind) == ["down"])
        #expect(try follower.next() == [])
        // Older than what was shown, but new.
        record(.failover, 0)
        lane.record(
            .sessionOpened(LedgerSession(id: 1, time: Sample.time + 3, worker: 1, remote: "x", userAgent: ""))
        )
        await ledger.flush()
        #expect(try follower.next().map(\.kind) == ["failover", "session_opened"])
        lane.record(.sessionClosed(id: 1, time: Sample.time + 4, reason: "gone"))
        await ledger.flush()
        #expect(try follower.next().map(\.kind) == ["session_closed"])
    }
}
