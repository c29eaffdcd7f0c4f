public import NIOCore

/// A miner of EthereumStratum/2.0.0 (EIP-1571; ethereum §3). `mining.set` tells it everything about the work, so that it
/// always takes another extranonce.
public struct EthereumStratum2MinerDialogue: StratumMinerDialogue {
    private var hasGreeted = false
    private var isSubscribed = false
    private var userAgent = ""
    /// Authorisations that the router has not decided yet.
    private var asked: [(request: MessageID, user: String)] = []
    /// The users of the connection; the place of one is in its token.
    private var users: [String] = []
    /// What the miner was last told.
    private var settings: EthashIssue.Settings?
    private var extranonce: [UInt8]?

    private static let askedLimit = 16
    private static let userLimit = 64

    public init() {}

    public var kind: UInt8 { EthashFlavor.stratum2.kind }
    public var followsPool: Bool { true }
    public var canChangeNonce: Bool { true }
    public func prefixes(layout: NonceLayout) -> PrefixRange { layout.ethashPrefixes }

    // MARK: Requests

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
        case "mining.hello":
            self.hello(message, into: &output)
            return nil
        case "mining.subscribe":
            guard !self.isSubscribed else {
                MessageEncoder.stratum2Error(id: message.id, code: 400, message: "Already subscribed", into: &output)
                return nil
            }
            let sessionID = message.params.string ?? message.parameter(0).string ?? ""
            return .subscribe(
                request: message.id, userAgent: self.userAgent, sessionID: sessionID.isEmpty ? nil : sessionID
            )
        case "mining.authorize":
            return self.authorize(message, into: &output)
        case "mining.noop", "mining.hashrate":
            // Without an id it wants no answer.
            if message.id != .absent { self.accept(message.id, into: &output) }
            return nil
        case "mining.bye":
            return .leave("mining.bye")
        default:
            return .unknown(request: message.id, method: method)
        }
    }

    private mutating func hello(_ message: EthashMessage, into output: inout ByteBuffer) {
        guard !self.hasGreeted else {
            MessageEncoder.stratum2Error(id: message.id, code: 400, message: "Already greeted", into: &output)
            return
        }
        self.hasGreeted = true
        self.userAgent = message.params.object?["agent"]?.string ?? ""
        MessageEncoder.stratum2Welcome(id: message.id, into: &output)
    }

    private mutating func authorize(_ message: EthashMessage, into output: inout ByteBuffer) -> MinerStep? {
        guard let user = message.parameter(0).text else {
            MessageEncoder.stratum2Error(id: message.id, code: 400, message: "user is not a string", into: &output)
            return nil
        }
        guard self.asked.count < Self.askedLimit,
            self.users.contains(user) || self.users.count + self.asked.count < Self.userLimit
        else {
            MessageEncoder.stratum2Error(id: message.id, code: 500, message: "Too many workers", into: &output)
            return nil
        }
        self.asked.append((message.id, user))
        return .authorize(request: message.id, user: user, password: message.parameter(1).text ?? "")
    }

    private func submit(_ message: EthashMessage) -> MinerStep {
        guard let jobID = message.parameter(0).text else {
            return .malformedSubmit(request: message.id, Rejection(code: 20, message: "Invalid job id"))
        }
        guard let nonce = message.parameter(1).string.flatMap({ Extranonce2(hex: $0) }), nonce.count <= 8 else {
            return .malformedSubmit(request: message.id, Rejection(code: 20, message: "Invalid nonce size"))
        }
        guard let user = message.parameter(2).string.flatMap({ self.user(token: $0) }) else {
            return .malformedSubmit(request: message.id, .unauthorizedWorker)
        }
        return .submit(
            request: message.id,
            Submission(
                user: ByteBuffer(string: user), jobID: ByteBuffer(string: jobID), found: FoundNonce(extranonce2: nonce)
            )
        )
    }

    private static func token(_ index: Int) -> String { "w-\(index)" }

    private func user(token: String) -> String? {
        self.users.indices.first { Self.token($0) == token }.map { self.users[$0] }
    }

    // MARK: Replies

    /// The extranonce goes with the first job.
    public mutating func subscribed(
        _ grant: NonceGrant, request: MessageID, sessionID: String, into output: inout ByteBuffer
    ) {
        self.isSubscribed = true
        MessageEncoder.stratum2Result(id: request, sessionID, into: &output)
    }

    public mutating func authorized(_ isWelcome: Bool, request: MessageID, into output: inout ByteBuffer) {
        guard let place = self.asked.firstIndex(where: { $0.request == request }) else {
            MessageEncoder.stratum2Error(id: request, code: 500, message: "Nothing to authorize", into: &output)
            return
        }
        let user = self.asked.remove(at: place).user
        guard isWelcome else {
            self.refuse(request, .unauthorizedWorker, into: &output)
            return
        }
        let known = self.users.firstIndex(of: user)
        if known == nil { self.users.append(user) }
        MessageEncoder.stratum2Result(id: request, Self.token(known ?? self.users.count - 1), into: &output)
    }

    public func accept(_ request: MessageID, into output: inout ByteBuffer) {
        MessageEncoder.stratum2Success(id: request, into: &output)
    }

    public func refuse(_ request: MessageID, _ rejection: Rejection, into output: inout ByteBuffer) {
        MessageEncoder.stratum2Error(
            id: request, code: rejection.kind.stratum2Code, message: rejection.message, into: &output
        )
    }

    // MARK: Jobs

    /// `mining.set` goes before the job with what the miner does not know yet.
    public mutating func deliver(_ delivery: JobDelivery, into output: inout ByteBuffer) -> ByteBuffer? {
        guard let issue = delivery.work as? EthashIssue, issue.work.kinds & self.kind != 0,
            let settings = issue.settings
        else {
            return nil
        }
        let newSettings = settings == self.settings ? nil : settings
        let newExtranonce = delivery.grant.told == self.extranonce ? nil : delivery.grant.told
        self.settings = settings
        self.extranonce = delivery.grant.told
        if newSettings != nil || newExtranonce != nil {
            MessageEncoder.stratum2Set(newSettings, extranonce: newExtranonce, into: &output)
        }
        return issue.stratum2Line(clean: delivery.isClean)
    }

    /// ``deliver(_:into:)`` tells it with the next job.
    public mutating func changeNonce(_ grant: NonceGrant, into output: inout ByteBuffer) {}

    /// The miner is not told where to, since it is to come back to the same address.
    public mutating func reconnect(into output: inout ByteBuffer) {
        MessageEncoder.stratum2Bye(into: &output)
    }

    public mutating func judge(_ submission: Submission, _ context: JudgingContext) -> Judgement {
        EthashShareJudge.judge(submission, context, .stratum2)
    }
}

extension Rejection.Kind {
    /// The code that EthereumStratum/2.0.0 has for it: 3xx not authorised, 4xx bad, of which 404 is the job and 406 the
    /// nonce: one above the target (EIP-1571 itself), one of a wrong size, or one that was sent before.
    fileprivate var stratum2Code: Int {
        switch self {
        case .stale: 404
        case .malformed, .duplicate, .lowDifficulty: 406
        case .unauthorized, .notSubscribed: 301
        case .other: 400
        }
    }
}
