package import NIOCore

/// One thing that happened to a simulated miner.
package struct MinerEvent: Sendable {
    /// When.
    package let time: NIODeadline
    /// What.
    package let kind: Kind

    /// What happened.
    package enum Kind: Sendable, Hashable {
        /// The link is up.
        case connected
        /// The link could not be opened.
        case connectFailed(reason: String)
        /// The link ended.
        case disconnected(reason: String)
        /// The configure reply: the mask granted, nil if refused.
        case configured(mask: UInt32?)
        /// The subscribe reply.
        case subscribed(sessionID: String?, extranonce1: String, extranonce2Size: Int)
        /// The authorize reply.
        case authorized(Bool)
        /// Work; `difficulty` is the one that will be applied to its shares, in the protocol's own unit. `previousHash` is
        /// empty where the protocol does not tell it.
        case job(id: String, clean: Bool, previousHash: String, difficulty: Double)
        /// A `mining.set_difficulty`.
        case difficulty(Double)
        /// A `mining.set_version_mask`.
        case versionMask(UInt32)
        /// A `mining.set_extranonce`.
        case extranonce(extranonce1: String, extranonce2Size: Int)
        /// A `client.reconnect`, and whether this firmware obeys it.
        case reconnectRequested(host: String?, port: Int?, obeyed: Bool)
        /// A `client.show_message`.
        case message(String)
        /// Any other method.
        case other(method: String)
    }
}

/// The answer to a submit.
package enum MinerReply: Sendable, Hashable {
    /// `true`.
    case accepted
    /// Refused with this code (0 if there was none) and text.
    case rejected(code: Int, text: String)
}

/// One submit of a simulated miner, and its answer. The text fields are as sent over the wire, and empty where the
/// protocol has no such field.
package struct MinerSubmission: Sendable {
    /// Order of sending, from 0.
    package let number: Int
    /// The link it went out on, from 0.
    package let connection: Int
    /// The request id.
    package let id: Int
    /// The job id.
    package let jobID: String
    /// The extranonce1 it was mined with, in hex.
    package let extranonce1: String
    /// The extranonce2, in hex.
    package let extranonce2: String
    /// The ntime, in hex.
    package let ntime: String
    /// The nonce, in hex; nerdminer drops leading zeros.
    package let nonce: String
    /// The version bits, nil without version rolling.
    package let versionBits: String?
    /// The hash, mix hash or solution submitted as proof, in hex; nil in protocols that submit none.
    package let proof: String?
    /// The difficulty of its job.
    package let difficulty: Double
    /// The difficulty it reached.
    package let shareDifficulty: Double
    /// When it was sent.
    package let time: NIODeadline
    /// The answer; nil while there is none.
    package internal(set) var reply: MinerReply?
    /// When the answer came.
    package internal(set) var repliedAt: NIODeadline?
}

/// Everything a simulated miner saw and did.
package struct MinerLog: Sendable {
    /// What happened, in order.
    package internal(set) var events: [MinerEvent] = []
    /// Submits, in order.
    package internal(set) var submissions: [MinerSubmission] = []
    /// Rules of the session order and of this firmware that the other side broke.
    package internal(set) var violations: [String] = []
    /// Links opened, and links that ended other than by `stop`.
    package internal(set) var connects = 0, disconnects = 0
    /// Shares sent, answered `true`, refused, and their difficulties summed over the accepted ones.
    package internal(set) var submitted = 0, accepted = 0, rejected = 0, acceptedWork = 0.0
    /// Jobs received.
    package internal(set) var jobs = 0
    /// Hashes computed. Nobody who waits is woken by this number alone.
    package internal(set) var hashes = 0
    /// Whether the link is up and authorised.
    package internal(set) var isMining = false

    /// Submits without an answer so far.
    package var unanswered: Int { self.submitted - self.accepted - self.rejected }
}

extension MinerLog: CustomStringConvertible {
    /// The counters on one line, and the violations.
    package var description: String {
        let last = self.events.suffix(3).map { "\($0.kind)" }.joined(separator: "; ")
        return "connects \(self.connects), disconnects \(self.disconnects), jobs \(self.jobs), "
            + "hashes \(self.hashes), shares \(self.submitted) sent \(self.accepted) accepted \(self.rejected) rejected, "
            + "violations \(self.violations), last events [\(last)]"
    }
}
