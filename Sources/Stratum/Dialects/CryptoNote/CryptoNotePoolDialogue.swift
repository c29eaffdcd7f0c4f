public import NIOCore

/// One connection to a CryptoNote pool.
///
/// ```
/// loggingIn → awaitingJob → ready → ending → failed
/// ```
/// The reply to `login` usually brings the first job along, so that `awaitingJob` is left out. Without a user there is
/// nothing that could be sent: the connection waits in `open` for ``authorize(user:password:now:into:)``.
public struct CryptoNotePoolDialogue: PoolDialogue {
    private enum Phase: Sendable, Equatable {
        /// Not connected.
        case idle
        /// Connected, no user to log in yet.
        case open
        case loggingIn(request: Int)
        /// Logged in, the first job is still missing.
        case awaitingJob
        case ready
        /// The pool has given the session up in the answer to a share; the next event is the failure.
        case ending(LinkFailure)
        case failed
    }

    private let settings: PoolDialogueSettings
    /// Those that pools are told, the first one for jobs that name none.
    private let algorithms: [CryptoNoteAlgorithm]
    private var phase = Phase.idle
    private var nextRequest = 1
    private var handshakeDeadline: NIODeadline?
    private var malformedInARow = 0
    /// Id of the pool's session. It cannot be resumed.
    public private(set) var sessionID: String?
    private var extensions: Set<String> = []
    /// A job that came before the reply to `login`.
    private var heldJob: CryptoNoteJob?
    private var lastJob: CryptoNoteJob?
    /// Which algorithm the shares of a job are of, for the latest jobs.
    private var recent: [(jobID: String, algorithm: CryptoNoteAlgorithm)] = []

    /// When something was last sent.
    private var lastSent = NIODeadline.distantPast
    private var sentSinceTick = false
    /// The latest `keepalived`, whose replies are no verdicts.
    private var keepalives: [Int] = []
    private var sendsKeepalives = true

    private static let malformedLimit = 5
    private static let recentLimit = 16
    private static let keepaliveLimit = 8
    /// Pools close after ten minutes without a submit or a `keepalived`; miners send one after 60 s.
    private static let keepaliveInterval = TimeAmount.seconds(50)

    /// - Parameter algorithms: what pools are told, the first one also for jobs that name none; empty: nothing is told.
    public init(settings: PoolDialogueSettings, algorithms: [CryptoNoteAlgorithm]) {
        self.settings = settings
        self.algorithms = algorithms
    }

    public var isReady: Bool { self.phase == .ready }

    // MARK: Requests

    /// Logs in if there is a user. Otherwise nothing can be sent, and nothing is known of the pool before its first job.
    public mutating func connected(now: NIODeadline, into output: inout ByteBuffer) -> PoolEvent? {
        guard self.phase == .idle else { return nil }
        self.phase = .open
        self.lastSent = now
        guard let user = self.settings.user else {
            return .subscribed(PoolTerms(room: nil, summary: ""))
        }
        self.logIn(user: user, password: self.settings.password, now: now, into: &output)
        return nil
    }

    public mutating func authorize(user: String, password: String, now: NIODeadline, into output: inout ByteBuffer) {
        guard self.phase == .open else { return }
        self.logIn(user: user, password: password, now: now, into: &output)
    }

    private mutating func logIn(user: String, password: String, now: NIODeadline, into output: inout ByteBuffer) {
        let request = self.takeRequestID()
        MessageEncoder.cryptoNoteLogin(
            id: request,
            user: self.suggesting(user),
            password: password,
            agent: self.settings.userAgent,
            rigID: self.settings.options["rigid"],
            algorithms: self.algorithms,
            into: &output
        )
        self.phase = .loggingIn(request: request)
        self.handshakeDeadline = now + self.settings.handshakeTimeout
    }

    /// `user+difficulty` where a difficulty is to be suggested: there is no other way to say it. Pools take 100 to 2³¹-1.
    private func suggesting(_ user: String) -> String {
        guard let difficulty = self.settings.suggestDifficulty, !user.contains("+") else { return user }
        let whole = min(max(CryptoNoteTarget.whole(difficulty), 100), UInt64(Int32.max))
        return "\(user)+\(whole)"
    }

