/// Which shares to read; what is empty does not restrict.
package struct LedgerShareFilter: Sendable, Hashable {
    package var workers: [String] = []
    package var pools: [String] = []
    package var routes: [String] = []
    package var verdicts: [LedgerVerdictKind] = []
    package var period = LedgerPeriod()
    /// Only the newest ones, this many.
    package var limit: Int?
    /// Only those in the book after this entry; nil: from its beginning.
    package var afterEntry: Int64?
    /// Without those that await their verdict.
    package var onlySettled = false

    package init() {}
}

/// A share as users see it. Names that were never recorded are nil.
package struct LedgerShareRecord: Sendable, Hashable {
    /// Its place in the book, which is in the order of settlement; nil while it is pending.
    package var entry: Int64?
    package var id: Int64
    /// Milliseconds since 1970, UTC.
    package var time: Int64
    package var route: String?
    /// What the miners of the route speak, as it was described last.
    package var `protocol`: String?
    package var worker: String?
    package var session: Int64
    package var remote: String?
    package var pool: String?
    /// As the miner and as the pool named it.
    package var job: String?
    package var poolJob: String?
    package var difficulty: Double
    package var poolDifficulty: Double?
    package var shareDifficulty: Double
    package var forwarded: Bool
    package var answeredImmediately: Bool
    package var verdict: LedgerVerdictKind
    package var reasonCode: Int32?
    package var reason: String?
    /// Microseconds from receipt to verdict.
    package var latency: Int64?
    /// Wire order.
    package var extranonce2: [UInt8]
    package var ntime: UInt32
    package var nonce: UInt32
    package var versionBits: UInt32?
    /// What the pool said when the share had already been settled as lost.
    package var lateVerdict: LedgerVerdictKind?
}
