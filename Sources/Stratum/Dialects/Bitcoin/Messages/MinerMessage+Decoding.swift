public import NIOCore

extension MinerMessage {
    /// Decodes one line without its line end.
    ///
    /// Throws if the line is no JSON object. Everything else is a message, if only an unknown or malformed request.
    public static func decode(_ line: ByteBuffer) throws(StratumError) -> MinerMessage {
        try line.withUnsafeReadableBytes { (bytes) throws(StratumError) in
            let envelope = try Envelope(bytes)
            let scanner = JSONScanner(bytes)
            guard let method = envelope.method, !method.range.isEmpty else {
                return .response(id: envelope.id)
            }
            if scanner.isEqual(method, "mining.submit") {
                let request = try Submission.decode(envelope.params, in: line, scanner: scanner)
                return .request(id: envelope.id, request)
            }
            let name = scanner.text(method)
            guard name != "pong" else {
                return .response(id: envelope.id)
            }
            let params = try scanner.parameters(envelope.params)
            return .request(id: envelope.id, MinerRequest(method: name, params: params))
        }
    }
}

extension MinerRequest {
    /// Any request but `mining.submit`.
    fileprivate init(method: String, params: [JSONValue]) {
        switch method {
        case "mining.configure":
            self.init(configure: params)
        case "mining.subscribe":
            let sessionID = params.value(at: 1).string ?? ""
            self = .subscribe(
                userAgent: params.value(at: 0).string ?? "",
                sessionID: sessionID.isEmpty ? nil : sessionID
            )
        case "mining.authorize":
            self.init(authorize: params)
        case "mining.extranonce.subscribe":
            self = .extranonceSubscribe
        case "mining.suggest_difficulty":
            self.init(suggested: params.value(at: 0).number, method: method)
        case "mining.suggest_target":
            self.init(suggestTarget: params)
        case "mining.multi_version":
            self = .multiVersion
        case "mining.capabilities":
            self = .capabilities
        case "mining.get_transactions":
            self = .getTransactions
        case "mining.hashes_done":
            self = .hashesDone
        case "mining.ping":
            self = .ping
        default:
            self.init(unlisted: method)
        }
    }

    private init(configure params: [JSONValue]) {
        let method = "mining.configure"
        guard let codes = params.value(at: 0).array else {
            self = .malformed(method: method, reason: "extensions are not an array")
            return
        }
        var request = ConfigureRequest(extensions: [])
        var seen: Set<String> = []
        for code in codes.compactMap(\.string) where seen.insert(code).inserted {
            request.extensions.append(code)
        }
        let options = params.value(at: 1).object ?? JSONObject()
        if let mask = options["version-rolling.mask"], mask != .null {
            guard let value = mask.string.flatMap({ Hex.uint32($0.utf8) }) else {
                self = .malformed(method: method, reason: "version-rolling.mask is not a 32-bit hex number")
                return
            }
            request.mask = value
        }
        request.minBitCount = options["version-rolling.min-bit-count"]?.integer
        request.minimumDifficulty = options["minimum-difficulty.value"]?.number.flatMap { $0 > 0 ? $0 : nil }
        self = .configure(request)
    }

    private init(authorize params: [JSONValue]) {
        let user = params.value(at: 0)
        guard user == .null || user.text != nil else {
            self = .malformed(method: "mining.authorize", reason: "user is not a string")
            return
        }
        self = .authorize(user: user.text ?? "", password: params.value(at: 1).text ?? "")
    }

    private init(suggested difficulty: Double?, method: String) {
        guard let difficulty, difficulty.isFinite, difficulty > 0 else {
            self = .malformed(method: method, reason: "difficulty is not a number above zero")
            return
        }
        self = .suggestDifficulty(difficulty)
    }

    private init(suggestTarget params: [JSONValue]) {
        let hash = params.value(at: 0).string.flatMap { Hash256(displayHex: $0) }
        guard let hash, hash != .zero else {
            self = .malformed(method: "mining.suggest_target", reason: "target is not 64 hex digits above zero")
            return
        }
        self = .suggestTarget(hash.difficulty())
    }

    /// ckpool takes a method that is *named* `mining.suggest_difficulty(1000)`, so there are miners that send it.
    private init(unlisted method: String) {
        let prefix = "mining.suggest_difficulty("
        guard method.hasPrefix(prefix), method.hasSuffix(")") else {
            self = .unknown(method: method)
            return
        }
        let number = method.dropFirst(prefix.count).dropLast()
        self.init(suggested: Double(number), method: method)
    }
}
