/// Which part of the work each pool should have, from standing, priority, weight and slow start.
///
/// The first tier takes the load. While it only comes back (slow start), it takes what it may and the rest stays with the
/// next tier, so that a failback is a ramp too. Pools of weight 0 get nothing while any other pool is there.
package enum TargetShares {
    /// One pool of a tier.
    package struct Member: Sendable, Equatable {
        package var pool: Int
        package var weight: Double
        /// 0...1: how far its slow start is; 1 for one that has carried load for long.
        package var ramp: Double

        package init(pool: Int, weight: Double, ramp: Double = 1) {
            self.pool = pool
            self.weight = weight
            self.ramp = ramp
        }
    }

    /// Fractions of the work, one for each of `count` pools; they add up to 1, or are all 0 without any pool.
    package static func of(_ tiers: [[Member]], count: Int) -> [Double] {
        var shares = [Double](repeating: 0, count: count)
        let carrying = tiers.map { $0.filter { $0.weight > 0 } }.filter { !$0.isEmpty }
        guard !carrying.isEmpty else {
            // Nothing but pools that are to drain: better than no work.
            if let last = tiers.first(where: { !$0.isEmpty }) {
                for member in last { shares[member.pool] = 1 / Double(last.count) }
            }
            return shares
        }
        var left = 1.0
        for (index, tier) in carrying.enumerated() {
            let isLast = index == carrying.count - 1
            let absorbed = isLast ? left : left * Self.limited(tier.map(\.ramp).max() ?? 1)
            // A pool that begins beside others begins with a little, so that it is seen whether it can do it.
            let weights = tier.map { $0.weight * max(Self.limited($0.ramp), 0.01) }
            let total = weights.reduce(0, +)
            for (member, weight) in zip(tier, weights) { shares[member.pool] += absorbed * weight / total }
            left -= absorbed
            if left <= 1e-9 { break }
        }
        return shares
    }

    private static func limited(_ ramp: Double) -> Double { min(1, max(0, ramp)) }
}
