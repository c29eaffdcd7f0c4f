/// Decides about shares of a Bitcoin pool.
struct BitcoinJudge {
    let headerHash: HeaderHash
    let versionBitsRule: VersionBitsRule
    let requiresVersionBits: Bool
    let ntimeRule: NTimeRule
    let acceptsShortNonces: Bool

    /// Judges a share for `issued`, the job its id stands for, and remembers its hash.
    ///
    /// - Parameters:
    ///   - epoch: the pool's, which tells stale jobs.
    ///   - mask: the link's; nil if version rolling was not negotiated.
    func judge(_ claim: ShareClaim, issued: IssuedJob?, epoch: Int, mask: UInt32?) -> Judgement {
        guard let issued, let job = issued.job as? BitcoinPoolJob else { return .refuse(21, "Job not found") }
        guard job.epoch >= epoch else { return .refuse(21, "Stale") }
        guard let extranonce2 = HexText.bytes(claim.extranonce2), extranonce2.count == issued.extranonce2Size else {
            return .refuse(20, "Invalid nonce2 length")
        }
        let padding = self.acceptsShortNonces ? String(repeating: "0", count: max(8 - claim.nonce.utf8.count, 0)) : ""
        guard let nonce = HexText.number(padding + claim.nonce) else { return .refuse(20, "Invalid nonce") }
        guard let version = self.version(of: job, bits: claim.versionBits, mask: mask) else {
            return .refuse(20, "Invalid version mask")
        }
        guard let ntime = HexText.number(claim.ntime), self.ntimeRule.allows(ntime, of: job) else {
            return .refuse(20, "Ntime out of range")
        }
        let root = ProofOfWork.merkleRoot(
            coinbase: job.coinbase1 + issued.extranonce1 + extranonce2 + job.coinbase2,
            branches: job.branches
        )
        let header = ProofOfWork.header(
            version: version,
            previousHash: job.previousHash,
            merkleRoot: root,
            ntime: ntime,
            nbits: job.nbits,
            nonce: nonce
        )
        let hash = self.headerHash(header)
        let difficulty = ProofOfWork.difficulty(hash: hash) * self.headerHash.difficultyMultiplier
        guard job.judged.insert(hash).inserted else {
            return .refuse(22, "Duplicate", shareDifficulty: difficulty)
        }
        guard difficulty >= issued.difficulty else {
            return .refuse(23, "Above target", shareDifficulty: difficulty)
        }
        return Judgement(verdict: .accepted, shareDifficulty: difficulty)
    }

    /// The block version of a share; nil if its bits are not allowed.
    private func version(of job: BitcoinPoolJob, bits text: String?, mask: UInt32?) -> UInt32? {
        guard let text else {
            return mask != nil && self.requiresVersionBits ? nil : job.version
        }
        guard let bits = HexText.number(text), bits & ~(mask ?? 0) == 0 else { return nil }
        return switch self.versionBitsRule {
        case .replace: job.version & ~(mask ?? 0) | bits
        case .or: job.version | bits
        }
    }
}
