package import NIOCore
package import PoolPool

/// A session as placement sees it when it arrives.
package struct ArrivingSession: Sendable {
    package var session: Int64
    package var identity: SessionIdentity
    package var estimate: HashrateEstimate?
    /// Bit *n*: pool *n* cannot have it.
    package var barred: UInt64
    /// It can be moved only by connecting again: it is left where it is unless it must go.
    package var isSticky: Bool

    package init(
        session: Int64,
        identity: SessionIdentity,
        estimate: HashrateEstimate? = nil,
        barred: UInt64 = 0,
        isSticky: Bool = false
    ) {
        self.session = session
        self.identity = identity
        self.estimate = estimate
        self.barred = barred
        self.isSticky = isSticky
    }
}

/// What pinning rules look at. A reference, since it never changes and several tables have it.
package final class SessionIdentity: Sendable {
    /// Empty before the miner has said it.
    package let login: String
    /// The miner's IP address, and the name of the listener it came by.
    package let remote: String
    package let listener: String

    static let unknown = SessionIdentity(login: "")

    package init(login: String, remote: String = "", listener: String = "") {
        self.login = login
        self.remote = remote
        self.listener = listener
    }
}

// Who mines where.
extension RoutePolicy {
    package var sessionCount: Int { self.sessions.count }

    package mutating func arrived(_ arriving: ArrivingSession) {
        self.left(arriving.session)
        let estimate = arriving.estimate ?? self.memory.estimate(of: arriving.identity.login)?.remembered
        self.sessions.insert(
            SessionTable.Entry(
                session: arriving.session,
                identity: arriving.identity,
                group: self.group(of: arriving.identity),
                estimate: estimate,
                barred: arriving.barred,
                isSticky: arriving.isSticky
            )
        )
    }

    package mutating func left(_ session: Int64) {
        guard let entry = self.sessions.remove(session) else { return }
        if entry.pool >= 0 { self.groups[entry.group].loads[entry.pool] -= self.hashrate(of: entry) }
        if let estimate = entry.estimate { self.memory.remember(entry.identity.login, estimate) }
    }

    package mutating func measured(_ session: Int64, _ estimate: HashrateEstimate) {
        guard let entry = self.sessions[session] else { return }
        // What is remembered of the worker counts until the session itself has shown more.
        if let known = entry.estimate, known.shares > estimate.shares, estimate.shares < 6 { return }
        if entry.pool >= 0 {
            self.groups[entry.group].loads[entry.pool] += estimate.hashrate - self.hashrate(of: entry)
        }
        self.sessions.change(session) { $0.estimate = estimate }
    }

    /// Pools that cannot have a session: bit *n* for pool *n*.
    package mutating func bar(_ session: Int64, from pools: UInt64) {
        self.sessions.change(session) { $0.barred = pools }
    }

    /// The session can be moved without connecting again after all.
    package mutating func canMove(_ session: Int64) {
        self.sessions.change(session) { $0.isSticky = false }
    }

    /// The session was given to this pool; nil: to none.
    package mutating func assigned(_ session: Int64, to pool: Int?) {
        guard let place = self.sessions.place(of: session) else { return }
        let hashrate = self.hashrate(at: place)
        let (group, former) = (self.sessions.entries[place].group, self.sessions.entries[place].pool)
        if former >= 0 { self.groups[group].loads[former] -= hashrate }
        if let pool { self.groups[group].loads[pool] += hashrate }
        self.sessions.change(session) { $0.pool = pool ?? -1 }
    }

    /// The pool that a session was given to.
    package func pool(of session: Int64) -> Int? {
        self.sessions[session].flatMap { $0.pool >= 0 ? $0.pool : nil }
    }

    /// A session need not leave this pool at once: it may wait for the balance, or for the pool's drain to end.
    package func mayStay(_ session: Int64, at pool: Int, now: NIODeadline) -> Bool {
        guard let place = self.sessions.place(of: session), self.pools.indices.contains(pool) else { return false }
        guard !self.sessions.entries[place].isBarred(from: pool) else { return false }
        guard self.pools[pool].administration != .draining else {
            return self.pools[pool].drainBy.map { now < $0 } ?? false
        }
        return self.groups[self.sessions.entries[place].group].mayKeep(sessionsAt: pool)
    }

    /// The pools that can have a session, best first: those of the best tier by what they lack.
    package func walk(_ session: Int64) -> [Int] {
        guard let place = self.sessions.place(of: session) else { return [] }
        var walk = self.groups[self.sessions.entries[place].group].walk(adding: self.hashrate(at: place))
        if self.sessions.entries[place].barred != 0 { walk.removeAll(where: self.sessions.entries[place].isBarred) }
        return walk
    }

