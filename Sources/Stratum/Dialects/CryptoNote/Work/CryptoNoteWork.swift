/// A job with what was in force on its connection.
public struct CryptoNoteWork: PoolWork {
    public var job: CryptoNoteJob
    public var isClean: Bool
    public let block: [UInt8]
    /// The pool divides the nonce's last byte among its clients itself: it is not the router's to give.
    public var isByteTaken: Bool

    public init(job: CryptoNoteJob, isClean: Bool, isByteTaken: Bool) {
        self.job = job
        self.isClean = isClean
        self.isByteTaken = isByteTaken
        self.block = Self.block(of: job)
    }

    public var id: String { self.job.id }

    public var tip: BlockTip? {
        self.job.previousID.map {
            BlockTip(hash: $0, height: self.job.height, isProven: false, isProvable: false, nbits: 0)
        }
    }

    public var coinbase: CoinbaseTemplate? { nil }

    /// The same blob hashed by the same algorithm with the same seed.
    public func isSameSearch(as other: any PoolWork) -> Bool {
        guard let other = other as? CryptoNoteWork else { return false }
        return self.job.blob == other.job.blob && self.job.algorithm == other.job.algorithm
            && self.job.seedHash == other.job.seedHash && self.job.height == other.job.height
    }

    /// The block before, or where the blob does not say it the height, or else the blob itself: a job that tells nothing
    /// of its block is on a block of its own.
    private static func block(of job: CryptoNoteJob) -> [UInt8] {
        if let previous = job.previousID { return previous }
        if let height = job.height { return Array("height \(height)".utf8) }
        return job.blob
    }

    /// What was begun before is void: another block, or another height.
    static func isClean(_ job: CryptoNoteJob, after former: CryptoNoteJob?) -> Bool {
        guard let former else { return true }
        return Self.block(of: job) != Self.block(of: former) || job.height != former.height
            || job.algorithm != former.algorithm || job.seedHash != former.seedHash
    }
}
