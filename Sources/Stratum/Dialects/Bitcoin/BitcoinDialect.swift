public import NIOCore

/// What tells the coins of Stratum V1 with an 80-byte header apart.
public struct BitcoinAlgorithm: Sendable {
    /// How many times easier difficulty 1 is than Bitcoin's.
    public var difficultyMultiplier: Int
    /// It is the hash by which blocks are named as well.
    public var namesBlocks: Bool
    /// It takes so long that shares are judged elsewhere than on an event loop.
    public var isSlow: Bool
    /// The proof-of-work hash of a header; nil if it could not be computed.
    public var hash: @Sendable (BlockHeader) -> Hash256?

    public init(
        difficultyMultiplier: Int = 1,
        namesBlocks: Bool = false,
        isSlow: Bool = false,
        hash: @escaping @Sendable (BlockHeader) -> Hash256?
    ) {
        self.difficultyMultiplier = difficultyMultiplier
        self.namesBlocks = namesBlocks
        self.isSlow = isSlow
        self.hash = hash
    }

    /// SHA-256 twice.
    public static let sha256d = BitcoinAlgorithm(namesBlocks: true) { $0.powHash }
}

/// A dialect that differs from Bitcoin's in the hash alone: conforming to it is all there is to do for such a coin.
public protocol BitcoinLikeDialect: Dialect {
    static var algorithm: BitcoinAlgorithm { get }
    /// How many of the shares are judged by their hash.
    var validation: ShareValidation { get }
}

/// How many shares the router proves for itself, where that is much work.
public enum ShareValidation: String, Sendable, Hashable, CaseIterable {
    /// Every one.
    case all
    /// One in sixteen; the others are believed and left to the pool.
    case sample
    /// None: what the miner claims is believed.
    case claimed
}

/// Whose turn it is to be proven.
struct ShareSampler: Sendable {
    let validation: ShareValidation
    /// Shares so far.
    private var count: UInt64 = 0

    /// One share in so many is proven when they are sampled.
    private static let interval: UInt64 = 16

    init(_ validation: ShareValidation) {
        self.validation = validation
    }

    /// Whether the next share is to be proven.
    mutating func next() -> Bool {
        self.count &+= 1
        return switch self.validation {
        case .all: true
        case .sample: self.count % Self.interval == 1
        case .claimed: false
        }
    }
}

extension BitcoinLikeDialect {
    public static var options: [DialectOption] { [] }
    /// The hash of a block and a coinbase, in hexadecimal, and what is around them.
    public static var shortestJob: Int { 256 }
    public var validation: ShareValidation { .all }

    public var hashesPerDifficulty: Double { 0x1p32 / Double(max(1, Self.algorithm.difficultyMultiplier)) }
    public var initialDifficulty: Double { 1_048_576 }
    public var knowsShareDifficulty: Bool { self.validation == .all }

    public var assumedLayout: NonceLayout { .bitcoinAssumed }

    /// The smallest room decides. A pool too narrow for any layout serves nobody; it must not keep the others from being
    /// fitted.
    public func layout(rooms: [Int]) -> NonceLayout? {
        rooms.compactMap { NonceLayout(smallestExtranonce2Size: $0) }.min { $0.total < $1.total }
    }

    public func issue(_ job: UpstreamJob, _ request: IssueRequest) -> (any IssuedWork)? {
        BitcoinIssue.make(job, request, algorithm: Self.algorithm)
    }

    public func makePoolDialogue(_ settings: PoolDialogueSettings) -> any PoolDialogue {
        BitcoinPoolDialogue(
            settings: settings,
            hasProvableBlocks: Self.algorithm.namesBlocks,
            difficultyMultiplier: Self.algorithm.difficultyMultiplier
        )
    }

    public func makeMinerDialogue(_ settings: MinerDialogueSettings) -> any MinerDialogue {
        BitcoinMinerDialogue(settings: settings, algorithm: Self.algorithm, validation: self.validation)
    }

    public static func recognizes(_ line: ByteBuffer) -> Bool { false }

    public static func refusal(of line: ByteBuffer, _ text: String) -> ByteBuffer {
        StratumRefusal.line(to: line, text)
    }
}

/// Bitcoin and the other coins of SHA-256d.
public struct BitcoinDialect: BitcoinLikeDialect {
    public static let name = "bitcoin"
    public static let summary = "Bitcoin, Bitcoin Cash and other coins of SHA-256d"
    public static let algorithm = BitcoinAlgorithm.sha256d

    public init(_ options: DialectOptions = DialectOptions()) {}

    public static func recognizes(_ line: ByteBuffer) -> Bool {
        FirstLine.method(of: line) == "mining.configure"
    }
}

extension NonceLayout {
    /// Used while no pool has said its size.
    public static let bitcoinAssumed = NonceLayout(total: 6)

    /// `total` bytes are the router's prefix and the miner's part together, what a pool gives beyond them is padding. The
    /// sizes are those that every firmware accepts (stratum-v1 §12, §13.3). Nil for pools whose smallest extranonce2 has
    /// less than three bytes, where no layout is possible.
    public init?(smallestExtranonce2Size size: Int) {
        guard size >= 3 else { return nil }
        self.init(total: min(size, 6))
    }

    /// The prefixes for a miner with this agent string; the rest of the total is the miner's extranonce2.
    ///
    /// 6 → 2 + 4; 5 → 1 + 4; 4 → 1 + 3, but 2 + 2 for NerdMiner, which knows the sizes 2, 4 and 8 only; 3 → 1 + 2. Where
    /// both lengths occur, no short prefix begins a long one.
    public func bitcoinPrefixes(userAgent: String) -> PrefixRange {
        switch self.total {
        case 6...: PrefixRange(count: 2, values: 0x0001...0xffff)
        case 4 where userAgent.lowercased().contains("nerdminer"): PrefixRange(count: 2, values: 0xe000...0xffff)
        default: PrefixRange(count: 1, values: 0x01...0xdf)
        }
    }
}
