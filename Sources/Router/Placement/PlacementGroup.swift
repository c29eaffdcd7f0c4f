import NIOCore
import PoolPool

/// Sessions that share their pools: those of one pinning rule, or all others.
package struct PlacementGroup: Sendable {
    /// Nil: those that no rule matches.
    package let rule: PinRule?
    var account: WorkAccount
    /// Best first; pools of a tier share by weight.
    var tiers: [[Int]] = []
    /// What each pool should have of this group's work, 0...1.
    package internal(set) var shares: [Double]
    var candidates: [PoolCandidate] = []
    /// H/s by pool, of all sessions there.
    package internal(set) var loads: [Double]
    /// Since when somebody should be moved and may wait for a clean job.
    var wantedSince: NIODeadline?

    init(rule: PinRule?, count: Int) {
        self.rule = rule
        self.account = WorkAccount(count: count)
        self.shares = Array(repeating: 0, count: count)
        self.loads = self.shares
    }

    /// A pool as this group sees it: pools of its rule first, then all others unless the rule is strict.
    func candidate(_ pool: PolicyPool, ramp: Double) -> PoolCandidate {
        var candidate = PoolCandidate(
            name: pool.configuration.name,
            priority: pool.configuration.priority,
            weight: pool.configuration.weight,
            standing: pool.standing,
            badness: pool.ejection.badness,
            ramp: ramp
        )
        guard let rule = self.rule else { return candidate }
        if let share = rule.pools.first(where: { $0.pool == candidate.name }) {
            candidate.priority = -1
            candidate.weight = share.weight
        } else if rule.isStrict {
            candidate.standing = .unusable
        }
        return candidate
    }

    /// All pools that can be used, best first. While a better pool only comes back, most of the load stays with the next tier:
    /// first come those that are to carry load, by how far it is below their share, with so much hashrate more to place. What
    /// pools lack of past work is the balance's concern.
    func walk(adding hashrate: Double) -> [Int] {
        let total = self.loads.reduce(hashrate, +)
        var walk = self.shares.indices.filter { self.shares[$0] > 0 }
        if walk.count > 1 {
            walk.sort { left, right in
                let lackLeft = self.shares[left] * total - self.loads[left]
                let lackRight = self.shares[right] * total - self.loads[right]
                return lackLeft == lackRight ? left < right : lackLeft > lackRight
            }
        }
        for tier in self.tiers { for pool in tier where !walk.contains(pool) { walk.append(pool) } }
        return walk
    }

    /// Sessions that are at this pool need not leave it.
    func mayKeep(sessionsAt pool: Int) -> Bool {
        guard self.candidates.indices.contains(pool) else { return false }
        switch self.candidates[pool].standing {
        case .good, .recovering, .suspect: return true
        case .ejected: return self.tiers.first?.contains(pool) == true
        case .unusable: return false
        }
    }

    mutating func appendPool() {
        self.account.append()
        self.shares.append(0)
        self.loads.append(0)
    }

    mutating func removePool(at index: Int) {
        self.account.remove(at: index)
        if self.shares.indices.contains(index) { self.shares.remove(at: index) }
        if self.loads.indices.contains(index) { self.loads.remove(at: index) }
    }
}
