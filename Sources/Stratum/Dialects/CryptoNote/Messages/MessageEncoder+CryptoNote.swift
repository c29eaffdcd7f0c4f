import NIOCore

/// The lines of CryptoNote. A request or reply names its JSON-RPC version; a notification has no id, since xmrig takes a
/// line with an integer id for a reply.
extension MessageEncoder {
    /// `login`. `rigid` and `algo` are left out if there are none.
    static func cryptoNoteLogin(
        id: Int, user: String, password: String, agent: String, rigID: String?, algorithms: [CryptoNoteAlgorithm],
        into buffer: inout ByteBuffer
    ) {
        self.beginCryptoNote(id: id, "login", into: &buffer)
        buffer.writeStaticString("\"login\":")
        buffer.writeJSON(user)
        buffer.writeStaticString(",\"pass\":")
        buffer.writeJSON(password)
        buffer.writeStaticString(",\"agent\":")
        buffer.writeJSON(agent)
        if let rigID {
            buffer.writeStaticString(",\"rigid\":")
            buffer.writeJSON(rigID)
        }
        if !algorithms.isEmpty {
            buffer.writeStaticString(",\"algo\":[")
            for (index, algorithm) in algorithms.enumerated() {
                if index > 0 { buffer.writeComma() }
                buffer.writeJSON(algorithm.name)
            }
            buffer.writeStaticString("]")
        }
        buffer.writeStaticString("}}\n")
    }

    /// `submit`. The nonce's first byte in the blob is the number's most significant one.
    static func cryptoNoteSubmit(
        id: Int, sessionID: String, jobID: String, nonce: UInt32, proof: CryptoNoteProof,
        algorithm: CryptoNoteAlgorithm?, into buffer: inout ByteBuffer
    ) {
        self.beginCryptoNote(id: id, "submit", into: &buffer)
        buffer.writeStaticString("\"id\":")
        buffer.writeJSON(sessionID)
        buffer.writeStaticString(",\"job_id\":")
        buffer.writeJSON(jobID)
        buffer.writeStaticString(",\"nonce\":")
        buffer.writeJSON(hex: nonce)
        buffer.writeStaticString(",\"result\":\"")
        proof.writeResult(into: &buffer)
        buffer.writeStaticString("\"")
        if let algorithm {
            buffer.writeStaticString(",\"algo\":")
            buffer.writeJSON(algorithm.name)
        }
        proof.writeMembers(into: &buffer)
        buffer.writeStaticString("}}\n")
    }

    /// `keepalived`.
    static func cryptoNoteKeepalive(id: Int, sessionID: String, into buffer: inout ByteBuffer) {
        self.beginCryptoNote(id: id, "keepalived", into: &buffer)
        buffer.writeStaticString("\"id\":")
        buffer.writeJSON(sessionID)
        buffer.writeStaticString("}}\n")
    }

    private static func beginCryptoNote(id: Int, _ method: StaticString, into buffer: inout ByteBuffer) {
        buffer.writeStaticString("{\"id\":")
        buffer.writeJSON(id)
        buffer.writeStaticString(",\"jsonrpc\":\"2.0\",\"method\":\"")
        buffer.writeStaticString(method)
        buffer.writeStaticString("\",\"params\":{")
    }

    /// The start of a successful reply up to its result; `}` and LF must follow that.
    static func beginCryptoNoteResult(id: MessageID, into buffer: inout ByteBuffer) {
        buffer.writeStaticString("{\"id\":")
        buffer.writeJSON(id)
        buffer.writeStaticString(",\"jsonrpc\":\"2.0\",\"error\":null,\"result\":")
    }

    /// A reply whose result is a status alone.
    static func cryptoNoteStatus(id: MessageID, _ status: StaticString, into buffer: inout ByteBuffer) {
        self.beginCryptoNoteResult(id: id, into: &buffer)
        buffer.writeStaticString("{\"status\":\"")
        buffer.writeStaticString(status)
        buffer.writeStaticString("\"}}\n")
    }

    /// A refusal.
    static func cryptoNoteError(id: MessageID, _ message: String, into buffer: inout ByteBuffer) {
        buffer.writeStaticString("{\"id\":")
        buffer.writeJSON(id)
        buffer.writeStaticString(",\"jsonrpc\":\"2.0\",\"error\":{\"code\":-1,\"message\":")
        buffer.writeJSON(message)
        buffer.writeStaticString("}}\n")
    }
}
