/// How a miner of Equihash takes a change of NONCE_1.
package enum EquihashProfile: String, Sendable, CaseIterable {
    /// Sends `mining.extranonce.subscribe` and obeys `mining.set_extranonce`, and `client.reconnect` too.
    case subscriber
    /// Knows no extranonce change; obeys `client.reconnect`, and comes back with its session id.
    case reconnector
    /// Ignores both: keeps its NONCE_1 until its link is closed.
    case stubborn
}

/// What a simulated miner of Equihash does where miners differ.
package struct EquihashMinerHabits: Sendable {
    /// How it takes a change of NONCE_1.
    package var profile = EquihashProfile.subscriber
}

/// How a simulated pool of Equihash looks where pools differ.
package struct EquihashPoolHabits: Sendable {
    /// The answer to `mining.extranonce.subscribe`: `true`, or "Not supported." as s-nomp says.
    package var knowsExtranonceSubscribe = true
    /// Whether the parameters and the personalization stand at the end of each job, as NiceHash and s-nomp have them.
    package var namesPuzzle = false
}
