/// One line from a pool.
public enum PoolMessage: Sendable {
    case response(id: MessageID, PoolResponse)
    /// The id is kept because a ping or `client.get_version` must be answered with it.
    case notification(PoolNotification, id: MessageID)
}

/// What a pool announces or asks.
public enum PoolNotification: Sendable {
    case notify(Job)
    /// A finite difficulty above zero, for the jobs that follow.
    case setDifficulty(Double)
    /// `extranonce2Size` is nil when it stays as it is.
    case setExtranonce(extranonce1: [UInt8], extranonce2Size: Int?)
    case setVersionMask(UInt32)
    case ping
    case getVersion
    case showMessage(String)
    /// `host` nil means the same host, `port` (1...65535) nil the same port; `wait` is in seconds.
    case reconnect(host: String?, port: Int?, wait: Int?)
    case ignored(method: String)
    /// A method we know with parameters that make no sense.
    case malformed(method: String, reason: String)
}

/// A pool's answer to one of our requests.
public struct PoolResponse: Sendable, Hashable {
    /// `null` if the member is missing.
    public var result: JSONValue
    /// `null` if the member is missing.
    public var error: JSONValue
    /// The original ckpool puts its reason here, beside `"error":null`.
    public var rejectReason: String?

    public init(result: JSONValue, error: JSONValue = .null, rejectReason: String? = nil) {
        self.result = result
        self.error = error
        self.rejectReason = rejectReason
    }
}

/// What the reply to `mining.subscribe` grants.
public struct PoolSubscription: Sendable, Hashable {
    /// The largest extranonce2 size we take from a pool, in bytes.
    public static let maximumExtranonce2Size = 64
    /// The longest extranonce1 we take from a pool, in bytes.
    public static let maximumExtranonce1Count = 64

    /// The id tagged `mining.notify`, by which a later connection may resume.
    public var sessionID: String?
    public var extranonce1: [UInt8]
    /// In bytes, 0...64.
    public var extranonce2Size: Int

    public init(sessionID: String?, extranonce1: [UInt8], extranonce2Size: Int) {
        self.sessionID = sessionID
        self.extranonce1 = extranonce1
        self.extranonce2Size = extranonce2Size
    }
}

extension PoolSubscription {
    /// What the router and its operator make of it.
    var terms: PoolTerms {
        PoolTerms(
            room: self.extranonce2Size,
            summary: "extranonce \(self.extranonce1.count) + \(self.extranonce2Size) bytes"
        )
    }
}
