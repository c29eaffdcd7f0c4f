/// A pool's job of any flavour, with what was in force on its connection.
public struct EthashWork: PoolWork {
    /// eth-proxy: the header with `0x`; elsewhere the pool's name for the job.
    public var id: String
    public var flavor: EthashFlavor
    /// Hash of the block header without its nonce. As a number, like all hashes here: the first byte on the wire is the
    /// most significant.
    public var header: Hash256
    /// Of the DAG; nil if the pool named an epoch that cannot be turned into one.
    public var seed: Hash256?
    /// As an EthereumStratum/2.0.0 pool numbers it; nil at the others.
    public var epoch: Int?
    /// As such a pool names it; nil at the others.
    public var algorithm: String?
    /// Of the block that is being mined, where the pool says so.
    public var height: Int?
    public var target: Target
    /// What an EthereumStratum/1.0.0 pool named; nil at the others.
    public var stratumDifficulty: Double?
    /// What the pool wants nonces to begin with.
    public var extranonce: [UInt8]
    public var isClean: Bool
    /// The header of the first job on the block: the protocols do not name the previous one (``EthashBlocks``).
    public var block: [UInt8]

    public init(
        id: String,
        flavor: EthashFlavor,
        header: Hash256,
        seed: Hash256?,
        epoch: Int? = nil,
        algorithm: String? = nil,
        height: Int? = nil,
        target: Target,
        stratumDifficulty: Double? = nil,
        extranonce: [UInt8] = [],
        isClean: Bool,
        block: [UInt8]
    ) {
        self.id = id
        self.flavor = flavor
        self.header = header
        self.seed = seed
        self.epoch = epoch
        self.algorithm = algorithm
        self.height = height
        self.target = target
        self.stratumDifficulty = stratumDifficulty
        self.extranonce = extranonce
        self.isClean = isClean
        self.block = block
    }

    /// Known where the height is; nothing can be proven of it.
    public var tip: BlockTip? {
        self.height.map { height in
            let digits = (0..<8).reversed().map { UInt8(truncatingIfNeeded: height >> ($0 * 8)) }
            return BlockTip(
                hash: [UInt8](repeating: 0, count: 24) + digits, height: height, isProven: false, isProvable: false
            )
        }
    }

    public func isSameSearch(as other: any PoolWork) -> Bool {
        guard let other = other as? EthashWork else { return false }
        return self.header == other.header && self.extranonce == other.extranonce
    }

    /// The miners that can work on it. The two versions of EthereumStratum say the same in other words as long as the
    /// seed can be turned into an epoch and back; eth-proxy goes with neither (ethereum §5).
    public var kinds: UInt8 {
        let isTranslatable =
            switch self.flavor {
            case .proxy: false
            case .stratum1: self.seed.flatMap(EthashSeed.index) != nil
            case .stratum2: self.seed != nil
            }
        return isTranslatable ? EthashFlavor.stratum1.kind | EthashFlavor.stratum2.kind : self.flavor.kind
    }

    /// How many bytes of its nonce the router may have for prefixes: two where the pool takes one at most, so that
    /// miners are told three at most (NiceHash's limit), one where it takes more, none where too little would be left
    /// to search. eth-proxy has no prefixes and must not narrow other pools.
    public static func room(extranonceCount count: Int) -> Int {
        switch count {
        case ...1: 2
        case ...5: 1
        default: 0
        }
    }

    /// This job for the router.
    public var upstreamJob: UpstreamJob {
        UpstreamJob(
            work: self,
            difficulty: self.target.expectedHashes,
            room: Self.room(extranonceCount: self.extranonce.count),
            base: self.extranonce,
            kinds: self.kinds
        )
    }
}

/// Tells which jobs of one connection are on the same block.
struct EthashBlocks: Sendable {
    private var block: [UInt8] = []
    private var height: Int?

    /// - Parameter isClean: what the pool says; nil if its flavour does not: then a job is on a new block unless it has
    ///   the height of the one before.
    /// - Returns: The block of a job that has just come, and whether it voids the earlier ones.
    mutating func next(header: Hash256, isClean: Bool?, height: Int?) -> (block: [UInt8], isClean: Bool) {
        let isHigher = height != self.height
        let isNew = self.block.isEmpty || (isClean ?? (height == nil)) || isHigher
        self.height = height
        if isNew { self.block = header.bytes.reversed() }
        return (self.block, isNew)
    }
}
