import Crypto
import Foundation
import GRDB
import Synchronization
import Testing

@testable import Persistence

@Suite struct SealingTests {
    @Test func segmentIsSealedWhenItIsFull() async throws {
        let place = try TemporaryLedger()
        let ledger = try place.open { _, seams in seams.segmentRows = 10 }
        let lane = ledger.makeLane()
        for id in 1...25 as ClosedRange<Int64> { lane.record(.share(Sample.share(id, verdict: .counted))) }
        await ledger.flush()
        #expect(try place.query("SELECT shares FROM seal", as: Int.self) == [10, 10])
        #expect(try place.count("SELECT count(*) FROM share") == 25)
        try await ledger.end()
        #expect(try place.query("SELECT shares FROM seal", as: Int.self) == [10, 10, 5])
        #expect(try place.query("SELECT sum(shares) FROM rollup GROUP BY segment", as: Int.self) == [10, 10, 5])
    }

    @Test func longSegmentIsSealedWhenAMinuteEnds() async throws {
        let place = try TemporaryLedger()
        let ledger = try place.open { _, seams in seams.minuteRows = 5 }
        let lane = ledger.makeLane()
        let minute = Sample.time - Sample.time % 60_000
        for id in 1...12 as ClosedRange<Int64> {
            lane.record(.share(Sample.share(id, time: minute + id * 10_000, verdict: .counted)))
        }
        await ledger.flush()
        // Shares 1 to 5 came in the first minute, 6 to 11 in the second, 12 in the third.
        #expect(try place.query("SELECT shares FROM seal", as: Int.self) == [5, 6])
    }

    @Test func segmentIsSealedAtItsAge() async throws {
        let place = try TemporaryLedger()
        let now = Mutex(Sample.time)
        let ledger = try place.open { _, seams in seams.now = { now.withLock { $0 } } }
        let lane = ledger.makeLane()
        lane.record(.share(Sample.share(1, verdict: .counted)))
        await ledger.flush()
        now.withLock { $0 += 599_999 }
        await ledger.flush()
        #expect(try place.count("SELECT count(*) FROM seal") == 0)
        now.withLock { $0 += 1 }
        await ledger.flush()
        #expect(try place.count("SELECT count(*) FROM seal") == 1)
        now.withLock { $0 += 10_000_000 }
        await ledger.flush()
        #expect(try place.count("SELECT count(*) FROM seal") == 1, "nothing new, no seal")
    }

    @Test func eventsWithoutSharesAreSealedToo() async throws {
        let place = try TemporaryLedger()
        let ledger = try place.open()
        ledger.makeLane().record(.poolEvent(LedgerPoolEvent(time: 1, kind: .down, pool: 1, cause: "test")))
        try await ledger.end()
        #expect(try place.query("SELECT stream FROM sealPart", as: Int.self) == [6])
    }

    @Test func chainGoesOnOverRunsAndCrashes() async throws {
        let place = try TemporaryLedger()
        for run in 0..<3 {
            let ledger = try place.open { _, seams in seams.segmentRows = 4 }
            let lane = ledger.makeLane()
            for number in 0..<6 as Range<Int64> {
                lane.record(.share(Sample.share(ledger.nextShareID + number, verdict: .counted)))
            }
            if run == 1 { await ledger.flush() } else { try await ledger.end() }
        }
        let hashes = try place.query("SELECT hash FROM seal ORDER BY segment", as: Data.self)
        let genesis = try place.query("SELECT value FROM property WHERE name = 'genesis'", as: Data.self)
        #expect(
            try place.query("SELECT previous FROM seal ORDER BY segment", as: Data.self) == genesis + hashes.dropLast())
        #expect(hashes.count >= 6)
    }

    @Test func openSegmentThatIsReadBackGivesTheSameSeal() async throws {
        func seal(reopening: Bool) async throws -> [Data] {
            let place = try TemporaryLedger()
            var ledger: Ledger? = try place.open { _, seams in seams.now = { Sample.time } }
            try await place.database().write { db in
                try db.execute(sql: "UPDATE property SET value = zeroblob(32)")
            }
            var lane = ledger?.makeLane()
            _ = ledger?.worker("rig", route: "btc")
            _ = ledger?.pool("primary", route: "btc")
            lane?.record(.job(LedgerJob(id: 1, jobID: "a", pool: 1, poolJobID: "b", poolDifficulty: 4)))
            for id in 1...100 as ClosedRange<Int64> {
                lane?.record(.share(Sample.share(id, time: Sample.time + id * 999)))
                lane?.record(Sample.accepted(id))
            }
            await ledger?.flush()
            if reopening {
                lane = nil
                ledger = nil
            }
            let last = try reopening ? place.open { _, seams in seams.now = { Sample.time } } : #require(ledger)
            try await last.end()
            return try place.query("SELECT digest FROM sealPart ORDER BY segment, stream", as: Data.self)
        }
        let once = try await seal(reopening: false)
        #expect(once.count == 2)
        #expect(try await seal(reopening: true) == once)
    }

    @Test func sealsAreSignedWithTheKey() async throws {
        let place = try TemporaryLedger()
        let seed = Data((0..<32).map { UInt8($0) })
        let prefix: [UInt8] = [0x30, 0x2E, 2, 1, 0, 0x30, 5, 6, 3, 0x2B, 0x65, 0x70, 4, 0x22, 4, 0x20]
        let body = (Data(prefix) + seed).base64EncodedString()
        let key = try #require(SealKey(pem: "-----BEGIN PRIVATE KEY-----\n\(body)\n-----END PRIVATE KEY-----\n"))
        let ledger = try place.open { configuration, _ in configuration.sealKey = key }
        ledger.makeLane().record(.share(Sample.share(1, verdict: .counted)))
        try await ledger.end()
        let hash = try #require(place.query("SELECT hash FROM seal", as: Data.self).first)
        let signature = try #require(place.query("SELECT signature FROM seal", as: Data.self).first)
        #expect(SealKey.isValid(signature: Array(signature), of: Array(hash), publicKey: key.publicKey))
        #expect(!SealKey.isValid(signature: Array(signature), of: Array(hash.reversed()), publicKey: key.publicKey))
    }

    @Test(arguments: [
        "", "-----BEGIN PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
    ])
    func whatIsNoKeyIsRefused(pem: String) {
        #expect(SealKey(pem: pem) == nil)
        #expect(SealKey.publicKey(pem: pem) == nil)
    }

    @Test func failedCommitLeavesTheChainAsItWas() async throws {
        struct Refused: Error {}
        let place = try TemporaryLedger()
        let refuses = Mutex(false)
        let ledger = try place.open { _, seams in
            seams.segmentRows = 10
            seams.willCommit = { _ in if refuses.withLock({ $0 }) { throw Refused() } }
        }
        let lane = ledger.makeLane()
        for id in 1...5 as ClosedRange<Int64> { lane.record(.share(Sample.share(id, verdict: .counted))) }
        await ledger.flush()
        refuses.withLock { $0 = true }
        for id in 6...25 as ClosedRange<Int64> { lane.record(.share(Sample.share(id, verdict: .counted))) }
        await ledger.flush()
        refuses.withLock { $0 = false }
        try await ledger.end()
        #expect(try place.query("SELECT shares FROM seal", as: Int.self) == [10, 10, 5])
        #expect(try place.verdicts().count == 25)
    }
}
