public import NIOCore

/// One connection to a pool of Stratum V1. `mining.configure` comes before the subscription where versions may be rolled.
public struct BitcoinPoolDialogue: HandshakeDialogue {
    public var handshake: PoolHandshake
    private let hasProvableBlocks: Bool
    private let difficultyMultiplier: Int
    /// Silence on `mining.configure` until then is a refusal of it.
    private var questionDeadline: NIODeadline?

    private var extranonce1: [UInt8] = []
    private var extranonce2Size = 0
    private var difficulty = 1.0
    private var mask: UInt32 = 0
    private var configured = false
    /// Id of the pool's session, for resuming it.
    public private(set) var sessionID: String?

    /// - Parameters:
    ///   - hasProvableBlocks: see ``BitcoinWork/hasProvableBlocks``.
    ///   - difficultyMultiplier: see ``BitcoinAlgorithm/difficultyMultiplier``.
    public init(settings: PoolDialogueSettings, hasProvableBlocks: Bool = true, difficultyMultiplier: Int = 1) {
        self.handshake = PoolHandshake(settings)
        self.hasProvableBlocks = hasProvableBlocks
        self.difficultyMultiplier = difficultyMultiplier
    }

    /// A close while it is unanswered means that the pool does not know it.
    public var openQuestion: String? { self.handshake.step == .greeting ? "mining.configure" : nil }

    /// The connection is open: starts the handshake.
    public mutating func connected(now: NIODeadline, into output: inout ByteBuffer) -> PoolEvent? {
        guard self.handshake.step == .idle else { return nil }
        if self.requestedMask != 0 {
            let request = self.handshake.begin(.greeting, now: now)
            self.questionDeadline = now + self.handshake.settings.questionTimeout
            MessageEncoder.configure(id: request, mask: self.requestedMask, into: &output)
        } else {
            self.subscribe(self.handshake.begin(.subscribing, now: now), into: &output)
        }
        return nil
    }

    private func subscribe(_ request: Int, into output: inout ByteBuffer) {
        MessageEncoder.subscribe(
            id: request,
            userAgent: self.handshake.settings.userAgent,
            sessionID: self.handshake.settings.sessionID,
            into: &output
        )
    }

    /// Version bits asked for with `mining.configure`; 0: it is not sent.
    private var requestedMask: UInt32 {
        self.handshake.settings.asksFirst ? self.handshake.settings.versionMask : 0
    }

    public func writeShare(_ share: PoolShare, user: String, request: Int, into output: inout ByteBuffer) {
        MessageEncoder.submit(id: request, user: user, share: share, into: &output)
    }

    public mutating func received(
        message line: ByteBuffer, now: NIODeadline, into output: inout ByteBuffer
    ) throws(StratumError) -> PoolEvent? {
        switch try PoolMessage.decode(line) {
        case .response(let id, let response):
            return self.receivedResponse(response, id: id, into: &output)
        case .notification(let notification, let id):
            return self.received(notification, id: id, into: &output)
        }
    }

    /// Returns the failure when a step of the handshake took too long.
    public mutating func tick(now: NIODeadline, into output: inout ByteBuffer) -> PoolEvent? {
        if let question = self.openQuestion, let deadline = self.questionDeadline, now >= deadline {
            return self.handshake.fail(.questionRefused, "no answer to \(question)")
        }
        return self.handshake.tick(now: now)
    }

    // MARK: Replies

    private mutating func receivedResponse(
        _ response: PoolResponse, id: MessageID, into output: inout ByteBuffer
    ) -> PoolEvent? {
        switch self.handshake.reply(to: id) {
        case .other(let request):
            return .verdict(request: request, response.verdict)
        case .step(.greeting):
            if let mask = response.versionRollingMask {
                self.mask = mask & self.requestedMask
                self.configured = true
            }
            self.subscribe(self.handshake.goOn(.subscribing), into: &output)
            return nil
        case .step(.subscribing):
            guard let subscription = response.subscription else {
                return self.handshake.fail(.subscribeRefused, response.rejection?.message ?? "malformed reply")
            }
            self.sessionID = subscription.sessionID
            self.extranonce1 = subscription.extranonce1
            self.extranonce2Size = subscription.extranonce2Size
            self.subscribed(into: &output)
            return .subscribed(subscription.terms)
        case .step(.authorizing):
            if response.rejection == nil, let difficulty = self.handshake.settings.suggestDifficulty {
                MessageEncoder.suggestDifficulty(
                    id: self.handshake.takeRequest(), difficulty: difficulty, into: &output
                )
            }
            return self.handshake.authorized(unless: response.rejection)
        case .step, nil:
            return nil
        }
    }

    // MARK: Notifications

    private mutating func received(
        _ notification: PoolNotification,
        id: MessageID,
        into output: inout ByteBuffer
    ) -> PoolEvent? {
        switch notification {
        case .notify(let job):
            return self.handshake.received(self.upstreamJob(job))
        case .setDifficulty(let difficulty):
            // For the jobs sent after it.
            guard PoolDifficulty.isPossible(difficulty, multiplier: self.difficultyMultiplier) else {
                return self.handshake.impossible("mining.set_difficulty: \(difficulty) is no difficulty")
            }
            self.difficulty = difficulty
            self.handshake.named()
            return nil
        case .malformed("mining.set_difficulty", let reason):
            return self.handshake.impossible("mining.set_difficulty: \(reason)")
        case .setExtranonce(let extranonce1, let size):
            self.extranonce1 = extranonce1
            if let size { self.extranonce2Size = size }
        case .setVersionMask(let mask):
            self.handshake.understood()
            let mask = mask & self.requestedMask
            guard mask != self.mask else { return nil }
            self.mask = mask
            self.handshake.heldJob?.versionMask = mask
            return self.isReady ? .versionMaskChanged(mask) : nil
        case .ping, .getVersion, .showMessage, .reconnect, .ignored, .malformed:
            return self.handshake.received(common: notification, id: id, into: &output)
        }
        self.handshake.understood()
        return nil
    }

    private func upstreamJob(_ job: Job) -> UpstreamJob {
        UpstreamJob(
            work: BitcoinWork(
                job: job,
                extranonce1: self.extranonce1,
                extranonce2Size: self.extranonce2Size,
                expectsVersionBits: self.configured,
                hasProvableBlocks: self.hasProvableBlocks
            ),
            difficulty: self.difficulty,
            room: self.extranonce2Size,
            versionMask: self.mask
        )
    }
}

extension PoolHandshake {
    /// What pools of Stratum V1 and its kin say beside jobs and what these are made of.
    mutating func received(
        common notification: PoolNotification, id: MessageID, into output: inout ByteBuffer
    ) -> PoolEvent? {
        if case .malformed(let method, let reason) = notification {
            return self.malformed("\(method): \(reason)", isVital: method == "mining.notify")
        }
        self.understood()
        switch notification {
        case .ping:
            MessageEncoder.pong(id: id, into: &output)
            return nil
        case .getVersion:
            MessageEncoder.version(id: id, agent: self.settings.userAgent, into: &output)
            return nil
        case .showMessage(let text):
            return .messageShown(text)
        case .reconnect(let host, let port, let wait):
            return .reconnectRequested(host: host, port: port, wait: wait)
        case .notify, .setDifficulty, .setExtranonce, .setVersionMask, .ignored, .malformed:
            return nil
        }
    }
}

extension PoolResponse {
    /// As the reply to a share.
    public var verdict: PoolVerdict { self.rejection.map { .rejected($0) } ?? .accepted }
}
