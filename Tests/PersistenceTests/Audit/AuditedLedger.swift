import Foundation
import GRDB
import Synchronization
import Testing

@testable import Persistence

/// A ledger with something in every table that seals cover, in several segments, and a file to make copies of.
final class AuditedLedger: Sendable {
    struct Options: Sendable, CustomTestStringConvertible {
        var isSigned = false
        var isPruned = false

        var testDescription: String {
            "\(self.isSigned ? "signed" : "unsigned"), \(self.isPruned ? "pruned" : "whole")"
        }
    }

    /// Made for these tests with `openssl genpkey -algorithm ed25519`.
    static let privateKey = """
        -----BEGIN PRIVATE KEY-----
        MC4CAQAwBQYDK2VwBCIEICr6yip5fNBz/kliKFCbqpjxczacgqMVckRPbfNSJReP
        -----END PRIVATE KEY-----
        """
    static let publicKey = """
        -----BEGIN PUBLIC KEY-----
        MCowBQYDK2VwAyEAwlVaBAo7ecoYHn5HeqsXEUdT5kjCWHbbzfiKDi/m+S0=
        -----END PUBLIC KEY-----
        """

    private static let segmentRows = 150
    private static let steps = 8
    private static let sharesPerStep = 40
    /// More shares than there is room for.
    private static let flood = 800
    private static let stepMilliseconds: Int64 = 400_000

    let place: TemporaryLedger
    /// One file, of the moment at which the last events were recorded and not yet sealed.
    let copy: String

    init(seed: UInt64, _ options: Options = Options()) async throws {
        let place = try TemporaryLedger()
        self.place = place
        self.copy = place.folder + "/copy.sqlite"
        let now = Mutex(Sample.time)
        let isDiskFull = Mutex(false)
        let ledger = try place.open { configuration, seams in
            configuration.sealKey = options.isSigned ? SealKey(pem: Self.privateKey) : nil
            // Room for some hundred shares; of those beyond, when the disk is full, only totals are kept.
            configuration.journalLimit = 5 * 16_384
            configuration.memoryLimit = 0
            seams.segmentSize = 16_384
            seams.segmentRows = Self.segmentRows
            seams.now = { now.withLock { $0 } }
            let make = seams.makeFile
            seams.makeFile = { folder, sequence, size in
                if isDiskFull.withLock({ $0 }) { throw CocoaError(.fileWriteOutOfSpace) }
                return try make(folder, sequence, size)
            }
        }
        ledger.refillJournal()
        var history = History(ledger: ledger, generator: SeededGenerator(seed: seed))
        for step in 0..<Self.steps {
            history.record(step: step, shares: Self.sharesPerStep, time: now.withLock { $0 })
            await ledger.flush()
            ledger.refillJournal()
            now.withLock { $0 += Self.stepMilliseconds }
        }
        isDiskFull.withLock { $0 = true }
        history.recordShares(Self.flood, time: now.withLock { $0 })
        isDiskFull.withLock { $0 = false }
        await ledger.flush()
        ledger.refillJournal()
        now.withLock { $0 += 2 * Self.stepMilliseconds }
        if options.isPruned { try Self.prune(place, now: now.withLock { $0 }) }
        // The first of these seals what came before, the second stays open.
        for step in 0..<2 {
            history.record(step: step, shares: Self.sharesPerStep, time: now.withLock { $0 })
            await ledger.flush()
            ledger.refillJournal()
        }
        try place.database().backup(to: DatabaseQueue(path: self.copy))
    }

    /// As a running router does, from outside of it.
    private static func prune(_ place: TemporaryLedger, now: Int64) throws {
        let database = try place.database()
        var pruner = LedgerPruner()
        _ = try database.write { db in
            try pruner.begin(
                detailBefore: Sample.time + 6 * Self.stepMilliseconds,
                rollupsBefore: Sample.time + 7 * Self.stepMilliseconds / 2,
                now: now,
                db
            )
        }
        while try database.write({ db in try pruner.step(db) }) {}
    }
}

/// Makes events of every kind.
private struct History {
    private let ledger: Ledger
    private let lane: LedgerLane
    private var generator: SeededGenerator
    private var nextShare: Int64 = 1
    private var nextJob: Int64 = 1
    private var nextSession: Int64 = 1
    private var lost: [Int64] = []

