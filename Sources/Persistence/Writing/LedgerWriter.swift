import Dispatch
import Foundation
import GRDB
import Logging
import Synchronization

/// Moves what the lanes have recorded into SQLite, on a thread of its own.
// Unchecked: everything below `queue` is used on that queue only.
final class LedgerWriter: @unchecked Sendable {
    /// Passes until a verdict that came before its share has found it, or the total it belongs to.
    static let passes = 4
    /// How long the end waits for a disk that does not take the rest.
    private static let finishSeconds = 10

    private let storage: JournalStorage
    private let configuration: LedgerConfiguration
    private let seams: LedgerSeams
    private let names: InternedNames
    private let logger: Logger
    /// The ledger's own lane comes first: what it defines is written before it is used.
    private let channels = Mutex<[JournalChannel]>([])
    private let published = Mutex(LedgerState())

    private let lock: LedgerLock

    private let queue = DispatchQueue(label: "ledger.writer")
    private var isFinished = false
    private var file: OpenLedger
    private var positions: [Int64: Int] = [:]
    /// Segments that are gone but still have a row in `journalPosition`.
    private var released: [Int64] = []
    private var highWater: LedgerHighWater
    /// Taken from the lanes, not yet committed.
    private var overflow = LaneOverflow()
    /// Names that had no room in the journal; what refers to them may have had.
    private var lateNames: [LedgerEvent] = []
    private var retention: LedgerRetention
    /// The latest attempt failed because of what stands in the file.
    private var isFileDoubtful = false
    private var progress = LedgerState()

    init(
        file: OpenLedger,
        lock: LedgerLock,
        storage: JournalStorage,
        names: InternedNames,
        highWater: LedgerHighWater,
        configuration: LedgerConfiguration,
        seams: LedgerSeams,
        logger: Logger
    ) {
        self.file = file
        self.lock = lock
        self.storage = storage
        self.names = names
        self.highWater = highWater
        self.configuration = configuration
        self.seams = seams
        self.logger = logger
        self.retention = LedgerRetention(configuration)
        self.progress.damagedFile = file.damagedFile
        self.published.withLock { $0 = self.progress }
    }

    /// How things stood after the latest attempt to write.
    var state: LedgerState { self.published.withLock { $0 } }

