/// Judges shares by what can be seen of them: the nonce's byte and the result that the miner claims. Whether the result
/// is true takes RandomX to say, with gigabytes of memory: that is left to the pool (cryptonote §6).
enum CryptoNoteShareJudge {
    static func judge(_ submission: Submission, _ context: JudgingContext) -> Judgement {
        guard let work = context.upstream.work as? CryptoNoteWork else {
            return .malformed(Rejection(cryptoNote: CryptoNoteText.stale))
        }
        guard let proof = CryptoNoteProof(submission.found.proof) else {
            return .malformed(Rejection(cryptoNote: CryptoNoteText.malformed))
        }
        if let byte = self.requiredByte(work, context.grant),
            byte != UInt8(truncatingIfNeeded: submission.found.nonce)
        {
            return .malformed(Rejection(cryptoNote: CryptoNoteText.foreignNonce))
        }
        let hash = proof.hash
        let sent = CryptoNoteSentTarget(
            difficulty: context.difficulty, isPlain: work.job.algorithm.hasPlainTarget
        )
        return .judged(
            JudgedWork(
                shareDifficulty: Double(CryptoNoteTarget.difficulty(of: hash)),
                meetsDifficulty: sent.target.isMet(by: hash),
                meetsPoolTarget: work.job.target.isMet(by: hash),
                key: ShareKey(UInt64(submission.found.nonce))
            )
        )
    }

    /// What the nonce must end with: the session's own byte, or the pool's where that is taken; nil if the miner has the
    /// whole nonce.
    private static func requiredByte(_ work: CryptoNoteWork, _ grant: NonceGrant) -> UInt8? {
        grant.prefix.first ?? (work.isByteTaken ? work.job.sharedByte : nil)
    }
}
