/// One line from a pool.
package enum PoolMessage: Sendable {
    case response(id: MessageID, PoolResponse)
    /// The id is kept because a ping or `client.get_version` must be answered with it.
    case notification(PoolNotification, id: MessageID)
}

/// What a pool announces or asks.
package enum PoolNotification: Sendable {
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
package struct PoolResponse: Sendable, Hashable {
    /// `null` if the member is missing.
    package var result: JSONValue
    /// `null` if the member is missing.
    package var error: JSONValue
    /// The original ckpool puts its reason here, beside `"error":null`.
    package var rejectReason: String?

    package init(result: JSONValue, error: JSONValue = .null, rejectReason: String? = nil) {
        self.result = result
        self.error = error
        self.rejectReason = rejectReason
    }
}

/// What the reply to `mining.subscribe` grants.
package struct PoolSubscription: Sendable, Hashable {
    /// The largest extranonce2 size we take from a pool, in bytes.
    package static let maximumExtranonce2Size = 64
    /// The longest extranonce1 we take from a pool, in bytes.
    package static let maximumExtranonce1Count = 64

    /// The id tagged `mining.notify`, by which a later connection may resume.
    package var sessionID: String?
    package var extranonce1: [UInt8]
    /// In bytes, 0...64.
    package var extranonce2Size: Int

    package init(sessionID: String?, extranonce1: [UInt8], extranonce2Size: Int) {
        self.sessionID = sessionID
        self.extranonce1 = extranonce1
        self.extranonce2Size = extranonce2Size
    }
}
