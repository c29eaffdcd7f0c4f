import NIOCore

/// What the conversations with pools of all flavours have in common.
///
/// ```
/// greeting → subscribing → authorizing → awaitingJob → ready
///     └───────────┴─────────────┴─────────────┴──────────┴──→ failed
/// ```
/// `greeting` is EthereumStratum/2.0.0's alone, and eth-proxy has no `subscribing`. Without a user it stops before
/// `authorizing` in `subscribed`.
struct EthashPoolHandshake: Sendable {
    enum Step: Sendable, Equatable {
        /// Nothing sent yet.
        case idle
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

    private(set) var step = Step.idle
    private let timeout: TimeAmount
    private var deadline: NIODeadline?
    /// The latest job, kept while the handshake is not finished.
    private var heldJob: UpstreamJob?
    private var malformedInARow = 0

    private static let malformedLimit = 5

    init(timeout: TimeAmount) {
        self.timeout = timeout
    }

    // MARK: Steps

    /// The handshake begins, or begins again with a user: its time runs from now.
    mutating func begin(_ step: Step, now: NIODeadline) {
        self.step = step
        self.deadline = now + self.timeout
    }

    /// The next step, within the same time.
    mutating func goOn(_ step: Step) { self.step = step }

    mutating func waitForUser() {
        self.step = .subscribed
        self.deadline = nil
    }

    /// The pool has taken the user; ready if it has sent a job already.
    mutating func authorized() -> PoolEvent? {
        guard let job = self.heldJob else {
            self.step = .awaitingJob
            return nil
        }
        return self.becomeReady(job)
    }

    mutating func received(_ job: UpstreamJob) -> PoolEvent? {
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
            // A job before the reply that names the extranonce cannot be worked on.
            return nil
        }
    }

    private mutating func becomeReady(_ job: UpstreamJob) -> PoolEvent {
        self.step = .ready
        self.heldJob = nil
        self.deadline = nil
        return .ready(job)
    }

    // MARK: Failures

    mutating func fail(_ kind: LinkFailure.Kind, _ detail: String) -> PoolEvent {
        self.step = .failed
        self.heldJob = nil
        return .failed(LinkFailure(kind, detail))
    }

    /// The pool sent what makes no sense. Now and then that is survived, in a row it is not.
    mutating func malformed(_ detail: String) -> PoolEvent {
        self.malformedInARow += 1
        guard self.malformedInARow >= Self.malformedLimit else { return .overstepped(detail) }
        return self.fail(.protocolViolation, "\(self.malformedInARow) malformed lines in a row, last: \(detail)")
    }

    /// The pool sent what makes sense.
    mutating func understood() { self.malformedInARow = 0 }

    mutating func tick(now: NIODeadline) -> PoolEvent? {
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

extension EthashMessage {
    /// The notifications that Ethash pools share with those of Stratum V1; nil for others.
    var commonNotification: PoolEvent? {
        switch self.method {
        case "client.reconnect", "mining.reconnect":
            let host = self.parameter(0).string.flatMap { $0.isEmpty ? nil : $0 }
            let port = self.parameter(1).text.flatMap { Int($0) }.flatMap { (1...65_535).contains($0) ? $0 : nil }
            let wait = self.parameter(2).text.flatMap { Int($0) }.flatMap { $0 >= 0 ? $0 : nil }
            return .reconnectRequested(host: host, port: port, wait: wait)
        case "client.show_message":
            return .messageShown(self.parameter(0).text ?? "")
        default:
            return nil
        }
    }
}
