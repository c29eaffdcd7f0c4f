import Foundation

/// What more is known of a failover: kept as JSON in the `detail` of its event, so that it is sealed with it and SQL can read
/// it.
package struct LedgerEventDetail: Sendable, Hashable, Codable {
    /// When the pool last did something right. Milliseconds since 1970, UTC.
    package var lastGood: Int64?
    /// Milliseconds from the decision to the last session's new job; nil if some had none.
    package var completion: Int64?
    /// Sessions that had no new job when the waiting ended.
    package var sessionsWaiting: Int64
    /// Sessions that ended before they had one; nil in events of versions that counted them as moved.
    package var sessionsClosed: Int64?
    /// Σ pool difficulty of the lost shares.
    package var workLost: Double
    /// The same in hashes.
    package var hashesLost: Double

    private enum CodingKeys: String, CodingKey {
        case lastGood = "last_good"
        case completion = "completion_ms"
        case sessionsWaiting = "sessions_waiting"
        case sessionsClosed = "sessions_closed"
        case workLost = "work_lost"
        case hashesLost = "hashes_lost"
    }

    package init(
        lastGood: Int64?,
        completion: Int64?,
        sessionsWaiting: Int64,
        sessionsClosed: Int64? = nil,
        workLost: Double,
        hashesLost: Double
    ) {
        self.lastGood = lastGood
        self.completion = completion
        self.sessionsWaiting = sessionsWaiting
        self.sessionsClosed = sessionsClosed
        self.workLost = workLost
        self.hashesLost = hashesLost
    }

    /// From an event's `detail`; nil if that is not of this form.
    package init?(text: String) {
        guard text.hasPrefix("{") else { return nil }
        guard let detail = try? JSONDecoder().decode(Self.self, from: Data(text.utf8)) else { return nil }
        self = detail
    }

    /// One JSON object; empty if it cannot be written.
    package var text: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
