public import NIOCore

/// What conversations with pools have in common, whatever their words: the steps up to the first job and the time these may
/// take, the numbers of requests, and the end of patience with what makes no sense.
///
/// ```
/// greeting → subscribing → authorizing → awaitingJob → ready
///     └───────────┴─────────────┴─────────────┴──────────┴──→ failed
/// ```
/// Some protocols have no `greeting` or no `subscribing`. Without a user it stops before `authorizing` in `subscribed`: some
/// pools leave a second `mining.authorize` unanswered, refuse it or let it overwrite the first.
public struct PoolHandshake: Sendable {
    public enum Step: Sendable, Hashable {
        /// Nothing sent yet.
        case idle
        /// What comes before the subscription.
        case greeting
        case subscribing
        /// No user to authorise yet.
        case subscribed
        case authorizing
        /// Authorised, the first job is still missing.
        case awaitingJob
        case ready
        case failed
    }

    /// What an answer of the pool is about.
    public enum Reply: Sendable, Hashable {
        /// The request of this step, which was waited for.
        case step(Step)
        /// A share, or whatever else was asked on a connection that is ready.
        case other(request: Int)
    }

    /// What the pool has said of the difficulty of its shares.
    private enum Demand: Sendable {
        /// Nothing: the protocol's default holds.
        case assumed
        case named
        /// Only what cannot be, as this text says.
        case impossible(String)
    }

    public let settings: PoolDialogueSettings
    public private(set) var step = Step.idle
    /// What the next request will be.
    public private(set) var nextRequest: Int
    /// The one whose answer the step waits for.
    private var stepRequest: Int?
    private var deadline: NIODeadline?
    /// The latest job, kept while the handshake is not finished.
    var heldJob: UpstreamJob?
    private var demand = Demand.assumed
    private var malformedInARow = 0

    private static let malformedLimit = 5

    public init(_ settings: PoolDialogueSettings, firstRequest: Int = 1) {
        self.settings = settings
        self.nextRequest = firstRequest
    }

    public var isReady: Bool { self.step == .ready }

    // MARK: Steps

    /// The number of a new request.
    public mutating func takeRequest() -> Int {
        defer { self.nextRequest += 1 }
        return self.nextRequest
    }

    /// The handshake begins and its time runs; returns the number of the step's request.
    public mutating func begin(_ step: Step, now: NIODeadline) -> Int {
        self.deadline = now + self.settings.handshakeTimeout
        return self.goOn(step)
    }

    /// The next step, within the same time; returns the number of its request.
    public mutating func goOn(_ step: Step) -> Int {
        let request = self.takeRequest()
        self.step = step
        self.stepRequest = request
        return request
    }

    /// What the pool leaves to its client is known: returns whom to authorise, or waits if there is nobody.
    /// - Parameter now: where the handshake begins with this step.
    public mutating func subscribed(now: NIODeadline? = nil) -> (request: Int, user: String, password: String)? {
        if let now { self.deadline = now + self.settings.handshakeTimeout }
        guard let user = self.settings.user else {
            self.step = .subscribed
            self.deadline = nil
            return nil
        }
        return (self.goOn(.authorizing), user, self.settings.password)
    }

    /// There is a user now: returns the number of the request that authorises; nil if none is waited for.
    public mutating func authorize(now: NIODeadline) -> Int? {
        self.step == .subscribed ? self.begin(.authorizing, now: now) : nil
    }

    /// The pool has taken the user, unless this is its refusal; ready if it has sent a job already.
    public mutating func authorized(unless refusal: Rejection?) -> PoolEvent? {
        if let refusal { return self.fail(.authorizationRefused, refusal.message) }
        guard let job = self.heldJob else {
            self.step = .awaitingJob
            return nil
        }
        return self.becomeReady(job)
    }

    /// A job has come. One before the reply that names the nonce space cannot be worked on.
    public mutating func received(_ job: UpstreamJob) -> PoolEvent? {
        if case .impossible(let detail) = self.demand { return self.fail(.protocolViolation, detail) }
        self.malformedInARow = 0
        switch self.step {
        case .ready:
            return .job(job)
        case .awaitingJob:
            return self.becomeReady(job)
        case .subscribed, .authorizing:
            self.heldJob = job
            return nil
        case .idle, .greeting, .subscribing, .failed:
            return nil
        }
    }

    private mutating func becomeReady(_ job: UpstreamJob) -> PoolEvent {
        self.step = .ready
        self.heldJob = nil
        self.deadline = nil
        return .ready(job)
    }

    // MARK: Replies

    /// What the pool answers; nil: nothing that was asked.
    public mutating func reply(to id: MessageID) -> Reply? {
        self.understood()
        guard case .integer(let number) = id, let request = Int(exactly: number) else { return nil }
        return self.reply(to: request)
    }

    mutating func reply(to request: Int) -> Reply? {
        guard request == self.stepRequest else { return self.isReady ? .other(request: request) : nil }
        self.stepRequest = nil
        return .step(self.step)
    }

    // MARK: Failures

    public mutating func fail(_ kind: LinkFailure.Kind, _ detail: String) -> PoolEvent {
        self.step = .failed
        self.heldJob = nil
        return .failed(LinkFailure(kind, detail))
    }

    /// The pool sent what makes no sense. Now and then that is survived and told, in a row it is not.
    /// - Parameter isVital: it is not survived at all, as a job that is none: without its jobs a pool is of no use.
    public mutating func malformed(_ detail: String, isVital: Bool = false) -> PoolEvent {
        guard !isVital else { return self.fail(.protocolViolation, detail) }
        self.malformedInARow += 1
        guard self.malformedInARow >= Self.malformedLimit else { return .overstepped(detail) }
        return self.fail(.protocolViolation, "\(self.malformedInARow) malformed lines in a row, last: \(detail)")
    }

    /// The pool named a difficulty or a target that cannot be (``PoolDifficulty``). As ``malformed(_:isVital:)``: what it
    /// named before holds on. If it never named one that can be, its next job ends the connection: nobody knows what
    /// shares of it must meet.
    public mutating func impossible(_ detail: String) -> PoolEvent {
        if case .named = self.demand {} else { self.demand = .impossible(detail) }
        return self.malformed(detail)
    }

    /// The pool named a difficulty or a target that can be.
    public mutating func named() {
        self.demand = .named
        self.understood()
    }

    /// The pool sent what makes sense.
    public mutating func understood() { self.malformedInARow = 0 }

    /// The failure when the handshake has taken too long.
    public mutating func tick(now: NIODeadline) -> PoolEvent? {
        guard let deadline = self.deadline, now >= deadline, self.step != .failed else { return nil }
        return self.fail(.handshakeTimeout, "no answer while \(self.title)")
    }

    private var title: String {
        switch self.step {
        case .greeting: "greeting"
        case .subscribing: "subscribing"
        case .authorizing: "authorising"
        case .awaitingJob: "waiting for the first job"
        case .idle, .subscribed, .ready, .failed: "connected"
        }
    }
}
