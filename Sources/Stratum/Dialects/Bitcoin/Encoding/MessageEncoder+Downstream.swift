public import NIOCore

/// What a pool, and therefore the router, sends to miners.
extension MessageEncoder {
    /// A plain yes or no.
    public static func response(id: MessageID, result: Bool, into buffer: inout ByteBuffer) {
        self.beginResult(id: id, into: &buffer)
        buffer.writeJSON(result)
        self.endResult(into: &buffer)
    }

    /// The reply to requests that have nothing to answer, such as `mining.hashes_done`.
    public static func nullResult(id: MessageID, into buffer: inout ByteBuffer) {
        self.beginResult(id: id, into: &buffer)
        buffer.writeStaticString("null")
        self.endResult(into: &buffer)
    }

    /// The reply to `mining.get_transactions`: none.
    public static func getTransactionsResult(id: MessageID, into buffer: inout ByteBuffer) {
        self.beginResult(id: id, into: &buffer)
        buffer.writeStaticString("[]")
        self.endResult(into: &buffer)
    }

    /// A refusal.
    public static func error(id: MessageID, code: Int, message: String, into buffer: inout ByteBuffer) {
        self.beginResult(id: id, into: &buffer)
        buffer.writeStaticString("null,\"error\":[")
        buffer.writeJSON(code)
        buffer.writeComma()
        buffer.writeJSON(message)
        buffer.writeStaticString(",null]}\n")
    }

    /// The reply to `mining.subscribe`.
    public static func subscribeResult(
        id: MessageID,
        subscriptionID: String,
        extranonce1: [UInt8],
        extranonce2Size: Int,
        into buffer: inout ByteBuffer
    ) {
        self.beginResult(id: id, into: &buffer)
        buffer.writeStaticString("[[[\"mining.set_difficulty\",")
        buffer.writeJSON(subscriptionID)
        buffer.writeStaticString("],[\"mining.notify\",")
        buffer.writeJSON(subscriptionID)
        buffer.writeStaticString("]],")
        buffer.writeJSON(hex: extranonce1)
        buffer.writeComma()
        buffer.writeJSON(extranonce2Size)
        buffer.writeStaticString("]")
        self.endResult(into: &buffer)
    }

    /// The reply to `mining.configure`, with a value for every code of `request`.
    ///
    /// `mask` nil refuses version rolling. Codes that this module does not know are refused.
    public static func configureResult(
        id: MessageID,
        request: ConfigureRequest,
        mask: UInt32?,
        minimumDifficulty: Bool,
        subscribeExtranonce: Bool,
        into buffer: inout ByteBuffer
    ) {
        self.beginResult(id: id, into: &buffer)
        buffer.writeStaticString("{")
        for (index, code) in request.extensions.enumerated() {
            if index > 0 {
                buffer.writeComma()
            }
            buffer.writeJSON(code)
            buffer.writeStaticString(":")
            switch code {
            case ConfigureRequest.versionRolling:
                buffer.writeJSON(mask != nil)
                if let mask {
                    buffer.writeStaticString(",\"version-rolling.mask\":")
                    buffer.writeJSON(hex: mask)
                }
            case ConfigureRequest.minimumDifficulty:
                buffer.writeJSON(minimumDifficulty)
            case ConfigureRequest.subscribeExtranonce:
                buffer.writeJSON(subscribeExtranonce)
            default:
                buffer.writeJSON(code == ConfigureRequest.info)
            }
        }
        buffer.writeStaticString("}")
        self.endResult(into: &buffer)
    }

    /// `mining.set_difficulty` for the jobs that follow.
    public static func setDifficulty(_ difficulty: Double, into buffer: inout ByteBuffer) {
        self.beginNotification(method: "mining.set_difficulty", into: &buffer)
        buffer.writeJSON(difficulty)
        self.endParameters(into: &buffer)
    }

    /// `mining.set_version_mask`, valid at once.
    public static func setVersionMask(_ mask: UInt32, into buffer: inout ByteBuffer) {
        self.beginNotification(method: "mining.set_version_mask", into: &buffer)
        buffer.writeJSON(hex: mask)
        self.endParameters(into: &buffer)
    }

    /// `mining.set_extranonce` for the jobs that follow.
    public static func setExtranonce(extranonce1: [UInt8], extranonce2Size: Int, into buffer: inout ByteBuffer) {
        self.beginNotification(method: "mining.set_extranonce", into: &buffer)
        buffer.writeJSON(hex: extranonce1)
        buffer.writeComma()
        buffer.writeJSON(extranonce2Size)
        self.endParameters(into: &buffer)
    }

    /// `mining.notify` with exactly nine parameters: `job` under another id, with another start of the coinbase, time
    /// and clean flag.
    public static func notify(
        jobID: String,
        job: Job,
        coinbase1: [UInt8],
        ntime: UInt32,
        cleanJobs: Bool,
        into buffer: inout ByteBuffer
    ) {
        self.beginNotification(method: "mining.notify", into: &buffer)
        buffer.writeJSON(jobID)
        buffer.writeComma()
        buffer.writeJSON(hex: Job.swappingWords(job.previousHash))
        buffer.writeComma()
        buffer.writeJSON(hex: coinbase1)
        buffer.writeComma()
        buffer.writeJSON(hex: job.coinbase2)
        buffer.writeStaticString(",[")
        var branches = job.merkleBranches[...]
        while !branches.isEmpty {
            buffer.writeStaticString("\"")
            Hex.append(branches.prefix(32), to: &buffer)
            branches = branches.dropFirst(32)
            buffer.writeStaticString(branches.isEmpty ? "\"" : "\",")
        }
        buffer.writeStaticString("],")
        buffer.writeJSON(hex: job.version)
        buffer.writeComma()
        buffer.writeJSON(hex: job.nbits)
        buffer.writeComma()
        buffer.writeJSON(hex: ntime)
        buffer.writeComma()
        buffer.writeJSON(cleanJobs)
        self.endParameters(into: &buffer)
    }

    /// `client.reconnect`. Without a host the miner stays with its own; `wait` is in seconds.
    public static func reconnect(host: String?, port: Int?, wait: Int?, into buffer: inout ByteBuffer) {
        self.beginNotification(method: "client.reconnect", into: &buffer)
        if let host, let port {
            buffer.writeJSON(host)
            buffer.writeComma()
            buffer.writeJSON(port)
            if let wait {
                buffer.writeComma()
                buffer.writeJSON(wait)
            }
        }
        self.endParameters(into: &buffer)
    }

    /// `client.show_message`.
    public static func showMessage(_ text: String, into buffer: inout ByteBuffer) {
        self.beginNotification(method: "client.show_message", into: &buffer)
        buffer.writeJSON(text)
        self.endParameters(into: &buffer)
    }

    /// `mining.ping`, as ckpool sends it.
    public static func ping(id: Int, into buffer: inout ByteBuffer) {
        self.beginRequest(id: id, method: "mining.ping", into: &buffer)
        self.endParameters(into: &buffer)
    }

    /// `client.get_version`.
    public static func getVersion(id: Int, into buffer: inout ByteBuffer) {
        self.beginRequest(id: id, method: "client.get_version", into: &buffer)
        self.endParameters(into: &buffer)
    }
}
