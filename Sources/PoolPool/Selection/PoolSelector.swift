/// What a selection needs to know of one pool.
package struct PoolCandidate: Sendable, Equatable {
    package enum Standing: Int, Sendable, Comparable {
        /// Good for new sessions.
        case good
        /// Ready again, not yet trusted: better than nothing.
        case recovering
        /// Connected, with something against it: better than nothing.
        case suspect
        case unusable

        package static func < (left: Standing, right: Standing) -> Bool { left.rawValue < right.rawValue }
    }

    package var name: String
    package var priority: Int
    package var weight: Double
    package var standing: Standing

    package init(name: String, priority: Int, weight: Double, standing: Standing) {
        self.name = name
        self.priority = priority
        self.weight = weight
        self.standing = standing
    }
}

/// Orders pools for one session: an ordered walk, so that "the next best" needs no second algorithm.
///
/// First by standing, then by priority; pools of equal standing and priority form a tier, within which weights decide.
/// Pools of weight 0 come last in their tier.
package enum PoolSelector {
    /// The tiers in order, each with the indices of its pools. Unusable pools are in none.
    package static func tiers(_ candidates: [PoolCandidate]) -> [[Int]] {
        let usable = candidates.indices.filter { candidates[$0].standing != .unusable }
        let ordered = usable.sorted { left, right in
            let (a, b) = (candidates[left], candidates[right])
            return (a.standing, a.priority, left) < (b.standing, b.priority, right)
        }
        var tiers: [[Int]] = []
        for index in ordered {
            if let first = tiers.last?.first, candidates[first].standing == candidates[index].standing,
                candidates[first].priority == candidates[index].priority
            {
                tiers[tiers.count - 1].append(index)
            } else {
                tiers.append([index])
            }
        }
        return tiers
    }
}
