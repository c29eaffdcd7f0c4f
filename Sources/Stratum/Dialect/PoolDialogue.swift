public import NIOCore

/// What a conversation with a pool begins with.
public struct PoolDialogueSettings: Sendable {
    /// The worker this connection authorises; nil stops before authorising.
    public var user: String?
    public var password: String
    public var userAgent: String
    /// False: leave out a first request that some pools close the connection on (``PoolDialogue/openQuestion``).
    public var asksFirst: Bool
    /// Bits of the block version that miners may roll, where the protocol has that.
    public var versionMask: UInt32
    /// Session to resume, from an earlier ``PoolDialogue/sessionID``.
    public var sessionID: String?
    public var suggestDifficulty: Double?
    /// From the open connection to the first job.
    public var handshakeTimeout: TimeAmount
    /// Silence on the first request for this long counts as a refusal of it.
    public var questionTimeout: TimeAmount
    /// The pool's own options of the dialect.
    public var options: DialectOptions

    public init(
        user: String?,
        password: String,
        userAgent: String,
        asksFirst: Bool = true,
        versionMask: UInt32 = 0,
        sessionID: String? = nil,
        suggestDifficulty: Double? = nil,
        handshakeTimeout: TimeAmount,
        questionTimeout: TimeAmount,
        options: DialectOptions = DialectOptions()
    ) {
        self.user = user
        self.password = password
        self.userAgent = userAgent
        self.asksFirst = asksFirst
        self.versionMask = versionMask
        self.sessionID = sessionID
        self.suggestDifficulty = suggestDifficulty
        self.handshakeTimeout = handshakeTimeout
        self.questionTimeout = questionTimeout
        self.options = options
    }
}

/// One connection to a pool, from the first byte to the last: events in, bytes and at most one event out.
public protocol PoolDialogue: Sendable {
    /// Authorised and holding a job.
    var isReady: Bool { get }
    /// The first request while it is unanswered, if it is one that some pools close the connection on: then the next
    /// connection does without it (``PoolDialogueSettings/asksFirst``). Nil otherwise.
    var openQuestion: String? { get }
    /// Id of the pool's session, for resuming it.
    var sessionID: String? { get }

    /// The connection is open: starts the handshake.
    mutating func connected(now: NIODeadline, into output: inout ByteBuffer) -> PoolEvent?
    /// Authorises on a connection that was opened without a user. Ignored once there is one.
    mutating func authorize(user: String, password: String, now: NIODeadline, into output: inout ByteBuffer)
    /// Sends one share and returns the number its verdict will come with; nil if the connection is not ready.
    mutating func submit(_ share: PoolShare, user: String, into output: inout ByteBuffer) -> Int?
    /// One line from the pool, without its end.
    mutating func received(_ line: ByteBuffer, now: NIODeadline, into output: inout ByteBuffer) -> PoolEvent?
    /// Time has passed: deadlines of the handshake, and whatever keeps the connection open. Called a few times a second.
    mutating func tick(now: NIODeadline, into output: inout ByteBuffer) -> PoolEvent?
}

extension PoolDialogue {
    public var openQuestion: String? { nil }
    public var sessionID: String? { nil }
}

/// What the owner of a connection to a pool must know or do.
public enum PoolEvent: Sendable {
    /// The pool has answered; what it leaves to its client is known. The handshake goes on unless no user was given.
    case subscribed(PoolTerms)
    /// Authorised and holding a job: shares may flow.
    case ready(UpstreamJob)
    case job(UpstreamJob)
    /// - Parameter request: from ``PoolDialogue/submit(_:user:into:)``.
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

/// What a pool grants before it has sent a job.
public struct PoolTerms: Sendable, Hashable {
    /// As ``UpstreamJob/room``; nil: only its jobs tell.
    public var room: Int?
    /// What an operator wants to know of it, as "extranonce 4 + 8 bytes"; empty: nothing.
    public var summary: String

    public init(room: Int?, summary: String) {
        self.room = room
        self.summary = summary
    }
}

/// The pool's answer to one share.
public enum PoolVerdict: Sendable, Hashable {
    case accepted
    case rejected(Rejection)
}

/// A share as its pool needs it. The ledger keeps all but the proof.
public struct PoolShare: Sendable {
    /// The pool's name for the job.
    public var jobID: String
    /// Padding, prefix and the miner's part: together the part of the nonce that the pool leaves to its client.
    public var padding: [UInt8]
    public var prefix: [UInt8]
    /// The miner's part, with its version bits as the pool must get them.
    public var found: FoundNonce

    public init(jobID: String, padding: [UInt8] = [], prefix: [UInt8] = [], found: FoundNonce = FoundNonce()) {
        self.jobID = jobID
        self.padding = padding
        self.prefix = prefix
        self.found = found
    }
}
