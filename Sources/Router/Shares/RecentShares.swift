package import PoolPool
package import Stratum

/// Valid shares seen, so that each counts once: in two generations, so that memory is bounded and the newest are never
/// forgotten.
package struct RecentShares: Sendable {
    /// A miner has up to 8,192 of them, so a key is remembered by its hash, which nobody outside can foresee. That one of
    /// these meets another one's is a matter of 2⁻⁵¹ for a share.
    private struct Entry: Hashable, Sendable {
        var connection: ConnectionID
        var work: UInt64
        var keyHash: Int

        func hash(into hasher: inout Hasher) { hasher.combine(self.keyHash) }
    }

    private var recent: Set<Entry> = []
    private var earlier: Set<Entry> = []

    private let generationSize: Int

    /// - Parameter generationSize: the newest so many are never forgotten; at most twice as many are kept.
    package init(generationSize: Int = 4096) {
        self.generationSize = generationSize
    }

    package var isEmpty: Bool { self.recent.isEmpty && self.earlier.isEmpty }

    /// False if it was seen before.
    package mutating func insert(_ key: ShareKey, job: IssuedJob) -> Bool {
        let entry = Entry(connection: job.connection, work: job.work, keyHash: key.hashValue)
        guard !self.earlier.contains(entry), self.recent.insert(entry).inserted else { return false }
        if self.recent.count >= self.generationSize {
            self.earlier = self.recent
            self.recent = []
        }
        return true
    }

    /// Forgets the shares of jobs for which none can come any more.
    package mutating func retain(where isLive: (_ connection: ConnectionID, _ work: UInt64) -> Bool) {
        self.recent = self.recent.filter { isLive($0.connection, $0.work) }
        self.earlier = self.earlier.filter { isLive($0.connection, $0.work) }
    }
}
