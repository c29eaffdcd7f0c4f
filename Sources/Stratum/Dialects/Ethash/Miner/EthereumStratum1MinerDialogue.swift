public import NIOCore

/// A miner of EthereumStratum/1.0.0 (ethereum §2): its nonces begin with the pool's extranonce and the router's prefix.
///
/// Only one that has sent `mining.extranonce.subscribe` may be told another extranonce.
public struct EthereumStratum1MinerDialogue: StratumMinerDialogue {
    public private(set) var canChangeNonce = false
    private var isSubscribed = false
    /// What the miner was last told; nil: nothing, which means 1.
    private var difficulty: Double?

    public init() {}

    public var kind: UInt8 { EthashFlavor.stratum1.kind }
    public var followsPool: Bool { true }
    /// The protocol has no word for it: nothing need be kept for a miner's return.
    public var canResume: Bool { false }
    public func prefixes(layout: NonceLayout) -> PrefixRange { layout.ethashPrefixes }

    public mutating func received(
        _ line: ByteBuffer,
        in surroundings: MinerSurroundings,
        into output: inout ByteBuffer
    ) throws(StratumError) -> MinerStep? {
        let message = try EthashMessage(line)
        guard let method = message.method, !method.isEmpty else { return nil }
        switch method {
        case "mining.submit":
            return self.submit(message)
        case "mining.subscribe":
            guard !self.isSubscribed else {
                self.refuse(message.id, .alreadySubscribed, into: &output)
                return nil
            }
            return .subscribe(request: message.id, userAgent: message.parameter(0).string ?? "", sessionID: nil)
        case "mining.authorize":
            guard let user = message.parameter(0).text else {
                self.refuse(message.id, Rejection(code: 20, message: "user is not a string"), into: &output)
                return nil
            }
            return .authorize(request: message.id, user: user, password: message.parameter(1).text ?? "")
        case "mining.extranonce.subscribe":
            self.canChangeNonce = true
            self.accept(message.id, into: &output)
            return nil
        case "eth_submitHashrate":
            // ethminer reports in this flavour too.
            self.accept(message.id, into: &output)
            return nil
        default:
            return .unknown(request: message.id, method: method)
        }
    }

    private func submit(_ message: EthashMessage) -> MinerStep {
        guard let jobID = message.parameter(1).text else {
            return .malformedSubmit(request: message.id, Rejection(code: 20, message: "Invalid job id"))
        }
        guard let nonce = message.parameter(2).string.flatMap({ Extranonce2(hex: $0) }), nonce.count <= 8 else {
            return .malformedSubmit(request: message.id, Rejection(code: 20, message: "Invalid nonce size"))
        }
        return .submit(
            request: message.id,
            Submission(
                user: message.parameter(0).text.map { ByteBuffer(string: $0) },
                jobID: ByteBuffer(string: jobID),
                found: FoundNonce(extranonce2: nonce)
            )
        )
    }

    public mutating func subscribed(
        _ grant: NonceGrant, request: MessageID, sessionID: String, into output: inout ByteBuffer
    ) {
        self.isSubscribed = true
        MessageEncoder.stratum1Subscription(
            id: request, sessionID: sessionID, extranonce: grant.told, into: &output
        )
    }

    public func answer(_ reply: SubmitReply, to request: MessageID, into output: inout ByteBuffer) {
        switch reply {
        case .accepted:
            self.accept(request, into: &output)
        case .refused(let rejection):
            MessageEncoder.stratum1Refusal(
                id: request, code: rejection.code, message: rejection.message, into: &output
            )
        }
    }

    /// The difficulty goes before the job if it is another one.
    public mutating func deliver(_ delivery: JobDelivery, into output: inout ByteBuffer) -> ByteBuffer? {
        guard let issue = delivery.work as? EthashIssue, issue.work.kinds & self.kind != 0,
            let line = issue.stratum1Line(clean: delivery.isClean)
        else {
            return nil
        }
        if self.difficulty != issue.stratumDifficulty {
            self.difficulty = issue.stratumDifficulty
            MessageEncoder.setDifficulty(issue.stratumDifficulty, into: &output)
        }
        return line
    }

    public mutating func changeNonce(_ grant: NonceGrant, into output: inout ByteBuffer) {
        MessageEncoder.stratum1SetExtranonce(grant.told, into: &output)
    }

    public mutating func judge(_ submission: Submission, _ context: JudgingContext) -> Judgement {
        EthashShareJudge.judge(submission, context, .stratum1)
    }
}
