package import NIOCore
package import PoolPool

/// Why a session mines where it mines, and what would move it.
package struct SessionExplanation: Sendable {
    /// One pool as this session's group sees it, best first.
    package struct Pool: Sendable {
        package var name: String
        package var standing: PoolCandidate.Standing
        package var priority: Int
        package var weight: Double
        /// What it should have of the group's work, and what it has of the group's hashrate, 0...1.
        package var targetShare: Double
        package var loadShare: Double
        /// Work it lacks (negative: has had too much), in seconds of the group's whole hashrate.
        package var lack: Double
        /// Accepted work since the account began, as a part of the group's, 0...1.
        package var workShare: Double
        /// What speaks against it for this session; nil: nothing.
        package var objection: String?
    }

    package var session: Int64
    package var worker: String
    package var remote: String
    /// Name of the pinning rule that matched; nil: none.
    package var rule: String?
    package var isStrict: Bool
    /// The pool it was given to; nil: none.
    package var pool: String?
    /// The pool whose jobs it has; another one than `pool` while its link there is being made.
    package var link: String?
    /// H/s, and standard deviation over mean.
    package var hashrate: Double
    package var uncertainty: Double
    package var pools: [Pool]
    /// One sentence.
    package var reason: String
    /// One sentence each.
    package var movers: [String]
}

extension RoutePolicy {
    /// Sessions of the worker with this login.
    package func sessions(of worker: String) -> [Int64] {
        self.sessions.entries.filter { $0.identity.login == worker }.map(\.session).sorted()
    }

    package func explain(_ session: Int64, now: NIODeadline) -> SessionExplanation? {
        guard let entry = self.sessions[session] else { return nil }
        let group = self.groups[entry.group]
        let total = group.loads.reduce(0, +)
        let work = group.account.work
        let allWork = work.reduce(0, +)
        let lacks = group.account.lacks
        let pools = group.tiers.flatMap { $0 } + self.pools.indices.filter { !group.tiers.joined().contains($0) }
        let estimate = entry.estimate ?? HashrateEstimate(hashrate: self.typicalHashrate, shares: 0)
        return SessionExplanation(
            session: session,
            worker: entry.identity.login,
            remote: entry.identity.remote,
            rule: group.rule?.name,
            isStrict: group.rule?.isStrict ?? false,
            pool: entry.pool >= 0 ? self.pools[entry.pool].configuration.name : nil,
            hashrate: estimate.hashrate,
            uncertainty: estimate.uncertainty,
            pools: pools.map { pool in
                SessionExplanation.Pool(
                    name: self.pools[pool].configuration.name,
                    standing: self.pools[pool].standing,
                    priority: self.pools[pool].configuration.priority,
                    weight: group.candidates[pool].weight,
                    targetShare: group.shares[pool],
                    loadShare: total > 0 ? max(0, group.loads[pool] / total) : 0,
                    lack: total > 0 ? lacks[pool] * self.hashesPerDifficulty / total : 0,
                    workShare: allWork > 0 ? work[pool] / allWork : 0,
                    objection: self.objection(to: pool, for: entry, group, now: now)
                )
            },
            reason: self.reason(entry, group),
            movers: self.movers(entry, group, now: now)
        )
    }

