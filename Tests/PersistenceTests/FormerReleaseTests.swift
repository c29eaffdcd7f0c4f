import Foundation
import GRDB
import Testing

@testable import Persistence

@Suite struct FormerReleaseTests {
    /// A sealed ledger of schema version 2 with three accepted shares of a worker at a route named `btc`.
    private static func ledger() async throws -> TemporaryLedger {
        let source = try TemporaryLedger()
        let ledger = try source.open()
        let worker = ledger.worker("rig", route: "btc")
        let pool = ledger.pool("main", route: "btc")
        let lane = ledger.makeLane()
        lane.record(.job(LedgerJob(id: 1, jobID: "a1", pool: pool, poolJobID: "17c", poolDifficulty: 1_024)))
        for id in 1...3 as ClosedRange<Int64> {
            lane.record(.share(Sample.share(id, time: Sample.time + id * 1_000, worker: worker, pool: pool)))
            lane.record(Sample.accepted(id))
        }
        try await ledger.end()
        let former = try TemporaryLedger()
        try FormerRelease.copy(source, to: former.path)
        return former
    }

    private static func shares(_ place: TemporaryLedger) throws -> [LedgerShareRecord] {
        var shares: [LedgerShareRecord] = []
        try LedgerReader(path: place.path).shares(LedgerShareFilter()) { shares.append($0) }
        return shares
    }

    private static func expectPython(good place: TemporaryLedger) throws {
        guard let python = PythonVerifier() else { return }
        let answers = try python.run([place.path])
        #expect(answers[place.path]?.allSatisfy { $0.hasPrefix("good: 3 ") } == true, "\(answers)")
    }

    @Test func ledgerIsReadAsItIs() async throws {
        let place = try await Self.ledger()
        #expect(try place.count("PRAGMA user_version") == 2)
        let reader = try LedgerReader(path: place.path)
        #expect(try reader.routes() == [LedgerRoute(name: "btc", protocol: .bitcoin)])
        #expect(try reader.protocols(pool: "main") == [.bitcoin])
        #expect(try Self.shares(place).map(\.protocol) == ["bitcoin", "bitcoin", "bitcoin"])
        let report = try reader.report(by: [.route], LedgerReportFilter(), now: Sample.time)
        #expect(report.rows.map(\.hashes.accepted) == [3 * 1_024 * 4_294_967_296])
        #expect(try reader.integrityFindings() == [])
        #expect(try reader.verify().findings == [])
        try Self.expectPython(good: place)
    }

    @Test func ledgerIsBroughtUpToDate() async throws {
        let place = try await Self.ledger()
        let before = try Self.shares(place)
        let ledger = try place.open()
        #expect(ledger.state.damagedFile == nil)
        #expect(ledger.nextShareID == 4)
        #expect(try place.count("PRAGMA user_version") == LedgerSchema.version)
        let reader = try LedgerReader(path: place.path)
        #expect(try reader.routes() == [LedgerRoute(name: "btc", protocol: .bitcoin)])
        #expect(try Self.shares(place) == before)
        #expect(try reader.integrityFindings() == [])
        #expect(try reader.verify().findings == [])
        try Self.expectPython(good: place)
    }

    @Test func journalIsTakenIn() async throws {
        let place = try await Self.ledger()
        try FileManager.default.createDirectory(atPath: place.path + ".journal", withIntermediateDirectories: true)
        let left = [(4, 0), (5, 8), (6, 9), (7, 16)].map { id, bytes in
            Sample.share(id, bytes: bytes, verdict: id == 6 ? .pending : .stale)
        }
        try FormerRelease.journal(left, sequence: 9).write(to: URL(fileURLWithPath: place.path + ".journal/9.segment"))
        let ledger = try place.open()
        let found = try Self.shares(place).filter { $0.id > 3 }.sorted { $0.id < $1.id }
        #expect(found.map(\.id) == [4, 5, 6, 7])
        #expect(found.map(\.extranonce2) == left.map(\.extranonce2.bytes))
        #expect(found.map(\.verdict) == [.stale, .stale, .unknown, .stale])
        #expect(found.allSatisfy { $0.nonce == 0xDEAD_BEEF && $0.ntime == 0x697D_C1BC && $0.difficulty == 512 })
        #expect(found.allSatisfy { $0.versionBits == 0x1FFF_E000 && $0.time == Sample.time && $0.worker == "rig" })
        #expect(ledger.nextShareID == 8)
        #expect(!FileManager.default.fileExists(atPath: place.path + ".journal/9.segment"))
    }
}
