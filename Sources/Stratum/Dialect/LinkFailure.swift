/// Why a pool connection ended or could not be made.
public struct LinkFailure: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Kind: String, Sendable, Hashable {
        case connectFailed = "connect-failed"
        case connectTimeout = "connect-timeout"
        case tls
        case closed
        case reset
        /// The pool accepted the link and did not finish the handshake in time.
        case handshakeTimeout = "handshake-timeout"
        /// The pool closed or stayed silent on a first request that not all know (``PoolDialogue/openQuestion``); the
        /// next connection does without.
        case questionRefused = "question-refused"
        case subscribeRefused = "subscribe-refused"
        case authorizationRefused = "authorization-refused"
        /// No new job for too long, confirmed by a second session.
        case silence
        /// Shares without a verdict.
        case unanswered
        case protocolViolation = "protocol-violation"
        /// The pool asked for a reconnect and a new connection took over.
        case replaced
        /// The operator or the configuration took the link away.
        case stopped
    }

    public var kind: Kind
    /// What happened, for logs and the ledger. Never contains credentials.
    public var detail: String
    /// How long the pool had been failing when this was decided, in milliseconds; 0 where the pool told us itself.
    public var detection: Int64

    public init(_ kind: Kind, _ detail: String, detection: Int64 = 0) {
        self.kind = kind
        self.detail = detail
        self.detection = detection
    }

    public var description: String {
        self.detail.isEmpty ? self.kind.rawValue : "\(self.kind.rawValue): \(self.detail)"
    }
}
