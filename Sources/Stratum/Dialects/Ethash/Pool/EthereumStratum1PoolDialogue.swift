public import NIOCore

/// One connection to a pool of EthereumStratum/1.0.0 (ethereum §2).
public struct EthereumStratum1PoolDialogue: HandshakeDialogue {
    public var handshake: PoolHandshake
    private var extranonceRequest: Int?
    /// For the jobs that follow, like the difficulty.
    private var extranonce: [UInt8] = []
    private var difficulty = 1.0
    private var blocks = EthashBlocks()
    public private(set) var sessionID: String?

    public init(settings: PoolDialogueSettings) {
        self.handshake = PoolHandshake(settings)
    }

    public mutating func connected(now: NIODeadline, into output: inout ByteBuffer) -> PoolEvent? {
        guard self.handshake.step == .idle else { return nil }
        let request = self.handshake.begin(.subscribing, now: now)
        MessageEncoder.stratum1Subscribe(id: request, userAgent: self.handshake.settings.userAgent, into: &output)
        return nil
    }

    public func writeShare(_ share: PoolShare, user: String, request: Int, into output: inout ByteBuffer) {
        MessageEncoder.stratum1Submit(id: request, share, user: user, into: &output)
    }

    public mutating func received(
        message line: ByteBuffer, now: NIODeadline, into output: inout ByteBuffer
    ) throws(StratumError) -> PoolEvent? {
        let message = try EthashMessage(line)
        if message.method != nil { return self.receivedNotification(message, into: &output) }
        switch self.handshake.reply(to: message.id) {
        case .step(.subscribing):
            return self.receivedSubscription(message.response, into: &output)
        case .step(.authorizing):
            return self.handshake.authorized(unless: message.response.rejection)
        case .other(self.extranonceRequest):
            // A pool that does not know the request changes no extranonce.
            self.extranonceRequest = nil
            return nil
        case .other(let request):
            return .verdict(request: request, message.response.verdict)
        case .step, nil:
            return nil
        }
    }

    // MARK: Handshake

    private mutating func receivedSubscription(
        _ response: PoolResponse, into output: inout ByteBuffer
    ) -> PoolEvent? {
        let result = response.result.array ?? []
        guard let extranonce = result.value(at: 1).ethashExtranonce else {
            let reason = response.error == .null ? nil : response.rejection?.message
            return self.handshake.fail(.subscribeRefused, reason ?? "reply without an extranonce of 0 to 6 bytes")
        }
        self.extranonce = extranonce
        self.sessionID = (result.value(at: 0).array ?? []).value(at: 1).string
        let request = self.handshake.takeRequest()
        self.extranonceRequest = request
        MessageEncoder.extranonceSubscribe(id: request, into: &output)
        self.subscribed(into: &output)
        return .subscribed(
            PoolTerms(
                room: EthashWork.room(extranonceCount: extranonce.count),
                summary: "\(EthashFlavor.stratum1.title), extranonce \(extranonce.count) bytes"
            )
        )
    }

    // MARK: Notifications

    private mutating func receivedNotification(
        _ message: EthashMessage, into output: inout ByteBuffer
    ) -> PoolEvent? {
        switch message.method {
        case "mining.notify":
            guard let work = self.work(message) else { return self.handshake.malformed("mining.notify without a job") }
            return self.handshake.received(work.upstreamJob)
        case "mining.set_difficulty":
            guard let difficulty = message.parameter(0).number, PoolDifficulty.isPossible(difficulty) else {
                return self.handshake.impossible("mining.set_difficulty without a difficulty that can be")
            }
            self.difficulty = difficulty
            self.handshake.named()
            return nil
        case "mining.set_extranonce":
            guard let extranonce = message.parameter(0).ethashExtranonce else {
                return self.handshake.malformed("mining.set_extranonce without 0 to 6 bytes")
            }
            self.extranonce = extranonce
        case "mining.ping":
            MessageEncoder.pong(id: message.id, into: &output)
        default:
            return message.commonNotification
        }
        self.handshake.understood()
        return nil
    }

    /// Job, seed, header, clean; some pools add more.
    private mutating func work(_ message: EthashMessage) -> EthashWork? {
        guard let id = message.parameter(0).text, let seed = message.parameter(1).ethashHash,
            let header = message.parameter(2).ethashHash
        else {
            return nil
        }
        let says = message.parameter(3) != .bool(false)
        let (block, isClean) = self.blocks.next(header: header, isClean: says, height: nil)
        return EthashWork(
            id: id,
            flavor: .stratum1,
            header: header,
            seed: seed,
            target: Target(difficulty: self.difficulty),
            stratumDifficulty: self.difficulty,
            extranonce: self.extranonce,
            isClean: isClean,
            block: block
        )
    }
}
