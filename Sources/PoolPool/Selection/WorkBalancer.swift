/// Decides which sessions move so that each pool's accepted work comes to its share.
///
/// It looks ahead: *projected lack* of a pool is what it lacks already, and what it will lack after `horizon` seconds if
/// nobody moves. Sessions move when some pool's projected lack leaves a band, from the pool with the greatest surplus to the one
/// that lacks most, the session first that comes nearest to closing the gap. One that would overshoot by more than a third
/// stays. What whole sessions cannot express therefore builds up until sending one session over makes it up, and then that
/// session is brought back: time slicing, by the one rule that also moves thousands.
package struct WorkBalancer: Sendable {
    /// A session that may be moved.
    package struct Member: Sendable {
        package var session: Int64
        package var pool: Int
        package var estimate: HashrateEstimate
        /// Bit *n*: pool *n* cannot have it.
        package var barred: UInt64

        package init(session: Int64, pool: Int, estimate: HashrateEstimate, barred: UInt64 = 0) {
            self.session = session
            self.pool = pool
            self.estimate = estimate
            self.barred = barred
        }
    }

    package struct Move: Sendable, Hashable {
        package var session: Int64
        package var from: Int
        package var to: Int

        package init(session: Int64, from: Int, to: Int) {
            self.session = session
            self.from = from
            self.to = to
        }
    }

    /// What a plan comes to.
    package struct Plan: Sendable {
        package var moves: [Move] = []
        /// There would be more to move than `limit` allows.
        package var isCut = false

        package init() {}
    }

    /// Seconds looked ahead, and within which a debt is made up.
    private let horizon: Double
    /// The projected lack that is left alone, in seconds of the group's whole hashrate.
    private let band: Double
    /// A session may be so much larger than what would close the gap exactly. Below 2, where the gap would only be turned
    /// around, so that the way back is not worth it at once.
    private static let overshoot = 4.0 / 3

    /// - Parameters:
    ///   - age: seconds for which the group's work has been accounted. The longer, the less hurry: an error that was much after
    ///     a minute is little after a day, and each move costs a job.
    ///   - grain: what one accepted share is worth, in seconds of the group's whole hashrate: less than two of them is chance.
    package init(age: Double, grain: Double = 0) {
        self.horizon = min(180, max(60, age / 120))
        self.band = min(self.horizon / 6, max(2.5, age / 60, 2 * grain))
    }

    /// Projected lack in hashes, by pool.
    /// - Parameters:
    ///   - loads: H/s by pool, sessions that cannot be moved included.
    ///   - lacks: hashes by pool.
    package func projected(loads: [Double], shares: [Double], lacks: [Double]) -> [Double] {
        let total = loads.reduce(0, +)
        return loads.indices.map { lacks[$0] + (shares[$0] * total - loads[$0]) * self.horizon }
    }

    /// False: nobody needs to be moved for these sums.
    package func isOutside(loads: [Double], shares: [Double], lacks: [Double]) -> Bool {
        let band = self.band * loads.reduce(0, +)
        return self.projected(loads: loads, shares: shares, lacks: lacks).contains { abs($0) > band }
    }

    /// The moves to make, at most `limit`, most useful first.
    package func plan(
        members: [Member],
        loads: [Double],
        shares: [Double],
        lacks: [Double],
        limit: Int
    ) -> Plan {
        var lack = self.projected(loads: loads, shares: shares, lacks: lacks)
        let total = loads.reduce(0, +)
        let band = self.band * total
        guard total > 0, limit > 0, lack.contains(where: { abs($0) > band }) else { return Plan() }
        var shelves = loads.indices.map { _ in SessionShelf() }
        // Only those who may have to give.
        for (index, member) in members.enumerated() where lack[member.pool] < 0 {
            shelves[member.pool].add(index, member.estimate.hashrate)
        }
        for index in shelves.indices { shelves[index].sort() }
        var plan = Plan()
        // Pairs that have nothing for each other.
        var exhausted: Set<Int> = []
        while true {
            guard let (from, to) = self.pair(lack, exhausted) else { break }
            let ideal = (lack[to] - lack[from]) / 2 / self.horizon
            let found = shelves[from].take(nearest: ideal) { index in
                let member = members[index]
                guard to >= 64 || member.barred & (1 << UInt64(to)) == 0 else { return nil }
                // Expected square of what is left: an estimate that is not known well is worth less.
                let hashrate = member.estimate.hashrate
                let spread = hashrate * member.estimate.uncertainty
                let distance = hashrate - ideal
                return hashrate < Self.overshoot * ideal ? distance * distance + spread * spread / 4 : nil
            }
            guard let found else {
                exhausted.insert(from * loads.count + to)
                continue
            }
            if plan.moves.count == limit {
                plan.isCut = true
                break
            }
            let member = members[found]
            lack[from] += member.estimate.hashrate * self.horizon
            lack[to] -= member.estimate.hashrate * self.horizon
            plan.moves.append(Move(session: member.session, from: from, to: to))
            if !lack.contains(where: { abs($0) > band / 4 }) { break }
        }
        return plan
    }

    /// The pool with the greatest surplus and the one that lacks most, among the pairs that are left.
    private func pair(_ lack: [Double], _ exhausted: Set<Int>) -> (from: Int, to: Int)? {
        var best: (from: Int, to: Int)?
        var bestGap = 0.0
        for from in lack.indices where lack[from] < 0 {
            for to in lack.indices where lack[to] > 0 && !exhausted.contains(from * lack.count + to) {
                let gap = lack[to] - lack[from]
                if gap > bestGap { (best, bestGap) = ((from, to), gap) }
            }
        }
        return best
    }
}

