import Foundation
import GRDB

/// The book as it is being written: what batches of events become rows of, and in which order.
///
/// A value: the writer changes a copy within a transaction and keeps it when the transaction is committed.
struct LedgerBook {
    /// What a batch did.
    struct Outcome {
        /// Shares that are now in the file, settled or not.
        var shares = 0
        /// Events left out because they contradict the ledger.
        var contradictions = 0
    }

    /// Those that run once per share, looked up once per batch.
    private struct Statements {
        let insertShare: RawStatement
        let insertPending: RawStatement
        let deletePending: RawStatement

        init(_ db: Database) throws {
            self.insertShare = try RawStatement(db, sql: ShareRow.insertion)
            self.insertPending = try RawStatement(db, sql: WaitingRows.insertion)
            self.deletePending = try RawStatement(db, sql: WaitingRows.deletion)
        }
    }

    /// After so many rows, some 50 µs, another thread may have the core: it may be an event loop with a share to pass on.
    private static let rowsAtOnce = 16
    /// With more rows in a batch the writer is behind, and keeps the core.
    private static let gentleRows = 4_096

    private let recentJobs: RecentJobs
    private let segmentRows: Int
    private let minuteRows: Int
    private var sealer: SegmentSealer
    private var context = ShareContext()
    private var open: OpenSegment?
    private var nextSegment: Int64
    private var stints: Stints
    /// Forwarded shares without a verdict, as in the table of that name.
    private var pending: [Int64: LedgerShare] = [:]
    /// Verdicts whose share has not come yet.
    private(set) var held: [Int64: LedgerVerdict] = [:]
    /// When the oldest row was written that no seal covers; nil: all are sealed.
    private var unsealedSince: Int64?
    private var openSessions: OpenSessions
    /// As the file had it when the caches were begun.
    private var detailFrom: Int64 = 0

    /// Goes on where the file ends.
    init(
        _ db: Database,
        recentJobs: RecentJobs,
        configuration: LedgerConfiguration,
        seams: LedgerSeams
    ) throws {
        self.recentJobs = recentJobs
        self.segmentRows = min(seams.segmentRows, LedgerEntry.segmentLimit)
        self.minuteRows = seams.minuteRows
        self.sealer = try SegmentSealer(db, key: configuration.sealKey)
        self.nextSegment = try LedgerNumber.next(after: Int64.fetchOne(db, sql: "SELECT max(segment) FROM seal"))
        self.stints = try Stints(db)
        var rows = SegmentRows()
        self.open = try rows.load(self.nextSegment, db)
        self.context = rows.context
        for share in try WaitingRows.fetch(db) { self.pending[share.id] = share }
        for verdict in try HeldVerdicts.fetch(db) { self.held[verdict.id] = verdict }
        self.detailFrom = try RetentionCounters.detailFrom(db)
        self.openSessions = try OpenSessions(db)
        self.unsealedSince = self.open?.baseTime
    }

    /// The hash of the latest seal.
    var lastHash: [UInt8] { self.sealer.lastHash }

    /// What the open segment refers to.
    var openReferences: LedgerPruner.OpenReferences {
        LedgerPruner.OpenReferences(job: self.open?.lowestJob ?? .max, stint: self.open?.lowestStint ?? .max)
    }

    /// Whether the open segment is due to be sealed.
    func isSealDue(now: Int64, interval: Int64) -> Bool {
        guard let since = self.unsealedSince else { return false }
        let (age, overflow) = now.subtractingReportingOverflow(since)
        // A clock that was set back does not keep a segment open.
        return overflow || age >= interval || age < -interval
    }

