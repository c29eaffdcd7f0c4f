import NIOCore

/// EthereumStratum/2.0.0 (EIP-1571; ethereum §3): no member that says nothing, numbers in lower-case hex digits without
/// `0x` and leading zeros, flags "0" and "1".
extension MessageEncoder {
    /// A success without data.
    static func stratum2Success(id: MessageID, into buffer: inout ByteBuffer) {
        buffer.writeStaticString("{\"id\":")
        buffer.writeJSON(id)
        buffer.writeStaticString("}\n")
    }

    /// A success with a text: the id of a session, the token of a worker.
    static func stratum2Result(id: MessageID, _ text: String, into buffer: inout ByteBuffer) {
        buffer.writeStaticString("{\"id\":")
        buffer.writeJSON(id)
        buffer.writeStaticString(",\"result\":")
        buffer.writeJSON(text)
        buffer.writeStaticString("}\n")
    }

    /// A refusal.
    static func stratum2Error(id: MessageID, code: Int, message: String, into buffer: inout ByteBuffer) {
        buffer.writeStaticString("{\"id\":")
        buffer.writeJSON(id)
        buffer.writeStaticString(",\"error\":{\"code\":")
        buffer.writeJSON(code)
        buffer.writeStaticString(",\"message\":")
        buffer.writeJSON(message)
        buffer.writeStaticString("}}\n")
    }

    /// The reply to `mining.hello`: plain text, sessions may be resumed, silence of three minutes and five errors are
    /// borne.
    static func stratum2Welcome(id: MessageID, into buffer: inout ByteBuffer) {
        buffer.writeStaticString("{\"id\":")
        buffer.writeJSON(id)
        buffer.writeStaticString(",\"result\":{\"proto\":\"EthereumStratum/2.0.0\",\"encoding\":\"plain\",")
        buffer.writeStaticString("\"resume\":\"1\",\"timeout\":\"b4\",\"maxerrors\":\"5\",")
        buffer.writeStaticString("\"node\":\"stratum-router\"}}\n")
    }

    /// `mining.set` with what has changed, for the jobs that follow. The target is written with all its zeros.
    static func stratum2Set(
        _ settings: EthashIssue.Settings?, extranonce: [UInt8]?, into buffer: inout ByteBuffer
    ) {
        buffer.writeStaticString("{\"method\":\"mining.set\",\"params\":{")
        if let settings {
            buffer.writeStaticString("\"epoch\":")
            buffer.writeJSON(String(settings.epoch, radix: 16))
            buffer.writeStaticString(",\"target\":")
            buffer.writeJSON(settings.target.value.displayHex)
            buffer.writeStaticString(",\"algo\":")
            buffer.writeJSON(settings.algorithm)
        }
        if let extranonce {
            if settings != nil { buffer.writeComma() }
            buffer.writeStaticString("\"extranonce\":")
            buffer.writeJSON(hex: extranonce)
        }
        buffer.writeStaticString("}}\n")
    }

    /// `mining.notify`.
    static func stratum2Notify(
        jobID: String, height: Int, header: Hash256, isClean: Bool, into buffer: inout ByteBuffer
    ) {
        buffer.writeStaticString("{\"method\":\"mining.notify\",\"params\":[")
        buffer.writeJSON(jobID)
        buffer.writeComma()
        buffer.writeJSON(String(height, radix: 16))
        buffer.writeComma()
        buffer.writeJSON(header.displayHex)
        buffer.writeStaticString(isClean ? ",\"1\"]}\n" : ",\"0\"]}\n")
    }

    /// `mining.bye`: the connection is about to be closed.
    static func stratum2Bye(into buffer: inout ByteBuffer) {
        buffer.writeStaticString("{\"method\":\"mining.bye\"}\n")
    }

    /// `mining.hello`.
    static func stratum2Hello(id: Int, userAgent: String, into buffer: inout ByteBuffer) {
        self.beginStratum2Request(id: id, method: "mining.hello", into: &buffer)
        buffer.writeStaticString(",\"params\":{\"agent\":")
        buffer.writeJSON(userAgent)
        buffer.writeStaticString(",\"host\":\"\",\"port\":\"0\",\"proto\":\"EthereumStratum/2.0.0\"}}\n")
    }

    /// `mining.subscribe`, with the id of a former session to resume if there is one.
    static func stratum2Subscribe(id: Int, sessionID: String?, into buffer: inout ByteBuffer) {
        self.beginStratum2Request(id: id, method: "mining.subscribe", into: &buffer)
        if let sessionID {
            buffer.writeStaticString(",\"params\":")
            buffer.writeJSON(sessionID)
        }
        buffer.writeStaticString("}\n")
    }

    /// `mining.authorize`.
    static func stratum2Authorize(id: Int, user: String, password: String, into buffer: inout ByteBuffer) {
        self.beginStratum2Request(id: id, method: "mining.authorize", into: &buffer)
        buffer.writeStaticString(",\"params\":[")
        buffer.writeJSON(user)
        buffer.writeComma()
        buffer.writeJSON(password)
        self.endParameters(into: &buffer)
    }

    /// `mining.submit`: of the nonce what follows the pool's extranonce.
    static func stratum2Submit(id: Int, _ share: PoolShare, worker: String, into buffer: inout ByteBuffer) {
        self.beginStratum2Request(id: id, method: "mining.submit", into: &buffer)
        buffer.writeStaticString(",\"params\":[")
        buffer.writeJSON(share.jobID)
        buffer.writeStaticString(",\"")
        buffer.writeEthashNonce(share)
        buffer.writeStaticString("\",")
        buffer.writeJSON(worker)
        self.endParameters(into: &buffer)
    }

    /// `mining.noop`, which keeps a connection open.
    static func stratum2Noop(id: Int, into buffer: inout ByteBuffer) {
        self.beginStratum2Request(id: id, method: "mining.noop", into: &buffer)
        buffer.writeStaticString("}\n")
    }

    private static func beginStratum2Request(id: Int, method: StaticString, into buffer: inout ByteBuffer) {
        buffer.writeStaticString("{\"id\":")
        buffer.writeJSON(id)
        buffer.writeStaticString(",\"method\":\"")
        buffer.writeStaticString(method)
        buffer.writeStaticString("\"")
    }
}
