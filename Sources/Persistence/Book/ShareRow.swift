/// A settled share as its row in the book says it.
struct ShareRow {
    static let insertion = """
        INSERT INTO share (entry, shift, time, stint, job, shareDifficulty, outcome, reason, reasonCode, latency, claim)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """

    let entry: Int64
    let outcome: ShareOutcome
    let packedDifficulty: Int64
    private let shift: Int64
    private let time: Int64
    private let stint: Int64
    private let job: Int64
    private let reason: Int64
    private let reasonCode: Int64?
    private let latency: Int64?
    private let claim: ShareClaim

    /// The row of `share` as the next one of `segment`.
    init(_ share: LedgerShare, latency: Int64?, in segment: borrowing OpenSegment, stint: Int64, job: Int64) {
        self.entry = segment.nextEntry
        self.outcome = ShareOutcome(share)
        self.packedDifficulty = PackedDifficulty.pack(share.shareDifficulty)
        self.shift = share.id &- segment.baseShare &- Int64(segment.count)
        self.time = share.time &- segment.baseTime
        self.stint = stint
        self.job = job
        self.reason = Int64(share.reason)
        self.reasonCode = share.reasonCode.map(Int64.init)
        self.latency = latency
        self.claim = ShareClaim(share)
    }

    /// Hands the claim to `body` as it is stored.
    func withClaim(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        try self.claim.withBytes(body)
    }

    /// Runs `insertion`.
    func insert(claim: UnsafeRawBufferPointer, with statement: RawStatement) throws {
        statement.bind(1, self.entry)
        statement.bind(2, self.shift)
        statement.bind(3, self.time)
        statement.bind(4, self.stint)
        statement.bind(5, self.job)
        statement.bind(6, self.packedDifficulty)
        statement.bind(7, Int64(self.outcome.rawValue))
        statement.bind(8, self.reason)
        statement.bind(9, self.reasonCode)
        statement.bind(10, self.latency)
        statement.bind(11, blob: claim)
        try statement.run()
    }
}
