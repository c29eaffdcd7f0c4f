/// A `mining.notify` with what was in force on its connection.
package struct EquihashWork: PoolWork {
    package var job: EquihashJob
    /// The pool's NONCE_1.
    package var nonce1: [UInt8]
    /// The pool's target for shares, as it was sent.
    package var target: Target
    /// What proves its solutions; nil: only the pool can.
    package var verifier: EquihashVerifier?

    package init(job: EquihashJob, nonce1: [UInt8], target: Target, verifier: EquihashVerifier?) {
        self.job = job
        self.nonce1 = nonce1
        self.target = target
        self.verifier = verifier
    }

    package var id: String { self.job.id }
    package var isClean: Bool { self.job.isClean }
    package var block: [UInt8] { self.job.previousHash }

    /// A block's id is the hash that its proof of work is judged by, except where the solution is something else.
    package var tip: BlockTip? {
        let hash = Hash256(bytes: self.job.previousHash)
        let isProvable = self.verifier != nil
        return BlockTip(
            hash: self.job.previousHash,
            height: self.height,
            isProven: isProvable && hash.map { Target(nbits: self.job.bits).isMet(by: $0) } ?? false,
            isProvable: isProvable,
            nbits: self.job.bits
        )
    }

    /// Bitcoin Gold has the height in four bytes of what is reserved, and 28 zeros.
    private var height: Int? {
        guard self.verifier?.personalization == .bitcoinGold, self.job.reserved.dropFirst(4).allSatisfy({ $0 == 0 })
        else { return nil }
        let height = self.job.reserved.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
        return height == 0 ? nil : height
    }

    /// The time may differ: a miner may move it.
    package func isSameSearch(as other: any PoolWork) -> Bool {
        guard let other = other as? EquihashWork else { return false }
        return self.nonce1 == other.nonce1 && self.verifier == other.verifier
            && self.job.previousHash == other.job.previousHash && self.job.merkleRoot == other.job.merkleRoot
            && self.job.reserved == other.job.reserved && self.job.bits == other.job.bits
    }

    package func isNews(after other: any PoolWork) -> Bool {
        guard let other = other as? EquihashWork else { return true }
        return self.job.id != other.job.id || self.job.previousHash != other.job.previousHash
            || self.job.time != other.job.time
    }

    /// The target that a miner is sent for a difficulty. That of the pool is the pool's own to the bit; one below it is
    /// never harder than the pool's.
    package func target(difficulty: Double, poolDifficulty: Double) -> Target {
        guard difficulty != poolDifficulty else { return self.target }
        let target = EquihashDifficulty.target(difficulty)
        return difficulty < poolDifficulty ? Target(max(target.value, self.target.value)) : target
    }
}

extension EquihashPersonalization {
    fileprivate static let bitcoinGold = EquihashPersonalization("BgoldPoW")
}
