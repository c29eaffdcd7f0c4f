import NIOCore
import Stratum

/// One miner's conversation.
struct KHeavyHashMinerDialogue: StratumMinerDialogue {
    private let extranonceMethod: KHeavyHashExtranonceMethod
    private var grant: NonceGrant?
    private var isAuthorized = false
    /// The beginnings of nonces that the miner was told, the latest last; no more than two, as shares for a job before a
    /// move may still be on their way.
    private var told: [[UInt8]] = []
    /// What the miner was last told; nil: nothing yet.
    private var difficulty: Double?

    init(_ extranonceMethod: KHeavyHashExtranonceMethod) {
        self.extranonceMethod = extranonceMethod
    }

    var followsPool: Bool { true }
    var canChangeNonce: Bool { true }

    func prefixes(layout: NonceLayout) -> PrefixRange {
        layout.total >= 2
            ? PrefixRange(count: 2, values: 0x0000...0xffff) : PrefixRange(count: 1, values: 0x00...0xff)
    }

    // MARK: What the miner says

    mutating func received(
        _ line: ByteBuffer, in surroundings: MinerSurroundings, into output: inout ByteBuffer
    ) throws(StratumError) -> MinerStep? {
        let message = try KHeavyHashMessage(line)
        guard let method = message.method, !method.isEmpty else { return nil }
        switch method {
        case "mining.subscribe":
            guard self.grant == nil else {
                self.refuse(message.id, Rejection(code: 20, message: "Already subscribed"), into: &output)
                return nil
            }
            let agent = message.parameters.value(at: 0).string ?? ""
            return .subscribe(request: message.id, userAgent: agent, sessionID: nil)
        case "mining.authorize":
            guard let user = message.parameters.value(at: 0).text else {
                self.refuse(message.id, Rejection(code: 20, message: "user is not a string"), into: &output)
                return nil
            }
            let password = message.parameters.value(at: 1).text ?? ""
            return .authorize(request: message.id, user: user, password: password)
        case "mining.submit":
            guard let submission = self.submission(message) else {
                return .malformedSubmit(request: message.id, Rejection(code: 20, message: "Invalid job or nonce"))
            }
            return .submit(request: message.id, submission)
        default:
            return .unknown(request: message.id, method: method)
        }
    }

    /// Either all sixteen digits of the nonce, or those behind what the miner was told, without leading zeros perhaps.
    private func submission(_ message: KHeavyHashMessage) -> Submission? {
        guard let jobID = message.parameters.value(at: 1).text, let text = message.parameters.value(at: 2).string
        else {
            return nil
        }
        let digits = Hex.withoutPrefix(text.utf8)
        guard let number = Hex.integer(digits, maximumDigits: 16) else { return nil }
        var submission = Submission(
            user: message.parameters.value(at: 0).text.map { ByteBuffer(string: $0) },
            jobID: ByteBuffer(string: jobID)
        )
        let latest = self.told.last ?? []
        if digits.count == 16 {
            let nonce = (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * UInt64($0))) }
            let told = self.told.last { nonce.starts(with: $0) } ?? []
            guard let rest = Extranonce2(bytes: nonce.dropFirst(told.count)) else { return nil }
            submission.found.extranonce2 = rest
            submission.found.proof = ByteBuffer(bytes: nonce)
        } else {
            guard digits.count <= 16 - 2 * latest.count,
                let rest = Extranonce2(value: number, count: 8 - latest.count)
            else {
                return nil
            }
            submission.found.extranonce2 = rest
        }
        return submission
    }

    // MARK: What the router answers

    /// The reply grants nothing: the miner is told its extranonce when it is authorised.
    mutating func subscribed(
        _ grant: NonceGrant, request: MessageID, sessionID: String, into output: inout ByteBuffer
    ) {
        self.grant = grant
        MessageEncoder.kHeavyHashSubscription(id: request, into: &output)
        if self.isAuthorized { self.tell(grant, into: &output) }
    }

    mutating func authorized(_ isWelcome: Bool, request: MessageID, into output: inout ByteBuffer) {
        guard isWelcome else {
            self.refuse(request, Rejection(code: 24, message: "Unauthorized worker"), into: &output)
            return
        }
        self.accept(request, into: &output)
        self.isAuthorized = true
        if let grant = self.grant { self.tell(grant, into: &output) }
    }

    // MARK: What the router sends

    /// Extranonce and difficulty hold for the jobs behind them, so they go first.
    mutating func deliver(_ delivery: JobDelivery, into output: inout ByteBuffer) -> ByteBuffer? {
        guard let issue = delivery.work as? KHeavyHashIssue else { return nil }
        self.tell(delivery.grant, into: &output)
        if self.difficulty != delivery.upstream.difficulty {
            self.difficulty = delivery.upstream.difficulty
            MessageEncoder.setDifficulty(delivery.upstream.difficulty, into: &output)
        }
        return issue.line
    }

    mutating func changeNonce(_ grant: NonceGrant, into output: inout ByteBuffer) {
        self.grant = grant
        if self.isAuthorized { self.tell(grant, into: &output) }
    }

    /// Says what nonces begin with, unless the miner knows it.
    private mutating func tell(_ grant: NonceGrant, into output: inout ByteBuffer) {
        guard self.told.last != grant.told else { return }
        self.told = self.told.suffix(1) + [grant.told]
        MessageEncoder.kHeavyHashExtranonce(grant.told, self.extranonceMethod, into: &output)
    }

    // MARK: Shares

    /// Only the form is judged: the pool hashes.
    func judge(_ submission: Submission, _ context: JudgingContext) -> Judgement {
        guard let work = context.upstream.work as? KHeavyHashWork, context.grant.base == work.extranonce else {
            return .malformed(Rejection(code: 21, message: "Job not found"))
        }
        // The grant is the one that the miner was told for this job.
        let nonce = context.grant.told + submission.found.extranonce2.bytes
        guard nonce.count == 8 else { return .malformed(Rejection(code: 20, message: "Invalid nonce size")) }
        if let whole = submission.found.proof, !whole.readableBytesView.elementsEqual(nonce) {
            return .malformed(Rejection(code: 20, message: "Invalid nonce: it begins with another extranonce"))
        }
        return .judged(
            JudgedWork(
                shareDifficulty: 0,
                meetsDifficulty: true,
                meetsPoolTarget: true,
                key: ShareKey(
                    nonce.reduce(0) { $0 << 8 | UInt64($1) }, work.timestamp, work.header[0], work.header[1]
                )
            )
        )
    }
}
