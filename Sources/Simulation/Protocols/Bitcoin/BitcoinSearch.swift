import Stratum

/// A header that is a share.
struct FoundHeader {
    let job: BitcoinMinerJob
    let extranonce2: [UInt8]
    let nonce: UInt32
    /// The value of the sixth parameter; nil without version rolling.
    let versionBits: UInt32?
    let difficulty: Double
}

/// The search through the nonces of one job: nonce, then version bits, then extranonce2.
struct BitcoinSearch {
    /// The most version variants tried on one coinbase.
    private static let versionVariants: UInt32 = 4

    private var job: BitcoinMinerJob
    private let profile: MinerProfile
    private let mistake: MinerMistake?
    private let headerHash: HeaderHash
    private let noncesPerRoll: UInt32
    private var mask: UInt32?
    private var variant: UInt32 = 0
    private var nonceCount: UInt32 = 0
    private var header: BlockHeader
    private var target: Target
    /// Coinbases tried before this one, on this job and on those it did not void.
    private(set) var coinbaseCount: UInt64

    /// - Parameter coinbaseCount: how many coinbases the firmware takes as used up already.
    init(_ job: BitcoinMinerJob, configuration: SimulatedMinerConfiguration, mask: UInt32?, coinbaseCount: UInt64) {
        self.job = job
        self.profile = configuration.profile
        self.mistake = configuration.mistake
        self.noncesPerRoll = configuration.profile == .nerdminer ? .max : max(configuration.noncesPerRoll, 1)
        self.headerHash = HeaderHash(configuration.protocol)
        self.mask = mask
        self.coinbaseCount = coinbaseCount
        self.target = Target(difficulty: job.difficulty / self.headerHash.difficultyMultiplier)
        let isSwapped = configuration.mistake == .previousHashOrder
        let previousHash = isSwapped ? ProofOfWork.swappingWords(job.previousHash) : job.previousHash
        self.header = BlockHeader(
            version: job.version,
            previousHash: Hash256(bytes: ProofOfWork.swappingWords(previousHash)) ?? .zero,
            merkleRoot: .zero,
            ntime: job.ntime,
            nbits: job.nbits,
            nonce: 0
        )
        self.prepare()
    }

    /// Takes another difficulty at once.
    mutating func setDifficulty(_ difficulty: Double) {
        self.job.difficulty = difficulty
        self.target = Target(difficulty: difficulty / self.headerHash.difficultyMultiplier)
    }

    /// Takes another mask at once.
    mutating func setVersionMask(_ mask: UInt32) {
        self.mask = mask
        self.header.version = self.version
    }

    /// Tries the next `count` headers.
    mutating func run(_ count: Int) -> [FoundHeader] {
        var found: [FoundHeader] = []
        for _ in 0..<count {
            let hash = self.hash
            let difficulty = hash.difficulty() * self.headerHash.difficultyMultiplier
            if self.target.isMet(by: hash), difficulty >= self.job.difficulty {
                found.append(
                    FoundHeader(
                        job: self.job,
                        extranonce2: self.extranonce2,
                        nonce: self.mistake == .nonceOrder ? self.header.nonce.byteSwapped : self.header.nonce,
                        versionBits: self.submittedBits,
                        difficulty: difficulty
                    )
                )
            }
            self.advance()
        }
        return found
    }

    /// The hash of the header as it stands.
    private var hash: Hash256 {
        switch self.headerHash {
        case .sha256d: self.header.powHash
        case .scrypt: Hash256(bytes: self.headerHash(self.header.bytes)) ?? .maximum
        }
    }

    private mutating func advance() {
        self.nonceCount &+= 1
        guard self.nonceCount == self.noncesPerRoll else {
            // An odd factor visits every nonce once, in an order that looks like that of a chip.
            self.header.nonce = self.nonceCount &* 0x9e37_79b1
            return
        }
        self.nonceCount = 0
        self.header.nonce = 0
        self.variant += 1
        if self.variant >= self.variantCount {
            self.variant = 0
            self.coinbaseCount &+= 1
            self.prepare()
        } else {
            self.header.version = self.version
        }
    }

    /// Puts the merkle root and the version of the current coinbase into the header.
    private mutating func prepare() {
        let extranonces =
            self.mistake == .extranonceOrder
            ? self.extranonce2 + self.job.extranonce1 : self.job.extranonce1 + self.extranonce2
        let root = ProofOfWork.merkleRoot(
            coinbase: self.job.coinbase1 + extranonces + self.job.coinbase2,
            branches: self.job.branches
        )
        self.header.merkleRoot = Hash256(bytes: root) ?? .zero
        self.header.version = self.version
    }

    /// cgminer and Bitaxe count little-endian, others big-endian; NerdMiner never counts.
    private var extranonce2: [UInt8] {
        let size = self.job.extranonce2Size
        let count = self.profile == .nerdminer ? 1 : self.coinbaseCount
        let bytes = (0..<max(size, 0)).map { UInt8(truncatingIfNeeded: $0 < 8 ? count >> UInt64(8 * $0) : 0) }
        return self.profile == .cgminer || self.profile == .bitaxe ? bytes : bytes.reversed()
    }

    /// Fewer where the mask has not the bits for them: without a bit the version stays as it is.
    private var variantCount: UInt32 {
        min(Self.versionVariants, 1 << UInt32((self.mask ?? 0).nonzeroBitCount))
    }

    /// The number of the variant, spread over the bits of the mask.
    private var bits: UInt32 {
        var (rest, bits) = (self.mask ?? 0, UInt32(0))
        var variant = self.variant
        while rest != 0, variant != 0 {
            let lowest = rest & (~rest &+ 1)
            if variant & 1 == 1 { bits |= lowest }
            variant >>= 1
            rest &= ~lowest
        }
        return bits
    }

    /// BIP 310 replaces the masked bits; a Bitaxe ORs.
    private var version: UInt32 {
        guard let mask = self.mask else { return self.job.version }
        return self.profile == .bitaxe ? self.job.version | self.bits : self.job.version & ~mask | self.bits
    }

    private var submittedBits: UInt32? {
        guard let mask = self.mask else { return nil }
        return self.profile == .bitaxe ? self.version ^ self.job.version : self.version & mask
    }
}