/// The sessions of one pool by hashrate, for taking the one nearest to a wish out again and again.
private struct SessionShelf {
    private var entries: [(hashrate: Double, index: Int)] = []
    /// Where the next entry that is still there stands, upwards and downwards; shortened as they are walked.
    private var up: [Int32] = []
    private var down: [Int32] = []

    /// Entries on each side of the wish that are looked at.
    private static let width = 8

    mutating func add(_ index: Int, _ hashrate: Double) { self.entries.append((hashrate, index)) }

    mutating func sort() {
        self.entries.sort { $0.hashrate < $1.hashrate }
        // One place beyond either end stands for "none".
        self.up = (0...Int32(self.entries.count)).map { $0 }
        self.down = self.up
    }

    /// Takes the entry with the lowest `cost` among those near `wish`; those with none cannot be taken.
    mutating func take(nearest wish: Double, cost: (Int) -> Double?) -> Int? {
        let start = self.firstIndex(notBelow: wish)
        var best: (position: Int, cost: Double)?
        func consider(_ position: Int) {
            guard let value = cost(self.entries[position].index), value < best?.cost ?? .infinity else { return }
            best = (position, value)
        }
        var above = self.next(from: start)
        var below = self.previous(from: start - 1)
        var (looked, allowed) = (0, 0)
        // Those that cannot be taken do not use the width up, or a few of them would hide the rest.
        while above < self.entries.count || below >= 0 {
            if above < self.entries.count {
                if cost(self.entries[above].index) != nil { allowed += 1 }
                consider(above)
                above = self.next(from: above + 1)
            }
            if below >= 0 {
                if cost(self.entries[below].index) != nil { allowed += 1 }
                consider(below)
                below = self.previous(from: below - 1)
            }
            looked += 1
            if allowed >= Self.width || looked >= 1024 { break }
        }
        guard let best else { return nil }
        self.up[best.position] = Int32(best.position + 1)
        self.down[best.position + 1] = Int32(best.position)
        return self.entries[best.position].index
    }

    private func firstIndex(notBelow wish: Double) -> Int {
        var (low, high) = (0, self.entries.count)
        while low < high {
            let middle = (low + high) / 2
            if self.entries[middle].hashrate < wish { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The first entry at `position` or above that is still there; the count if there is none.
    private mutating func next(from position: Int) -> Int {
        var position = position
        while Int(self.up[position]) != position {
            self.up[position] = self.up[Int(self.up[position])]
            position = Int(self.up[position])
        }
        return position
    }

    /// The first entry at `position` or below that is still there; -1 if there is none. `down` is shifted by one.
    private mutating func previous(from position: Int) -> Int {
        var place = position + 1
        while Int(self.down[place]) != place {
            self.down[place] = self.down[Int(self.down[place])]
            place = Int(self.down[place])
        }
        return place - 1
    }
}
