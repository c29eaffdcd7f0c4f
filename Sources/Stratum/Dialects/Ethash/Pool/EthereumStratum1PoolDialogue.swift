public import NIOCore

/// One connection to a pool of EthereumStratum/1.0.0 (ethereum §2).
public struct EthereumStratum1PoolDialogue: PoolDialogue {
    private let settings: PoolDialogueSettings
    private var handshake: EthashPoolHandshake
    private var nextRequest = 1
    private var subscribeRequest: Int?
    private var extranonceRequest: Int?
    private var authorizeRequest: Int?
    /// For the jobs that follow, like the difficulty.
    private var extranonce: [UInt8] = []
    private var difficulty = 1.0
    private var blocks = EthashBlocks()
    public private(set) var sessionID: String?

    /// A thousand times more than any network's.
    private static let difficultyLimit = 1e18

    public init(settings: PoolDialogueSettings) {
        self.settings = settings
        self.handshake = EthashPoolHandshake(timeout: settings.handshakeTimeout)
    }

    public var isReady: Bool { self.handshake.step == .ready }
    public var openQuestion: String? { nil }

    public mutating func connected(now: NIODeadline, into output: inout ByteBuffer) -> PoolEvent? {
        guard self.handshake.step == .idle else { return nil }
        let request = self.takeRequest()
        self.subscribeRequest = request
        MessageEncoder.stratum1Subscribe(id: request, userAgent: self.settings.userAgent, into: &output)
        self.handshake.begin(.subscribing, now: now)
        return nil
    }

    public mutating func authorize(user: String, password: String, now: NIODeadline, into output: inout ByteBuffer) {
        guard self.handshake.step == .subscribed else { return }
        self.handshake.begin(.authorizing, now: now)
        self.sendAuthorize(user: user, password: password, into: &output)
    }

    public mutating func submit(_ share: PoolShare, user: String, into output: inout ByteBuffer) -> Int? {
        guard self.isReady else { return nil }
        let request = self.takeRequest()
        MessageEncoder.stratum1Submit(id: request, share, user: user, into: &output)
        return request
    }

    public mutating func received(
        _ line: ByteBuffer, now: NIODeadline, into output: inout ByteBuffer
    ) -> PoolEvent? {
        guard self.handshake.step != .failed else { return nil }
        let message: EthashMessage
        do throws(StratumError) {
            message = try EthashMessage(line)
        } catch {
            return self.handshake.malformed("\(error)")
        }
        if message.method != nil { return self.receivedNotification(message, into: &output) }
        guard case .integer(let id) = message.id, let request = Int(exactly: id) else { return nil }
        self.handshake.understood()
        switch request {
        case self.subscribeRequest:
            self.subscribeRequest = nil
            return self.receivedSubscription(message.response, into: &output)
        case self.extranonceRequest:
            // A pool that does not know the request changes no extranonce.
            self.extranonceRequest = nil
            return nil
        case self.authorizeRequest:
            self.authorizeRequest = nil
            if let rejection = message.response.rejection {
                return self.handshake.fail(.authorizationRefused, rejection.message)
            }
            return self.handshake.authorized()
        default:
            guard self.isReady else { return nil }
            return .verdict(request: request, message.response.rejection.map { .rejected($0) } ?? .accepted)
        }
    }

    public mutating func tick(now: NIODeadline, into output: inout ByteBuffer) -> PoolEvent? {
        self.handshake.tick(now: now)
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
        let request = self.takeRequest()
        self.extranonceRequest = request
        MessageEncoder.extranonceSubscribe(id: request, into: &output)
        if let user = self.settings.user {
            self.handshake.goOn(.authorizing)
            self.sendAuthorize(user: user, password: self.settings.password, into: &output)
        } else {
            self.handshake.waitForUser()
        }
        return .subscribed(
            PoolTerms(
                room: EthashWork.room(extranonceCount: extranonce.count),
                summary: "\(EthashFlavor.stratum1.title), extranonce \(extranonce.count) bytes"
            )
        )
    }

    private mutating func sendAuthorize(user: String, password: String, into output: inout ByteBuffer) {
        let request = self.takeRequest()
        self.authorizeRequest = request
        MessageEncoder.authorize(id: request, user: user, password: password, into: &output)
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
            guard let difficulty = message.parameter(0).number, difficulty > 0, difficulty <= Self.difficultyLimit
            else {
                return self.handshake.malformed("mining.set_difficulty without a difficulty")
            }
            self.difficulty = difficulty
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

    private mutating func takeRequest() -> Int {
        defer { self.nextRequest += 1 }
        return self.nextRequest
    }
}
