public import NIOCore

/// One connection to a pool of Stratum V1.
///
/// ```
/// configuring → subscribing → authorizing → ready
///        └───────────┴─────────────┴──────────┴──→ failed
/// ```
/// Without a user it stops after `subscribing` in `subscribed` and waits for ``authorize(user:password:now:into:)``: some
/// pools leave a second `mining.authorize` unanswered, refuse it or let it overwrite the first.
public struct BitcoinPoolDialogue: PoolDialogue {
    private enum Phase: Sendable, Equatable {
        /// Nothing sent yet.
        case idle
        /// `mining.configure` sent; its reply, a close or silence moves on.
        case configuring(request: Int, deadline: NIODeadline)
        case subscribing(request: Int)
        /// Subscribed, no user to authorise yet.
        case subscribed
        case authorizing(request: Int)
        /// Authorised, the first job is still missing.
        case awaitingJob
        case ready
        case failed
    }

    private let settings: PoolDialogueSettings
    private let hasProvableBlocks: Bool
    private var phase = Phase.idle
    private var nextRequest = 1
    private var handshakeDeadline: NIODeadline?
    private var malformedInARow = 0

    private var extranonce1: [UInt8] = []
    private var extranonce2Size = 0
    private var difficulty = 1.0
    private var mask: UInt32 = 0
    private var configured = false
    /// The latest job, kept while the handshake is not finished.
    private var heldJob: UpstreamJob?
    /// Id of the pool's session, for resuming it.
    public private(set) var sessionID: String?

    private static let malformedLimit = 5
    /// Ten thousand times that of the Bitcoin network in 2026.
    private static let difficultyLimit = 1e18

    /// - Parameter hasProvableBlocks: see ``BitcoinWork/hasProvableBlocks``.
    public init(settings: PoolDialogueSettings, hasProvableBlocks: Bool = true) {
        self.settings = settings
        self.hasProvableBlocks = hasProvableBlocks
    }

    public var isReady: Bool { self.phase == .ready }

    /// A close while it is unanswered means that the pool does not know it.
    public var openQuestion: String? {
        if case .configuring = self.phase { return "mining.configure" }
        return nil
    }

    /// The connection is open: starts the handshake.
    public mutating func connected(now: NIODeadline, into output: inout ByteBuffer) -> PoolEvent? {
        guard self.phase == .idle else { return nil }
        self.handshakeDeadline = now + self.settings.handshakeTimeout
        if self.requestedMask != 0 {
            let request = self.takeRequestID()
            MessageEncoder.configure(id: request, mask: self.requestedMask, into: &output)
            self.phase = .configuring(request: request, deadline: now + self.settings.questionTimeout)
        } else {
            self.subscribe(into: &output)
        }
        return nil
    }

    /// Version bits asked for with `mining.configure`; 0: it is not sent.
    private var requestedMask: UInt32 { self.settings.asksFirst ? self.settings.versionMask : 0 }

    /// Authorises on a connection that was opened without a user. Ignored in any other phase.
    public mutating func authorize(user: String, password: String, now: NIODeadline, into output: inout ByteBuffer) {
        guard self.phase == .subscribed else { return }
        self.handshakeDeadline = now + self.settings.handshakeTimeout
        self.sendAuthorize(user: user, password: password, into: &output)
    }

    /// Sends one share and returns the id its verdict will come with; nil if the connection is not ready.
    public mutating func submit(_ share: PoolShare, user: String, into output: inout ByteBuffer) -> Int? {
        guard self.phase == .ready else { return nil }
        let request = self.takeRequestID()
        MessageEncoder.submit(
            id: request,
            user: user,
            jobID: share.jobID,
            padding: share.padding,
            prefix: share.prefix,
            extranonce2: share.extranonce2,
            ntime: share.ntime,
            nonce: share.nonce,
            versionBits: share.versionBits,
            into: &output
        )
        return request
    }

    public mutating func received(
        _ line: ByteBuffer, now: NIODeadline, into output: inout ByteBuffer
    ) -> PoolEvent? {
        guard self.phase != .failed else { return nil }
        let message: PoolMessage
        do throws(StratumError) {
            message = try PoolMessage.decode(line)
        } catch {
            return self.receivedMalformedLine(error)
        }
        switch message {
        case .response(let id, let response):
            self.malformedInARow = 0
            guard case .integer(let value) = id, let request = Int(exactly: value) else { return nil }
            return self.receivedResponse(response, request: request, into: &output)
        case .notification(let notification, let id):
            if case .malformed = notification {} else { self.malformedInARow = 0 }
            return self.received(notification, id: id, into: &output)
        }
    }

    /// A line that is no message. A few are survived, a stream of them is not.
    private mutating func receivedMalformedLine(_ error: StratumError) -> PoolEvent? {
        self.malformedInARow += 1
        guard self.malformedInARow >= Self.malformedLimit else { return nil }
        return self.fail(
            LinkFailure(.protocolViolation, "\(self.malformedInARow) malformed lines in a row, last: \(error)"))
    }

