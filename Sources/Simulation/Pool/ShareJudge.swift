/// A submit as it came, nothing decoded.
struct ShareClaim {
    var jobID: String
    var extranonce2: String
    var ntime: String
    var nonce: String
    var versionBits: String?
}

/// A job as it was sent on one link.
struct IssuedJob {
    let job: PoolJob
    /// The difficulty in force when it was sent.
    let difficulty: Double
    /// The extranonce1 in force when it was sent.
    let extranonce1: [UInt8]
    /// The extranonce2 size in force when it was sent.
    let extranonce2Size: Int
}

/// Decides about shares.
struct ShareJudge {
    let versionBitsRule: VersionBitsRule
    let requiresVersionBits: Bool
    let ntimeRule: NTimeRule
    let acceptsShortNonces: Bool

    struct Judgement {
        var verdict: PoolVerdict
        /// Nil if the share was refused before it was hashed.
        var shareDifficulty: Double?
    }

    /// Judges a share for `issued`, the job its id stands for, and remembers its hash.
    ///
    /// - Parameters:
    ///   - epoch: the pool's, which tells stale jobs.
    ///   - mask: the link's; nil if version rolling was not negotiated.
    func judge(_ claim: ShareClaim, issued: IssuedJob?, epoch: Int, mask: UInt32?) -> Judgement {
        guard let issued else { return Self.refuse(21, "Job not found") }
        let job = issued.job
        guard job.epoch >= epoch else { return Self.refuse(21, "Stale") }
        guard let extranonce2 = HexText.bytes(claim.extranonce2), extranonce2.count == issued.extranonce2Size else {
            return Self.refuse(20, "Invalid nonce2 length")
        }
        let padding = self.acceptsShortNonces ? String(repeating: "0", count: max(8 - claim.nonce.utf8.count, 0)) : ""
        guard let nonce = HexText.number(padding + claim.nonce) else { return Self.refuse(20, "Invalid nonce") }
        guard let version = self.version(of: job, bits: claim.versionBits, mask: mask) else {
            return Self.refuse(20, "Invalid version mask")
        }
        guard let ntime = HexText.number(claim.ntime), self.allows(ntime, for: job) else {
            return Self.refuse(20, "Ntime out of range")
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
        let hash = DoubleSHA256.hash(header)
        let difficulty = ProofOfWork.difficulty(hash: hash)
        guard job.judgedHashes.insert(hash).inserted else {
            return Judgement(verdict: .rejected(code: 22, text: "Duplicate"), shareDifficulty: difficulty)
        }
        guard difficulty >= issued.difficulty else {
            return Judgement(verdict: .rejected(code: 23, text: "Above target"), shareDifficulty: difficulty)
        }
        return Judgement(verdict: .accepted, shareDifficulty: difficulty)
    }

    /// The block version of a share; nil if its bits are not allowed.
    private func version(of job: PoolJob, bits text: String?, mask: UInt32?) -> UInt32? {
        guard let text else {
            return mask != nil && self.requiresVersionBits ? nil : job.version
        }
        guard let bits = HexText.number(text), bits & ~(mask ?? 0) == 0 else { return nil }
        return switch self.versionBitsRule {
        case .replace: job.version & ~(mask ?? 0) | bits
        case .or: job.version | bits
        }
    }

    private func allows(_ ntime: UInt32, for job: PoolJob) -> Bool {
        switch self.ntimeRule {
        case .exact: ntime == job.ntime
        case .forward(let seconds): ntime >= job.ntime && ntime - job.ntime <= seconds
        }
    }

    private static func refuse(_ code: Int, _ text: String) -> Judgement {
        Judgement(verdict: .rejected(code: code, text: text))
    }
}