    /// Puts a batch into the tables; part of a transaction. `now`: milliseconds since 1970.
    mutating func write(_ batch: LedgerBatch, now: Int64, _ db: Database) throws -> Outcome {
        var outcome = Outcome(contradictions: batch.contradictions)
        try self.forgetDropped(db)
        try batch.writeNames(db)
        try self.openSessions.write(batch, db)
        try batch.writeJobs(db)
        let statements = try Statements(db)
        let isBehind = batch.rows.count > Self.gentleRows
        for (index, row) in batch.rows.enumerated() {
            if index % Self.rowsAtOnce == 0, !isBehind { sched_yield() }
            try self.add(row, now: now, &outcome, statements, db)
        }
        for verdict in batch.verdicts { try self.settle(verdict, now: now, statements, db) }
        let hasEvents = !batch.lateVerdicts.isEmpty || !batch.poolEvents.isEmpty || !batch.totals.isEmpty
        try batch.writeLateVerdicts(db)
        try batch.writePoolEvents(db)
        try batch.writeTotals(db)
        let hasSessions = !batch.sessions.isEmpty || !batch.closings.isEmpty
        if hasEvents || hasSessions || self.open != nil { self.unsealedSince = self.unsealedSince ?? now }
        return outcome
    }

    /// Seals what is not sealed yet; part of a transaction.
    mutating func seal(now: Int64, _ db: Database) throws {
        if try self.sealer.seal(self.open, number: self.nextSegment, time: now, db) {
            self.nextSegment += 1
            self.open = nil
        }
        self.unsealedSince = nil
    }

    /// Settles all that no event will settle any more, at the end of a run or after one that ended without an end; part
    /// of a transaction.
    /// - Returns: How many shares are now unknown.
    mutating func settleRest(now: Int64, _ db: Database) throws -> Int {
        let rest = self.pending.keys.sorted()
        let statements = try Statements(db)
        for id in rest { try self.settle(LedgerVerdict(id: id, verdict: .unknown), now: now, statements, db) }
        try db.execute(sql: "DELETE FROM heldVerdict")
        self.held = [:]
        return rest.count
    }

    /// Closes the sessions that a run left open; part of a transaction.
    mutating func closeSessions(time: Int64, reason: String, now: Int64, _ db: Database) throws {
        guard try self.openSessions.closeAll(time: time, reason: reason, db) else { return }
        self.unsealedSince = self.unsealedSince ?? now
    }

    /// Begins a file that continues a damaged one, with what `former` had open and unsettled; part of a transaction.
    mutating func begin(continuing former: LedgerBook?, now: Int64, cause: String, _ db: Database) throws {
        let statements = try Statements(db)
        for share in (former?.pending ?? [:]).values.sorted(by: { $0.id < $1.id }) {
            self.pending[share.id] = share
            try WaitingRows.insert(share, with: statements.insertPending)
        }
        for verdict in (former?.held ?? [:]).values {
            self.held[verdict.id] = verdict
            try HeldVerdicts.insert(verdict, db)
        }
        if let former { try self.openSessions.take(former.openSessions, db) }
        let event = LedgerPoolEvent(time: now, kind: .replaced, pool: 0, cause: cause)
        try event.insert(id: try SealedStream.poolEvent.nextID(db), db)
        self.unsealedSince = now
    }

    /// What was dropped from the file because of its age is not to be referred to any more.
    private mutating func forgetDropped(_ db: Database) throws {
        let detailFrom = try RetentionCounters.detailFrom(db)
        guard detailFrom != self.detailFrom else { return }
        self.detailFrom = detailFrom
        self.context = ShareContext()
        self.stints.forget()
    }

    /// Gives up on verdicts whose share is in no lane; part of a transaction.
    mutating func forget(_ verdicts: [LedgerVerdict], _ db: Database) throws {
        for verdict in verdicts {
            self.held[verdict.id] = nil
            try HeldVerdicts.delete(verdict.id, db)
        }
    }

    // MARK: - Shares

