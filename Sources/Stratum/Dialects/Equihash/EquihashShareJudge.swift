import NIOCore

/// Judges shares of Equihash: sizes, time, solution, hash.
///
/// The solution comes before the target: a miner that has not taken up a new NONCE_1 is known by solutions that solve
/// nothing, while its hashes are like any others (equihash §5).
struct EquihashShareJudge: Sendable {
    private var sampler: ShareSampler

    init(validation: ShareValidation) {
        self.sampler = ShareSampler(validation)
    }

    mutating func judge(_ submission: Submission, _ context: JudgingContext) -> Judgement {
        guard let work = context.upstream.work as? EquihashWork, let issue = context.work as? EquihashIssue else {
            return .malformed(Rejection(code: 21, message: "Job not found"))
        }
        // What the pool will make of it. It is what the miner was told unless the pool has changed its NONCE_1 since.
        let nonce = context.upstream.base + context.grant.prefix + submission.found.extranonce2.bytes
        guard nonce.count == EquihashNonce.byteCount else { return Self.malformed("Invalid nonce2 length") }
        guard BlockTime.isPossible(submission.found.ntime, jobTime: work.job.time, unixTime: context.unixTime) else {
            return Self.malformed("Ntime out of range")
        }
        guard let proof = submission.found.proof, proof.readableBytes > 0 else {
            return Self.malformed("Invalid solution")
        }
        let header = work.job.header(time: submission.found.ntime, nonce: nonce)
        let hash = Self.hash(header, proof)
        guard let verifier = work.verifier else { return .judged(Self.believed(hash)) }
        guard let solution = EquihashSolution(proof: proof, parameters: verifier.parameters) else {
            return Self.malformed("Incorrect size of solution")
        }
        if self.sampler.next() {
            switch verifier.verify(header: header, solution: solution.bytes) {
            case .valid: break
            case .unhashed: return Self.malformed("Hash could not be computed")
            default: return Self.malformed("Invalid solution")
            }
        }
        let target = work.target(difficulty: context.difficulty, poolDifficulty: context.upstream.difficulty)
        return .judged(
            JudgedWork(
                shareDifficulty: EquihashDifficulty.difficulty(of: hash),
                meetsDifficulty: target.isMet(by: hash),
                meetsPoolTarget: work.target.isMet(by: hash),
                meetsNetworkTarget: issue.networkTarget.isMet(by: hash),
                key: ShareKey(hash)
            )
        )
    }

    /// The id that a block of this share would have.
    private static func hash(_ header: [UInt8], _ proof: ByteBuffer) -> Hash256 {
        var hasher = SHA256d()
        hasher.update(header)
        proof.withUnsafeReadableBytes { hasher.update($0) }
        return hasher.finalize()
    }

    /// The share as the miner claims it. The hash names it and proves nothing.
    private static func believed(_ hash: Hash256) -> JudgedWork {
        JudgedWork(shareDifficulty: 0, meetsDifficulty: true, meetsPoolTarget: true, key: ShareKey(hash))
    }

    private static func malformed(_ reason: String) -> Judgement { .malformed(Rejection(code: 20, message: reason)) }
}

extension EquihashSolution {
    /// The solution in the bytes of `mining.submit`; nil if it has not the length before it, or not the bytes, that
    /// `parameters` ask for.
    fileprivate init?(proof: ByteBuffer, parameters: EquihashParameters) {
        let bytes = proof.readableBytesView
        guard bytes.starts(with: parameters.solutionPrefix) else { return nil }
        self.init(bytes: Array(bytes.dropFirst(parameters.solutionPrefix.count)), parameters: parameters)
    }
}
