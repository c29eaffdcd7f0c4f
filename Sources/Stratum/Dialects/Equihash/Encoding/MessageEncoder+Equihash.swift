import NIOCore

/// What Equihash has otherwise than Stratum V1.
extension MessageEncoder {
    /// The reply to `mining.subscribe`.
    static func equihashSubscribeResult(
        id: MessageID, sessionID: String, nonce1: [UInt8], into buffer: inout ByteBuffer
    ) {
        self.beginResult(id: id, into: &buffer)
        buffer.writeStaticString("[")
        buffer.writeJSON(sessionID)
        buffer.writeComma()
        buffer.writeJSON(hex: nonce1)
        buffer.writeStaticString("]")
        self.endResult(into: &buffer)
    }

    /// `mining.set_target` for the jobs that follow.
    static func setTarget(_ target: Target, into buffer: inout ByteBuffer) {
        self.beginNotification(method: "mining.set_target", into: &buffer)
        buffer.writeJSON(target.value.displayHex)
        self.endParameters(into: &buffer)
    }

    /// `mining.set_extranonce` for the jobs that follow. Its size follows from that of NONCE_1.
    static func equihashSetExtranonce(_ nonce1: [UInt8], into buffer: inout ByteBuffer) {
        self.beginNotification(method: "mining.set_extranonce", into: &buffer)
        buffer.writeJSON(hex: nonce1)
        self.endParameters(into: &buffer)
    }

    /// `mining.notify`: `job` under another id, with another time and clean flag. Algorithm and personalization only if
    /// the pool names them.
    static func equihashNotify(
        jobID: String, job: EquihashJob, time: UInt32, isClean: Bool, into buffer: inout ByteBuffer
    ) {
        self.beginNotification(method: "mining.notify", into: &buffer)
        buffer.writeJSON(jobID)
        buffer.writeComma()
        buffer.writeJSON(hex: EquihashJob.version.byteSwapped)
        for bytes in [job.previousHash, job.merkleRoot, job.reserved] {
            buffer.writeComma()
            buffer.writeJSON(hex: bytes)
        }
        for number in [time, job.bits] {
            buffer.writeComma()
            buffer.writeJSON(hex: number.byteSwapped)
        }
        buffer.writeComma()
        buffer.writeJSON(isClean)
        if job.algorithm != nil || job.personalization != nil {
            buffer.writeComma()
            buffer.writeJSON(optional: job.algorithm)
        }
        if let personalization = job.personalization {
            buffer.writeComma()
            buffer.writeJSON(personalization)
        }
        self.endParameters(into: &buffer)
    }

    /// `mining.subscribe`. Host and port, which ZIP 301 has behind these, are left out: pools do not need them.
    static func equihashSubscribe(id: Int, userAgent: String, sessionID: String?, into buffer: inout ByteBuffer) {
        self.beginRequest(id: id, method: "mining.subscribe", into: &buffer)
        buffer.writeJSON(userAgent)
        buffer.writeComma()
        buffer.writeJSON(optional: sessionID)
        self.endParameters(into: &buffer)
    }

    /// `mining.suggest_target`.
    static func suggestTarget(id: Int, _ target: Target, into buffer: inout ByteBuffer) {
        self.beginRequest(id: id, method: "mining.suggest_target", into: &buffer)
        buffer.writeJSON(target.value.displayHex)
        self.endParameters(into: &buffer)
    }

    /// `mining.submit` with the NONCE_2 `padding ‖ prefix ‖ extranonce2`; the proof is the solution behind its length.
    static func equihashSubmit(id: Int, user: String, share: PoolShare, into buffer: inout ByteBuffer) {
        self.beginRequest(id: id, method: "mining.submit", into: &buffer)
        buffer.writeJSON(user)
        buffer.writeComma()
        buffer.writeJSON(share.jobID)
        buffer.writeComma()
        buffer.writeJSON(hex: share.found.ntime.byteSwapped)
        buffer.writeStaticString(",\"")
        Hex.append(share.padding, to: &buffer)
        Hex.append(share.prefix, to: &buffer)
        share.found.extranonce2.appendHex(to: &buffer)
        buffer.writeStaticString("\",\"")
        if let proof = share.found.proof { Hex.append(proof.readableBytesView, to: &buffer) }
        buffer.writeStaticString("\"")
        self.endParameters(into: &buffer)
    }
}

extension ByteBuffer {
    fileprivate mutating func writeJSON(optional text: String?) {
        if let text { self.writeJSON(text) } else { self.writeStaticString("null") }
    }
}
