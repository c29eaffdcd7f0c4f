import PoolPool
import Router
import Stratum

/// What a session makes of shares: its dialect judges them, and what was seen before is a duplicate.
struct ShareChecks {
    enum Outcome: Equatable {
        case malformed(Rejection)
        case lowDifficulty(shareDifficulty: Double)
        case duplicate
        case valid(JudgedWork)

        var isValid: Bool {
            if case .valid = self { true } else { false }
        }
    }

    private var dialogue = BitcoinMinerDialogue(settings: MinerDialogueSettings())
    private(set) var recent = RecentShares()

    /// - Parameter mask: version bits the session may roll.
    mutating func judge(
        _ submission: Submission,
        job: IssuedJob,
        grant: NonceGrant,
        mask: UInt32,
        difficulty: Double,
        unixTime: UInt64
    ) -> Outcome {
        let context = JudgingContext(
            work: job.issued,
            upstream: job.upstream,
            grant: grant,
            difficulty: difficulty,
            versionMask: mask,
            unixTime: unixTime
        )
        var judgement = self.dialogue.judge(submission, context)
        while case .slow(_, let work) = judgement { judgement = work() }
        switch judgement {
        case .malformed(let rejection): return .malformed(rejection)
        case .slow: return .malformed(Rejection(code: 20, message: "never judged"))
        case .judged(let work):
            guard work.meetsDifficulty || work.meetsNetworkTarget else {
                return .lowDifficulty(shareDifficulty: work.shareDifficulty)
            }
            return self.recent.insert(work.key, job: job) ? .valid(work) : .duplicate
        }
    }
}
