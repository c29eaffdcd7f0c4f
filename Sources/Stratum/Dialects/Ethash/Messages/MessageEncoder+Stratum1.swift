import NIOCore

/// EthereumStratum/1.0.0 (ethereum §2): hex digits without `0x`.
extension MessageEncoder {
    /// The reply to `mining.subscribe`.
    static func stratum1Subscription(
        id: MessageID, sessionID: String, extranonce: [UInt8], into buffer: inout ByteBuffer
    ) {
        self.beginResult(id: id, into: &buffer)
        buffer.writeStaticString("[[\"mining.notify\",")
        buffer.writeJSON(sessionID)
        buffer.writeStaticString(",\"EthereumStratum/1.0.0\"],")
        buffer.writeJSON(hex: extranonce)
        buffer.writeStaticString("]")
        self.endResult(into: &buffer)
    }

    /// The refusal of a share.
    static func stratum1Refusal(id: MessageID, code: Int, message: String, into buffer: inout ByteBuffer) {
        self.beginResult(id: id, into: &buffer)
        buffer.writeStaticString("false,\"error\":[")
        buffer.writeJSON(code)
        buffer.writeComma()
        buffer.writeJSON(message)
        buffer.writeStaticString(",null]}\n")
    }

    /// `mining.notify`: the seed stands before the header.
    static func stratum1Notify(
        jobID: String, seed: Hash256, header: Hash256, isClean: Bool, into buffer: inout ByteBuffer
    ) {
        self.beginNotification(method: "mining.notify", into: &buffer)
        buffer.writeJSON(jobID)
        buffer.writeComma()
        buffer.writeJSON(seed.displayHex)
        buffer.writeComma()
        buffer.writeJSON(header.displayHex)
        buffer.writeComma()
        buffer.writeJSON(isClean)
        self.endParameters(into: &buffer)
    }

    /// `mining.set_extranonce` for the jobs that follow.
    static func stratum1SetExtranonce(_ extranonce: [UInt8], into buffer: inout ByteBuffer) {
        self.beginNotification(method: "mining.set_extranonce", into: &buffer)
        buffer.writeJSON(hex: extranonce)
        self.endParameters(into: &buffer)
    }

    /// `mining.subscribe`.
    static func stratum1Subscribe(id: Int, userAgent: String, into buffer: inout ByteBuffer) {
        self.beginRequest(id: id, method: "mining.subscribe", into: &buffer)
        buffer.writeJSON(userAgent)
        buffer.writeStaticString(",\"EthereumStratum/1.0.0\"")
        self.endParameters(into: &buffer)
    }

    /// `mining.submit`: of the nonce what follows the pool's extranonce.
    static func stratum1Submit(id: Int, _ share: PoolShare, user: String, into buffer: inout ByteBuffer) {
        self.beginRequest(id: id, method: "mining.submit", into: &buffer)
        buffer.writeJSON(user)
        buffer.writeComma()
        buffer.writeJSON(share.jobID)
        buffer.writeStaticString(",\"")
        buffer.writeEthashNonce(share)
        buffer.writeStaticString("\"")
        self.endParameters(into: &buffer)
    }
}
