/// Events gathered for one transaction, a share and its verdict made one.
struct LedgerBatch {
    /// A share with what became of it.
    struct Row {
        var share: LedgerShare
        var latency: Int64?
    }

    private(set) var names: [LedgerName] = []
    private(set) var sessions: [LedgerSession] = []
    private(set) var closings: [(id: Int64, time: Int64, reason: String)] = []
    private(set) var jobs: [LedgerJob] = []
    private(set) var rows: [Row] = []
    /// Verdicts on shares that are not among `rows`.
    private(set) var verdicts: [LedgerVerdict] = []
    private(set) var lateVerdicts: [LedgerVerdict] = []
    private(set) var poolEvents: [LedgerPoolEvent] = []
    private(set) var totals: [LaneOverflow.Key: LaneOverflow.Total] = [:]
    private(set) var highWater: LedgerHighWater
    /// Events that contradicted others of this batch and were left out.
    private(set) var contradictions = 0
    /// Events taken in.
    private(set) var count = 0
    private var rowIndex: [Int64: Int] = [:]

    init(highWater: LedgerHighWater) {
        self.highWater = highWater
    }

    var isEmpty: Bool { self.count == 0 && self.totals.isEmpty }

    mutating func add(_ event: LedgerEvent) {
        self.count += 1
        self.highWater.note(event)
        switch event {
        case .share(let share): self.add(share)
        case .settled(let verdict): self.settle(verdict)
        case .lateVerdict(let verdict): self.lateVerdicts.append(verdict)
        case .sessionOpened(let session): self.sessions.append(session)
        case .sessionClosed(let id, let time, let reason): self.closings.append((id, time, reason))
        case .job(let job): self.jobs.append(job)
        case .poolEvent(let event): self.poolEvents.append(event)
        case .name(let name): self.names.append(name)
        }
    }

    mutating func add(_ overflow: LaneOverflow) {
        for event in overflow.held { self.add(event) }
        self.totals = overflow.totals
    }

    private mutating func add(_ share: LedgerShare) {
        guard self.rowIndex[share.id] == nil else {
            self.contradictions += 1
            return
        }
        self.rowIndex[share.id] = self.rows.count
        self.rows.append(Row(share: share, latency: nil))
    }

    private mutating func settle(_ verdict: LedgerVerdict) {
        guard let index = self.rowIndex[verdict.id] else {
            self.verdicts.append(verdict)
            return
        }
        guard self.rows[index].share.verdict == .pending else {
            self.contradictions += 1
            return
        }
        self.rows[index].share.verdict = verdict.verdict
        self.rows[index].share.reason = verdict.reason
        self.rows[index].share.reasonCode = verdict.reasonCode
        self.rows[index].latency = verdict.latency
    }
}
