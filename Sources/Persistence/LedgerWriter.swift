import Dispatch
import Foundation
import GRDB
import Logging
import Synchronization

/// Moves what the lanes have recorded into SQLite, on a thread of its own.
final class LedgerWriter: @unchecked Sendable {
    // Everything below `queue` is used on that queue only.

    /// Passes until a verdict that came before its share has found it, or the total it belongs to.
    static let passes = 4
    /// How long the end waits for a disk that does not take the rest.
    private static let finishSeconds = 10

    private let database: DatabaseQueue
    private let storage: JournalStorage
    private let batchLimit: Int
    private let seams: LedgerSeams
    private let logger: Logger
    /// The ledger's own lane comes first: what it defines is written before it is used.
    private let channels = Mutex<[JournalChannel]>([])
    private let published = Mutex(LedgerState())

    private let queue = DispatchQueue(label: "ledger.writer")
    private var lock: LedgerLock?
    private var positions: [Int64: Int] = [:]
    /// Segments that are gone but still have a row in `journalPosition`.
    private var released: [Int64] = []
    private var highWater: LedgerHighWater
    /// Taken from the lanes, not yet committed.
    private var overflow = LaneOverflow()
    private var held: [LedgerVerdict] = []
    private var progress = LedgerState()

    init(
        database: DatabaseQueue,
        lock: LedgerLock,
        storage: JournalStorage,
        highWater: LedgerHighWater,
        configuration: LedgerConfiguration,
        seams: LedgerSeams,
        logger: Logger
    ) {
        self.database = database
        self.lock = lock
        self.storage = storage
        self.highWater = highWater
        self.batchLimit = max(configuration.batchLimit, 1)
        self.seams = seams
        self.logger = logger
    }

    /// How things stood after the latest attempt to write.
    var state: LedgerState { self.published.withLock { $0 } }

    /// Reads from this channel from now on.
    func add(_ channel: JournalChannel) {
        self.channels.withLock { $0.append(channel) }
    }

    /// Commits what has been recorded so far; after an error everything stays where it was.
    /// - Returns: Whether all of it is committed.
    func drain() async -> Bool {
        await withCheckedContinuation { continuation in
            self.queue.async { continuation.resume(returning: self.attempt()) }
        }
    }

    /// Commits the rest, as far as the disk takes it, and lets go of the file.
    func finish() async {
        await withCheckedContinuation { continuation in
            self.queue.async {
                self.finishOnQueue()
                continuation.resume()
            }
        }
    }

    private func finishOnQueue() {
        guard self.lock != nil else { return }
        // Verdicts that are on their way come before those that never will.
        for _ in 0..<Self.passes { if self.attempt() { break } }
        for channel in self.allChannels { channel.withOverflow { $0.settleRest() } }
        let deadline = DispatchTime.now() + .seconds(Self.finishSeconds)
        while !self.attempt(), DispatchTime.now() < deadline { usleep(100_000) }
        if self.progress.queuedBytes > 0 || !self.overflow.isWritten {
            self.logger.error(
                "the ledger could not be completed; what is in the journal will be taken in at the next start",
                metadata: ["bytes": "\(self.progress.queuedBytes)", "error": "\(self.progress.lastError ?? "none")"]
            )
        }
        self.storage.dropSpares()
        if self.progress.queuedBytes == 0, self.held.isEmpty { for channel in self.allChannels { channel.unlinkAll() } }
        do {
            try self.database.close()
        } catch {
            self.logger.warning("the ledger could not be closed in order", metadata: ["error": "\(error)"])
        }
        self.lock = nil
    }

    private var allChannels: [JournalChannel] { self.channels.withLock { $0 } }

    /// One pass over all lanes. True when nothing is left to do.
    private func attempt() -> Bool {
        guard self.lock != nil else { return true }
        var failure: String?
        do {
            try self.pass()
        } catch {
            failure = "\(error)"
            self.progress.lastError = failure
        }
        self.storage.refillSoon()
        self.progress.queuedBytes = self.allChannels.reduce(0) { sum, channel in
            channel.cut().reduce(sum) { $0 + $1.end - self.position(of: $1.segment) }
        }
        let hasOverflow = self.allChannels.contains { !$0.withOverflow { $0.isWritten } }
        self.publish(failure: failure, hasOverflow: hasOverflow)
        return failure == nil && self.held.isEmpty && !hasOverflow
    }

    private func position(of segment: JournalSegment) -> Int {
        self.positions[segment.sequence] ?? JournalSegment.headerSize
    }

