/// Spreads hashrate over the pools of one tier by weight, moving few sessions.
///
/// Loads are estimates in H/s. A correction (from the work done so far) is fed back by the caller, so that what whole
/// sessions cannot express is made up over time.
package struct WeightedBalancer: Sendable {
    package struct Load: Sendable, Equatable {
        package var weight: Double
        package var hashrate: Double

        package init(weight: Double, hashrate: Double) {
            self.weight = weight
            self.hashrate = hashrate
        }
    }

    package struct Member: Sendable, Equatable {
        package var session: Int64
        package var pool: Int
        package var hashrate: Double

        package init(session: Int64, pool: Int, hashrate: Double) {
            self.session = session
            self.pool = pool
            self.hashrate = hashrate
        }
    }

    package struct Move: Sendable, Equatable {
        package var session: Int64
        package var to: Int

        package init(session: Int64, to: Int) {
            self.session = session
            self.to = to
        }
    }

    /// The pool that a new session of `hashrate` should go to: the one that lacks most afterwards. Nil without pools.
    package static func choose(loads: [Load], hashrate: Double) -> Int? {
        guard !loads.isEmpty else { return nil }
        let weights = Self.normalized(loads)
        let total = loads.reduce(0) { $0 + $1.hashrate } + hashrate
        return loads.indices.max { left, right in
            let lackLeft = weights[left] * total - loads[left].hashrate
            let lackRight = weights[right] * total - loads[right].hashrate
            // Of equals the first in the configuration.
            return lackLeft == lackRight ? left > right : lackLeft < lackRight
        }
    }

    /// At most `limit` moves that bring the loads nearer to the weights. `correction` shifts each pool's target (in H/s) to
    /// make up for past work. Each move lowers the greatest deviation; none is made for less than `tolerance` of the total.
    package static func moves(
        members: [Member],
        loads: [Load],
        correction: [Double],
        tolerance: Double,
        limit: Int
    ) -> [Move] {
        guard loads.count > 1, !members.isEmpty else { return [] }
        let weights = Self.normalized(loads)
        let total = loads.reduce(0) { $0 + $1.hashrate }
        guard total > 0 else { return [] }
        var surplus = loads.indices.map { index in
            let shift = index < correction.count ? correction[index] : 0
            return loads[index].hashrate - weights[index] * total - shift
        }
        var byPool: [[Member]] = loads.indices.map { pool in
            members.filter { $0.pool == pool && $0.hashrate > 0 }.sorted { $0.hashrate < $1.hashrate }
        }
        var moves: [Move] = []
        while moves.count < limit {
            guard let from = surplus.indices.max(by: { surplus[$0] < surplus[$1] }),
                let to = surplus.indices.min(by: { surplus[$0] < surplus[$1] }), from != to,
                max(surplus[from], -surplus[to]) > tolerance * total
            else { break }
            // Moving x changes the two deviations a and b to a - x and b + x: it helps while x < a - b.
            let ideal = (surplus[from] - surplus[to]) / 2
            let candidate = byPool[from].indices.min { left, right in
                abs(byPool[from][left].hashrate - ideal) < abs(byPool[from][right].hashrate - ideal)
            }
            guard let candidate else { break }
            let member = byPool[from][candidate]
            guard member.hashrate < 2 * ideal else { break }
            byPool[from].remove(at: candidate)
            surplus[from] -= member.hashrate
            surplus[to] += member.hashrate
            moves.append(Move(session: member.session, to: to))
        }
        return moves
    }

    /// Weights as fractions; all zero counts as all equal.
    package static func normalized(_ loads: [Load]) -> [Double] {
        let total = loads.reduce(0) { $0 + $1.weight }
        return loads.map { total > 0 ? $0.weight / total : 1 / Double(loads.count) }
    }
}
