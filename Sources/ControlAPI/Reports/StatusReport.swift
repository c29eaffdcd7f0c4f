package import Foundation

/// Where the router is in its life.
package enum RouterState: String, Codable, Sendable {
    /// No route has had a usable pool yet.
    case starting
    case running
    /// Takes no new miners and waits for shares in flight.
    case draining
}

/// The router as a whole.
///
/// The names of the fields of this and all other reports, in snake_case, are a promise to users. A field without a value
/// is left out.
package struct StatusReport: Codable, Sendable, Equatable {
    package var version: String
    package var pid: Int
    package var state: RouterState
    package var started: Date
    package var uptimeSeconds: Double
    package var routes: [RouteReport]
    package var ledger: LedgerReport
    /// What the operator should look at, one sentence each.
    package var warnings: [String]

    package init(
        version: String,
        pid: Int,
        state: RouterState,
        started: Date,
        uptimeSeconds: Double,
        routes: [RouteReport],
        ledger: LedgerReport,
        warnings: [String] = []
    ) {
        self.version = version
        self.pid = pid
        self.state = state
        self.started = started
        self.uptimeSeconds = uptimeSeconds
        self.routes = routes
        self.ledger = ledger
        self.warnings = warnings
    }
}

/// One route: its listeners and the sum of what runs over it.
package struct RouteReport: Codable, Sendable, Equatable {
    package var name: String
    /// What its miners and pools speak, as the configuration calls it.
    package var `protocol`: String
    /// `host:port` of each listener, as bound.
    package var listeners: [String]
    package var sessions: Int
    /// Distinct authorised worker names.
    package var workers: Int
    /// Pools that could carry work now.
    package var poolsUsable: Int
    package var poolsTotal: Int
    /// Pools that carry work now.
    package var activePools: [String]
    /// In `hashrateUnit`.
    package var hashrate: Double
    /// `H/s`, or what the route's protocol counts: `Sol/s`.
    package var hashrateUnit: String
    /// Since the router started.
    package var shares: ShareCounts

    package init(
        name: String,
        protocol: String = "bitcoin",
        listeners: [String] = [],
        sessions: Int = 0,
        workers: Int = 0,
        poolsUsable: Int = 0,
        poolsTotal: Int = 0,
        activePools: [String] = [],
        hashrate: Double = 0,
        hashrateUnit: String = HumanUnits.hashrateUnit,
        shares: ShareCounts = ShareCounts()
    ) {
        self.name = name
        self.protocol = `protocol`
        self.listeners = listeners
        self.sessions = sessions
        self.workers = workers
        self.poolsUsable = poolsUsable
        self.poolsTotal = poolsTotal
        self.activePools = activePools
        self.hashrate = hashrate
        self.hashrateUnit = hashrateUnit
        self.shares = shares
    }
}

/// Shares by verdict: each share is counted once. The names are those of the ledger.
package struct ShareCounts: Codable, Sendable, Equatable {
    package var accepted: Int
    package var rejected: Int
    package var stale: Int
    package var duplicate: Int
    package var lowDifficulty: Int
    package var malformed: Int
    package var unauthorized: Int
    /// Good for the session's difficulty, not for the pool's: answered, never forwarded.
    package var counted: Int
    package var lost: Int
    /// Forwarded, no verdict yet.
    package var pending: Int

    package init(
        accepted: Int = 0,
        rejected: Int = 0,
        stale: Int = 0,
        duplicate: Int = 0,
        lowDifficulty: Int = 0,
        malformed: Int = 0,
        unauthorized: Int = 0,
        counted: Int = 0,
        lost: Int = 0,
        pending: Int = 0
    ) {
        self.accepted = accepted
        self.rejected = rejected
        self.stale = stale
        self.duplicate = duplicate
        self.lowDifficulty = lowDifficulty
        self.malformed = malformed
        self.unauthorized = unauthorized
        self.counted = counted
        self.lost = lost
        self.pending = pending
    }

    /// The final verdicts, each with its name in the ledger.
    package var settled: [(verdict: String, count: Int)] {
        [
            ("accepted", self.accepted), ("rejected", self.rejected), ("stale", self.stale),
            ("duplicate", self.duplicate), ("low_difficulty", self.lowDifficulty), ("malformed", self.malformed),
            ("unauthorized", self.unauthorized), ("counted", self.counted), ("lost", self.lost),
        ]
    }
}

/// How the record of shares is doing.
package struct LedgerReport: Codable, Sendable, Equatable {
    package enum State: String, Codable, Sendable {
        case healthy
        /// Rows cannot be written as they should; totals are kept in memory and mining goes on.
        case degraded
    }

    package var path: String
    package var state: State
    /// Bytes recorded and not yet committed.
    package var queuedBytes: Int
    /// Rows written since the router started.
    package var rows: Int
    /// Gaps recorded since the router started.
    package var gapShares: Int
    package var lastError: String?

    package init(
        path: String,
        state: State = .healthy,
        queuedBytes: Int = 0,
        rows: Int = 0,
        gapShares: Int = 0,
        lastError: String? = nil
    ) {
        self.path = path
        self.state = state
        self.queuedBytes = queuedBytes
        self.rows = rows
        self.gapShares = gapShares
        self.lastError = lastError
    }
}
