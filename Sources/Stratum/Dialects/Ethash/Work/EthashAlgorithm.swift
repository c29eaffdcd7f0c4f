/// The two ways of counting the epochs of a DAG. EthereumStratum/2.0.0 names the epoch, the other flavours its seed.
public enum EthashAlgorithm: String, Sendable, Hashable, CaseIterable {
    /// 30,000 blocks an epoch.
    case ethash
    /// Ethereum Classic from block 11,700,000: 60,000 blocks an epoch, while the seed still moves on every 30,000
    /// (core-geth; ethereum §4).
    case etchash

    /// Blocks.
    public var epochLength: Int {
        switch self {
        case .ethash: 30_000
        case .etchash: 60_000
        }
    }

    /// The seed of an epoch; nil beyond ``EthashSeed/count``.
    public func seed(epoch: Int) -> Hash256? {
        let (index, overflow) = epoch.multipliedReportingOverflow(by: self.epochLength / 30_000)
        return overflow ? nil : EthashSeed.seed(at: index)
    }

    /// The epoch of a seed; nil if it is none of the first ``EthashSeed/count``.
    public func epoch(seed: Hash256) -> Int? {
        EthashSeed.index(of: seed).map { $0 / (self.epochLength / 30_000) }
    }
}

/// The seeds of DAGs: 32 zero bytes, then each one the Keccak-256 of the one before, one for every 30,000 blocks.
public enum EthashSeed {
    /// So many are known here: up to block 61,440,000, which Ethereum Classic reaches after 2040.
    public static let count = 2048

    private static let seeds: [Hash256] = {
        var seeds = [Hash256.zero]
        var last = Hash256.zero
        while seeds.count < Self.count {
            last = EthashKeccak.hash(last)
            seeds.append(last)
        }
        return seeds
    }()

    private static let indices = Dictionary(uniqueKeysWithValues: zip(seeds, 0..<count))

    /// The seed after `index` steps; nil if that is negative or too far.
    public static func seed(at index: Int) -> Hash256? {
        self.seeds.indices.contains(index) ? self.seeds[index] : nil
    }

    /// How many steps lead to a seed; nil if it is none of those known.
    public static func index(of seed: Hash256) -> Int? { self.indices[seed] }
}
