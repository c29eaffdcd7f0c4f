package import NIOCore

/// What each pool of a group should have had of the accepted work, and what it had. The difference is fed back.
///
/// Each piece of accepted work is owed to the pools by the shares that hold at that moment, so that a pool which was away
/// is owed nothing for that time.
package struct WorkAccount: Sendable {
    /// Σ difficulty, by pool.
    private var owed: [Double]
    private var done: [Double]
    /// Done since the shares were last looked at.
    private var fresh: [Double]
    /// Since when there is something to balance.
    private var since: NIODeadline?
    /// Difficulty of the largest share, of late.
    package private(set) var grain = 0.0

    package init(count: Int) {
        self.owed = Array(repeating: 0, count: count)
        self.done = self.owed
        self.fresh = self.owed
    }

    /// A pool has accepted a share of this difficulty.
    package mutating func accepted(pool: Int, work: Double) {
        guard self.fresh.indices.contains(pool) else { return }
        self.fresh[pool] += work
        self.grain = max(work, self.grain * Self.grainMemory)
    }

    /// What a single large share adds to the grain is a tenth after two hundred others.
    private static let grainMemory = 0.99

    /// Distributes what was done since the last call by `shares`, and forgets the debts of pools without one: what a pool
    /// did or did not do while it stood back is not made up for.
    /// - Parameter limit: no debt is more than this (Σ difficulty).
    package mutating func settle(shares: [Double], limit: Double, now: NIODeadline) {
        let total = self.fresh.reduce(0, +)
        if self.since == nil, total > 0 { self.since = now }
        for pool in self.owed.indices {
            let share = pool < shares.count ? shares[pool] : 0
            self.owed[pool] += share * total
            self.done[pool] += self.fresh[pool]
            self.fresh[pool] = 0
            if share == 0 { self.owed[pool] = self.done[pool] }
        }
        // What the others owed to a pool that stands back is nobody's any more.
        let active = self.owed.indices.filter { $0 < shares.count && shares[$0] > 0 }
        let excess = active.reduce(0) { $0 + self.owed[$1] - self.done[$1] }
        for pool in active {
            let lack = self.owed[pool] - self.done[pool] - excess * shares[pool]
            self.owed[pool] = self.done[pool] + max(-limit, min(limit, lack))
        }
    }

    /// What each pool lacks (Σ difficulty); negative for one that had more than its share.
    package var lacks: [Double] { zip(self.owed, self.done).map { $0 - $1 } }

    /// Work done by each pool so far (Σ difficulty).
    package var work: [Double] { zip(self.done, self.fresh).map { $0 + $1 } }

    /// How long the account has been running.
    package func age(now: NIODeadline) -> TimeAmount { self.since.map { now - $0 } ?? .zero }

    package mutating func append() {
        self.owed.append(0)
        self.done.append(0)
        self.fresh.append(0)
    }

    package mutating func remove(at pool: Int) {
        guard self.owed.indices.contains(pool) else { return }
        self.owed.remove(at: pool)
        self.done.remove(at: pool)
        self.fresh.remove(at: pool)
    }
}
