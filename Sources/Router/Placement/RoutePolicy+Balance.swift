package import NIOCore
package import PoolPool

// Which sessions move although nothing forces them.
extension RoutePolicy {
    private static let balanceInterval = TimeAmount.seconds(5)
    private static let moveInterval = TimeAmount.seconds(1)
    /// A pool's debt of work is at most what the group does in this many seconds.
    private static let debtLimit = 1_800.0

    /// Sessions to move now, where nothing forces them to. Call about ten times a second; it works every five seconds, and
    /// every second while more is to be moved than may be moved at once.
    package mutating func balance(now: NIODeadline) -> [WorkBalancer.Move] {
        let interval = self.isMoving ? Self.moveInterval : Self.balanceInterval
        guard now - self.lastBalance >= interval else { return [] }
        self.lastBalance = now
        self.weigh(now: now)
        self.sumLoads()
        for group in self.groups.indices { self.settle(group, now: now) }
        return self.plan(now: now) { _ in true }
    }

    /// A clean job came from this pool: sessions that wait for a chance to move there may do it now.
    package mutating func cleanJob(of pool: Int, now: NIODeadline) -> [WorkBalancer.Move] {
        guard self.groups.contains(where: { $0.wantedSince != nil }) else { return [] }
        // Each worker may have a link of its own, and all of them bring the job.
        guard now - self.pools[pool].lastChance >= Self.moveInterval else { return [] }
        self.pools[pool].lastChance = now
        self.sumLoads()
        return self.plan(now: now, isChance: true) { $0.to == pool }
    }

    /// Books the work done so far by the shares that hold.
    mutating func settle(_ group: Int, now: NIODeadline) {
        let total = self.groups[group].loads.reduce(0, +)
        self.groups[group].account.settle(
            shares: self.groups[group].shares,
            // While nobody is there, debts wait.
            limit: total > 0 ? total * Self.debtLimit / self.hashesPerDifficulty : .infinity,
            now: now
        )
    }

    private mutating func plan(
        now: NIODeadline,
        isChance: Bool = false,
        where isWanted: (WorkBalancer.Move) -> Bool
    ) -> [WorkBalancer.Move] {
        if now - self.movesSince >= Self.moveInterval {
            self.movesSince = now
            self.moves = 0
        }
        let share = self.configuration.balance.movesPerSecond
        let limit = max(1, Int(min(share * Double(self.sessions.count), 1e6)))
        var result: [WorkBalancer.Move] = []
        if !isChance { self.isMoving = false }
        for group in self.groups.indices {
            let allowed = limit - self.moves
            guard allowed > 0 else {
                self.isMoving = true
                break
            }
            let plan = self.plan(group, limit: allowed, now: now)
            guard !plan.moves.isEmpty else {
                self.groups[group].wantedSince = nil
                continue
            }
            let since = self.groups[group].wantedSince ?? now
            self.groups[group].wantedSince = since
            let isDue =
                now - since >= TimeAmount(self.configuration.balance.patience) || self.isHurried(group, now: now)
            guard isChance || isDue else { continue }
            let moves = plan.moves.filter(isWanted)
            self.moves += moves.count
            result += moves
            if plan.isCut { self.isMoving = true } else if isDue { self.groups[group].wantedSince = nil }
        }
        return result
    }

    /// A pool of the group must be empty so soon that nobody can wait for a clean job any longer.
    private func isHurried(_ group: Int, now: NIODeadline) -> Bool {
        let rate = max(1, self.configuration.balance.movesPerSecond * Double(self.sessions.count))
        return self.pools.indices.contains { index in
            guard let deadline = self.pools[index].drainBy, self.groups[group].loads[index] > 0 else { return false }
            let count = self.sessions.entries.reduce(0) { $1.pool == index ? $0 + 1 : $0 }
            let needed = TimeAmount.nanoseconds(Int64(min(Double(count) / rate, 86_400) * 1e9))
            return deadline - now <= needed + Self.moveInterval
        }
    }

    private func plan(_ index: Int, limit: Int, now: NIODeadline) -> WorkBalancer.Plan {
        let group = self.groups[index]
        // Sessions of pools that are doubted stay where they are and are left out of the sums.
        let isFrozen = group.candidates.indices.map { pool in
            group.shares[pool] == 0 && group.candidates[pool].standing == .suspect
        }
        guard group.shares.contains(where: { $0 > 0 }) else { return WorkBalancer.Plan() }
        var loads = group.loads
        for pool in loads.indices where isFrozen[pool] { loads[pool] = 0 }
        let total = max(loads.reduce(0, +), .leastNonzeroMagnitude)
        let balancer = WorkBalancer(
            age: Double(group.account.age(now: now).nanoseconds) / 1e9,
            grain: group.account.grain * self.hashesPerDifficulty / total
        )
        // A pool that has just lost its share may still be owed work: that must not draw anybody there.
        let lacks = zip(group.account.lacks, group.shares).map { $1 > 0 ? $0 * self.hashesPerDifficulty : 0 }
        // Nothing to do is the usual case, and seen without looking at a single session.
        let needsPlan = balancer.isOutside(loads: loads, shares: group.shares, lacks: lacks)
        let hasLeavers = group.shares.indices.contains { group.shares[$0] == 0 && loads[$0] > 0 }
        guard needsPlan || hasLeavers else { return WorkBalancer.Plan() }
        var members: [WorkBalancer.Member] = []
        var leavers: [WorkBalancer.Member] = []
        for entry in self.sessions.entries where entry.group == index && entry.pool >= 0 && !isFrozen[entry.pool] {
            let estimate = entry.estimate ?? HashrateEstimate(hashrate: self.typicalHashrate, shares: 0)
            let member = WorkBalancer.Member(
                session: entry.session, pool: entry.pool, estimate: estimate, barred: entry.barred
            )
            if group.shares[entry.pool] == 0 {
                leavers.append(member)
            } else if !entry.isSticky {
                members.append(member)
            }
        }
        var plan = self.leave(leavers, group, &loads, limit: limit)
        guard plan.moves.count < limit else { return plan }
        let rest = balancer.plan(
            members: members, loads: loads, shares: group.shares, lacks: lacks, limit: limit - plan.moves.count
        )
        plan.moves += rest.moves
        plan.isCut = plan.isCut || rest.isCut
        return plan
    }

    /// Sessions of pools that are to carry nothing go to those that lack most, the largest first.
    private func leave(
        _ leavers: [WorkBalancer.Member], _ group: PlacementGroup, _ loads: inout [Double], limit: Int
    ) -> WorkBalancer.Plan {
        var plan = WorkBalancer.Plan()
        let total = loads.reduce(0, +)
        for member in leavers.sorted(by: { ($0.estimate.hashrate, $1.session) > ($1.estimate.hashrate, $0.session) }) {
            let targets = group.shares.indices.filter { pool in
                group.shares[pool] > 0 && (pool >= 64 || member.barred & (1 << UInt64(pool)) == 0)
            }
            let target = targets.max { left, right in
                let lackLeft = group.shares[left] * total - loads[left]
                let lackRight = group.shares[right] * total - loads[right]
                return lackLeft == lackRight ? left > right : lackLeft < lackRight
            }
            guard let target else { continue }
            if plan.moves.count == limit {
                plan.isCut = true
                break
            }
            loads[member.pool] -= member.estimate.hashrate
            loads[target] += member.estimate.hashrate
            plan.moves.append(WorkBalancer.Move(session: member.session, from: member.pool, to: target))
        }
        return plan
    }
}