    init(ledger: Ledger, generator: SeededGenerator) {
        self.ledger = ledger
        self.lane = ledger.makeLane()
        self.generator = generator
    }

    private func worker(_ number: Int64) -> Int32 {
        self.ledger.worker("farm.rig\(number % 5) ⛏", route: number % 2 == 0 ? "east" : "west")
    }

    /// Pools of both routes have the same names.
    private func pool(_ number: Int64) -> Int32 {
        self.ledger.pool(number % 3 == 0 ? "main" : "spare", route: number % 2 == 0 ? "east" : "west")
    }

    mutating func record(step: Int, shares: Int, time: Int64) {
        for offset in 0..<3 as Range<Int64> {
            self.lane.record(
                .sessionOpened(
                    LedgerSession(
                        id: self.nextSession,
                        time: time + offset,
                        worker: self.worker(self.nextSession),
                        remote: "192.0.2.\(self.nextSession):4444",
                        userAgent: "miner/\(self.nextSession)"
                    )
                )
            )
            self.nextSession += 1
        }
        self.lane.record(.sessionClosed(id: self.nextSession - 2, time: time + 9, reason: "closed by the miner"))
        for kind in [LedgerPoolEventKind.failover, .failback] {
            self.lane.record(
                .poolEvent(
                    LedgerPoolEvent(
                        time: time,
                        kind: kind,
                        pool: self.pool(Int64(step)),
                        cause: "no answer",
                        detection: kind == .failover ? 1_200 : nil,
                        sessionsMoved: 3,
                        sharesLost: nil,
                        fromPool: self.pool(Int64(step)),
                        toPool: self.pool(Int64(step) + 3),
                        detail: "step \(step)"
                    )
                )
            )
        }
        self.recordShares(shares, time: time)
        for id in self.lost {
            let reason = self.ledger.reason(id % 2 == 0 ? "too late" : "")
            let verdict = LedgerVerdict(id: id, verdict: .accepted, reason: reason, reasonCode: 7, latency: 9_000_000)
            self.lane.record(.lateVerdict(verdict))
        }
        self.lost = []
    }

    mutating func recordShares(_ count: Int, time: Int64) {
        for number in 0..<Int64(count) {
            let session = Int64.random(in: 1...max(1, self.nextSession - 1), using: &self.generator)
            if number % 10 == 0 {
                self.lane.record(
                    .job(
                        LedgerJob(
                            id: self.nextJob,
                            jobID: String(self.nextJob, radix: 16),
                            pool: self.pool(self.nextJob),
                            poolJobID: "p\(self.nextJob)",
                            poolDifficulty: Double(1_024 << (self.nextJob % 5))
                        )
                    )
                )
                self.nextJob += 1
            }
            self.recordShare(session: session, time: time + number * 700)
        }
    }

    private mutating func recordShare(session: Int64, time: Int64) {
        let id = self.nextShare
        self.nextShare += Int64.random(in: 1...3, using: &self.generator)
        let kind = Int.random(in: 0..<10, using: &self.generator)
        let job = max(1, self.nextJob - 1)
        var share = Sample.share(
            id,
            time: time,
            worker: self.worker(session),
            pool: self.pool(job),
            job: kind == 0 ? 0 : job,
            difficulty: Double(256 << (id % 3)),
            verdict: kind < 3 ? [.stale, .duplicate, .counted][kind] : .pending
        )
        share.session = session
        share.shareDifficulty = kind == 1 ? 0 : Double.random(in: 1...1e9, using: &self.generator)
        share.reason = kind < 2 ? self.ledger.reason("refused: \(kind)") : 0
        share.reasonCode = kind < 2 ? 21 : nil
        share.versionBits = kind % 2 == 0 ? nil : 0x1FFF_E000
        self.lane.record(.share(share))
        guard kind >= 3, kind < 9 || id % 2 == 0 else { return }
        let verdict = [3: LedgerVerdictKind.rejected, 4: .lost][kind] ?? .accepted
        let reason = verdict == .rejected ? self.ledger.reason("above target") : 0
        self.lane.record(
            .settled(LedgerVerdict(id: id, verdict: verdict, reason: reason, reasonCode: nil, latency: 40_000 + id))
        )
        if verdict == .lost { self.lost.append(id) }
    }
}
