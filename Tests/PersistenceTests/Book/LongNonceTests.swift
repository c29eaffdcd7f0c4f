import Foundation
import Testing

@testable import Persistence

/// Nonces of Equihash have 32 bytes.
@Suite struct LongNonceTests {
    private static let sizes = [17, 24, 28, 32]

    private static func record(_ ledger: Ledger) {
        let lane = ledger.makeLane()
        _ = ledger.worker("rig", route: "zec")
        for (index, bytes) in Self.sizes.enumerated() {
            let id = Int64(index) * 2 + 1
            lane.record(.share(Sample.share(id, bytes: bytes)))
            lane.record(Sample.accepted(id))
            lane.record(.share(Sample.share(id + 1, bytes: bytes)))
        }
    }

    private static func expect(_ place: TemporaryLedger, rest: LedgerVerdictKind) throws {
        var found: [LedgerShareRecord] = []
        try LedgerReader(path: place.path).shares(LedgerShareFilter()) { found.append($0) }
        found.sort { $0.id < $1.id }
        let bytes = Self.sizes.flatMap { [$0, $0] }.map { (1...$0).map { UInt8($0) } }
        #expect(found.map(\.extranonce2) == bytes)
        #expect(found.map(\.verdict) == Self.sizes.flatMap { _ in [.accepted, rest] })
        let findings = try LedgerReader(path: place.path).verify().findings
        #expect(findings == [], "\(findings)")
        guard let python = PythonVerifier() else { return }
        let answers = try python.run([place.path])
        #expect(answers[place.path]?.allSatisfy { $0.hasPrefix("good: ") } == true, "\(answers)")
    }

    @Test func longNonceIsWholeInTheBook() async throws {
        let place = try TemporaryLedger()
        let ledger = try place.open()
        Self.record(ledger)
        await ledger.flush()
        try Self.expect(place, rest: .pending)
        try await ledger.end()
        try Self.expect(place, rest: .unknown)
    }

    @Test func longNonceOutlivesACrashBeforeTheCommit() async throws {
        let place = try TemporaryLedger()
        let ledger = try place.open()
        Self.record(ledger)
        let crashed = try place.crash()
        _ = ledger.state
        _ = try crashed.open()
        try Self.expect(crashed, rest: .unknown)
    }

    @Test func longNonceOutlivesACrashAfterTheCommit() async throws {
        let place = try TemporaryLedger()
        let ledger = try place.open()
        Self.record(ledger)
        await ledger.flush()
        let crashed = try place.crash()
        _ = ledger.state
        _ = try crashed.open()
        try Self.expect(crashed, rest: .unknown)
    }

    @Test func viewShowsTheLongNonce() async throws {
        let place = try TemporaryLedger()
        let ledger = try place.open()
        ledger.describe(route: "zec", protocol: "equihash", hashesPerDifficulty: 8_192)
        let worker = ledger.worker("rig", route: "zec")
        var share = Sample.share(1, bytes: 32, verdict: .counted)
        share.worker = worker
        ledger.makeLane().record(.share(share))
        try await ledger.end()
        #expect(
            try place.query("SELECT extranonce2 || ' ' || protocol FROM shares", as: String.self) == [
                "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20 equihash"
            ])
        #expect(
            try place.query("SELECT sessionWork * hashesPerDifficulty FROM totals", as: Double.self) == [512 * 8_192])
    }
}
