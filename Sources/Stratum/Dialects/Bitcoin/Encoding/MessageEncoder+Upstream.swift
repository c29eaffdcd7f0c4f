public import NIOCore

/// What a miner, and therefore the router, sends to pools. Ids are integers: some pools hang up on anything else.
extension MessageEncoder {
    /// `mining.configure` for version rolling within `mask`.
    public static func configure(id: Int, mask: UInt32, into buffer: inout ByteBuffer) {
        self.beginRequest(id: id, method: "mining.configure", into: &buffer)
        buffer.writeStaticString("[\"version-rolling\"],{\"version-rolling.mask\":")
        buffer.writeJSON(hex: mask)
        buffer.writeStaticString(",\"version-rolling.min-bit-count\":2}")
        self.endParameters(into: &buffer)
    }

    /// `mining.subscribe`, with the id of a former session to resume if there is one.
    public static func subscribe(id: Int, userAgent: String, sessionID: String?, into buffer: inout ByteBuffer) {
        self.beginRequest(id: id, method: "mining.subscribe", into: &buffer)
        buffer.writeJSON(userAgent)
        if let sessionID {
            buffer.writeComma()
            buffer.writeJSON(sessionID)
        }
        self.endParameters(into: &buffer)
    }

    /// `mining.authorize`.
    public static func authorize(id: Int, user: String, password: String, into buffer: inout ByteBuffer) {
        self.beginRequest(id: id, method: "mining.authorize", into: &buffer)
        buffer.writeJSON(user)
        buffer.writeComma()
        buffer.writeJSON(password)
        self.endParameters(into: &buffer)
    }

    /// `mining.submit` with the extranonce2 `padding ‖ prefix ‖ extranonce2`; nil version bits leave the sixth
    /// parameter out.
    public static func submit(id: Int, user: String, share: PoolShare, into buffer: inout ByteBuffer) {
        self.beginRequest(id: id, method: "mining.submit", into: &buffer)
        buffer.writeJSON(user)
        buffer.writeComma()
        buffer.writeJSON(share.jobID)
        buffer.writeStaticString(",\"")
        Hex.append(share.padding, to: &buffer)
        Hex.append(share.prefix, to: &buffer)
        share.found.extranonce2.appendHex(to: &buffer)
        buffer.writeStaticString("\",")
        buffer.writeJSON(hex: share.found.ntime)
        buffer.writeComma()
        buffer.writeJSON(hex: share.found.nonce)
        if let versionBits = share.found.versionBits {
            buffer.writeComma()
            buffer.writeJSON(hex: versionBits)
        }
        self.endParameters(into: &buffer)
    }

    /// `mining.suggest_difficulty`.
    public static func suggestDifficulty(id: Int, difficulty: Double, into buffer: inout ByteBuffer) {
        self.beginRequest(id: id, method: "mining.suggest_difficulty", into: &buffer)
        buffer.writeJSON(difficulty)
        self.endParameters(into: &buffer)
    }

    /// `mining.extranonce.subscribe`.
    public static func extranonceSubscribe(id: Int, into buffer: inout ByteBuffer) {
        self.beginRequest(id: id, method: "mining.extranonce.subscribe", into: &buffer)
        self.endParameters(into: &buffer)
    }

    /// The answer to `mining.ping`.
    public static func pong(id: MessageID, into buffer: inout ByteBuffer) {
        self.beginResult(id: id, into: &buffer)
        buffer.writeStaticString("\"pong\"")
        self.endResult(into: &buffer)
    }

    /// The answer to `client.get_version`.
    public static func version(id: MessageID, agent: String, into buffer: inout ByteBuffer) {
        self.beginResult(id: id, into: &buffer)
        buffer.writeJSON(agent)
        self.endResult(into: &buffer)
    }
}
