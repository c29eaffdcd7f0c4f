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
