package import NIOCore

/// A miner of Equihash.
///
/// What it is told as its NONCE_1 begins with that of the pool. To move to another pool it must take another one, with
/// `mining.set_extranonce` if it said that it can, else by connecting again.
package struct EquihashMinerDialogue: MinerDialogue {
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
            return self.malformedSubmit(id, reason)
        case .subscribe(let id, let userAgent, let sessionID):
            guard !self.isSubscribed else {
                self.refuse(id, Rejection(code: 20, message: "Already subscribed"), into: &output)
                return nil
            }
            return .subscribe(request: id, userAgent: userAgent, sessionID: sessionID)
        case .suggestTarget(let id, let difficulty?):
            return self.suggest(difficulty, id, into: &output)
        case .suggestTarget(let id, nil):
            let message = "target is not 64 hex digits above zero"
            self.refuse(id, Rejection(code: 20, message: message), into: &output)
            return nil
        case .common(.request(let id, let request)):
            return self.received(request, id, into: &output)
        case .common(.response):
            return nil
        }
    }

    /// What is asked as in Stratum V1.
    private mutating func received(
        _ request: MinerRequest,
        _ id: MessageID,
        into output: inout ByteBuffer
    ) -> MinerStep? {
        switch request {
        case .authorize(let user, let password):
            return .authorize(request: id, user: user, password: password)
        case .extranonceSubscribe:
            self.canChangeNonce = true
            MessageEncoder.response(id: id, result: true, into: &output)
            return nil
        case .suggestDifficulty(let difficulty), .suggestTarget(let difficulty):
            return self.suggest(difficulty, id, into: &output)
        case .multiVersion:
            MessageEncoder.response(id: id, result: true, into: &output)
            return nil
        case .getTransactions:
            MessageEncoder.getTransactionsResult(id: id, into: &output)
            return nil
        case .hashesDone:
            MessageEncoder.nullResult(id: id, into: &output)
            return nil
        case .ping:
            MessageEncoder.pong(id: id, into: &output)
            return nil
        case .capabilities:
            return nil
        case .configure:
            return .unknown(request: id, method: "mining.configure")
        case .subscribe:
            return .unknown(request: id, method: "mining.subscribe")
        case .submit:
            return self.malformedSubmit(id, "Invalid array size")
        case .malformedSubmit(let reason):
            return self.malformedSubmit(id, reason)
        case .unknown(let method):
            return .unknown(request: id, method: method)
        case .malformed(_, let reason):
            self.refuse(id, Rejection(code: 20, message: reason), into: &output)
            return nil
        }
    }

    private func malformedSubmit(_ id: MessageID, _ reason: String) -> MinerStep {
        let rejection =
            self.isSubscribed
            ? Rejection(code: 20, message: reason) : Rejection(code: 25, message: "Not subscribed")
        return .malformedSubmit(request: id, rejection)
    }

    /// Some miners send it as a notification and expect no answer.
    private func suggest(_ difficulty: Double, _ id: MessageID, into output: inout ByteBuffer) -> MinerStep {
        if id != .null, id != .absent { MessageEncoder.response(id: id, result: true, into: &output) }
        return .suggestDifficulty(difficulty)
    }

    // MARK: Replies

    package mutating func subscribed(
        _ grant: NonceGrant, request: MessageID, sessionID: String, into output: inout ByteBuffer
    ) {
        self.isSubscribed = true
        self.target = nil
        MessageEncoder.equihashSubscribeResult(id: request, sessionID: sessionID, nonce1: grant.told, into: &output)
    }

    package mutating func authorized(_ isWelcome: Bool, request: MessageID, into output: inout ByteBuffer) {
        if isWelcome {
            MessageEncoder.response(id: request, result: true, into: &output)
        } else {
            self.refuse(request, Rejection(code: 24, message: "Unauthorized worker"), into: &output)
        }
    }

    package func refuse(_ request: MessageID, _ rejection: Rejection, into output: inout ByteBuffer) {
        MessageEncoder.error(id: request, code: rejection.code, message: rejection.message, into: &output)
    }

    package func answer(_ reply: SubmitReply, to request: MessageID, into output: inout ByteBuffer) {
        switch reply {
        case .accepted: MessageEncoder.response(id: request, result: true, into: &output)
        case .refused(let rejection): self.refuse(request, rejection, into: &output)
        }
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

    package mutating func reconnect(into output: inout ByteBuffer) {
        MessageEncoder.reconnect(host: nil, port: nil, wait: nil, into: &output)
    }

    // MARK: Shares

    package mutating func judge(_ submission: Submission, _ context: JudgingContext) -> Judgement {
        self.judge.judge(submission, context)
    }
}
