package import Foundation

/// One authorised name of one route, over all its sessions.
package struct WorkerReport: Codable, Sendable, Equatable {
    package var worker: String
    package var route: String
    package var sessions: Int
    /// In `hashrateUnit`.
    package var hashrate: Double
    /// `H/s`, or what the route's protocol counts: `Sol/s`.
    package var hashrateUnit: String
    /// Standard deviation of the hashrate over the hashrate; missing while nothing is known.
    package var hashrateUncertainty: Double?
    /// Since the router started.
    package var shares: ShareCounts
    package var lastShare: Date?
    /// The highest of its sessions.
    package var difficulty: Double?
    /// Pools its sessions mine for now, usually one.
    package var pools: [String]

    package init(
        worker: String,
        route: String,
        sessions: Int = 0,
        hashrate: Double = 0,
        hashrateUnit: String = HumanUnits.hashrateUnit,
        hashrateUncertainty: Double? = nil,
        shares: ShareCounts = ShareCounts(),
        lastShare: Date? = nil,
        difficulty: Double? = nil,
        pools: [String] = []
    ) {
        self.worker = worker
        self.route = route
        self.sessions = sessions
        self.hashrate = hashrate
        self.hashrateUnit = hashrateUnit
        self.hashrateUncertainty = hashrateUncertainty
        self.shares = shares
        self.lastShare = lastShare
        self.difficulty = difficulty
        self.pools = pools
    }

    /// Adds the estimate for one of its sessions; estimates err independently of each other.
    package mutating func add(hashrate: Double, uncertainty: Double) {
        let deviation = self.hashrate * (self.hashrateUncertainty ?? 0)
        let added = hashrate * uncertainty
        self.hashrate += hashrate
        self.hashrateUncertainty =
            self.hashrate > 0 ? (deviation * deviation + added * added).squareRoot() / self.hashrate : nil
    }
}

/// One miner's connection.
package struct SessionReport: Codable, Sendable, Equatable {
    package var id: Int64
    package var route: String
    /// The miner's login; missing until it has authorised.
    package var worker: String?
    /// `address:port`.
    package var remote: String
    package var userAgent: String?
    package var connected: Date
    package var pool: String?
    package var difficulty: Double?
    /// Hex, as the miner knows it.
    package var extranonce1: String?
    /// Hex, as negotiated; missing without version rolling.
    package var versionMask: String?
    /// In `hashrateUnit`.
    package var hashrate: Double
    /// `H/s`, or what the route's protocol counts: `Sol/s`.
    package var hashrateUnit: String
    /// Standard deviation of the hashrate over the hashrate, 0 to 1; missing while nothing is known.
    package var hashrateUncertainty: Double?
    package var accepted: Int
    package var rejected: Int
    package var lastShare: Date?

    package init(
        id: Int64,
        route: String,
        worker: String? = nil,
        remote: String,
        userAgent: String? = nil,
        connected: Date,
        pool: String? = nil,
        difficulty: Double? = nil,
        extranonce1: String? = nil,
        versionMask: String? = nil,
        hashrate: Double = 0,
        hashrateUnit: String = HumanUnits.hashrateUnit,
        hashrateUncertainty: Double? = nil,
        accepted: Int = 0,
        rejected: Int = 0,
        lastShare: Date? = nil
    ) {
        self.id = id
        self.route = route
        self.worker = worker
        self.remote = remote
        self.userAgent = userAgent
        self.connected = connected
        self.pool = pool
        self.difficulty = difficulty
        self.extranonce1 = extranonce1
        self.versionMask = versionMask
        self.hashrate = hashrate
        self.hashrateUnit = hashrateUnit
        self.hashrateUncertainty = hashrateUncertainty
        self.accepted = accepted
        self.rejected = rejected
        self.lastShare = lastShare
    }
}
