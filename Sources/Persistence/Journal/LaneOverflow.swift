/// What a lane could not put into the journal: totals instead of shares, and the few events that need no room to speak
/// of.
struct LaneOverflow: Sendable {
    /// Shares that are told apart by nothing but this.
    struct Key: Hashable, Sendable {
        var worker: Int32
        var pool: Int32
        var verdict: LedgerVerdictKind
        var forwarded: Bool
        /// Hours since 1970, so that totals by the hour stay right.
        var hour: Int64
    }

    /// The sums over such shares.
    struct Total: Sendable, Hashable {
        var shares: Int64 = 0
        /// Σ session difficulty.
        var sessionWork: Double = 0
        /// Σ pool difficulty of the forwarded ones.
        var poolWork: Double = 0
        /// Time of the first and the last share.
        var begin: Int64
        var end: Int64

        mutating func add(_ other: Total) {
            self.shares += other.shares
            self.sessionWork += other.sessionWork
            self.poolWork += other.poolWork
            self.begin = min(self.begin, other.begin)
            self.end = max(self.end, other.end)
        }
    }

    /// A forwarded share that was not recorded and has no verdict yet.
    private struct PendingShare: Sendable {
        var key: Key
        var total: Total
    }

    /// Events other than shares are held up to this number, then dropped and counted.
    static let heldLimit = 10_000

    /// Events that still are to be recorded, in order.
    private(set) var held: [LedgerEvent] = []
    private(set) var totals: [Key: Total] = [:]
    private(set) var droppedEvents = 0
    private var pending: [Int64: PendingShare] = [:]

    /// Nothing waits to be written.
    var isWritten: Bool { self.held.isEmpty && self.totals.isEmpty && self.droppedEvents == 0 }
    /// Nothing waits to be written, and no verdict concerns a share that was not recorded.
    var isEmpty: Bool { self.isWritten && self.pending.isEmpty }

    /// Takes an event for which the journal has no room.
    mutating func add(_ event: LedgerEvent, poolDifficulty: (Int64) -> Double) {
        switch event {
        case .share(let share):
            self.add(share, poolDifficulty: share.forwarded ? poolDifficulty(share.job) : 0)
        case .settled(let verdict):
            // A verdict on a share that was recorded: there are no more of these than shares were under way, so none is
            // dropped.
            if !self.settle(verdict) { self.held.append(event) }
        case .sessionOpened, .sessionClosed, .job, .lateVerdict, .poolEvent:
            if self.held.count < Self.heldLimit { self.held.append(event) } else { self.droppedEvents += 1 }
        case .name:
            self.held.append(event)
        }
    }

    /// Counts the verdict, if its share is one that was not recorded.
    mutating func settle(_ verdict: LedgerVerdict) -> Bool {
        guard var share = self.pending.removeValue(forKey: verdict.id) else { return false }
        share.key.verdict = verdict.verdict
        self.totals[share.key, default: Total(begin: share.total.begin, end: share.total.end)].add(share.total)
        return true
    }

    /// Settles all that is pending as unknown, at the end.
    mutating func settleRest() {
        for id in self.pending.keys.sorted() { _ = self.settle(LedgerVerdict(id: id, verdict: .unknown)) }
    }

    /// Hands over all that waits to be written.
    mutating func takeAll() -> LaneOverflow {
        var taken = LaneOverflow()
        swap(&taken.held, &self.held)
        swap(&taken.totals, &self.totals)
        swap(&taken.droppedEvents, &self.droppedEvents)
        return taken
    }

    /// Hands over the names among the held events.
    mutating func takeNames() -> [LedgerEvent] {
        guard !self.held.isEmpty else { return [] }
        let isName = { (event: LedgerEvent) in if case .name = event { true } else { false } }
        defer { self.held.removeAll(where: isName) }
        return self.held.filter(isName)
    }

    /// Hands over the held events.
    mutating func takeHeld() -> [LedgerEvent] {
        defer { self.held = [] }
        return self.held
    }

    /// Takes back what could not be put into the journal after all.
    mutating func putBack(_ events: ArraySlice<LedgerEvent>) {
        self.held.insert(contentsOf: events, at: 0)
    }

    /// Adds what another lane has.
    mutating func merge(_ other: LaneOverflow) {
        self.held += other.held
        self.droppedEvents += other.droppedEvents
        for (key, total) in other.totals {
            self.totals[key, default: Total(begin: total.begin, end: total.end)].add(total)
        }
    }

    private mutating func add(_ share: LedgerShare, poolDifficulty: Double) {
        let key = Key(
            worker: share.worker,
            pool: share.pool,
            verdict: share.verdict,
            forwarded: share.forwarded,
            hour: share.time / 3_600_000
        )
        let total = Total(
            shares: 1,
            sessionWork: share.difficulty,
            poolWork: poolDifficulty,
            begin: share.time,
            end: share.time
        )
        if share.verdict == .pending {
            self.pending[share.id] = PendingShare(key: key, total: total)
        } else {
            self.totals[key, default: Total(begin: share.time, end: share.time)].add(total)
        }
    }
}
