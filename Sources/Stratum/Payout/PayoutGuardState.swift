/// Notices when the jobs of one pool link begin to pay somebody else.
///
/// Every finding comes once, so that it can be logged as it is. A pool that pays somebody new in each job leads to one
/// for each of its jobs, though.
public struct PayoutGuardState: Sendable {
    /// What is remarkable about a job. Scripts are in the coinbase's order.
    public enum Finding: Sendable, Hashable {
        /// The job pays other scripts than the link's job before, and none of its last `PayoutGuardState.memory` sets.
        case changed(from: [[UInt8]], to: [[UInt8]])
        /// The job pays these scripts, which are not among those expected.
        case unexpected([[UInt8]])
        /// The coinbase cannot be read, and why; only for the first one of the link.
        case unreadable(String)
    }

    /// How many different sets of scripts are remembered, those that occurred last.
    public static let memory = 16

    /// What a finding depends on.
    private struct Input: Sendable, Equatable {
        var coinbase1: [UInt8]
        var extranonceCount: Int
        var coinbase2: [UInt8]
        var expected: [[UInt8]]
    }

    private var last: Input?
    private var lastScripts: [[UInt8]]?
    private var seen = RecentSets(limit: Self.memory)
    private var reported = RecentSets(limit: Self.memory)
    private var hasReportedUnreadable = false

    /// For a link that has had no job yet.
    public init() {}

    /// Judges the link's next job.
    ///
    /// `extranonceCount` is how many bytes both extranonces have together. `expected` are the scripts that may be paid;
    /// if it is empty, all may. That somebody unexpected is paid comes before that it is somebody else than before.
    public mutating func received(
        coinbase1: [UInt8],
        extranonceCount: Int,
        coinbase2: [UInt8],
        expected: [[UInt8]]
    ) -> Finding? {
        let input = Input(
            coinbase1: coinbase1, extranonceCount: extranonceCount, coinbase2: coinbase2, expected: expected
        )
        guard input != self.last else {
            return nil
        }
        self.last = input
        do {
            return self.judge(
                try CoinbaseOutputs(coinbase1: coinbase1, extranonceCount: extranonceCount, coinbase2: coinbase2),
                expected: Set(expected)
            )
        } catch {
            defer { self.hasReportedUnreadable = true }
            return self.hasReportedUnreadable ? nil : .unreadable(error.description)
        }
    }

    private mutating func judge(_ coinbase: CoinbaseOutputs, expected: Set<[UInt8]>) -> Finding? {
        let scripts = coinbase.payoutScripts
        let before = self.lastScripts
        self.lastScripts = scripts
        let isNew = self.seen.insert(scripts)
        // Scripts with extranonces in them are no reason for a change, but nobody can have expected them.
        let paid = scripts + coinbase.openPayoutScripts
        let unexpected = expected.isEmpty ? [] : paid.filter { !expected.contains($0) }
        if !unexpected.isEmpty, self.reported.insert(paid) {
            return .unexpected(unexpected)
        }
        guard let before, isNew else {
            return nil
        }
        return .changed(from: before, to: scripts)
    }
}

/// Which sets of scripts occurred last. Of each only a hash is kept, so that no pool decides about our memory.
private struct RecentSets: Sendable {
    private var hashes: [Hash256] = []
    private let limit: Int

    init(limit: Int) {
        self.limit = limit
    }

    /// Makes `scripts`, which are all different, the latest set; true if it is none of the sets before.
    mutating func insert(_ scripts: [[UInt8]]) -> Bool {
        let hash = Self.hash(scripts)
        let known = self.hashes.firstIndex(of: hash)
        if let known {
            self.hashes.remove(at: known)
        }
        self.hashes.append(hash)
        self.hashes.removeFirst(max(self.hashes.count - self.limit, 0))
        return known == nil
    }

    /// The same in whatever order the scripts are.
    private static func hash(_ scripts: [[UInt8]]) -> Hash256 {
        var hasher = SHA256d()
        for script in scripts.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            withUnsafeBytes(of: UInt64(script.count).littleEndian) { hasher.update($0) }
            hasher.update(script)
        }
        return hasher.finalize()
    }
}
