public import NIOCore

/// A miner that is answered as in Stratum V1, but for what its dialogue says otherwise.
public protocol StratumMinerDialogue: MinerDialogue {
    /// Says yes to a request.
    func accept(_ request: MessageID, into output: inout ByteBuffer)
}

extension StratumMinerDialogue {
    public func accept(_ request: MessageID, into output: inout ByteBuffer) {
        MessageEncoder.response(id: request, result: true, into: &output)
    }

    public func refuse(_ request: MessageID, _ rejection: Rejection, into output: inout ByteBuffer) {
        MessageEncoder.error(id: request, code: rejection.code, message: rejection.message, into: &output)
    }

    public mutating func authorized(_ isWelcome: Bool, request: MessageID, into output: inout ByteBuffer) {
        if isWelcome {
            self.accept(request, into: &output)
        } else {
            self.refuse(request, .unauthorizedWorker, into: &output)
        }
    }

    public func answer(_ reply: SubmitReply, to request: MessageID, into output: inout ByteBuffer) {
        switch reply {
        case .accepted: self.accept(request, into: &output)
        case .refused(let rejection): self.refuse(request, rejection, into: &output)
        }
    }

    public mutating func reconnect(into output: inout ByteBuffer) {
        MessageEncoder.reconnect(host: nil, port: nil, wait: nil, into: &output)
    }
}

extension Rejection {
    static let unauthorizedWorker = Rejection(code: 24, message: "Unauthorized worker")
    static let alreadySubscribed = Rejection(code: 20, message: "Already subscribed")
}

extension StratumMinerDialogue {
    /// What miners of Stratum V1 and its kin ask beside subscriptions and shares.
    func received(
        common request: MinerRequest, _ id: MessageID, into output: inout ByteBuffer
    ) -> MinerStep? {
        switch request {
        case .authorize(let user, let password):
            return .authorize(request: id, user: user, password: password)
        case .suggestDifficulty(let difficulty), .suggestTarget(let difficulty):
            // Some miners send these as notifications and expect no answer.
            if id != .null, id != .absent { self.accept(id, into: &output) }
            return .suggestDifficulty(difficulty)
        case .multiVersion:
            self.accept(id, into: &output)
        case .getTransactions:
            MessageEncoder.getTransactionsResult(id: id, into: &output)
        case .hashesDone:
            MessageEncoder.nullResult(id: id, into: &output)
        case .ping:
            MessageEncoder.pong(id: id, into: &output)
        case .configure:
            return .unknown(request: id, method: "mining.configure")
        case .unknown(let method):
            return .unknown(request: id, method: method)
        case .malformed(_, let reason):
            self.refuse(id, Rejection(code: 20, message: reason), into: &output)
        case .capabilities, .subscribe, .extranonceSubscribe, .submit, .malformedSubmit:
            break
        }
        return nil
    }

    /// A submit that cannot be a share, for this reason.
    func malformedSubmit(_ id: MessageID, _ reason: String, isSubscribed: Bool) -> MinerStep {
        .malformedSubmit(
            request: id,
            isSubscribed ? Rejection(code: 20, message: reason) : Rejection(code: 25, message: "Not subscribed")
        )
    }
}