    /// What ``walk(_:)`` says, but what was chosen before stays chosen: first the pool that the session waits for, then the
    /// one it is on. Changes nothing, and is mutating so that the policy is not copied for each of thousands of sessions.
    package mutating func choose(
        for session: Int64, wanted: Int?, current: Int?, now: NIODeadline
    ) -> (pools: [Int], mayGoOn: Bool) {
        var pools = self.walk(session)
        let mayGoOn = current.map { self.mayStay(session, at: $0, now: now) } ?? false
        let mayWait = wanted.map { self.mayStay(session, at: $0, now: now) } ?? false
        if let stays = mayWait ? wanted : mayGoOn ? current : nil, stays != pools.first {
            pools.removeAll { $0 == stays }
            pools.insert(stays, at: 0)
        }
        return (pools, mayGoOn)
    }

    /// What a session is taken for in sums: its estimate, or that of a usual session.
    func hashrate(of entry: SessionTable.Entry) -> Double { entry.estimate?.hashrate ?? self.typicalHashrate }

    /// The same of the session at this place of the table, which is not copied for it.
    private func hashrate(at place: Int) -> Double {
        self.sessions.entries[place].estimate?.hashrate ?? self.typicalHashrate
    }

    private func group(of session: SessionIdentity) -> Int {
        let match = self.groups.dropFirst().firstIndex { group in
            group.rule?.matches(login: session.login, remote: session.remote, listener: session.listener) ?? false
        }
        return match ?? 0
    }

    /// The rules have changed: every session is asked anew which one it belongs to.
    mutating func regroup() {
        let former = self.groups
        self.groups =
            former.prefix(1)
            + self.configuration.pins.map { rule in
                // A rule that stays keeps its account.
                former.first { $0.rule == rule } ?? PlacementGroup(rule: rule, count: self.pools.count)
            }
        for entry in self.sessions.entries {
            let group = self.group(of: entry.identity)
            self.sessions.change(entry.session) { $0.group = group }
        }
        self.sumLoads()
    }

    /// Adds up the loads anew: sums that only ever change by differences drift.
    mutating func sumLoads() {
        let known = self.sessions.entries.compactMap { $0.estimate?.hashrate }
        if !known.isEmpty { self.typicalHashrate = max(1, known.reduce(0, +) / Double(known.count)) }
        for group in self.groups.indices {
            self.groups[group].loads = Array(repeating: 0, count: self.pools.count)
        }
        for entry in self.sessions.entries where entry.pool >= 0 {
            self.groups[entry.group].loads[entry.pool] += self.hashrate(of: entry)
        }
    }
}

// What the pools carry.
extension RoutePolicy {
    /// H/s by pool.
    package var loads: [Double] {
        self.pools.indices.map { pool in self.groups.reduce(0) { $0 + $1.loads[pool] } }
    }

    /// What each pool should carry of all sessions' hashrate, 0...1; without sessions, of that of new ones.
    package var targetShares: [Double] {
        let total = self.groups.reduce(0) { $0 + $1.loads.reduce(0, +) }
        guard total > 0 else { return self.groups.first?.shares ?? [] }
        return self.pools.indices.map { pool in
            self.groups.reduce(0) { $0 + $1.shares[pool] * $1.loads.reduce(0, +) } / total
        }
    }

    /// Miners that would have no usable pool without this one, in words: empty for those of no rule; nil: there are none.
    package func dependents(of index: Int) -> String? {
        guard self.pools[index].isUsable else { return nil }
        var counts = [Int](repeating: 0, count: self.groups.count)
        for entry in self.sessions.entries { counts[entry.group] += 1 }
        for (group, count) in zip(self.groups, counts) where count > 0 {
            guard group.candidates.indices.contains(index), group.candidates[index].standing != .unusable else {
                continue
            }
            let others = group.candidates.indices.contains { other in
                other != index && group.candidates[other].standing != .unusable
            }
            if !others { return group.rule.map { "\(count) miners pinned by \($0.name)" } ?? "" }
        }
        return nil
    }

    /// Pools that carry load now, or would if there were any.
    package var carryingPools: [Int] {
        self.pools.indices.filter { pool in self.groups.contains { $0.shares[pool] > 0 } }
    }
}

extension RoutePolicy {
    /// The group that a session is balanced with; that of the rest for one that is gone.
    package func group(of session: Int64) -> PlacementGroup {
        self.groups[self.sessions.group(of: session) ?? 0]
    }
}
