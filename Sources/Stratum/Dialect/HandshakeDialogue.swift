public import NIOCore

/// A conversation that goes by the steps of a ``PoolHandshake``. What all of these have in common is here; a dialogue
/// begins, says in which words users and shares are sent, and knows what the pool's messages mean.
public protocol HandshakeDialogue: PoolDialogue {
    /// How far it is. Only the dialogue itself goes on.
    var handshake: PoolHandshake { get set }

    /// Writes the request that authorises: `mining.authorize`, unless the dialogue says otherwise.
    func writeAuthorization(user: String, password: String, request: Int, into output: inout ByteBuffer)
    /// Writes the request that sends one share.
    func writeShare(_ share: PoolShare, user: String, request: Int, into output: inout ByteBuffer)
    /// One line from the pool, without its end; none comes after a failure. Throws if it is no message of any kind, which is
    /// told, and survived a few times.
    mutating func received(
        message line: ByteBuffer, now: NIODeadline, into output: inout ByteBuffer
    ) throws(StratumError) -> PoolEvent?
}

extension HandshakeDialogue {
    public var isReady: Bool { self.handshake.isReady }

    /// What the pool leaves to its client is known: authorises, or waits if there is no user.
    /// - Parameter now: where the handshake begins with this step.
    public mutating func subscribed(now: NIODeadline? = nil, into output: inout ByteBuffer) {
        guard let (request, user, password) = self.handshake.subscribed(now: now) else { return }
        self.writeAuthorization(user: user, password: password, request: request, into: &output)
    }

    public mutating func authorize(user: String, password: String, now: NIODeadline, into output: inout ByteBuffer) {
        guard let request = self.handshake.authorize(now: now) else { return }
        self.writeAuthorization(user: user, password: password, request: request, into: &output)
    }

    public func writeAuthorization(user: String, password: String, request: Int, into output: inout ByteBuffer) {
        MessageEncoder.authorize(id: request, user: user, password: password, into: &output)
    }

    public mutating func submit(_ share: PoolShare, user: String, into output: inout ByteBuffer) -> Int? {
        guard self.isReady else { return nil }
        let request = self.handshake.takeRequest()
        self.writeShare(share, user: user, request: request, into: &output)
        return request
    }

    public mutating func received(
        _ line: ByteBuffer, now: NIODeadline, into output: inout ByteBuffer
    ) -> PoolEvent? {
        guard self.handshake.step != .failed else { return nil }
        do throws(StratumError) {
            return try self.received(message: line, now: now, into: &output)
        } catch {
            return self.handshake.malformed("\(error)")
        }
    }

    /// The failure when a step of the handshake has taken too long.
    public mutating func tick(now: NIODeadline, into output: inout ByteBuffer) -> PoolEvent? {
        self.handshake.tick(now: now)
    }
}