    private func pass() throws {
        let channels = self.allChannels
        // The cut of the first lane is taken last: every name that another lane's cut uses is in it.
        let cuts = channels.reversed().map { $0.cut() }.reversed().joined()
        let formerlyHeld = Set(self.held)
        var batch = LedgerBatch(highWater: self.highWater)
        var positions: [Int64: Int] = [:]
        for cut in cuts {
            let bytes = UnsafeRawBufferPointer(start: cut.segment.base, count: cut.end)
            var decoder = JournalDecoder(bytes, position: self.position(of: cut.segment))
            while let event = decoder.next() {
                batch.add(event)
                positions[cut.segment.sequence] = decoder.position
                guard batch.count >= self.batchLimit else { continue }
                try self.commit(batch, positions)
                batch = LedgerBatch(highWater: self.highWater)
                positions = [:]
            }
            if decoder.position < cut.end {
                // Only a fault of the machine's memory leads here.
                self.logger.error("a part of the journal is damaged", metadata: ["segment": "\(cut.segment.sequence)"])
                self.progress.droppedEvents += 1
                positions[cut.segment.sequence] = cut.end
            }
        }
        // What an earlier pass took and could not write goes first; the lanes bound the rest.
        if self.overflow.isWritten { self.takeOverflow(channels) }
        batch.add(self.overflow)
        try self.commit(batch, positions)
        self.overflow = LaneOverflow()
        try self.expire(formerlyHeld)
        self.release(channels)
    }

    private func takeOverflow(_ channels: [JournalChannel]) {
        for channel in channels {
            let taken = channel.withOverflow { $0.takeAll() }
            self.progress.gapShares += Int(taken.totals.values.reduce(0) { $0 + $1.shares })
            self.progress.droppedEvents += taken.droppedEvents
            self.overflow.merge(taken)
        }
    }

    private func commit(_ batch: LedgerBatch, _ positions: [Int64: Int]) throws {
        guard !batch.isEmpty || !self.held.isEmpty || !positions.isEmpty else { return }
        let (outcome, held) = try self.database.write { db in
            try self.seams.willWrite(db)
            var outcome = try batch.write(db)
            var held: [LedgerVerdict] = []
            if outcome.heldVerdicts > 0 || !self.held.isEmpty {
                outcome.contradictions += try LedgerHeldVerdicts.resolve(db)
                held = try LedgerHeldVerdicts.fetch(db)
            }
            try JournalPositions.save(positions, removing: self.released, db)
            try batch.highWater.save(db, since: self.highWater)
            try self.seams.willCommit(db)
            return (outcome, held)
        }
        self.held = held
        self.released = []
        self.highWater = batch.highWater
        self.positions.merge(positions) { $1 }
        self.progress.committedEvents += batch.count
        self.progress.committedShares += outcome.shares
        self.progress.contradictions += outcome.contradictions
    }

    /// A verdict that was held before this pass and still is has no share in any lane: it belongs to a total, or to
    /// nothing.
    private func expire(_ formerlyHeld: Set<LedgerVerdict>) throws {
        let expired = self.held.filter(formerlyHeld.contains)
        guard !expired.isEmpty else { return }
        try self.database.write { db in try LedgerHeldVerdicts.delete(expired, db) }
        self.held.removeAll(where: formerlyHeld.contains)
        let channels = self.allChannels
        for verdict in expired where !channels.contains(where: { $0.withOverflow { $0.settle(verdict) } }) {
            self.progress.contradictions += 1
        }
    }

    private func release(_ channels: [JournalChannel]) {
        for channel in channels {
            let finished = channel.removeFinished { self.position(of: $0) >= $0.publishedEnd }
            for segment in finished {
                self.storage.release(segment)
                self.positions[segment.sequence] = nil
                self.released.append(segment.sequence)
            }
        }
    }

    private func publish(failure: String?, hasOverflow: Bool) {
        let former = self.progress.health
        if let failure {
            self.progress.health = .degraded(reason: "the ledger cannot be written: \(failure)")
        } else if let failure = self.storage.failure {
            self.progress.health = .degraded(reason: "the journal cannot grow: \(failure)")
        } else if hasOverflow {
            self.progress.health = .degraded(reason: "shares come faster than they can be written and are only counted")
        } else {
            self.progress.health = .healthy
        }
        self.published.withLock { $0 = self.progress }
        guard self.progress.health != former else { return }
        switch self.progress.health {
        case .healthy:
            self.logger.notice("the ledger is written again", metadata: ["gap_shares": "\(self.progress.gapShares)"])
        case .degraded(let reason):
            self.logger.error("mining goes on while the ledger is behind", metadata: ["reason": "\(reason)"])
        }
    }
}