    /// The session stands for the user, and the nonce has the prefix in it.
    public mutating func submit(_ share: PoolShare, user: String, into output: inout ByteBuffer) -> Int? {
        guard self.phase == .ready, let sessionID = self.sessionID, let proof = CryptoNoteProof(share.found.proof)
        else {
            return nil
        }
        let request = self.takeRequestID()
        MessageEncoder.cryptoNoteSubmit(
            id: request,
            sessionID: sessionID,
            jobID: share.jobID,
            nonce: share.found.nonce,
            proof: proof,
            algorithm: self.extensions.contains("algo")
                ? self.recent.last { $0.jobID == share.jobID }?.algorithm : nil,
            into: &output
        )
        self.sentSinceTick = true
        return request
    }

    // MARK: Time

    /// Keeps the connection open, whether the pool lists `keepalive` or not: old pools know it without, and close a link
    /// that carries no shares. Only one that refuses it is not asked again.
    public mutating func tick(now: NIODeadline, into output: inout ByteBuffer) -> PoolEvent? {
        switch self.phase {
        case .ending(let failure):
            return self.fail(failure)
        case .loggingIn, .awaitingJob:
            guard let deadline = self.handshakeDeadline, now >= deadline else { return nil }
            let step = self.phase == .awaitingJob ? "waiting for the first job" : "logging in"
            return self.fail(LinkFailure(.handshakeTimeout, "no answer while \(step)"))
        case .ready:
            self.keepOpen(now: now, into: &output)
            return nil
        case .idle, .open, .failed:
            return nil
        }
    }

    private mutating func keepOpen(now: NIODeadline, into output: inout ByteBuffer) {
        if self.sentSinceTick {
            self.sentSinceTick = false
            self.lastSent = now
        }
        guard self.sendsKeepalives, now - self.lastSent >= Self.keepaliveInterval, let sessionID = self.sessionID else {
            return
        }
        let request = self.takeRequestID()
        MessageEncoder.cryptoNoteKeepalive(id: request, sessionID: sessionID, into: &output)
        self.lastSent = now
        self.keepalives = self.keepalives.suffix(Self.keepaliveLimit - 1) + [request]
    }

    // MARK: Replies

    public mutating func received(
        _ line: ByteBuffer, now: NIODeadline, into output: inout ByteBuffer
    ) -> PoolEvent? {
        if case .ending(let failure) = self.phase { return self.fail(failure) }
        guard self.phase != .failed else { return nil }
        let message: CryptoNotePoolMessage
        do throws(StratumError) {
            message = try CryptoNotePoolMessage.decode(line, assumed: self.algorithms.first ?? .standard)
        } catch {
            return self.receivedMalformedLine(error)
        }
        if case .malformed(let method, let reason) = message {
            self.malformedInARow += 1
            guard self.malformedInARow >= Self.malformedLimit || method == "job" else {
                return .overstepped("\(method): \(reason)")
            }
            return self.fail(LinkFailure(.protocolViolation, "\(method): \(reason)"))
        }
        self.malformedInARow = 0
        switch message {
        case .reply(let id, let reply): return self.received(reply, id: id, now: now)
        case .job(let job): return self.received(job)
        case .reconnect(let host, let port): return .reconnectRequested(host: host, port: port, wait: nil)
        case .ignored, .malformed: return nil
        }
    }

    /// A line that is no message. A few are survived and told, a stream of them is not.
    private mutating func receivedMalformedLine(_ error: StratumError) -> PoolEvent? {
        self.malformedInARow += 1
        guard self.malformedInARow >= Self.malformedLimit else { return .overstepped("\(error)") }
        return self.fail(
            LinkFailure(.protocolViolation, "\(self.malformedInARow) malformed lines in a row, last: \(error)"))
    }

