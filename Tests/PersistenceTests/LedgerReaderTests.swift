import Foundation
import GRDB
import Testing

@testable import Persistence

@Suite struct LedgerReaderTests {
    /// Two routes, three workers, two pools, six shares in two hours.
    private static func fill(_ ledger: Ledger) async {
        let lane = ledger.makeLane()
        let pools = [ledger.pool("one", route: "btc"), ledger.pool("two", route: "ltc")]
        let workers = [
            ledger.worker("a", route: "btc"), ledger.worker("b", route: "btc"), ledger.worker("a", route: "ltc"),
        ]
        lane.record(.job(LedgerJob(id: 1, jobID: "1", pool: pools[0], poolJobID: "p1", poolDifficulty: 1_000)))
        lane.record(.job(LedgerJob(id: 2, jobID: "2", pool: pools[1], poolJobID: "p2", poolDifficulty: 50)))
        let shares: [(Int, Int, LedgerVerdictKind)] = [
            (0, 0, .accepted), (0, 0, .lost), (1, 0, .rejected), (2, 1, .accepted), (2, 1, .accepted), (1, 0, .pending),
        ]
        for (index, (worker, pool, verdict)) in shares.enumerated() {
            let id = Int64(index + 1)
            let time = Sample.time + Int64(index) * 1_800_000
            lane.record(
                .share(Sample.share(id, time: time, worker: workers[worker], pool: pools[pool], job: Int64(pool + 1)))
            )
            if verdict != .pending { lane.record(.settled(LedgerVerdict(id: id, verdict: verdict))) }
        }
        await ledger.flush()
    }

    private static func ids(_ place: TemporaryLedger, _ change: (inout LedgerShareFilter) -> Void) throws -> [Int64] {
        var filter = LedgerShareFilter()
        change(&filter)
        var ids: [Int64] = []
        try LedgerReader(path: place.path).shares(filter) { ids.append($0.id) }
        return ids
    }

