/// A fact for the ledger.
///
/// A share's receipt and its verdict may be recorded on different lanes, as long as the receipt comes first.
package enum LedgerEvent: Sendable, Hashable {
    /// A session has authorised its first worker.
    case sessionOpened(LedgerSession)
    /// `time` in milliseconds since 1970, UTC.
    case sessionClosed(id: Int64, time: Int64, reason: String)
    /// A job was issued; once per job, before its first share.
    case job(LedgerJob)
    /// A share came; recorded before it is forwarded or answered.
    case share(LedgerShare)
    /// A pending share has its final verdict; recorded before the miner is answered.
    case settled(LedgerVerdict)
    /// The pool's word on a share that was settled as lost; kept beside the share, which does not change.
    case lateVerdict(LedgerVerdict)
    /// Something happened to a pool.
    case poolEvent(LedgerPoolEvent)
    /// An interned name; recorded by the ledger itself.
    case name(LedgerName)
}

/// One miner's connection.
package struct LedgerSession: Sendable, Hashable {
    /// Router-wide, from `Ledger.nextSessionID` on.
    package var id: Int64
    /// Milliseconds since 1970, UTC.
    package var time: Int64
    /// The first worker it authorised.
    package var worker: Int32
    /// The miner's address.
    package var remote: String
    /// What the miner says it is; "" if nothing.
    package var userAgent: String

    package init(id: Int64, time: Int64, worker: Int32, remote: String, userAgent: String) {
        self.id = id
        self.time = time
        self.worker = worker
        self.remote = remote
        self.userAgent = userAgent
    }
}

/// One issued job.
package struct LedgerJob: Sendable, Hashable {
    /// Router-wide, from `Ledger.nextJobID` on.
    package var id: Int64
    /// As the miners saw it.
    package var jobID: String
    package var pool: Int32
    /// As the pool named it.
    package var poolJobID: String
    package var poolDifficulty: Double

    package init(id: Int64, jobID: String, pool: Int32, poolJobID: String, poolDifficulty: Double) {
        self.id = id
        self.jobID = jobID
        self.pool = pool
        self.poolJobID = poolJobID
        self.poolDifficulty = poolDifficulty
    }
}

/// The kinds of pool events; the raw values are stored and shown to users.
package enum LedgerPoolEventKind: String, Sendable, Hashable, CaseIterable {
    case up
    case down
    case failover
    case failback
    /// Load moved for another reason: weights, drain, configuration.
    case rebalance
    case suspect
    case ejected
    case readmitted
    case drained
    case enabled
    case disabled
    case authorizationRefused = "authorization_refused"
    case jobSilence = "job_silence"
    case verdictSilence = "verdict_silence"
    case behind
    case hold
    /// A pool would have been put aside, were it not the last one.
    case panic
    /// A pool's coinbase pays somebody else.
    case payout
    /// A pool sent what a pool may not send.
    case overstep
    /// A pool works on another chain than one it is compared with.
    case stranger
    case configured
    /// Rows were dropped from the ledger because of their age.
    case pruned
    /// The ledger was damaged; this file continues it.
    case replaced = "ledger_replaced"
}

/// Something that happened to a pool, with its consequences where they are known.
package struct LedgerPoolEvent: Sendable, Hashable {
    /// Milliseconds since 1970, UTC.
    package var time: Int64
    package var kind: LedgerPoolEventKind
    package var pool: Int32
    /// Why, in words.
    package var cause: String
    /// Milliseconds from the first sign to the decision.
    package var detection: Int64?
    package var sessionsMoved: Int64?
    package var sharesLost: Int64?
    /// Where the sessions came from and went to.
    package var fromPool: Int32?
    package var toPool: Int32?
    package var detail: String

    package init(
        time: Int64,
        kind: LedgerPoolEventKind,
        pool: Int32,
        cause: String,
        detection: Int64? = nil,
        sessionsMoved: Int64? = nil,
        sharesLost: Int64? = nil,
        fromPool: Int32? = nil,
        toPool: Int32? = nil,
        detail: String = ""
    ) {
        self.time = time
        self.kind = kind
        self.pool = pool
        self.cause = cause
        self.detection = detection
        self.sessionsMoved = sessionsMoved
        self.sharesLost = sharesLost
        self.fromPool = fromPool
        self.toPool = toPool
        self.detail = detail
    }
}

/// The definition of an interned name.
package struct LedgerName: Sendable, Hashable {
    /// What is named.
    package enum Kind: UInt8, Sendable, Hashable, CaseIterable {
        case route = 0
        case worker = 1
        case pool = 2
        case reason = 3
    }

    package var kind: Kind
    package var id: Int32
    /// The route of a worker or pool; 0 otherwise.
    package var route: Int32
    package var text: String
    /// Of a route; nil: not said, and so as it was before.
    package var `protocol`: LedgerProtocol?
}
