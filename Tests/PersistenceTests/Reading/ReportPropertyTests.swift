import Foundation
import GRDB
import Testing

@testable import Persistence

/// Reports are what the single shares add up to, however the ledger is divided and whatever is asked for.
@Suite struct ReportPropertyTests {
    private struct Sums: Equatable {
        var counts: [LedgerVerdictKind: Int64] = [:]
        var forwarded: Int64 = 0
        var acceptedWork = 0.0
        var sessionWork = 0.0

        mutating func add(_ share: LedgerShareRecord) {
            self.counts[share.verdict, default: 0] += 1
            if share.forwarded { self.forwarded += 1 }
            if share.verdict == .accepted { self.acceptedWork += share.poolDifficulty ?? 0 }
            if !share.verdict.isRefusal { self.sessionWork += share.difficulty }
        }

        func agrees(with totals: LedgerTotals) -> Bool {
            func isNear(_ left: Double, _ right: Double) -> Bool { abs(left - right) <= 1e-9 * max(left, right) }
            return LedgerVerdictKind.allCases.allSatisfy { totals[$0] == self.counts[$0] ?? 0 }
                && totals.forwarded == self.forwarded && isNear(totals.acceptedWork, self.acceptedWork)
                && isNear(totals.sessionWork, self.sessionWork)
        }
    }

    private static func key(_ share: LedgerShareRecord, _ keys: [LedgerReportKey]) -> [String?] {
        keys.map { key in
            switch key {
            case .worker: share.worker
            case .pool: share.pool
            case .route: share.route
            case .hour, .day: key.bucket.map { LedgerTime.format(share.time - share.time % $0) }
            }
        }
    }

    private static func filter(_ generator: inout SeededGenerator) -> LedgerReportFilter {
        func some(_ names: [String]) -> [String] {
            Bool.random(using: &generator) ? [] : names.filter { _ in Bool.random(using: &generator) }
        }
        var filter = LedgerReportFilter()
        filter.workers = some(["a", "b", "c", "d", "nobody"])
        filter.pools = some(["one", "two"])
        filter.routes = some(["btc", "ltc"])
        let times = [0, 1].map { _ in
            let time = RandomHistory.start + Int64.random(in: -60_000...RandomHistory.length, using: &generator)
            return Bool.random(using: &generator) ? time : time - time % 3_600_000
        }
        if Bool.random(using: &generator) { filter.period.since = times.min() }
        if Bool.random(using: &generator) { filter.period.until = times.max() }
        return filter
    }

    private static func shares(of filter: LedgerReportFilter) -> LedgerShareFilter {
        var shares = LedgerShareFilter()
        shares.workers = filter.workers
        shares.pools = filter.pools
        shares.routes = filter.routes
        shares.period = filter.period
        return shares
    }

    @Test(arguments: [(1, 7), (2, 50), (3, 400), (4, 10_000)] as [(UInt64, Int)])
    func reportIsTheSumOfTheShares(seed: UInt64, segmentRows: Int) async throws {
        let place = try TemporaryLedger()
        let ledger = try place.open { $1.segmentRows = segmentRows }
        var history = RandomHistory(ledger, seed: seed)
        await history.record(600, ledger)
        let reader = try LedgerReader(path: place.path)
        var all: [LedgerShareRecord] = []
        try reader.shares(LedgerShareFilter()) { all.append($0) }
        #expect(all.count == 600)
        var generator = SeededGenerator(seed: seed)
        for round in 0..<40 {
            let filter = Self.filter(&generator)
            let keys = LedgerReportKey.allCases.filter { _ in Int.random(in: 0..<3, using: &generator) == 0 }
            var records: [LedgerShareRecord] = []
            try reader.shares(Self.shares(of: filter)) { records.append($0) }
            let expected = all.filter { share in
                func isIn(_ name: String?, _ names: [String]) -> Bool {
                    names.isEmpty || name.map(names.contains) == true
                }
                return isIn(share.worker, filter.workers) && isIn(share.pool, filter.pools)
                    && isIn(share.route, filter.routes) && filter.period.contains(share.time)
            }
            #expect(records == expected, "seed \(seed), round \(round)")
            let limited = Int.random(in: 0...30, using: &generator)
            var newest = Self.shares(of: filter)
            newest.limit = limited
            var last: [LedgerShareRecord] = []
            try reader.shares(newest) { last.append($0) }
            #expect(last == expected.suffix(limited), "seed \(seed), round \(round)")
            let sums = Dictionary(grouping: expected) { Self.key($0, keys) }.mapValues { shares in
                shares.reduce(into: Sums()) { $0.add($1) }
            }
            let report = try reader.report(by: keys, filter, now: RandomHistory.start)
            #expect(Set(report.rows.map(\.key)) == Set(sums.keys), "seed \(seed), round \(round)")
            for row in report.rows {
                #expect(sums[row.key]?.agrees(with: row.totals) == true, "seed \(seed), round \(round): \(row)")
            }
            #expect(!report.isToTheMinute && report.droppedShares == 0)
        }
    }

    @Test(arguments: [11, 12] as [UInt64]) func reportsStayWhenDetailGoes(seed: UInt64) async throws {
        let place = try TemporaryLedger()
        var ledger: Ledger? = try place.open { $1.segmentRows = 15 }
        if let ledger {
            var history = RandomHistory(ledger, seed: seed)
            await history.record(600, ledger)
        }
        ledger = nil
        let keys: [LedgerReportKey] = [.worker, .pool, .hour]
        var filter = LedgerReportFilter()
        func report() throws -> LedgerReportTable {
            try LedgerReader(path: place.path).report(by: keys, filter, now: RandomHistory.start)
        }
        let whole = try report()
        filter.period = LedgerPeriod(since: RandomHistory.start + 600_000, until: RandomHistory.start + 5_400_000)
        let minutes = try report()
        try await place.database().write { db in
            var pruner = LedgerPruner()
            let middle = RandomHistory.start + RandomHistory.length / 2
            _ = try pruner.begin(detailBefore: middle, rollupsBefore: nil, now: middle, db)
            // Some of the rows go now, the rest later: they must not be counted already.
            _ = try pruner.step(db)
        }
        func check(_ before: LedgerReportTable, _ after: LedgerReportTable) {
            #expect(before.rows.map(\.key) == after.rows.map(\.key))
            for (left, right) in zip(before.rows, after.rows) {
                #expect(LedgerVerdictKind.allCases.allSatisfy { left.totals[$0] == right.totals[$0] })
                #expect(left.totals.forwarded == right.totals.forwarded)
                #expect(abs(left.totals.sessionWork - right.totals.sessionWork) <= 1e-9 * left.totals.sessionWork)
                #expect(abs(left.totals.acceptedWork - right.totals.acceptedWork) <= 1e-9 * left.totals.acceptedWork)
            }
            #expect(!after.isToTheMinute)
            #expect(after.rows.contains { $0.totals.fromRollups > 0 })
        }
        check(minutes, try report())
        filter.period = LedgerPeriod()
        check(whole, try report())
        filter.period.since = RandomHistory.start + 600_001
        #expect(try report().isToTheMinute)
    }
}