    private mutating func add(
        _ row: LedgerBatch.Row,
        now: Int64,
        _ outcome: inout Outcome,
        _ statements: Statements,
        _ db: Database
    ) throws {
        guard row.share.verdict == .pending else {
            outcome.shares += 1
            return try self.append(row.share, latency: row.latency, now: now, statements, db)
        }
        guard self.pending[row.share.id] == nil else { return outcome.contradictions += 1 }
        outcome.shares += 1
        self.pending[row.share.id] = row.share
        try WaitingRows.insert(row.share, with: statements.insertPending)
        guard let verdict = self.held.removeValue(forKey: row.share.id) else { return }
        try HeldVerdicts.delete(verdict.id, db)
        try self.settle(verdict, now: now, statements, db)
    }

    private mutating func settle(
        _ verdict: LedgerVerdict,
        now: Int64,
        _ statements: Statements,
        _ db: Database
    ) throws {
        guard var share = self.pending.removeValue(forKey: verdict.id) else {
            self.held[verdict.id] = verdict
            return try HeldVerdicts.insert(verdict, db)
        }
        statements.deletePending.bind(1, verdict.id)
        try statements.deletePending.run()
        share.verdict = verdict.verdict
        share.reason = verdict.reason
        share.reasonCode = verdict.reasonCode
        try self.append(share, latency: verdict.latency, now: now, statements, db)
    }

    /// Adds a settled share at the end of the book.
    private mutating func append(
        _ share: LedgerShare,
        latency: Int64?,
        now: Int64,
        _ statements: Statements,
        _ db: Database
    ) throws {
        if let open = self.open, self.isWhole(open, before: share) { try self.seal(now: now, db) }
        var open = try self.open ?? self.begin(share, db)
        // So that the segment is not copied when it changes.
        self.open = nil
        let (jobID, job) = try self.job(of: share, db)
        let stint = try self.stints.of(share, self.openSessions, db)
        let reason = try self.context.reason(Int64(share.reason), db)
        let row = ShareRow(share, latency: latency, in: open, stint: stint.id, job: jobID)
        let sums = OpenSegment.Row(
            time: share.time,
            worker: share.worker,
            pool: job.pool,
            job: jobID,
            stint: stint.id,
            outcome: row.outcome,
            difficulty: share.difficulty.stored,
            poolDifficulty: job.poolDifficulty
        )
        try row.withClaim { claim in
            try row.insert(claim: claim, with: statements.insertShare)
            open.add(sums) { bytes in
                CanonicalShare.append(
                    to: &bytes,
                    entry: row.entry,
                    id: share.id,
                    time: share.time,
                    stint: stint.canonical,
                    job: job.canonical,
                    packedDifficulty: row.packedDifficulty,
                    outcome: row.outcome.rawValue,
                    reasonCode: share.reasonCode,
                    reason: reason,
                    latency: latency,
                    claim: claim
                )
            }
        }
        self.open = open
    }

    /// The job of a share under the number by which its row refers to it. It may come from memory, its row later.
    private mutating func job(of share: LedgerShare, _ db: Database) throws -> (id: Int64, job: ShareContext.Job) {
        let id = share.job > 0 ? share.job : -Int64(share.pool)
        if let known = try self.context.job(id, db) { return (id, known) }
        let missing = LedgerJob(
            id: id,
            jobID: String(id, radix: 16),
            pool: share.pool,
            poolJobID: "",
            poolDifficulty: 0
        )
        try (self.recentJobs[id] ?? missing).insert(db)
        guard let inserted = try self.context.job(id, db) else { throw LedgerDamage(column: "job") }
        return (id, inserted)
    }

    private func isWhole(_ segment: borrowing OpenSegment, before share: LedgerShare) -> Bool {
        if segment.count >= self.segmentRows { return true }
        guard segment.count >= self.minuteRows, let last = segment.lastMinute else { return false }
        return LedgerTime.minute(share.time) > last
    }

    private func begin(_ share: LedgerShare, _ db: Database) throws -> OpenSegment {
        try db.cachedStatement(sql: "INSERT INTO segment (id, baseTime, baseShare) VALUES (?, ?, ?)")
            .execute(arguments: [self.nextSegment, share.time, share.id])
        return OpenSegment(number: self.nextSegment, baseTime: share.time, baseShare: share.id)
    }
}
