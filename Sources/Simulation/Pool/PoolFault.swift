package import NIOCore

/// Something that goes wrong at a pool. Faults add up until `healthy` takes them all back.
package enum PoolFault: Sendable, Hashable {
    /// Takes every fault back: listens again on the same port, reads, answers, sends a fresh job to links that starved.
    case healthy
    /// Stops listening and resets every link (RST).
    case reset
    /// Stops listening and closes every link (FIN).
    case close
    /// Shuts down the sending side of every link; what is received is still judged, but no reply leaves.
    case halfClose
    /// Reads nothing and sends nothing; new links are accepted by the kernel only.
    case freeze
    /// Accepts links and reads, but never says a word.
    case silentAccept
    /// Judges shares without answering them; everything else goes on.
    case noVerdicts
    /// Answers shares but sends no new job.
    case noJobs
    /// Answers shares so much later.
    case delayVerdicts(TimeAmount)
    /// Refuses every share with this code and text.
    case rejectAll(code: Int, text: String)
    /// Refuses one of so many shares with this code and text.
    case rejectEvery(Int, code: Int, text: String)
    /// Announces no block any more: its jobs stay on the one they are on.
    case oldBlock
    /// Its coinbase pays somebody else from now on, also when it is healthy again.
    case payElsewhere
    /// Refuses every `mining.authorize` or login.
    case refuseAuthorization
    /// Sends `client.reconnect`, where the protocol has it, and closes the link half a second later; goes on listening.
    /// CryptoNote and EthereumStratum/2.0.0 need both host and port.
    case reconnectRequest(host: String?, port: Int?)
    /// Sends these bytes as they are, once a link.
    case garbage([UInt8])
    /// Gives each subscribed link a new extranonce1 and this extranonce2 size, then a clean job. Only Bitcoin's messages
    /// tell the size; protocols without an extranonce send the job alone.
    case setExtranonce(size: Int)
}

/// The links a fault applies to.
package enum PoolFaultScope: Sendable, Hashable {
    /// Links open now and those to come.
    case all
    /// Links open now. `reset` and `close` then leave the listener alone.
    case liveLinks
    /// Links opened from now on. `reset` and `close` then only stop the listener.
    case newLinks
}
