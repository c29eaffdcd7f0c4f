package import NIOCore

/// A miner of Equihash.
///
/// What it is told as its NONCE_1 begins with that of the pool. To move to another pool it must take another one, with
/// `mining.set_extranonce` if it said that it can, else by connecting again.
package struct EquihashMinerDialogue: StratumMinerDialogue {
    private var judge: EquihashShareJudge
    package private(set) var canChangeNonce = false
    private var isSubscribed = false
    /// The target that the miner was sent last; nil: it was told a nonce since, or none yet.
    private var target: Target?

    package var followsPool: Bool { true }

    init(validation: ShareValidation) {
        self.judge = EquihashShareJudge(validation: validation)
    }

    package func prefixes(layout: NonceLayout) -> PrefixRange { EquihashNonce.prefixes }

    // MARK: Requests

    package mutating func received(
        _ line: ByteBuffer,
        in surroundings: MinerSurroundings,
        into output: inout ByteBuffer
    ) throws(StratumError) -> MinerStep? {
        switch try EquihashMinerMessage.decode(line) {
        case .submit(let id, let submission):
            return .submit(request: id, submission)
        case .malformedSubmit(let id, let reason):
            return self.malformedSubmit(id, reason, isSubscribed: self.isSubscribed)
        case .subscribe(let id, let userAgent, let sessionID):
            guard !self.isSubscribed else {
                self.refuse(id, .alreadySubscribed, into: &output)
                return nil
            }
            return .subscribe(request: id, userAgent: userAgent, sessionID: sessionID)
        case .suggestTarget(let id, let difficulty?):
            return self.received(common: .suggestTarget(difficulty), id, into: &output)
        case .suggestTarget(let id, nil):
            let message = "target is not 64 hex digits above zero"
            self.refuse(id, Rejection(code: 20, message: message), into: &output)
            return nil
        case .common(.request(let id, .extranonceSubscribe)):
            self.canChangeNonce = true
            self.accept(id, into: &output)
            return nil
        case .common(.request(let id, let request)):
            return self.received(common: request, id, into: &output)
        case .common(.response):
            return nil
        }
    }

    // MARK: Replies

    package mutating func subscribed(
        _ grant: NonceGrant, request: MessageID, sessionID: String, into output: inout ByteBuffer
    ) {
        self.isSubscribed = true
        self.target = nil
        MessageEncoder.equihashSubscribeResult(id: request, sessionID: sessionID, nonce1: grant.told, into: &output)
    }

    // MARK: Jobs

    /// The order is target, notify. The target is left out only if the miner has that very one: two pools of one
    /// difficulty may differ in the last bits, and after a new NONCE_1 it is sent again (equihash §5).
    package mutating func deliver(_ delivery: JobDelivery, into output: inout ByteBuffer) -> ByteBuffer? {
        guard let work = delivery.upstream.work as? EquihashWork, let issue = delivery.work as? EquihashIssue else {
            return nil
        }
        let target = work.target(difficulty: delivery.difficulty, poolDifficulty: delivery.upstream.difficulty)
        if target != self.target {
            self.target = target
            MessageEncoder.setTarget(target, into: &output)
        }
        return issue.notifyLine(clean: delivery.isClean)
    }

    package mutating func changeNonce(_ grant: NonceGrant, into output: inout ByteBuffer) {
        self.target = nil
        MessageEncoder.equihashSetExtranonce(grant.told, into: &output)
    }

    // MARK: Shares

    package mutating func judge(_ submission: Submission, _ context: JudgingContext) -> Judgement {
        self.judge.judge(submission, context)
    }
}