    private func objection(
        to index: Int, for entry: SessionTable.Entry, _ group: PlacementGroup, now: NIODeadline
    ) -> String? {
        let pool = self.pools[index]
        if !pool.hasRoom { return PolicyPool.noRoom }
        if entry.isBarred(from: index) {
            return
                "it has no work for this kind of miner, leaves too little nonce space for it, or has refused its user"
        }
        if let rule = group.rule, rule.isStrict, !rule.pools.contains(where: { $0.pool == pool.configuration.name }) {
            return "the rule \(rule.name) is strict and does not name it"
        }
        switch pool.administration {
        case .draining: return "it is being drained"
        case .disabled: return "it is disabled"
        case .enabled: break
        }
        if let reason = pool.ejection.reason, pool.ejection.isEjected {
            let rest = pool.ejection.remaining(now: now).map { "another \($0.nanoseconds / 1_000_000_000) s" }
            return "put aside (\(rest ?? "until further notice")): \(reason)"
        }
        switch pool.health.state {
        case .untested: return "it has not answered yet"
        case .down(let cause): return "down: \(cause)"
        case .suspect(let cause): return "suspect: \(cause)"
        case .recovering(let since):
            let rest = TimeAmount(self.configuration.health.failbackAfter) - (now - since)
            return "back, trusted in \(max(0, rest.nanoseconds / 1_000_000_000)) s"
        case .up: break
        }
        if pool.rampSince != nil, group.shares[index] < 0.999 {
            return "it carries load again and has its full share soon"
        }
        if let best = group.tiers.first?.first, group.shares[index] == 0 {
            guard group.candidates[index].weight > 0 else { return "its weight is 0" }
            return "standby: \(self.pools[best].configuration.name) comes first"
        }
        return nil
    }

    private func reason(_ entry: SessionTable.Entry, _ group: PlacementGroup) -> String {
        guard entry.pool >= 0 else {
            guard group.tiers.isEmpty else { return "it waits for a pool that can have it" }
            return group.rule.map { "no pool of the strict rule \($0.name) is usable" } ?? "no pool is usable"
        }
        let name = self.pools[entry.pool].configuration.name
        let pinned = group.rule.map { "the rule \($0.name) matches it, and " } ?? ""
        let carrying = group.shares.indices.filter { group.shares[$0] > 0 }
        if carrying.isEmpty { return pinned + "no pool is to carry load, and \(name) still gives work" }
        if !carrying.contains(entry.pool) {
            return pinned + "\(name) keeps it until it can move: the load belongs to "
                + carrying.map { self.pools[$0].configuration.name }.joined(separator: ", ")
        }
        guard carrying.count > 1 else { return pinned + "\(name) is the best usable pool" }
        let share = Int((group.shares[entry.pool] * 100).rounded())
        return pinned + "\(name) is to have \(share) % of the work, and with it comes nearest to that"
    }

    private func movers(_ entry: SessionTable.Entry, _ group: PlacementGroup, now: NIODeadline) -> [String] {
        guard entry.pool >= 0 else {
            let rule = group.rule.flatMap { $0.isStrict ? " of the rule \($0.name)" : nil } ?? ""
            let isBarred = self.pools.indices.contains { entry.isBarred(from: $0) }
            return ["the first usable pool\(rule)" + (isBarred ? " that can have it" : "")]
        }
        let name = self.pools[entry.pool].configuration.name
        var movers = ["\(name) failing, being put aside, drained or disabled"]
        let better = self.pools.indices.filter { pool in
            pool != entry.pool && !entry.isBarred(from: pool) && group.candidates[pool].weight > 0
                && group.shares[pool] == 0
                && self.pools[pool].administration == .enabled
                && (group.rule?.isStrict != true || group.candidates[pool].priority == -1)
                && group.candidates[pool].priority <= group.candidates[entry.pool].priority
        }
        movers += better.map { "\(self.pools[$0].configuration.name) coming back" }
        let others = group.shares.indices.filter {
            $0 != entry.pool && group.shares[$0] > 0 && !entry.isBarred(from: $0)
        }
        if !others.isEmpty {
            let names = others.map { self.pools[$0].configuration.name }.joined(separator: " or ")
            movers.append("the balance, when \(names) lacks about as much work as this miner does")
        }
        let total = group.loads.reduce(0, +)
        let hasMore = group.loads[entry.pool] > group.shares[entry.pool] * total
        if group.wantedSince != nil, hasMore {
            movers.append("the next clean job: somebody of this group is to move now")
        }
        return movers
    }
}