    /// Lets others have the file; for the end, when nothing is written any more.
    func unlock() { self.lock.release() }

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
        guard !self.isFinished else { return }
        // Verdicts that are on their way come before those that never will.
        for _ in 0..<Self.passes { if self.attempt() { break } }
        for channel in self.allChannels { channel.withOverflow { $0.settleRest() } }
        let deadline = DispatchTime.now() + .seconds(Self.finishSeconds)
        while !(self.attempt() && self.sealRest()), DispatchTime.now() < deadline { usleep(100_000) }
        if self.progress.queuedBytes > 0 || !self.overflow.isWritten {
            self.logger.error(
                "the ledger could not be completed; what is in the journal will be taken in at the next start",
                metadata: ["bytes": "\(self.progress.queuedBytes)", "error": "\(self.progress.lastError ?? "none")"]
            )
        }
        if !self.file.isInPlace {
            self.logger.error(
                "the ledger was closed where it was moved to, if it still has a name",
                metadata: ["missing": "\(self.configuration.path)"]
            )
        }
        self.storage.dropSpares()
        let isComplete = self.progress.queuedBytes == 0 && self.file.book.held.isEmpty
        if isComplete { for channel in self.allChannels { channel.unlinkAll() } }
        do {
            try self.file.database.close()
        } catch {
            self.logger.warning("the ledger could not be closed in order", metadata: ["error": "\(error)"])
        }
        self.isFinished = true
        self.lock.release()
    }

    /// Settles what nothing will settle any more, and seals the book to its end.
    private func sealRest() -> Bool {
        do {
            self.file.book = try self.file.database.write { db in
                try self.seams.willWrite(db)
                var book = self.file.book
                let now = self.seams.now()
                _ = try book.settleRest(now: now, db)
                try book.seal(now: now, db)
                try self.seams.willCommit(db)
                return book
            }
            return true
        } catch {
            self.progress.lastError = "\(error)"
            return false
        }
    }

    private var allChannels: [JournalChannel] { self.channels.withLock { $0 } }

    /// One pass over all lanes. True when nothing is left to do.
    private func attempt() -> Bool {
        guard !self.isFinished else { return true }
        var failure: String?
        do {
            try self.pass()
            try self.retention.advance(&self.file, now: self.seams.now())
            self.isFileDoubtful = false
        } catch {
            failure = "\(error)"
            self.progress.lastError = failure
            self.mend(after: error)
        }
        self.storage.refillSoon()
        self.progress.queuedBytes = self.allChannels.reduce(0) { sum, channel in
            channel.cut().reduce(sum) { $0 + $1.end - self.position(of: $1.segment) }
        }
        let hasOverflow = self.allChannels.contains { !$0.withOverflow { $0.isWritten } }
        self.publish(failure: failure, hasOverflow: hasOverflow)
        return failure == nil && self.file.book.held.isEmpty && !hasOverflow
    }

    private func position(of segment: JournalSegment) -> Int {
        self.positions[segment.sequence] ?? JournalSegment.headerSize
    }

    private func pass() throws {
        let channels = self.allChannels
        // The cut of the first lane is taken last: every name that another lane's cut uses is in it.
        let cuts = channels.reversed().map { $0.cut() }.reversed().joined()
        let formerlyHeld = Set(self.file.book.held.values)
        var batch = LedgerBatch(highWater: self.highWater)
        if let first = channels.first { self.lateNames += first.withOverflow { $0.takeNames() } }
        for name in self.lateNames { batch.add(name) }
        var positions: [Int64: Int] = [:]
        for cut in cuts {
            let bytes = UnsafeRawBufferPointer(start: cut.segment.base, count: cut.end)
            var decoder = JournalDecoder(bytes, position: self.position(of: cut.segment))
            while let event = decoder.next() {
                batch.add(event)
                positions[cut.segment.sequence] = decoder.position
                guard batch.count >= self.configuration.batchLimit else { continue }
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
        let now = self.seams.now()
        let isSealDue = self.file.book.isSealDue(now: now, interval: self.configuration.sealInterval)
        guard !batch.isEmpty || !positions.isEmpty || isSealDue else { return }
        let (book, outcome) = try self.file.database.write { db in
            try self.seams.willWrite(db)
            var book = self.file.book
            let outcome = try book.write(batch, now: now, db)
            if isSealDue { try book.seal(now: now, db) }
            try JournalPositions.save(positions, removing: self.released, db)
            try batch.highWater.save(db, since: self.highWater)
            try self.seams.willCommit(db)
            return (book, outcome)
        }
        self.file.book = book
        self.released = []
        self.lateNames = []
        self.highWater = batch.highWater
        self.positions.merge(positions) { $1 }
        self.progress.committedEvents += batch.count
        self.progress.committedShares += outcome.shares
        self.progress.contradictions += outcome.contradictions
    }

    /// A verdict that was held before this pass and still is has no share in any lane: it belongs to a total, or to
    /// nothing.
    private func expire(_ formerlyHeld: Set<LedgerVerdict>) throws {
        let expired = self.file.book.held.values.filter(formerlyHeld.contains)
        guard !expired.isEmpty else { return }
        self.file.book = try self.file.database.write { db in
            var book = self.file.book
            try book.forget(expired, db)
            return book
        }
        let channels = self.allChannels
        for verdict in expired where !channels.contains(where: { $0.withOverflow { $0.settle(verdict) } }) {
            self.progress.contradictions += 1
        }
    }

    /// After an error that lies in the file: read it anew; if that does not help, begin another.
    private func mend(after error: any Error) {
        // What has the ledger's name must not be set aside if it is another file.
        guard LedgerFile.isDamage(error), self.file.isInPlace else { return }
        do {
            guard self.isFileDoubtful || LedgerFile.isCorruption(error) else {
                self.isFileDoubtful = true
                try self.file.reload()
                return
            }
            try self.file.replace(names: self.names.all, positions: self.positions, highWater: self.highWater)
            self.isFileDoubtful = false
            self.released = []
            self.progress.damagedFile = self.file.damagedFile
            self.logger.critical(
                "the ledger is damaged and was set aside; a new one has been begun",
                metadata: ["damaged": "\(self.file.damagedFile ?? "")", "error": "\(error)"]
            )
        } catch {
            self.isFileDoubtful = true
            self.progress.lastError = "\(error)"
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
        } else if !self.file.isInPlace {
            let path = self.configuration.path
            self.progress.health = .degraded(
                reason: "\(path) was moved, removed or replaced, and the file that is written is lost with this "
                    + "process if it has no other name: put it back, or copy it from /proc/\(getpid())/fd"
            )
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
