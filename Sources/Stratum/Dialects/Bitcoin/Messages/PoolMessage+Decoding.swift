public import NIOCore

extension PoolMessage {
    /// Decodes one line without its line end.
    ///
    /// Throws if the line is no JSON object. Everything else is a message, if only an ignored or malformed one.
    public static func decode(_ line: ByteBuffer) throws(StratumError) -> PoolMessage {
        try line.withUnsafeReadableBytes { (bytes) throws(StratumError) in
            let envelope = try Envelope(bytes)
            let scanner = JSONScanner(bytes)
            guard let method = envelope.method, !method.range.isEmpty else {
                let response = PoolResponse(
                    result: try scanner.value(envelope.result),
                    error: try scanner.value(envelope.error),
                    rejectReason: envelope.rejectReason.flatMap(scanner.stringToken).map(scanner.text)
                )
                return .response(id: envelope.id, response)
            }
            // What nobody can read, such as a number beyond all bounds, makes no sense for any method.
            let params = scanner.readable(envelope.params)
            let notification = PoolNotification(method: scanner.text(method), params: params)
            return .notification(notification, id: envelope.id)
        }
    }
}

extension PoolNotification {
    fileprivate init(method: String, params value: JSONValue) {
        let params = value.array ?? []
        switch method {
        case "mining.notify":
            do {
                self = .notify(try Job(notify: params))
            } catch {
                self = .malformed(method: method, reason: error.reason)
            }
        case "mining.set_difficulty":
            guard let difficulty = params.value(at: 0).number, difficulty > 0 else {
                self = .malformed(method: method, reason: "difficulty is not a number above zero")
                return
            }
            self = .setDifficulty(difficulty)
        case "mining.set_extranonce":
            self.init(setExtranonce: params)
        case "mining.set_version_mask":
            // Some pools send the bare string.
            guard let mask = (params.value(at: 0).string ?? value.string).flatMap({ Hex.uint32($0.utf8) }) else {
                self = .malformed(method: method, reason: "mask is not a 32-bit hex number")
                return
            }
            self = .setVersionMask(mask)
        case "mining.ping":
            self = .ping
        case "client.get_version":
            self = .getVersion
        case "client.show_message":
            self = .showMessage(params.value(at: 0).text ?? value.text ?? "")
        case "client.reconnect":
            self.init(reconnect: params)
        default:
            self = .ignored(method: method)
        }
    }

    private init(setExtranonce params: [JSONValue]) {
        let method = "mining.set_extranonce"
        let maximumCount = PoolSubscription.maximumExtranonce1Count
        guard let hex = params.value(at: 0).string,
            let extranonce1 = Hex.decode(hex, maximumCount: maximumCount)
        else {
            self = .malformed(method: method, reason: "extranonce1 is not hex of at most \(maximumCount) bytes")
            return
        }
        let size = params.value(at: 1)
        guard size != .null else {
            self = .setExtranonce(extranonce1: extranonce1, extranonce2Size: nil)
            return
        }
        guard let size = size.integer, (0...PoolSubscription.maximumExtranonce2Size).contains(size) else {
            self = .malformed(method: method, reason: "extranonce2 size is out of range")
            return
        }
        self = .setExtranonce(extranonce1: extranonce1, extranonce2Size: size)
    }

    /// The port comes as a number or a string.
    private init(reconnect params: [JSONValue]) {
        let host = params.value(at: 0).string ?? ""
        let portText = params.value(at: 1).text ?? ""
        let port = Int(portText)
        guard portText.isEmpty || port.map({ (1...65_535).contains($0) }) == true else {
            self = .malformed(method: "client.reconnect", reason: "port is out of range")
            return
        }
        let wait = params.value(at: 2).text.flatMap { Int($0) }
        self = .reconnect(host: host.isEmpty ? nil : host, port: port, wait: wait.map { max($0, 0) })
    }
}

/// Why the parameters of `mining.notify` are no job.
private struct MalformedJob: Error {
    var reason: String
}

extension Job {
    /// The parameters of `mining.notify`. Those behind the ninth are ignored.
    fileprivate init(notify params: [JSONValue]) throws(MalformedJob) {
        guard let id = params.value(at: 0).text, (1...Self.maximumIDCount).contains(id.utf8.count) else {
            throw MalformedJob(reason: "job id is not a string of 1 to \(Self.maximumIDCount) bytes")
        }
        let previousHash = try Self.bytes(params, 1, "previous hash", maximumCount: 32)
        guard previousHash.count == 32 else {
            throw MalformedJob(reason: "previous hash is not 32 bytes")
        }
        guard let branches = params.value(at: 4).array, branches.count <= Self.maximumBranchCount else {
            throw MalformedJob(reason: "merkle branches are not an array of at most \(Self.maximumBranchCount)")
        }
        var merkleBranches: [UInt8] = []
        merkleBranches.reserveCapacity(branches.count * 32)
        for index in branches.indices {
            let branch = try Self.bytes(branches, index, "merkle branch", maximumCount: 32)
            guard branch.count == 32 else {
                throw MalformedJob(reason: "merkle branch is not 32 bytes")
            }
            merkleBranches += branch
        }
        self.init(
            id: id,
            previousHash: Self.swappingWords(previousHash),
            coinbase1: try Self.bytes(params, 2, "coinbase", maximumCount: Self.maximumCoinbasePartCount),
            coinbase2: try Self.bytes(params, 3, "coinbase", maximumCount: Self.maximumCoinbasePartCount),
            merkleBranches: merkleBranches,
            version: try Self.number(params, 5, "version"),
            nbits: try Self.number(params, 6, "nbits"),
            ntime: try Self.number(params, 7, "ntime"),
            cleanJobs: Self.isTrue(params.value(at: 8))
        )
    }

    private static func bytes(
        _ params: [JSONValue],
        _ index: Int,
        _ name: String,
        maximumCount: Int
    ) throws(MalformedJob) -> [UInt8] {
        guard let hex = params.value(at: index).string, let bytes = Hex.decode(hex, maximumCount: maximumCount) else {
            throw MalformedJob(reason: "\(name) is not hex of at most \(maximumCount) bytes")
        }
        return bytes
    }

    private static func number(_ params: [JSONValue], _ index: Int, _ name: String) throws(MalformedJob) -> UInt32 {
        guard let number = params.value(at: index).string.flatMap({ Hex.uint32($0.utf8) }) else {
            throw MalformedJob(reason: "\(name) is not a 32-bit hex number")
        }
        return number
    }

    /// Some pools send 0 and 1.
    private static func isTrue(_ value: JSONValue) -> Bool {
        value == .bool(true) || value.integer == 1
    }
}