    private mutating func received(_ reply: CryptoNoteReply, id: MessageID, now: NIODeadline) -> PoolEvent? {
        guard case .integer(let number) = id, let request = Int(exactly: number) else {
            // What is said to no request is about the connection.
            guard let text = reply.rejection?.message, CryptoNoteText.isBan(text) else { return nil }
            return self.fail(LinkFailure(.authorizationRefused, text))
        }
        switch self.phase {
        case .loggingIn(request):
            return self.receivedLogin(reply, now: now)
        case .ready where (1..<self.nextRequest).contains(request):
            return self.receivedVerdict(reply, request: request)
        case .idle, .open, .loggingIn, .awaitingJob, .ready, .ending, .failed:
            return nil
        }
    }

    private mutating func receivedLogin(_ reply: CryptoNoteReply, now: NIODeadline) -> PoolEvent? {
        if let rejection = reply.rejection {
            return self.fail(LinkFailure(.authorizationRefused, rejection.message))
        }
        guard let sessionID = reply.sessionID, !sessionID.isEmpty else {
            return self.fail(LinkFailure(.protocolViolation, "login: reply without the session's id"))
        }
        self.sessionID = sessionID
        self.extensions = Set(reply.extensions)
        self.phase = .awaitingJob
        self.lastSent = now
        switch reply.job {
        case .success(let job): return self.received(job)
        case .failure(let error): return self.fail(LinkFailure(.protocolViolation, "login: \(error.reason)"))
        case nil: return self.heldJob.flatMap { self.received($0) }
        }
    }

    /// The pool's answer to a share or to `keepalived`. If it says that the session is over, the share still gets its
    /// verdict, and the connection ends with the event after it.
    private mutating func receivedVerdict(_ reply: CryptoNoteReply, request: Int) -> PoolEvent? {
        if let text = reply.rejection?.message {
            if CryptoNoteText.isBan(text) {
                self.phase = .ending(LinkFailure(.authorizationRefused, text))
            } else if CryptoNoteText.endsSession(text) {
                self.phase = .ending(LinkFailure(.closed, "the pool does not know the session any more: \(text)"))
            }
        }
        if self.keepalives.contains(request) {
            self.keepalives.removeAll { $0 == request }
            if case .ending(let failure) = self.phase { return self.fail(failure) }
            if reply.rejection != nil { self.sendsKeepalives = false }
            return nil
        }
        guard reply.status != "KEEPALIVED" else { return nil }
        guard let rejection = reply.rejection else { return .verdict(request: request, .accepted) }
        return .verdict(request: request, .rejected(rejection))
    }

    // MARK: Jobs

    private mutating func received(_ job: CryptoNoteJob) -> PoolEvent? {
        switch self.phase {
        case .loggingIn:
            self.heldJob = job
            return nil
        case .awaitingJob:
            self.phase = .ready
            self.handshakeDeadline = nil
            self.heldJob = nil
            return .ready(self.upstreamJob(job))
        case .ready:
            return .job(self.upstreamJob(job))
        case .idle, .open, .ending, .failed:
            return nil
        }
    }

    /// The byte is taken if the pool has filled it, or if it says `nicehash`: then a zero is as much its choice as any
    /// other value.
    private mutating func upstreamJob(_ job: CryptoNoteJob) -> UpstreamJob {
        let isByteTaken = job.sharedByte != 0 || self.extensions.contains("nicehash")
        let work = CryptoNoteWork(
            job: job,
            isClean: CryptoNoteWork.isClean(job, after: self.lastJob),
            isByteTaken: isByteTaken
        )
        self.lastJob = job
        if self.extensions.contains("algo") {
            self.recent.removeAll { $0.jobID == job.id }
            self.recent = self.recent.suffix(Self.recentLimit - 1) + [(job.id, job.algorithm)]
        }
        return UpstreamJob(work: work, difficulty: Double(job.target.difficulty), room: isByteTaken ? 0 : 1)
    }

    // MARK: Steps

    private mutating func takeRequestID() -> Int {
        defer { self.nextRequest += 1 }
        return self.nextRequest
    }

    private mutating func fail(_ failure: LinkFailure) -> PoolEvent {
        self.phase = .failed
        return .failed(failure)
    }
}
