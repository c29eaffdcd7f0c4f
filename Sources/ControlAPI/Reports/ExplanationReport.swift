/// Why one session mines where it mines, and what would move it.
package struct ExplanationReport: Codable, Sendable, Equatable {
    /// What speaks for a pool, best first.
    package enum State: String, Codable, Sendable, CaseIterable {
        case good
        /// Back, not yet trusted.
        case recovering
        case suspect
        /// Put aside for its results; still better than nothing.
        case ejected
        case unusable
    }

    /// One pool as this session's group sees it.
    package struct Pool: Codable, Sendable, Equatable {
        package var name: String
        package var state: State
        package var priority: Int
        package var weight: Double
        /// What it should have of the group's work, 0 to 1.
        package var targetShare: Double
        /// What it has of the group's hashrate, 0 to 1.
        package var loadShare: Double
        /// Its part of the group's accepted work in the account, 0 to 1.
        package var workShare: Double
        /// Work it lacks, in seconds of the group's whole hashrate; negative: it has had too much.
        package var lackSeconds: Double
        /// What speaks against it for this session.
        package var objection: String?

        package init(
            name: String,
            state: State,
            priority: Int,
            weight: Double,
            targetShare: Double = 0,
            loadShare: Double = 0,
            workShare: Double = 0,
            lackSeconds: Double = 0,
            objection: String? = nil
        ) {
            self.name = name
            self.state = state
            self.priority = priority
            self.weight = weight
            self.targetShare = targetShare
            self.loadShare = loadShare
            self.workShare = workShare
            self.lackSeconds = lackSeconds
            self.objection = objection
        }
    }

    package var session: Int64
    package var route: String
    /// The miner's login.
    package var worker: String
    /// `address:port`.
    package var remote: String
    /// The pinning rule that matched.
    package var rule: String?
    /// Whether that rule allows no other pools than its own.
    package var strict: Bool
    /// The pool it was given to.
    package var pool: String?
    /// The pool whose jobs it has; another one than `pool` while its link there is being made.
    package var link: String?
    /// In `hashrateUnit`.
    package var hashrate: Double
    /// `H/s`, or what the route's protocol counts: `Sol/s`.
    package var hashrateUnit: String
    /// Standard deviation of the hashrate over the hashrate, 0 to 1.
    package var hashrateUncertainty: Double
    /// One sentence without its full stop.
    package var reason: String
    /// One event each.
    package var movers: [String]
    /// All pools of the route, best first.
    package var pools: [Pool]

    package init(
        session: Int64,
        route: String,
        worker: String,
        remote: String,
        rule: String? = nil,
        strict: Bool = false,
        pool: String? = nil,
        link: String? = nil,
        hashrate: Double,
        hashrateUnit: String = HumanUnits.hashrateUnit,
        hashrateUncertainty: Double,
        reason: String,
        movers: [String] = [],
        pools: [Pool] = []
    ) {
        self.session = session
        self.route = route
        self.worker = worker
        self.remote = remote
        self.rule = rule
        self.strict = strict
        self.pool = pool
        self.link = link
        self.hashrate = hashrate
        self.hashrateUnit = hashrateUnit
        self.hashrateUncertainty = hashrateUncertainty
        self.reason = reason
        self.movers = movers
        self.pools = pools
    }
}
