package import NIOCore
package import Stratum

/// One connection to a pool, from the first byte to the last: events in, bytes and at most one event out.
///
/// ```
/// configuring → subscribing → authorizing → ready
///        └───────────┴─────────────┴──────────┴──→ failed
/// ```
/// Without a user the machine stops after `subscribing` in `subscribed` and waits for ``authorize(user:password:now:into:)``.
package struct PoolConnectionStateMachine: Sendable {
    /// What a connection is opened with.
    package struct Settings: Sendable {
        /// The worker this connection authorises; nil stops after subscribing. One worker a connection: a second
        /// `mining.authorize` is unanswered, refused or overwrites the first, depending on the pool.
        package var user: String?
        package var password: String
        package var userAgent: String
        /// Mask to ask for with `mining.configure`; nil: do not configure.
        package var requestedMask: UInt32?
        /// Session to resume, from an earlier subscribe reply.
        package var sessionID: String?
        package var suggestDifficulty: Double?
        /// From the open connection to the first job.
        package var handshakeTimeout: TimeAmount
        /// Silence on `mining.configure` for this long counts as a refusal of it.
        package var configureTimeout: TimeAmount

        package init(
            user: String?,
            password: String,
            userAgent: String,
            requestedMask: UInt32?,
            sessionID: String? = nil,
            suggestDifficulty: Double? = nil,
            handshakeTimeout: TimeAmount,
            configureTimeout: TimeAmount
        ) {
            self.user = user
            self.password = password
            self.userAgent = userAgent
            self.requestedMask = requestedMask
            self.sessionID = sessionID
            self.suggestDifficulty = suggestDifficulty
            self.handshakeTimeout = handshakeTimeout
            self.configureTimeout = configureTimeout
        }
    }

    /// What the owner of the connection must know or do.
    package enum Event: Sendable {
        /// Subscribed; the extranonce is known. The handshake goes on unless no user was given.
        case subscribed(PoolSubscription)
        /// Authorised and holding a job: shares may flow.
        case ready(UpstreamJob)
        case job(UpstreamJob)
        case verdict(request: Int, PoolVerdict)
        /// The mask changed for jobs already received too.
        case versionMaskChanged(UInt32)
        case reconnectRequested(host: String?, port: Int?, wait: Int?)
        case messageShown(String)
        /// It sent what a pool may not send; ignored, and worth knowing.
        case overstepped(String)
        /// Close the connection.
        case failed(LinkFailure)
    }

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

    private let settings: Settings
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
    package private(set) var sessionID: String?

    private static let malformedLimit = 5
    /// Ten thousand times that of the Bitcoin network in 2026.
    private static let difficultyLimit = 1e18

    package init(settings: Settings) {
        self.settings = settings
    }

    package var isReady: Bool { self.phase == .ready }

    /// True while `mining.configure` is unanswered: a close now means that the pool does not know it.
    package var isConfiguring: Bool {
        if case .configuring = self.phase { return true }
        return false
    }

    /// The connection is open: starts the handshake.
    package mutating func connected(now: NIODeadline, into output: inout ByteBuffer) {
        guard self.phase == .idle else { return }
        self.handshakeDeadline = now + self.settings.handshakeTimeout
        if let mask = self.settings.requestedMask {
            let request = self.takeRequestID()
            MessageEncoder.configure(id: request, mask: mask, into: &output)
            self.phase = .configuring(request: request, deadline: now + self.settings.configureTimeout)
        } else {
            self.subscribe(into: &output)
        }
    }

    /// Authorises on a connection that was opened without a user. Ignored in any other phase.
    package mutating func authorize(user: String, password: String, now: NIODeadline, into output: inout ByteBuffer) {
        guard self.phase == .subscribed else { return }
        self.handshakeDeadline = now + self.settings.handshakeTimeout
        self.sendAuthorize(user: user, password: password, into: &output)
    }

    /// Sends one share and returns the id its verdict will come with; nil if the connection is not ready.
    package mutating func submit(_ share: UpstreamShare, user: String, into output: inout ByteBuffer) -> Int? {
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

    /// One decoded line from the pool.
    package mutating func received(_ message: PoolMessage, now: NIODeadline, into output: inout ByteBuffer) -> Event? {
        guard self.phase != .failed else { return nil }
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
    package mutating func receivedMalformedLine(_ error: StratumError) -> Event? {
        guard self.phase != .failed else { return nil }
        self.malformedInARow += 1
        guard self.malformedInARow >= Self.malformedLimit else { return nil }
        return self.fail(
            LinkFailure(.protocolViolation, "\(self.malformedInARow) malformed lines in a row, last: \(error)"))
    }

    /// Time has passed. Returns the failure when a step of the handshake took too long.
    package mutating func deadlineReached(now: NIODeadline) -> Event? {
        switch self.phase {
        case .configuring(_, let deadline) where now >= deadline:
            return self.fail(LinkFailure(.configureRefused, "no answer to mining.configure"))
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
    ) -> Event? {
        switch self.phase {
        case .configuring(request, _):
            if let mask = response.versionRollingMask {
                self.mask = mask & (self.settings.requestedMask ?? 0)
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
            return .subscribed(subscription)
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
    ) -> Event? {
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
            let mask = mask & (self.settings.requestedMask ?? 0)
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

    private mutating func receivedJob(_ job: Job) -> Event? {
        let upstreamJob = UpstreamJob(
            job: job,
            extranonce1: self.extranonce1,
            extranonce2Size: self.extranonce2Size,
            difficulty: self.difficulty,
            versionMask: self.mask,
            expectsVersionBits: self.configured
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

    private mutating func becomeReady(_ job: UpstreamJob) -> Event {
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

    private mutating func fail(_ failure: LinkFailure) -> Event {
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
