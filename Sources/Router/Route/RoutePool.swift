import NIOCore
package import PoolPool
import Stratum

/// One pool of a route, as the route's core sees it beside what ``RoutePolicy`` knows under the same index.
struct RoutePool {
    let handle: Int32
    let memory = PoolMemory()
    /// How much nonce space it leaves; known once a link has subscribed.
    var room: Int?
    /// The kinds of miners that it can give work; nil before a job came.
    var kinds: UInt8?
    /// Version bits of the newest job; nil before one came.
    var versionMask: UInt32?
    var difficulty: Double?
    var block: [UInt8] = []
    var blockSince: NIODeadline?
    var lastFailure: LinkFailure?
    var tally = PoolTally()
    /// Lost since the pool was last good: shares, and Σ their difficulties.
    var lostInOutage = 0
    var workLostInOutage = 0.0
    /// Links waiting to be opened, when many are wanted at once.
    var toOpen: [LinkKey] = []
    /// When its payouts were last told of, and what has been seen since and is still to be told.
    var payoutTold: NIODeadline?
    var payoutUntold: String?
    /// When it was last told that the pool sent what a pool may not send: nonsense, and an attack.
    var nonsenseTold: NIODeadline?
    var attackTold: NIODeadline?
    /// What the operator should look at; until the pool is enabled or reconfigured.
    var payoutWarning: String?
    /// Since when a draining pool has been empty.
    var emptySince: NIODeadline?
    /// No longer configured: goes when it is drained.
    var isRemoved = false
}

/// A pool's shares and connections since the router started.
package struct PoolTally: Sendable {
    package var forwarded = 0
    package var accepted = 0
    package var rejected = 0
    package var lost = 0
    package var late = 0
    /// Σ pool difficulty of accepted shares.
    package var acceptedWork = 0.0
    /// Verdict latencies in microseconds, the newest ones.
    package var latencies = LatencyWindow()
}

/// One pool link and what the core needs beside it.
final class RouteLink {
    let link: PoolLink
    let pool: String
    let space: Int
    var issuer: JobIssuer
    /// The newest job of the link, also one that leaves too little nonce space for its sessions.
    var received: (job: UpstreamJob, connection: ConnectionID)?
    var current: IssuedJob?
    var lastIssue: NIODeadline
    var lastClean: NIODeadline?
    var sessions: Set<Int64> = []
    /// A job came that could not be issued as new work yet.
    var owesIssue = false
    /// The pool refused to authorise this link's user; not tried again before this.
    var refusedUntil: NIODeadline?
    var idleSince: NIODeadline?
    /// Whom the pool's coinbase pays on this link.
    var payouts = PayoutGuardState()

    init(link: PoolLink, pool: String, space: Int, issuer: JobIssuer, now: NIODeadline) {
        self.link = link
        self.pool = pool
        self.space = space
        self.issuer = issuer
        self.lastIssue = now
    }

    var canServe: Bool { self.link.isReady && self.current != nil }
}

/// A session that wants work, and where it gets it. A reference, since a table of thousands of values this large would
/// be half empty.
final class Placement {
    /// What is of interest only until a session has settled, which most have.
    private final class Move {
        var wanted: LinkKey?
        var idleSince: NIODeadline?
        var receipt: Int?
    }

    var introduction: SessionIntroduction
    /// The link it mines on.
    var link: LinkKey?
    private var move: Move?

    init(introduction: SessionIntroduction) {
        self.introduction = introduction
    }

    /// The link it moves to as soon as that is ready.
    var wanted: LinkKey? {
        get { self.move?.wanted }
        set { self.set(newValue) { $0.wanted = newValue } }
    }

    /// Since when it has no link at all.
    var idleSince: NIODeadline? {
        get { self.move?.idleSince }
        set { self.set(newValue) { $0.idleSince = newValue } }
    }

    /// The failover that took its pool away and waits until it has work again.
    var receipt: Int? {
        get { self.move?.receipt }
        set { self.set(newValue) { $0.receipt = newValue } }
    }

    private func set<Value>(_ value: Value?, _ change: (Move) -> Void) {
        guard self.move != nil || value != nil else { return }
        let move = self.move ?? Move()
        change(move)
        self.move = move.wanted == nil && move.idleSince == nil && move.receipt == nil ? nil : move
    }
}
