/// Where the ledger is and how much it may hold back.
package struct LedgerConfiguration: Sendable {
    /// The SQLite file. `<path>.journal/` and `<path>.lock` stand beside it.
    package var path: String
    /// Milliseconds between two group commits; with `durability: process` more of them when much happens, see `CommitPace`.
    package var commitInterval: Int
    /// Most events in one transaction.
    package var batchLimit: Int
    /// Most bytes of journal on disk that await writing; at least a few mebibytes.
    package var journalLimit: Int
    /// Most bytes of events held in memory alone, when the journal cannot grow.
    package var memoryLimit: Int
    /// Distinct worker names, over all routes; later ones are recorded as `(other)`.
    package var workerLimit: Int
    /// Distinct reject reasons; later ones are recorded as `(other)`.
    package var reasonLimit: Int
    /// What a group commit survives.
    package var durability: LedgerDurability
    /// Milliseconds after which single shares are dropped and only totals stay; nil: never.
    package var keepShares: Int64?
    /// Milliseconds after which totals and events are dropped; nil: never.
    package var keepRollups: Int64?
    /// Milliseconds after which a segment is sealed, be it full or not.
    package var sealInterval: Int64
    /// Signs seals.
    package var sealKey: SealKey?

    package init(
        path: String,
        commitInterval: Int = 50,
        batchLimit: Int = 50_000,
        journalLimit: Int = 256 << 20,
        memoryLimit: Int = 64 << 20,
        workerLimit: Int = 1_000_000,
        reasonLimit: Int = 10_000,
        durability: LedgerDurability = .process,
        keepShares: Int64? = nil,
        keepRollups: Int64? = nil,
        sealInterval: Int64 = 600_000,
        sealKey: SealKey? = nil
    ) {
        self.path = path
        self.commitInterval = commitInterval
        self.batchLimit = max(batchLimit, 1)
        self.journalLimit = journalLimit
        self.memoryLimit = memoryLimit
        self.workerLimit = workerLimit
        self.reasonLimit = reasonLimit
        self.durability = durability
        self.keepShares = keepShares
        self.keepRollups = keepRollups
        self.sealInterval = sealInterval
        self.sealKey = sealKey
    }
}

/// What a recorded share survives.
package enum LedgerDurability: String, Sendable, Hashable, CaseIterable {
    /// The end of the process at any moment; a power failure may cost what the kernel had not written yet.
    case process
    /// Each group commit waits for the disk: a power failure costs at most the shares since the last one.
    case power
}

/// How the ledger is doing, at one moment.
package struct LedgerState: Sendable, Hashable {
    /// Whether all that happens is being recorded.
    package enum Health: Sendable, Hashable {
        case healthy
        /// Mining goes on, but the reason says what is not being written.
        case degraded(reason: String)
    }

    package var health: Health = .healthy
    /// Bytes recorded that are not committed yet.
    package var queuedBytes = 0
    /// Events committed since the start.
    package var committedEvents = 0
    /// Share rows committed since the start.
    package var committedShares = 0
    /// Shares since the start that are known only as totals.
    package var gapShares = 0
    /// Other events since the start that were dropped.
    package var droppedEvents = 0
    /// Verdicts and shares that contradicted what was recorded and were left out (a fault of the caller).
    package var contradictions = 0
    /// Where the ledger that was found damaged is kept; nil: none was.
    package var damagedFile: String?
    /// The latest error of a write, also after it has been overcome.
    package var lastError: String?

    package init() {}
}