    @Test func filtersNarrowAndTheNewestComeLast() async throws {
        let place = try TemporaryLedger()
        let ledger = try place.open()
        await Self.fill(ledger)
        #expect(try Self.ids(place) { _ in } == [1, 2, 3, 4, 5, 6])
        #expect(try Self.ids(place) { $0.limit = 2 } == [5, 6])
        #expect(try Self.ids(place) { $0.limit = 0 } == [])
        #expect(try Self.ids(place) { $0.workers = ["a"] } == [1, 2, 4, 5])
        #expect(
            try Self.ids(place) {
                $0.workers = ["a", "b"]; $0.limit = 1
            } == [6])
        #expect(try Self.ids(place) { $0.pools = ["two"] } == [4, 5])
        #expect(try Self.ids(place) { $0.routes = ["btc"] } == [1, 2, 3, 6])
        #expect(
            try Self.ids(place) {
                $0.workers = ["a"]; $0.routes = ["ltc"]
            } == [4, 5])
        #expect(try Self.ids(place) { $0.verdicts = [.rejected, .pending] } == [3, 6])
        #expect(try Self.ids(place) { $0.workers = ["'; DROP TABLE share; --"] } == [])
        let middle = LedgerPeriod(since: Sample.time + 1_800_000, until: Sample.time + 3 * 1_800_000)
        #expect(try Self.ids(place) { $0.period = middle } == [2, 3])
    }

    @Test func reportSumsByWhatIsAskedFor() async throws {
        let place = try TemporaryLedger()
        let ledger = try place.open()
        await Self.fill(ledger)
        let reader = try LedgerReader(path: place.path)
        func report(_ keys: LedgerReportKey...) throws -> [[String]: [Int64]] {
            let rows = try reader.report(by: keys, period: LedgerPeriod(), now: Sample.time)
            return Dictionary(
                uniqueKeysWithValues: rows.map { row in
                    (
                        row.key.map { $0 ?? "-" },
                        [row.totals.shares, row.totals[.accepted], Int64(row.totals.acceptedWork)]
                    )
                })
        }
        #expect(try report() == [[]: [6, 3, 1_100]])
        #expect(try report(.route) == [["btc"]: [4, 1, 1_000], ["ltc"]: [2, 2, 100]])
        #expect(try report(.worker) == [["a"]: [4, 3, 1_100], ["b"]: [2, 0, 0]])
        #expect(
            try report(.pool, .worker) == [
                ["one", "a"]: [2, 1, 1_000], ["one", "b"]: [2, 0, 0], ["two", "a"]: [2, 2, 100],
            ])
        #expect(try report(.day) == [["2026-01-31T00:00:00.000Z"]: [6, 3, 1_100]])
        #expect(
            try report(.hour) == [
                ["2026-01-31T09:00:00.000Z"]: [2, 1, 1_000], ["2026-01-31T10:00:00.000Z"]: [2, 1, 50],
                ["2026-01-31T11:00:00.000Z"]: [2, 1, 50],
            ]
        )
    }

    @Test func hashrateIsSessionWorkOverThePeriod() async throws {
        let place = try TemporaryLedger()
        let ledger = try place.open()
        await Self.fill(ledger)
        let period = LedgerPeriod(since: Sample.time, until: Sample.time + 9_000_000 + 1)
        let rows = try LedgerReader(path: place.path).report(by: [], period: period, now: .max)
        // Five shares of difficulty 512 that nobody refused.
        #expect(rows.first?.hashrate == 5 * 512 * 4_294_967_296 / 9_000.001)
        #expect(rows.first?.totals.refusedPercent == 1.0 / 6 * 100)
    }

    @Test func readerSeesWhatIsCommittedWhileTheWriterGoesOn() async throws {
        let place = try TemporaryLedger()
        let ledger = try place.open()
        let lane = ledger.makeLane()
        let reader = try LedgerReader(path: place.path)
        for round in 1...20 as ClosedRange<Int64> {
            for id in (round - 1) * 50 + 1...round * 50 { lane.record(.share(Sample.share(id, verdict: .counted))) }
            async let flushed: Void = ledger.flush()
            var seen: [Int64] = []
            try reader.shares(LedgerShareFilter()) { seen.append($0.id) }
            #expect(seen == Array(1...max(round * 50, 1)).prefix(seen.count).map { $0 })
            #expect(seen.count >= Int(round - 1) * 50)
            await flushed
        }
    }

    @Test func copyIsReadWithoutARouter() async throws {
        let place = try TemporaryLedger()
        await Self.fill(try place.open())
        let copy = try place.crash()
        #expect(try copy.verdicts().count == 6)
    }

    @Test func namesThatWereNeverRecordedAreMissingNotFatal() async throws {
        let place = try TemporaryLedger()
        let ledger = try place.open()
        ledger.makeLane().record(.share(Sample.share(1, worker: 77, pool: 88, job: 99)))
        await ledger.flush()
        var records: [LedgerShareRecord] = []
        let reader = try LedgerReader(path: place.path)
        try reader.shares(LedgerShareFilter()) { records.append($0) }
        #expect(records.map(\.worker) == [nil])
        #expect(records.map(\.poolDifficulty) == [nil])
        #expect(try reader.report(by: [.worker, .route], period: LedgerPeriod(), now: 0).map(\.key) == [[nil, nil]])
    }

    private static let tampering = [
        "UPDATE share SET time = 'soon'", "UPDATE share SET claim = x'00'", "UPDATE share SET latency = 1.5",
        "UPDATE share SET outcome = 15", "UPDATE share SET outcome = -1", "UPDATE share SET shareDifficulty = -1",
        "UPDATE share SET stint = 9223372036854775807", "UPDATE share SET job = -9223372036854775808",
        "UPDATE share SET shift = 9223372036854775807", "UPDATE share SET time = -9223372036854775807",
        "UPDATE share SET entry = -9223372036854775808 WHERE entry = (SELECT min(entry) FROM share)",
        "UPDATE share SET entry = 9223372036854775807 WHERE entry = (SELECT max(entry) FROM share)",
        "UPDATE worker SET route = 'x' WHERE id = 1", "UPDATE worker SET id = 9223372036854775807 WHERE id = 1",
        "UPDATE counter SET value = 9223372036854775807", "UPDATE counter SET value = 'many'",
        "INSERT OR REPLACE INTO counter VALUES ('detailFrom', 'x')",
        "INSERT OR REPLACE INTO counter VALUES ('rollupsFrom', -9223372036854775808)",
        "INSERT INTO journalPosition VALUES (9223372036854775807, -5)", "UPDATE stint SET difficulty = 9e999",
        "UPDATE segment SET id = 9223372036854775807 WHERE id = 1",
        "UPDATE segment SET id = -9223372036854775808 WHERE id = 1",
        "UPDATE segment SET baseTime = 9223372036854775807, baseShare = 9223372036854775807",
        "UPDATE seal SET firstTime = 9223372036854775807, lastTime = -9223372036854775808",
        "UPDATE seal SET shares = 9223372036854775807",
        "UPDATE seal SET hash = 7", "UPDATE rollup SET minute = 9223372036854775807",
        "UPDATE rollup SET outcome = 15", "UPDATE rollup SET shares = 9223372036854775807, sessionWork = 9e999",
        "UPDATE rollup SET shares = 0, sessionWork = -1", "UPDATE rollup SET places = -1",
        "UPDATE pending SET claim = 5", "UPDATE pending SET outcome = 1", "DROP TABLE job", "DROP TABLE seal",
        "INSERT INTO gap VALUES (-1, -9223372036854775808, 9223372036854775807, 1, 1, 1, 1, 9223372036854775807, 1, 1)",
    ]

    /// A ledger with sealed, open and pending shares, altered.
    private static func tamper(_ statement: String) async throws -> TemporaryLedger {
        let place = try TemporaryLedger()
        var ledger: Ledger? = try place.open { $1.segmentRows = 2 }
        if let ledger { await Self.fill(ledger) }
        ledger = nil
        try await place.database().write { db in try db.execute(sql: statement) }
        return place
    }

    @Test(arguments: Self.tampering + ["UPDATE seal SET segment = 9223372036854775807 - segment"])
    func readersOfATamperedLedgerSeeAnErrorAtMost(statement: String) async throws {
        let place = try await Self.tamper(statement)
        // No trap is all that is asked.
        Self.readEverything(place.path)
    }

    @Test(arguments: Self.tampering) func tamperedLedgerIsAnErrorAtMost(statement: String) async throws {
        let place = try await Self.tamper(statement)
        // No trap is all that is asked.
        let next = try? place.open()
        _ = next?.worker("new", route: "btc")
        next?.makeLane().record(.share(Sample.share(1)))
        await next?.flush()
    }

    private static func readEverything(_ path: String) {
        guard let reader = try? LedgerReader(path: path) else { return }
        var shares = LedgerShareFilter()
        try? reader.shares(shares) { _ in }
        shares.limit = 3
        shares.workers = ["a"]
        shares.period = LedgerPeriod(since: Sample.time + 1, until: .max)
        try? reader.shares(shares) { _ in }
        shares.afterEntry = .max
        try? reader.shares(shares) { _ in }
        for period in [LedgerPeriod(), LedgerPeriod(since: Sample.time + 1, until: Sample.time + 7_000_000)] {
            _ = try? reader.report(by: [.hour, .worker], period: period, now: Sample.time)
            _ = try? reader.report(by: [.day, .route, .pool], period: period, now: .max)
        }
        _ = try? reader.events(LedgerEventFilter())
        _ = try? reader.statistics()
        _ = try? reader.integrityFindings()
        var follower = LedgerFollower.Shares(reader, shares)
        _ = try? follower.next()
    }
}
