import Testing

@testable import Persistence

/// Work of routes with different units is added up in hashes.
@Suite struct ReportUnitTests {
    private static let bitcoinHashes = 10 * 512 * 4_294_967_296.0
    private static let equihashHashes = 40 * 512 * 8_192.0

    /// Ten accepted shares of worker `a` at `btc`, forty of a worker of the same name and of `b` at `zec`, one every ten
    /// seconds. `segmentRows`: shares to a segment.
    private static func ledger(_ place: TemporaryLedger, segmentRows: Int) async throws -> Ledger {
        let ledger = try place.open { $1.segmentRows = segmentRows }
        ledger.describe(route: "btc", protocol: "bitcoin", hashesPerDifficulty: 4_294_967_296)
        ledger.describe(route: "zec", protocol: "equihash", hashesPerDifficulty: 8_192)
        let workers = [
            ledger.worker("a", route: "btc"), ledger.worker("a", route: "zec"), ledger.worker("b", route: "zec"),
        ]
        let pools = [ledger.pool("main", route: "btc"), ledger.pool("main", route: "zec")]
        let lane = ledger.makeLane()
        for (index, pool) in pools.enumerated() {
            let id = Int64(index + 1)
            lane.record(.job(LedgerJob(id: id, jobID: "\(id)", pool: pool, poolJobID: "p", poolDifficulty: 1_024)))
        }
        for id in 0..<50 as Range<Int64> {
            let (worker, route) = id % 5 == 0 ? (0, 0) : (Int(id % 2) + 1, 1)
            let share = Sample.share(
                id + 1,
                time: Sample.time + id * 10_000,
                worker: workers[worker],
                pool: pools[route],
                job: Int64(route + 1)
            )
            lane.record(.share(share))
            lane.record(Sample.accepted(id + 1))
        }
        await ledger.flush()
        return ledger
    }

    private static func report(_ place: TemporaryLedger, _ keys: LedgerReportKey...) throws -> [LedgerReportRow] {
        var filter = LedgerReportFilter()
        filter.period = LedgerPeriod(since: Sample.time, until: Sample.time + 500_000)
        return try LedgerReader(path: place.path).report(by: keys, filter, now: Sample.time + 500_000).rows
    }

    @Test(arguments: [7, 10_000]) func eachRouteHasItsUnit(segmentRows: Int) async throws {
        let place = try TemporaryLedger()
        let ledger = try await Self.ledger(place, segmentRows: segmentRows)
        let rows = try Self.report(place, .route)
        #expect(rows.map(\.key) == [["btc"], ["zec"]])
        #expect(rows.map(\.protocols) == [[.bitcoin], [Sample.equihash].compactMap { $0 }])
        #expect(rows.map(\.hashes.session) == [Self.bitcoinHashes, Self.equihashHashes])
        #expect(rows.map(\.hashes.accepted) == [2 * Self.bitcoinHashes, 2 * Self.equihashHashes])
        #expect(rows.map(\.hashrate) == [Self.bitcoinHashes / 500, Self.equihashHashes / 500])
        // As many shares of one size as there are.
        #expect(rows.map(\.hashes.effectiveShares) == [10, 40])
        #expect(rows.allSatisfy { !$0.mixesUnits })
        _ = ledger.state
    }

    @Test(arguments: [7, 10_000]) func sumOverRoutesIsInHashes(segmentRows: Int) async throws {
        let place = try TemporaryLedger()
        let ledger = try await Self.ledger(place, segmentRows: segmentRows)
        let all = Self.bitcoinHashes + Self.equihashHashes
        let row = try #require(try Self.report(place).first)
        #expect(row.totals.shares == 50)
        #expect(row.hashes.session == all)
        #expect(row.hashrate == all / 500)
        #expect(row.protocols.map(\.name) == ["bitcoin", "equihash"])
        #expect(row.mixesUnits)
        // The many small shares say next to nothing about the sum.
        #expect((9.9...10.1).contains(row.hashes.effectiveShares ?? 0))
        let pools = try Self.report(place, .pool)
        #expect(pools.map(\.key) == [["main"]])
        #expect(pools.map(\.hashes.session) == [all])
        #expect(pools.map(\.mixesUnits) == [true])
        let hours = try Self.report(place, .hour)
        #expect(hours.map(\.hashes.session).reduce(0, +) == all)
        _ = ledger.state
    }

    @Test func nameAtTwoRoutesIsOneLineOfBothUnits() async throws {
        let place = try TemporaryLedger()
        let ledger = try await Self.ledger(place, segmentRows: 7)
        let rows = try Self.report(place, .worker)
        #expect(rows.map(\.key) == [["a"], ["b"]])
        #expect(rows.map(\.mixesUnits) == [true, false])
        #expect(rows.map(\.hashes.session) == [Self.bitcoinHashes + Self.equihashHashes / 2, Self.equihashHashes / 2])
        _ = ledger.state
    }

    @Test func shareTellsTheProtocolOfItsRoute() async throws {
        let place = try TemporaryLedger()
        let ledger = try await Self.ledger(place, segmentRows: 7)
        var protocols: [String: Set<String?>] = [:]
        try LedgerReader(path: place.path).shares(LedgerShareFilter()) {
            protocols[$0.route ?? "", default: []].insert($0.protocol)
        }
        #expect(protocols == ["btc": ["bitcoin"], "zec": ["equihash"]])
        _ = ledger.state
    }

    @Test func ledgerOfOneOtherProtocolIsNotTakenForBitcoin() async throws {
        let place = try TemporaryLedger()
        let ledger = try place.open()
        ledger.describe(route: "zec", protocol: "equihash", hashesPerDifficulty: 8_192)
        let worker = ledger.worker("a", route: "zec")
        ledger.makeLane().record(.share(Sample.share(1, worker: worker, pool: 0, job: 0, verdict: .counted)))
        await ledger.flush()
        #expect(try Self.report(place).map(\.hashes.session) == [512 * 8_192])
    }
}
