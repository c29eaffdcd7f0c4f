import NIOCore

/// Judges shares of all flavours. The hash cannot be known without gigabytes of DAG: length, job and mix digest are
/// checked, and the pool says the rest.
enum EthashShareJudge {
    /// The miner's part and what it was told make eight bytes; the context's grant is the one it was told for this job.
    static func judge(_ submission: Submission, _ context: JudgingContext, _ flavor: EthashFlavor) -> Judgement {
        guard let work = context.upstream.work as? EthashWork, context.work is EthashIssue,
            work.kinds & flavor.kind != 0, context.grant.base == work.extranonce
        else {
            return .malformed(Rejection(code: 21, message: "Job not found"))
        }
        let told = context.grant.told
        guard told.count + submission.found.extranonce2.count == 8 else {
            return .malformed(Rejection(code: 20, message: "Invalid nonce size"))
        }
        guard flavor != .proxy || submission.found.proof?.readableBytes == 32 else {
            return .malformed(Rejection(code: 20, message: "Invalid mix digest"))
        }
        let nonce = (told + submission.found.extranonce2.bytes).reduce(0) { $0 << 8 | UInt64($1) }
        // A header is a hash itself: three quarters of it name it.
        let header = work.header.words
        return .judged(
            JudgedWork(
                shareDifficulty: 0,
                meetsDifficulty: true,
                meetsPoolTarget: true,
                key: ShareKey(nonce, header.0, header.1, header.2)
            )
        )
    }
}
