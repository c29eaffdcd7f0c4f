package import Stratum

/// What became of a share, or what the router thought of it.
package enum ShareVerdict: Sendable, Hashable {
    /// Sent to the pool; its verdict is awaited.
    case pending
    case accepted
    /// Refused, by the router before it was sent or by the pool.
    case refused(Rejection)
    /// Meets the session's difficulty, not the pool's: counted for the worker.
    case counted
    /// The pool never said: the link died or the deadline passed.
    case lost(String)
}

/// One share as the router received and judged it.
package struct ShareRecord: Sendable {
    package var id: Int64
    /// Milliseconds since 1970, UTC.
    package var time: Int64
    package var session: Int64
    /// Handles from ``RouterObserver``; pool 0 when the job is unknown.
    package var worker: Int32
    package var pool: Int32
    /// ``IssuedJob/number``; 0 when unknown.
    package var job: UInt64
    package var difficulty: Double
    package var shareDifficulty: Double
    package var forwarded: Bool
    package var answeredImmediately: Bool
    package var verdict: ShareVerdict
    /// The pool's extranonce2: padding, prefix, and the miner's part.
    package var padding: [UInt8]
    package var prefix: [UInt8]
    package var extranonce2: Extranonce2
    package var ntime: UInt32
    package var nonce: UInt32
    package var versionBits: UInt32?
}

/// The final verdict on a share that was pending.
package struct SettledShare: Sendable {
    package var id: Int64
    package var verdict: ShareVerdict
    package var latencyMicroseconds: Int64?
}

/// Something that happened to a pool, for the ledger and the log.
package struct RouteEvent: Sendable {
    package enum Kind: String, Sendable {
        case up
        case down
        case suspect
        case cleared
        case recovering
        case failover
        case failback
        case rebalance
        case drained
        case enabled
        case disabled
        case authorizationRefused = "authorization_refused"
        case hold
        /// Put aside for what it did, and taken back.
        case ejected
        case readmitted
        /// It would be put aside, were it not the last one.
        case panic
        /// Its coinbase pays somebody else.
        case payout
        /// It sent what a pool may not send.
        case overstep
        /// It works on another chain than a pool it is compared with.
        case stranger
    }

    package var kind: Kind
    /// Milliseconds since 1970, UTC.
    package var time: Int64
    package var route: String
    package var pool: String
    package var from: String?
    package var to: String?
    package var cause: String
    /// How long the pool had been failing when the router decided so, in milliseconds; 0 where it told us itself.
    package var detection: Int64?
    package var sessionsMoved: Int?
    package var sharesLost: Int?
    /// What more is known of a failover.
    package var receipt: FailoverReceipt?
}

/// What a failover came to.
package struct FailoverReceipt: Sendable, Hashable {
    /// When the pool last sent a job or accepted a share. Milliseconds since 1970, UTC.
    package var lastGood: Int64?
    /// From the decision to the last session's new job, in milliseconds; nil if some never had one.
    package var completion: Int64?
    /// Sessions that had no new job when the waiting ended.
    package var sessionsWaiting = 0
    /// Sessions that ended before they had one; not among those moved.
    package var sessionsClosed = 0
    /// Σ pool difficulty of the lost shares.
    package var workLost = 0.0
    /// The same in hashes.
    package var hashesLost = 0.0
}

/// Where the router announces what happens. Lanes are used on their own event loop only, and return at once; when
/// ``RouterLane/received(_:)`` returns, the share survives the death of the process.
package protocol RouterObserver: Sendable {
    func makeLane() -> any RouterLane
    /// First free id after those of earlier runs.
    var nextShareID: Int64 { get }
    var nextSessionID: Int64 { get }
    var nextJobNumber: UInt64 { get }
    /// A handle for a worker's or pool's name. May take a lock; never waits for a disk.
    func worker(_ name: String, route: String) -> Int32
    func pool(_ name: String, route: String) -> Int32
}

/// One event loop's way to the observer.
package protocol RouterLane: AnyObject {
    func opened(session: Int64, time: Int64, worker: Int32, remote: String, userAgent: String)
    func closed(session: Int64, time: Int64, reason: String)
    func issued(_ job: IssuedJob)
    func received(_ share: ShareRecord)
    func settled(_ share: SettledShare)
    /// A verdict on a share that was already settled as lost.
    func settledLate(_ share: SettledShare)
    func happened(_ event: RouteEvent)
}
