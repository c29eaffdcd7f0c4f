/// Judges shares of Stratum V1: sizes, version bits, time, hash. The order of checks is that of the usual pools
/// (stratum-v1 §8).
struct BitcoinShareJudge: Sendable {
    let algorithm: BitcoinAlgorithm
    private var sampler: ShareSampler

    /// A share may be this much below its difficulty: miners compute the target in floating point.
    private static let tolerance = 1 - 1e-9
    init(algorithm: BitcoinAlgorithm, validation: ShareValidation) {
        self.algorithm = algorithm
        self.sampler = ShareSampler(validation)
    }

    mutating func judge(_ submission: Submission, _ context: JudgingContext) -> Judgement {
        guard let work = context.upstream.work as? BitcoinWork, let issue = context.work as? BitcoinIssue else {
            return .malformed(Rejection(code: 21, message: "Job not found"))
        }
        guard submission.found.extranonce2.count == context.grant.bitcoinExtranonce2Size else {
            return Self.malformed("Invalid nonce2 length")
        }
        let versions = VersionRolling.candidates(
            jobVersion: work.job.version, mask: context.versionMask, bits: submission.found.versionBits
        )
        guard let version = versions[0] else { return Self.malformed("Invalid version mask") }
        guard BlockTime.isPossible(submission.found.ntime, jobTime: work.job.ntime, unixTime: context.unixTime) else {
            return Self.malformed("Ntime out of range")
        }
        let isProven = self.sampler.next()
        let trial = ShareTrial(
            algorithm: self.algorithm,
            work: work,
            issue: issue,
            submission: submission,
            prefix: context.grant.prefix,
            versions: versions,
            difficulty: context.difficulty * Self.tolerance,
            poolDifficulty: context.upstream.difficulty,
            poolTolerance: Self.tolerance,
            versionMask: context.upstream.versionMask
        )
        guard isProven else { return .judged(trial.believed(version: version)) }
        return self.algorithm.isSlow ? .slow(trial.key(version: version)) { trial.run() } : trial.run()
    }

    static func malformed(_ reason: String) -> Judgement { .malformed(Rejection(code: 20, message: reason)) }
}

/// The hashing of one share; also on another thread.
private struct ShareTrial: Sendable {
    let algorithm: BitcoinAlgorithm
    let work: BitcoinWork
    let issue: BitcoinIssue
    let submission: Submission
    let prefix: [UInt8]
    let versions: VersionRolling.Candidates
    /// What the share must meet, the tolerance taken off.
    let difficulty: Double
    let poolDifficulty: Double
    let poolTolerance: Double
    /// The pool's.
    let versionMask: UInt32

    func run() -> Judgement {
        let job = self.work.job
        var header = BlockHeader(
            version: job.version,
            previousHash: job.previousHash.withUnsafeBytes { Hash256(loading: $0) },
            merkleRoot: MerkleRoot.build(
                start: self.issue.coinbaseStart,
                extranonce1: self.prefix,
                extranonce2: self.submission.found.extranonce2,
                coinbase2: job.coinbase2,
                branches: job.merkleBranches
            ),
            ntime: self.submission.found.ntime,
            nbits: job.nbits,
            nonce: self.submission.found.nonce
        )
        var best: (hash: Hash256, version: UInt32)?
        for version in self.versions {
            header.version = version
            guard let hash = self.algorithm.hash(header) else {
                return BitcoinShareJudge.malformed("Hash could not be computed")
            }
            if best.map({ hash < $0.hash }) ?? true { best = (hash, version) }
            // The first reading of the bits that makes a share is meant, even if another one would make a better share.
            if self.difficulty(of: hash) >= self.difficulty { break }
        }
        guard let (hash, version) = best else { return BitcoinShareJudge.malformed("Invalid version mask") }
        let shareDifficulty = self.difficulty(of: hash)
        let meetsNetworkTarget = self.issue.networkTarget.isMet(by: hash)
        return .judged(
            JudgedWork(
                shareDifficulty: shareDifficulty,
                meetsDifficulty: shareDifficulty >= self.difficulty,
                meetsPoolTarget: self.issue.poolTarget.isMet(by: hash)
                    || shareDifficulty >= self.poolDifficulty * self.poolTolerance,
                meetsNetworkTarget: meetsNetworkTarget,
                versionBits: self.versionBits(version),
                key: self.key(version: version)
            )
        )
    }

    /// The share as the miner claims it.
    func believed(version: UInt32) -> JudgedWork {
        JudgedWork(
            shareDifficulty: 0,
            meetsDifficulty: true,
            meetsPoolTarget: true,
            versionBits: self.versionBits(version),
            key: self.key(version: version)
        )
    }

    func key(version: UInt32) -> ShareKey {
        ShareKey(
            self.issue.padding.suffix(8).reduce(0) { $0 << 8 | UInt64($1) },
            self.submission.found.extranonce2.value,
            UInt64(self.submission.found.ntime) << 32 | UInt64(self.submission.found.nonce),
            UInt64(version)
        )
    }

    /// The masked bits of the version that was hashed suit pools that replace them and pools that add them.
    private func versionBits(_ version: UInt32) -> UInt32? {
        self.work.expectsVersionBits ? version & self.versionMask : nil
    }

    private func difficulty(of hash: Hash256) -> Double {
        hash.difficulty(multiplier: self.algorithm.difficultyMultiplier)
    }
}