    /// Returns the failure when a step of the handshake took too long.
    public mutating func tick(now: NIODeadline, into output: inout ByteBuffer) -> PoolEvent? {
        switch self.phase {
        case .configuring(_, let deadline) where now >= deadline:
            return self.fail(LinkFailure(.questionRefused, "no answer to mining.configure"))
        case .configuring, .subscribing, .authorizing, .awaitingJob:
            guard let handshakeDeadline = self.handshakeDeadline, now >= handshakeDeadline else { return nil }
            return self.fail(LinkFailure(.handshakeTimeout, "no answer while \(self.step)"))
        case .idle, .subscribed, .ready, .failed:
            return nil
        }
    }

    // MARK: Replies

    private mutating func receivedResponse(
        _ response: PoolResponse,
        request: Int,
        into output: inout ByteBuffer
    ) -> PoolEvent? {
        switch self.phase {
        case .configuring(request, _):
            if let mask = response.versionRollingMask {
                self.mask = mask & self.requestedMask
                self.configured = true
            }
            self.subscribe(into: &output)
            return nil
        case .subscribing(request):
            guard let subscription = response.subscription else {
                let reason = response.rejection.map { "\($0.message)" } ?? "malformed reply"
                return self.fail(LinkFailure(.subscribeRefused, reason))
            }
            self.sessionID = subscription.sessionID
            self.extranonce1 = subscription.extranonce1
            self.extranonce2Size = subscription.extranonce2Size
            if let user = self.settings.user {
                self.sendAuthorize(user: user, password: self.settings.password, into: &output)
            } else {
                self.phase = .subscribed
                self.handshakeDeadline = nil
            }
            return .subscribed(subscription.terms)
        case .authorizing(request):
            if let rejection = response.rejection {
                return self.fail(LinkFailure(.authorizationRefused, rejection.message))
            }
            if let difficulty = self.settings.suggestDifficulty {
                MessageEncoder.suggestDifficulty(id: self.takeRequestID(), difficulty: difficulty, into: &output)
            }
            guard let job = self.heldJob else {
                self.phase = .awaitingJob
                return nil
            }
            return self.becomeReady(job)
        case .ready:
            if let rejection = response.rejection {
                return .verdict(request: request, .rejected(rejection))
            }
            return .verdict(request: request, .accepted)
        case .idle, .configuring, .subscribing, .subscribed, .authorizing, .awaitingJob, .failed:
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
            return self.receivedJob(job)
        case .setDifficulty(let difficulty):
            // For the jobs sent after it. Zero, negative and infinite values are nonsense that some pools send.
            guard difficulty > 0, difficulty <= Self.difficultyLimit else {
                return .overstepped("mining.set_difficulty: \(difficulty) is no difficulty")
            }
            self.difficulty = difficulty
            return nil
        case .setExtranonce(let extranonce1, let size):
            self.extranonce1 = extranonce1
            if let size { self.extranonce2Size = size }
            return nil
        case .setVersionMask(let mask):
            let mask = mask & self.requestedMask
            guard mask != self.mask else { return nil }
            self.mask = mask
            self.heldJob?.versionMask = mask
            return self.phase == .ready ? .versionMaskChanged(mask) : nil
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
        case .ignored:
            return nil
        case .malformed(let method, let reason):
            self.malformedInARow += 1
            guard self.malformedInARow >= Self.malformedLimit || method == "mining.notify" else {
                return .overstepped("\(method): \(reason)")
            }
            return self.fail(LinkFailure(.protocolViolation, "\(method): \(reason)"))
        }
    }

    private mutating func receivedJob(_ job: Job) -> PoolEvent? {
        let upstreamJob = UpstreamJob(
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
        switch self.phase {
        case .ready:
            return .job(upstreamJob)
        case .awaitingJob:
            return self.becomeReady(upstreamJob)
        case .idle, .configuring, .subscribing, .failed:
            // A job before the subscribe reply cannot be worked on: its extranonce is unknown.
            return nil
        case .subscribed, .authorizing:
            self.heldJob = upstreamJob
            return nil
        }
    }

    // MARK: Steps

    private mutating func becomeReady(_ job: UpstreamJob) -> PoolEvent {
        self.phase = .ready
        self.heldJob = nil
        self.handshakeDeadline = nil
        return .ready(job)
    }

    private mutating func subscribe(into output: inout ByteBuffer) {
        let request = self.takeRequestID()
        MessageEncoder.subscribe(
            id: request,
            userAgent: self.settings.userAgent,
            sessionID: self.settings.sessionID,
            into: &output
        )
        self.phase = .subscribing(request: request)
    }

    private mutating func sendAuthorize(user: String, password: String, into output: inout ByteBuffer) {
        let request = self.takeRequestID()
        MessageEncoder.authorize(id: request, user: user, password: password, into: &output)
        self.phase = .authorizing(request: request)
    }

    private mutating func takeRequestID() -> Int {
        defer { self.nextRequest += 1 }
        return self.nextRequest
    }

    private mutating func fail(_ failure: LinkFailure) -> PoolEvent {
        self.phase = .failed
        return .failed(failure)
    }

    private var step: String {
        switch self.phase {
        case .configuring: "configuring"
        case .subscribing: "subscribing"
        case .authorizing: "authorising"
        case .awaitingJob: "waiting for the first job"
        case .idle, .subscribed, .ready, .failed: "connected"
        }
    }
}
