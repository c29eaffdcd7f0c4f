public import NIOCore

/// One connection to an eth-proxy pool (ethereum §1): login, then work.
///
/// Most pools push new work, some only answer `eth_getWork`, and nothing tells them apart. So work is asked for after the
/// login and every ten seconds; once the pool has pushed, only when nothing came for a minute.
public struct EthProxyPoolDialogue: HandshakeDialogue {
    public var handshake: PoolHandshake
    /// The `eth_getWork` that is not answered yet.
    private var workRequest: Int?
    private var nextPoll: NIODeadline?
    private var hasPushed = false
    private var blocks = EthashBlocks()
    private var latest: EthashWork?

    private static let pollInterval = TimeAmount.seconds(10)
    private static let pushedPollInterval = TimeAmount.seconds(60)

    public init(settings: PoolDialogueSettings) {
        self.handshake = PoolHandshake(settings)
    }

    /// The terms are always the same, so they are told at once. Without a user the connection can do nothing but wait.
    public mutating func connected(now: NIODeadline, into output: inout ByteBuffer) -> PoolEvent? {
        guard self.handshake.step == .idle else { return nil }
        self.subscribed(now: now, into: &output)
        return .subscribed(PoolTerms(room: EthashWork.room(extranonceCount: 0), summary: EthashFlavor.proxy.title))
    }

    public func writeAuthorization(user: String, password: String, request: Int, into output: inout ByteBuffer) {
        MessageEncoder.proxyLogin(id: request, user: user, password: password, into: &output)
    }

    public func writeShare(_ share: PoolShare, user: String, request: Int, into output: inout ByteBuffer) {
        MessageEncoder.proxySubmit(id: request, share, user: user, into: &output)
    }

    public mutating func received(
        message line: ByteBuffer, now: NIODeadline, into output: inout ByteBuffer
    ) throws(StratumError) -> PoolEvent? {
        let message = try EthashMessage(line)
        switch message.method {
        case nil:
            if let work = message.result.array { return self.received(work: work, id: message.id, now: now) }
        case "eth_getWork", "mining.notify":
            // Some pools put a name on what they push.
            return self.received(work: (message.result.array ?? message.params.array) ?? [], id: message.id, now: now)
        default:
            return message.commonNotification
        }
        if self.isAnswer(message.id) {
            // No work yet: asked again in time.
            self.workRequest = nil
            self.handshake.understood()
            return nil
        }
        switch self.handshake.reply(to: message.id) {
        case .step(.authorizing):
            let refusal = message.response.rejection
            if refusal == nil { self.getWork(now: now, into: &output) }
            return self.handshake.authorized(unless: refusal)
        case .other(let request):
            return .verdict(request: request, message.response.verdict)
        case .step, nil:
            return nil
        }
    }

    public mutating func tick(now: NIODeadline, into output: inout ByteBuffer) -> PoolEvent? {
        if let failure = self.handshake.tick(now: now) { return failure }
        switch self.handshake.step {
        case .awaitingJob, .ready:
            if let nextPoll = self.nextPoll, now >= nextPoll { self.getWork(now: now, into: &output) }
        case .idle, .greeting, .subscribing, .subscribed, .authorizing, .failed:
            break
        }
        return nil
    }

    // MARK: Work

    /// To the open question for work.
    private func isAnswer(_ id: MessageID) -> Bool { self.workRequest.map { id == .integer(Int64($0)) } ?? false }

    private mutating func getWork(now: NIODeadline, into output: inout ByteBuffer) {
        let request = self.handshake.takeRequest()
        self.workRequest = request
        MessageEncoder.proxyGetWork(id: request, into: &output)
        self.nextPoll = now + self.interval
    }

    private var interval: TimeAmount { self.hasPushed ? Self.pushedPollInterval : Self.pollInterval }

    private mutating func received(work parts: [JSONValue], id: MessageID, now: NIODeadline) -> PoolEvent? {
        if self.isAnswer(id) {
            self.workRequest = nil
        } else if self.workRequest == nil {
            // While a question is open it may be an answer with a wrong id.
            self.hasPushed = true
        }
        guard let work = self.work(parts) else {
            return self.handshake.malformed("work that is not a header, a seed and a target that can be")
        }
        if self.nextPoll != nil { self.nextPoll = now + self.interval }
        if let latest = self.latest, latest.header == work.header, latest.target == work.target {
            self.handshake.understood()
            return nil
        }
        self.latest = work
        return self.handshake.received(work.upstreamJob)
    }

    /// Header, seed, target and perhaps the height; some pools put a job id before them.
    private mutating func work(_ parts: [JSONValue]) -> EthashWork? {
        let hasJobID = parts.value(at: 0).ethashHash == nil || parts.value(at: 3).hexDigitCount > 16
        let parts = hasJobID ? Array(parts.dropFirst()) : parts
        guard let header = parts.value(at: 0).ethashHash, let seed = parts.value(at: 1).ethashHash,
            let target = parts.value(at: 2).ethashTarget
        else {
            return nil
        }
        let height = parts.value(at: 3).ethashNumber ?? parts.value(at: 3).integer.flatMap { $0 > 0 ? $0 : nil }
        // The same header again is the same block, whatever the target.
        let isKnown = self.latest?.header == header
        let (block, isClean) = self.blocks.next(header: header, isClean: isKnown ? false : nil, height: height)
        return EthashWork(
            id: "0x\(header.displayHex)",
            flavor: .proxy,
            header: header,
            seed: seed,
            height: height,
            target: target,
            isClean: isClean,
            block: block
        )
    }
}
