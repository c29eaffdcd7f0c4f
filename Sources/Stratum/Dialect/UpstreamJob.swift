/// A pool's job as it came, opaque but for what the router must know of it.
public protocol PoolWork: Sendable {
    /// The pool's name for it: opaque, case-sensitive.
    var id: String { get }
    /// It voids all earlier ones.
    var isClean: Bool { get }
    /// What it builds on: the same bytes in all jobs on the same block, others on another.
    var block: [UInt8] { get }
    /// The time in its header, in seconds since 1970; 0 where miners do not get one.
    var ntime: UInt32 { get }
    /// For comparing pools with each other; nil if the protocol does not say enough.
    var tip: BlockTip? { get }
    /// Whom it pays; nil if the protocol does not say.
    var coinbase: CoinbaseTemplate? { get }
    /// True if both are the same search: what was found for one would be found again for the other.
    func isSameSearch(as other: any PoolWork) -> Bool
    /// True if a pool that sends it after `other` shows that it is alive.
    func isNews(after other: any PoolWork) -> Bool
}

extension PoolWork {
    public var ntime: UInt32 { 0 }
    public var tip: BlockTip? { nil }
    public var coinbase: CoinbaseTemplate? { nil }
    public func isNews(after other: any PoolWork) -> Bool { self.id != other.id || self.block != other.block }
}

/// The block that a job builds on.
public struct BlockTip: Sendable, Hashable {
    /// What names the block, the same at all pools.
    public var hash: [UInt8]
    /// Height of the block that is being mined; nil if it is not known.
    public var height: Int?
    /// The hash meets the network target of its job: it took a block's work to find, if that target is the network's.
    public var isProven: Bool
    /// False where the protocol gives no means to prove it.
    public var isProvable: Bool
    /// The network target in compact form, as the pool names it; 0 where it names none.
    public var nbits: UInt32

    public init(hash: [UInt8], height: Int?, isProven: Bool, isProvable: Bool = true, nbits: UInt32 = 0) {
        self.hash = hash
        self.height = height
        self.isProven = isProven
        self.isProvable = isProvable
        self.nbits = nbits
    }
}

/// A coinbase transaction with a gap for the extranonces.
public struct CoinbaseTemplate: Sendable, Hashable {
    public var beforeExtranonce: [UInt8]
    /// Bytes of the gap.
    public var extranonceCount: Int
    public var afterExtranonce: [UInt8]

    public init(beforeExtranonce: [UInt8], extranonceCount: Int, afterExtranonce: [UInt8]) {
        self.beforeExtranonce = beforeExtranonce
        self.extranonceCount = extranonceCount
        self.afterExtranonce = afterExtranonce
    }
}

/// A pool's job together with what was in force on its connection when it came. Later changes of difficulty, nonce space
/// or version mask concern later jobs only.
public struct UpstreamJob: Sendable {
    public var work: any PoolWork
    /// Pool difficulty of shares for this job, in the dialect's unit.
    public var difficulty: Double
    /// How much nonce space the pool leaves, as ``NonceLayout/total`` counts.
    public var room: Int
    /// What miners must be told their nonces begin with; empty where the router hides it or there is nothing to tell.
    public var base: [UInt8]
    /// Bits of the block version the pool lets its client roll; 0 without version rolling.
    public var versionMask: UInt32
    /// The kinds of miners that can work on it: bits as in ``MinerDialogue/kind``.
    public var kinds: UInt8

    public init(
        work: any PoolWork,
        difficulty: Double,
        room: Int,
        base: [UInt8] = [],
        versionMask: UInt32 = 0,
        kinds: UInt8 = 1
    ) {
        self.work = work
        self.difficulty = difficulty
        self.room = room
        self.base = base
        self.versionMask = versionMask
        self.kinds = kinds
    }
}
