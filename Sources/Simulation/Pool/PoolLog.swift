package import NIOCore

/// A pool's verdict on a share.
package enum PoolVerdict: Sendable, Hashable {
    /// The share counts.
    case accepted
    /// The share was refused with this code and text.
    case rejected(code: Int, text: String)
}

/// One share as a simulated pool received and judged it. The text fields are as they came over the wire,
/// and empty where the protocol has no such field.
package struct PoolShareRecord: Sendable {
    /// Order of arrival, from 0.
    package let number: Int
    /// The link it came in on, from 0.
    package let connection: Int
    /// The first parameter of the submit.
    package let worker: String
    /// The pool's job id.
    package let jobID: String
    /// The whole extranonce2, in hex.
    package let extranonce2: String
    /// The ntime, in hex.
    package let ntime: String
    /// The nonce, in hex.
    package let nonce: String
    /// The version bits in hex, nil when the submit had none.
    package let versionBits: String?
    /// The hash, mix hash or solution submitted as proof, in hex; nil when the submit had none.
    package let proof: String?
    /// The difficulty its job was sent with; 0 when the job was unknown.
    package let jobDifficulty: Double
    /// The difficulty the share reached; nil when it was refused before it was hashed.
    package let shareDifficulty: Double?
    /// What the pool decided.
    package let verdict: PoolVerdict
    /// Whether the reply was handed to the network.
    package internal(set) var isAnswered = false

    /// Whether the share counts.
    package var isAccepted: Bool { self.verdict == .accepted }
}

/// The life of one link to a simulated pool.
package struct PoolConnectionRecord: Sendable {
    /// The link's number, from 0.
    package let number: Int
    /// When it was accepted.
    package let openedAt: NIODeadline
    /// When the pool said its first line on it; nil before.
    package internal(set) var firstLineAt: NIODeadline?
    /// When it ended; nil while it is open.
    package internal(set) var closedAt: NIODeadline?
    /// Whether the pool ended it.
    package internal(set) var wasClosedByPool = false
    /// The agent string of the subscribe.
    package internal(set) var userAgent: String?
    /// The session id it was given; nil before the subscribe.
    package internal(set) var sessionID: String?
    /// The extranonce1 it holds, in hex.
    package internal(set) var extranonce1: String?
    /// Whether the subscribe brought a known session id back.
    package internal(set) var isResumed = false
    /// The mask granted by the configure reply.
    package internal(set) var versionMask: UInt32?
    /// The names authorised on it.
    package internal(set) var workers: [String] = []
    /// Ids of the jobs sent to it, in order.
    package internal(set) var jobIDs: [String] = []
    /// Methods of all requests received, in order, submits left out.
    package internal(set) var methods: [String] = []
}

/// Everything a simulated pool saw and did.
package struct PoolLog: Sendable {
    /// Shares kept, in order of arrival.
    package internal(set) var shares: [PoolShareRecord] = []
    /// Links kept, in order of arrival.
    package internal(set) var connections: [PoolConnectionRecord] = []
    /// Links accepted.
    package internal(set) var connects = 0
    /// Subscribes answered.
    package internal(set) var subscribes = 0
    /// Workers authorised.
    package internal(set) var authorizes = 0
    /// Links that ended.
    package internal(set) var closes = 0
    /// Shares accepted, refused, and the pool difficulty of the accepted ones summed.
    package internal(set) var acceptedShares = 0, rejectedShares = 0, acceptedWork = 0.0
    /// Jobs made, and the height of the chain.
    package internal(set) var jobs = 0, height = 0

    /// Links open now.
    package var openConnections: Int { self.connects - self.closes }
}

extension PoolLog: CustomStringConvertible {
    /// The counters on one line.
    package var description: String {
        "links \(self.openConnections) of \(self.connects), subscribes \(self.subscribes), "
            + "authorizes \(self.authorizes), jobs \(self.jobs), height \(self.height), "
            + "shares \(self.acceptedShares) accepted \(self.rejectedShares) rejected"
    }
}
