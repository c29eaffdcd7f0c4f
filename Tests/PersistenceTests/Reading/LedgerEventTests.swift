import Foundation
import GRDB
import Testing

@testable import Persistence

@Suite struct LedgerEventTests {
    /// Three pool events, a session that comes and goes, a gap of two hours.
    private static func fill(_ place: TemporaryLedger) async throws {
        var ledger: Ledger? = try place.open()
        if let ledger {
            let one = ledger.pool("one", route: "btc")
            let two = ledger.pool("two", route: "btc")
            let worker = ledger.worker("a", route: "btc")
            let lane = ledger.makeLane()
            for (time, kind, pool) in [(1, .up, one), (5, .down, one), (6, .failover, one)]
                as [(Int64, LedgerPoolEventKind, Int32)]
            {
                lane.record(
                    .poolEvent(
                        LedgerPoolEvent(
                            time: Sample.time + time,
                            kind: kind,
                            pool: pool,
                            cause: "closed",
                            fromPool: kind == .failover ? one : nil,
                            toPool: kind == .failover ? two : nil
                        )
                    )
                )
            }
            lane.record(
                .sessionOpened(
                    LedgerSession(id: 7, time: Sample.time + 2, worker: worker, remote: "10.0.0.9:1", userAgent: "m/1")
                )
            )
            lane.record(.sessionClosed(id: 7, time: Sample.time + 9, reason: "gone"))
            await ledger.flush()
        }
        ledger = nil
        try await place.database().write { db in
            for (id, begin) in [(1, Sample.time + 3), (2, Sample.time + 4), (3, Sample.time + 3_600_000)] {
                try db.execute(
                    sql: "INSERT INTO gap VALUES (?, ?, ?, 1, 1, 1, 1, 5, 50, 500)",
                    arguments: [id, begin, begin + 1]
                )
            }
        }
    }

    private static func kinds(_ place: TemporaryLedger, _ change: (inout LedgerEventFilter) -> Void) throws -> [String]
    {
        var filter = LedgerEventFilter()
        change(&filter)
        return try LedgerReader(path: place.path).events(filter).map(\.kind)
    }

    @Test func eventsOfAllKindsComeInOrder() async throws {
        let place = try TemporaryLedger()
        try await Self.fill(place)
        let all = ["up", "session_opened", "gap", "down", "failover", "session_closed", "gap"]
        #expect(try Self.kinds(place) { _ in } == all)
        for limit in 0...8 {
            #expect(try Self.kinds(place) { $0.limit = limit } == all.suffix(limit))
        }
        #expect(try Self.kinds(place) { $0.kinds = ["gap", "up"] } == ["up", "gap", "gap"])
        #expect(try Self.kinds(place) { $0.kinds = ["session_closed"] } == ["session_closed"])
        #expect(try Self.kinds(place) { $0.pools = ["two"] } == ["failover"])
        #expect(
            try Self.kinds(place) { $0.period = LedgerPeriod(since: Sample.time + 2, until: Sample.time + 6) }
                == ["session_opened", "gap", "down"]
        )
    }

    @Test func gapSaysHowManySharesAndSoDoesTheReport() async throws {
        let place = try TemporaryLedger()
        try await Self.fill(place)
        let reader = try LedgerReader(path: place.path)
        var filter = LedgerEventFilter()
        filter.kinds = ["gap"]
        #expect(
            try reader.events(filter).map(\.detail) == [
                "10 shares known only as totals", "5 shares known only as totals",
            ]
        )
        let totals = try #require(try reader.report(by: [], LedgerReportFilter(), now: 0).rows.first).totals
        #expect([totals.shares, totals.inGaps, totals[.accepted]] == [15, 15, 15])
        #expect(totals.acceptedWork == 1_500)
        #expect(try reader.statistics().gapShares == 15)
    }

    @Test func sessionsTellWhoAndWhy() async throws {
        let place = try TemporaryLedger()
        try await Self.fill(place)
        var filter = LedgerEventFilter()
        filter.kinds = ["session_closed"]
        let event = try #require(try LedgerReader(path: place.path).events(filter).first)
        #expect(
            [event.worker, event.remote, event.cause, event.detail, event.route] == [
                "a", "10.0.0.9:1", "gone", "m/1", "btc",
            ])
        #expect(event.session == 7)
    }
}
