/// Which events to read; what is empty does not restrict.
package struct LedgerEventFilter: Sendable, Hashable {
    /// Kinds as users know them: those of `LedgerPoolEventKind`, `session_opened`, `session_closed`, `gap`.
    package var kinds: [String] = []
    package var pools: [String] = []
    package var period = LedgerPeriod()
    /// Only the newest ones, this many.
    package var limit: Int?

    package init() {}

    static let sessionOpened = "session_opened"
    static let sessionClosed = "session_closed"
    static let gap = "gap"

    /// Every kind there is.
    package static let allKinds =
        LedgerPoolEventKind.allCases.map(\.rawValue) + [Self.sessionOpened, Self.sessionClosed, Self.gap]

    func wants(kind: String) -> Bool { self.kinds.isEmpty || self.kinds.contains(kind) }
}

/// Something that happened to a pool or a session.
package struct LedgerEventRecord: Sendable, Hashable {
    /// Milliseconds since 1970, UTC.
    package var time: Int64
    package var kind: String
    package var route: String?
    package var pool: String?
    package var fromPool: String?
    package var toPool: String?
    package var session: Int64?
    package var worker: String?
    package var remote: String?
    package var cause: String?
    /// Milliseconds from the first sign to the decision.
    package var detection: Int64?
    package var sessionsMoved: Int64?
    package var sharesLost: Int64?
    package var detail: String?
    /// Of failovers.
    package var receipt: LedgerEventDetail?
}
