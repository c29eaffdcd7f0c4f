/// What became of a share. The raw values are stored; they are never reused.
package enum LedgerVerdictKind: UInt8, Sendable, Hashable, CaseIterable {
    /// Forwarded, no verdict yet.
    case pending = 0
    /// The pool took it.
    case accepted = 1
    /// Refused for a reason that has no case of its own.
    case rejected = 2
    /// For a job that is no longer current.
    case stale = 3
    /// Sent before.
    case duplicate = 4
    /// Below the difficulty asked for.
    case lowDifficulty = 5
    /// Not a share at all: missing or impossible fields.
    case malformed = 6
    /// Of a worker that was not authorized.
    case unauthorized = 7
    /// Good for the session's difficulty but not for the pool's: counted for the worker, not forwarded.
    case counted = 8
    /// Forwarded, but the pool's link died or its deadline passed.
    case lost = 9
    /// Was pending when the router ended; what the pool said was never recorded.
    case unknown = 10

    /// The name users see: `low_difficulty`, `accepted`, …
    package var name: String {
        switch self {
        case .pending: "pending"
        case .accepted: "accepted"
        case .rejected: "rejected"
        case .stale: "stale"
        case .duplicate: "duplicate"
        case .lowDifficulty: "low_difficulty"
        case .malformed: "malformed"
        case .unauthorized: "unauthorized"
        case .counted: "counted"
        case .lost: "lost"
        case .unknown: "unknown"
        }
    }

    /// The verdict that users call `name`.
    package init?(name: String) {
        guard let verdict = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = verdict
    }

    /// The share was refused, by the router or by the pool.
    package var isRefusal: Bool {
        switch self {
        case .rejected, .stale, .duplicate, .lowDifficulty, .malformed, .unauthorized: true
        case .pending, .accepted, .counted, .lost, .unknown: false
        }
    }
}

/// What was said about a share after it was recorded.
package struct LedgerVerdict: Sendable, Hashable {
    /// The share's id.
    package var id: Int64
    /// Anything but `pending`.
    package var verdict: LedgerVerdictKind
    /// Interned text from `Ledger.reason`; 0: none.
    package var reason: Int32
    /// The pool's error code.
    package var reasonCode: Int32?
    /// Microseconds from receipt to verdict.
    package var latency: Int64?

    package init(
        id: Int64,
        verdict: LedgerVerdictKind,
        reason: Int32 = 0,
        reasonCode: Int32? = nil,
        latency: Int64? = nil
    ) {
        self.id = id
        self.verdict = verdict
        self.reason = reason
        self.reasonCode = reasonCode
        self.latency = latency
    }
}
