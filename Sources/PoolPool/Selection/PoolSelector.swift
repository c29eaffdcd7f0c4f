/// What a selection needs to know of one pool.
package struct PoolCandidate: Sendable, Equatable {
    package enum Standing: Int, Sendable, Comparable {
        /// Good for new sessions.
        case good
        /// Ready again, not yet trusted: better than nothing.
        case recovering
        /// Connected, with something against it: better than nothing.
        case suspect
        /// Put aside for what it did, and still there: the least bad of them is better than nothing.
        case ejected
        case unusable

        package static func < (left: Standing, right: Standing) -> Bool { left.rawValue < right.rawValue }
    }

    package var name: String
    package var priority: Int
    package var weight: Double
    package var standing: Standing
    /// How much speaks against an ejected pool, 0...1; the order among those.
    package var badness: Double
    /// 0...1: how far its slow start is.
    package var ramp: Double

    package init(
        name: String,
        priority: Int,
        weight: Double,
        standing: Standing,
        badness: Double = 0,
        ramp: Double = 1
    ) {
        self.name = name
        self.priority = priority
        self.weight = weight
        self.standing = standing
        self.badness = badness
        self.ramp = ramp
    }

    /// What pools of one tier have in common. Smaller is better.
    fileprivate var rank: (Int, Int, Double, Int) {
        let badness = self.standing == .ejected ? self.badness : 0
        return (self.order, self.standing.rawValue, badness, self.priority)
    }

    /// Pools that are to carry load, those of weight 0, and those put aside.
    fileprivate var order: Int { self.standing == .ejected ? 2 : self.weight > 0 ? 0 : 1 }
}

/// Orders pools for one session: an ordered walk, so that "the next best" needs no second algorithm.
///
/// Those that are to carry load come before those of weight 0, and those put aside come last. Then by standing (of those put
/// aside, by what speaks against them), then by priority; pools that are equal in all of that form a tier, within which
/// weights decide.
package enum PoolSelector {
    /// The tiers in order, each with the indices of its pools. Unusable pools are in none.
    package static func tiers(_ candidates: [PoolCandidate]) -> [[Int]] {
        let usable = candidates.indices.filter { candidates[$0].standing != .unusable }
        let ordered = usable.sorted { left, right in
            let (a, b) = (candidates[left].rank, candidates[right].rank)
            return a == b ? left < right : a < b
        }
        var tiers: [[Int]] = []
        for index in ordered {
            if let first = tiers.last?.first, candidates[first].rank == candidates[index].rank {
                tiers[tiers.count - 1].append(index)
            } else {
                tiers.append([index])
            }
        }
        return tiers
    }

    /// The part of the work that each candidate should have now: pools of the best standing there is, by priority and weight.
    package static func shares(_ candidates: [PoolCandidate], tiers: [[Int]]) -> [Double] {
        let best = tiers.first?.first.map { candidates[$0].standing }
        let order = tiers.first?.first.map { candidates[$0].order }
        var carrying = tiers.filter { tier in
            tier.first.map { candidates[$0].standing == best && candidates[$0].order == order } ?? false
        }
        // Of those put aside only the least bad one.
        if best == .ejected { carrying = Array(carrying.prefix(1)) }
        return TargetShares.of(
            carrying.map { tier in
                tier.map { TargetShares.Member(pool: $0, weight: candidates[$0].weight, ramp: candidates[$0].ramp) }
            },
            count: candidates.count
        )
    }
}
