public import NIOCore

/// A miner of eth-proxy (ethereum §1): it searches wherever it likes, a job's name is its header, and moving it to
/// another pool takes nothing but new work.
///
/// `eth_getWork` is answered after the login only: without one there is nobody to mine for.
public struct EthProxyMinerDialogue: StratumMinerDialogue {
    /// Work that was handed out; the latest is last.
    private var delivered: [Work] = []
    private var current: EthashIssue?
    /// Requests for work that came before there was any.
    private var waiting: [MessageID] = []
    private var isLoggedIn = false
    private var hasGrant = false

    private struct Work: Sendable {
        let header: Hash256
        let jobID: String
    }

    /// Shares for older work than this many headers are unknown.
    private static let deliveredLimit = 16
    private static let waitingLimit = 16

    public init() {}

    public var kind: UInt8 { EthashFlavor.proxy.kind }
    public var canChangeNonce: Bool { true }
    /// The protocol has no sessions.
    public var canResume: Bool { false }
    public func prefixes(layout: NonceLayout) -> PrefixRange { .shared }

    public mutating func received(
        _ line: ByteBuffer,
        in surroundings: MinerSurroundings,
        into output: inout ByteBuffer
    ) throws(StratumError) -> MinerStep? {
        let message = try EthashMessage(line)
        guard let method = message.method, !method.isEmpty else { return nil }
        switch method {
        case "eth_submitWork":
            return self.submit(message)
        case "eth_submitLogin", "eth_login":
            return self.login(message, FirstLine.object(of: line), into: &output)
        case "eth_getWork":
            self.getWork(message.id, into: &output)
            return nil
        case "eth_submitHashrate":
            self.accept(message.id, into: &output)
            return nil
        default:
            return .unknown(request: message.id, method: method)
        }
    }

    /// The rig is named in a member beside the parameters or behind the wallet.
    private mutating func login(
        _ message: EthashMessage, _ line: JSONObject?, into output: inout ByteBuffer
    ) -> MinerStep? {
        guard let account = message.parameter(0).text, !account.isEmpty else {
            self.refuse(message.id, Rejection(code: 20, message: "Wallet is missing"), into: &output)
            return nil
        }
        let rig = line?["worker"]?.text ?? ""
        let user = rig.isEmpty || account.contains(".") ? account : "\(account).\(rig)"
        let password = message.parameter(1).text ?? ""
        guard !self.hasGrant else { return .authorize(request: message.id, user: user, password: password) }
        return .login(MinerLogin(request: message.id, user: user, password: password, userAgent: ""))
    }

    private mutating func getWork(_ request: MessageID, into output: inout ByteBuffer) {
        if !self.isLoggedIn {
            self.refuse(request, Rejection(code: 25, message: "Not logged in"), into: &output)
        } else if let current = self.current {
            MessageEncoder.proxyResult(id: request, current.proxyWork, into: &output)
        } else if self.waiting.count < Self.waitingLimit {
            self.waiting.append(request)
        } else {
            self.refuse(request, Rejection(code: 20, message: "No work yet"), into: &output)
        }
    }

    /// A share names the header only; the worker beside it is not looked at: it is the session's.
    private func submit(_ message: EthashMessage) -> MinerStep {
        guard let nonce = message.parameter(0).string.flatMap({ Extranonce2(hex: $0) }), nonce.count == 8 else {
            return .malformedSubmit(request: message.id, Rejection(code: 20, message: "Invalid nonce size"))
        }
        guard let header = message.parameter(1).ethashHash else {
            return .malformedSubmit(request: message.id, Rejection(code: 20, message: "Invalid header"))
        }
        guard let mix = message.parameter(2).ethashHash else {
            return .malformedSubmit(request: message.id, Rejection(code: 20, message: "Invalid mix digest"))
        }
        // The router knows no job by the name of a header: that is how it finds a share for unknown work.
        let jobID = self.delivered.last { $0.header == header }?.jobID ?? "0x\(header.displayHex)"
        return .submit(
            request: message.id,
            Submission(
                user: nil,
                jobID: ByteBuffer(string: jobID),
                found: FoundNonce(extranonce2: nonce, proof: ByteBuffer(bytes: mix.bytes.reversed()))
            )
        )
    }

    /// Nothing to say: the whole nonce is the miner's.
    public mutating func subscribed(
        _ grant: NonceGrant, request: MessageID, sessionID: String, into output: inout ByteBuffer
    ) {
        self.hasGrant = true
    }

    public mutating func authorized(_ isWelcome: Bool, request: MessageID, into output: inout ByteBuffer) {
        guard isWelcome else {
            self.refuse(request, .unauthorizedWorker, into: &output)
            return
        }
        self.isLoggedIn = true
        self.accept(request, into: &output)
    }

    public func accept(_ request: MessageID, into output: inout ByteBuffer) {
        MessageEncoder.proxyTrue(id: request, into: &output)
    }

    public func refuse(_ request: MessageID, _ rejection: Rejection, into output: inout ByteBuffer) {
        MessageEncoder.proxyError(id: request, code: rejection.code, message: rejection.message, into: &output)
    }

    /// Answers those who wait for work, or else pushes it.
    public mutating func deliver(_ delivery: JobDelivery, into output: inout ByteBuffer) -> ByteBuffer? {
        guard let issue = delivery.work as? EthashIssue, issue.work.kinds & self.kind != 0 else { return nil }
        self.current = issue
        let header = issue.work.header
        self.delivered.removeAll { $0.header == header }
        self.delivered.append(Work(header: header, jobID: issue.jobID))
        if self.delivered.count > Self.deliveredLimit { self.delivered.removeFirst() }
        guard !self.waiting.isEmpty else { return issue.proxyLine }
        for request in self.waiting {
            MessageEncoder.proxyResult(id: request, issue.proxyWork, into: &output)
        }
        self.waiting = []
        return nil
    }

    /// The protocol has no words for it; the connection is closed.
    public mutating func reconnect(into output: inout ByteBuffer) {}

    public mutating func judge(_ submission: Submission, _ context: JudgingContext) -> Judgement {
        EthashShareJudge.judge(submission, context, .proxy)
    }
}
