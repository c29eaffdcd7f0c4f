/// A `mining.notify` with what was in force on its connection.
public struct BitcoinWork: PoolWork {
    public var job: Job
    public var extranonce1: [UInt8]
    public var extranonce2Size: Int
    /// `mining.configure` was accepted: the pool expects version bits with every share.
    public var expectsVersionBits: Bool
    /// A block's id is its proof of work as well, as with SHA-256d, so that a previous hash proves itself.
    public var hasProvableBlocks: Bool

    public init(
        job: Job,
        extranonce1: [UInt8],
        extranonce2Size: Int,
        expectsVersionBits: Bool,
        hasProvableBlocks: Bool = true
    ) {
        self.job = job
        self.extranonce1 = extranonce1
        self.extranonce2Size = extranonce2Size
        self.expectsVersionBits = expectsVersionBits
        self.hasProvableBlocks = hasProvableBlocks
    }

    public var id: String { self.job.id }
    public var isClean: Bool { self.job.cleanJobs }
    public var block: [UInt8] { self.job.previousHash }
    public var ntime: UInt32 { self.job.ntime }

    public var tip: BlockTip? {
        let hash = Hash256(bytes: self.job.previousHash)
        let meetsTarget = hash.map { Target(nbits: self.job.nbits).isMet(by: $0) } ?? false
        return BlockTip(
            hash: self.job.previousHash,
            height: Job.height(coinbase1: self.job.coinbase1),
            isProven: self.hasProvableBlocks && meetsTarget,
            isProvable: self.hasProvableBlocks,
            nbits: self.job.nbits
        )
    }

    public var coinbase: CoinbaseTemplate? {
        CoinbaseTemplate(
            beforeExtranonce: self.job.coinbase1,
            extranonceCount: self.extranonce1.count + self.extranonce2Size,
            afterExtranonce: self.job.coinbase2
        )
    }

    public func isSameSearch(as other: any PoolWork) -> Bool {
        guard let other = other as? BitcoinWork else { return false }
        return self.extranonce1 == other.extranonce1 && self.extranonce2Size == other.extranonce2Size
            && self.job.previousHash == other.job.previousHash && self.job.coinbase1 == other.job.coinbase1
            && self.job.coinbase2 == other.job.coinbase2 && self.job.merkleBranches == other.job.merkleBranches
            && self.job.version == other.job.version && self.job.nbits == other.job.nbits
    }

    public func isNews(after other: any PoolWork) -> Bool {
        guard let other = other as? BitcoinWork else { return true }
        return self.job.id != other.job.id || self.job.previousHash != other.job.previousHash
            || self.job.ntime != other.job.ntime
    }
}
