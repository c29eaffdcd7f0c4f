/// What a pool wants to be hashed: one `mining.notify`, decoded.
public struct Job: Sendable, Hashable {
    /// The most bytes of one coinbase part we take from a pool.
    public static let maximumCoinbasePartCount = 16 * 1024
    /// The most merkle branches we take from a pool.
    public static let maximumBranchCount = 32
    /// The most bytes of a job id we take from a pool.
    public static let maximumIDCount = 255

    /// The pool's name for the job: opaque, case-sensitive.
    public var id: String
    /// 32 bytes in the order of the block header.
    public var previousHash: [UInt8]
    /// The coinbase before the extranonces.
    public var coinbase1: [UInt8]
    /// The coinbase after the extranonces.
    public var coinbase2: [UInt8]
    /// The branches one after another, 32 bytes each.
    public var merkleBranches: [UInt8]
    public var version: UInt32
    public var nbits: UInt32
    public var ntime: UInt32
    /// The job voids all earlier ones.
    public var cleanJobs: Bool

    public init(
        id: String,
        previousHash: [UInt8],
        coinbase1: [UInt8],
        coinbase2: [UInt8],
        merkleBranches: [UInt8],
        version: UInt32,
        nbits: UInt32,
        ntime: UInt32,
        cleanJobs: Bool
    ) {
        self.id = id
        self.previousHash = previousHash
        self.coinbase1 = coinbase1
        self.coinbase2 = coinbase2
        self.merkleBranches = merkleBranches
        self.version = version
        self.nbits = nbits
        self.ntime = ntime
        self.cleanJobs = cleanJobs
    }

    /// Reverses the bytes inside each four-byte word, which leads from the order of `mining.notify` to that of the
    /// header and back.
    public static func swappingWords(_ bytes: [UInt8]) -> [UInt8] {
        var swapped = bytes
        for index in bytes.indices where index ^ 3 < bytes.count {
            swapped[index] = bytes[index ^ 3]
        }
        return swapped
    }
}
