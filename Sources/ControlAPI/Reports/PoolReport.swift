package import Foundation

/// What a pool is to its route now.
package enum PoolState: String, Codable, Sendable, CaseIterable {
    /// Carries work.
    case up
    /// Usable, carries nothing.
    case standby
    /// Something is wrong that is not yet confirmed; keeps the work it has.
    case suspect
    case down
    /// Connected, put aside for its results.
    case ejected
    /// Put aside by the operator; finishes what it has.
    case draining
    /// Not connected to, by configuration or by the operator.
    case disabled
    case connecting
}

/// One configured pool of one route.
package struct PoolReport: Codable, Sendable, Equatable {
    package var route: String
    /// What the route's miners and pools speak, as the configuration calls it.
    package var `protocol`: String
    package var name: String
    /// Without credentials.
    package var url: String
    package var priority: Int
    package var weight: Double
    package var state: PoolState
    /// When this state began.
    package var since: Date?
    /// Why it began.
    package var cause: String?
    /// Open connections to the pool.
    package var links: Int
    package var sessions: Int
    /// Of the sessions on it, in `hashrateUnit`.
    package var hashrate: Double
    /// `H/s`, or what the route's protocol counts: `Sol/s`.
    package var hashrateUnit: String
    /// Its part of the route's accepted work, 0 to 1.
    package var workShare: Double
    /// What it should have of the load now, 0 to 1.
    package var targetShare: Double
    /// Of its newest job.
    package var difficulty: Double?
    package var jobAgeSeconds: Double?
    /// Since it announced the block it works on.
    package var prevhashAgeSeconds: Double?
    /// Median of how long after the first pool of its chain it announced a block.
    package var lagSeconds: Double?
    /// Shares forwarded to it since the router started: accepted + rejected + lost + pending.
    package var forwarded: Int
    package var accepted: Int
    package var rejected: Int
    package var lost: Int
    package var pending: Int
    /// Median time to its verdict.
    package var latencyMs: Double?
    /// Since the router started.
    package var reconnects: Int
    package var lastError: String?

    package init(
        route: String,
        protocol: String = "bitcoin",
        name: String,
        url: String,
        priority: Int,
        weight: Double,
        state: PoolState,
        since: Date? = nil,
        cause: String? = nil,
        links: Int = 0,
        sessions: Int = 0,
        hashrate: Double = 0,
        hashrateUnit: String = HumanUnits.hashrateUnit,
        workShare: Double = 0,
        targetShare: Double = 0,
        difficulty: Double? = nil,
        jobAgeSeconds: Double? = nil,
        prevhashAgeSeconds: Double? = nil,
        lagSeconds: Double? = nil,
        forwarded: Int = 0,
        accepted: Int = 0,
        rejected: Int = 0,
        lost: Int = 0,
        pending: Int = 0,
        latencyMs: Double? = nil,
        reconnects: Int = 0,
        lastError: String? = nil
    ) {
        self.route = route
        self.protocol = `protocol`
        self.name = name
        self.url = url
        self.priority = priority
        self.weight = weight
        self.state = state
        self.since = since
        self.cause = cause
        self.links = links
        self.sessions = sessions
        self.hashrate = hashrate
        self.hashrateUnit = hashrateUnit
        self.workShare = workShare
        self.targetShare = targetShare
        self.difficulty = difficulty
        self.jobAgeSeconds = jobAgeSeconds
        self.prevhashAgeSeconds = prevhashAgeSeconds
        self.lagSeconds = lagSeconds
        self.forwarded = forwarded
        self.accepted = accepted
        self.rejected = rejected
        self.lost = lost
        self.pending = pending
        self.latencyMs = latencyMs
        self.reconnects = reconnects
        self.lastError = lastError
    }
}
