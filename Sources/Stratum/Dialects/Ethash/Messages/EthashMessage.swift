import NIOCore

/// One line of any flavour, from a miner or a pool.
struct EthashMessage {
    var id: MessageID
    /// Nil for a reply and for a push of eth-proxy.
    var method: String?
    /// Null where the line has none, like the result and the error.
    var params: JSONValue
    var result: JSONValue
    var error: JSONValue
    private var rejectReason: String?

    init(_ line: ByteBuffer) throws(StratumError) {
        self = try line.withUnsafeReadableBytes { (bytes) throws(StratumError) in
            try EthashMessage(Envelope(bytes), JSONScanner(bytes))
        }
    }

    private init(_ envelope: Envelope, _ scanner: JSONScanner) throws(StratumError) {
        self.id = envelope.id
        self.method = envelope.method.map { scanner.text($0) }
        // A request is answered whatever its parameters are: those that nobody can read, such as a number beyond all
        // bounds, are none.
        self.params = self.method == nil ? try scanner.value(envelope.params) : scanner.readable(envelope.params)
        self.result = try scanner.value(envelope.result)
        self.error = try scanner.value(envelope.error)
        self.rejectReason = try scanner.value(envelope.rejectReason).string
    }

    /// The parameter at `index`, null if there is none.
    func parameter(_ index: Int) -> JSONValue { (self.params.array ?? []).value(at: index) }

    /// As the reply to a submit or an authorisation of eth-proxy or EthereumStratum/1.0.0.
    var response: PoolResponse {
        PoolResponse(result: self.result, error: self.error, rejectReason: self.rejectReason)
    }

    /// What this reply of EthereumStratum/2.0.0 refuses; nil for a success, also for one with a remark (codes 2xx, as
    /// 202: stale, taken nonetheless).
    var stratum2Rejection: Rejection? {
        switch self.error {
        case .null, .bool(false):
            return self.result == .bool(false) ? Rejection(code: nil, message: "") : nil
        case .object, .array, .string, .integer, .number, .bool(true):
            // Whatever shape the error has.
            let rejection = PoolResponse(result: .null, error: self.error).rejection
            let text = rejection?.message ?? ""
            switch rejection?.code ?? 0 {
            case 200..<300: return nil
            case 300..<400: return Rejection(code: rejection?.code ?? 0, message: text, kind: .unauthorized)
            case 404: return Rejection(code: 404, message: text, kind: .stale)
            case 406:
                // A bad nonce. Which bad one only the text can tell; above the target if it does not (EIP-1571).
                let kind = Rejection(code: nil, message: text).kind
                return Rejection(code: 406, message: text, kind: kind == .other ? .lowDifficulty : kind)
            default: return rejection
            }
        }
    }
}

extension EthashMessage {
    /// The notifications that Ethash pools share with those of Stratum V1; nil for others.
    var commonNotification: PoolEvent? {
        switch self.method {
        case "client.reconnect", "mining.reconnect":
            let host = self.parameter(0).string.flatMap { $0.isEmpty ? nil : $0 }
            let port = self.parameter(1).text.flatMap { Int($0) }.flatMap { (1...65_535).contains($0) ? $0 : nil }
            let wait = self.parameter(2).text.flatMap { Int($0) }.flatMap { $0 >= 0 ? $0 : nil }
            return .reconnectRequested(host: host, port: port, wait: wait)
        case "client.show_message":
            return .messageShown(self.parameter(0).text ?? "")
        default:
            return nil
        }
    }
}

extension JSONValue {
    /// 32 bytes in hex digits, the most significant first, with or without `0x`.
    var ethashHash: Hash256? {
        guard let text = self.string else { return nil }
        let digits = Hex.withoutPrefix(text.utf8)
        return digits.count == 64 ? Hash256(displayHex: String(decoding: digits, as: UTF8.self)) : nil
    }

    /// A possible target in 1...64 digits; pools leave out leading zeros.
    var ethashTarget: Target? {
        guard let text = self.string else { return nil }
        let digits = Hex.withoutPrefix(text.utf8)
        guard (1...64).contains(digits.count) else { return nil }
        let padded = String(repeating: "0", count: 64 - digits.count) + String(decoding: digits, as: UTF8.self)
        return Hash256(displayHex: padded).map { Target($0) }.flatMap { PoolDifficulty.isPossible($0) ? $0 : nil }
    }

    /// Digits of this value in hex, without `0x`; 0 if it is no string.
    var hexDigitCount: Int { self.string.map { Hex.withoutPrefix($0.utf8).count } ?? 0 }

    /// A number in hex digits, with or without `0x`, of less than 2⁴⁸: heights and epochs, ports and seconds.
    var ethashNumber: Int? {
        guard let text = self.string else { return nil }
        return Hex.integer(Hex.withoutPrefix(text.utf8), maximumDigits: 12).flatMap { Int(exactly: $0) }
    }

    /// What a pool wants nonces to begin with: 0...6 bytes, so that two are left to search.
    var ethashExtranonce: [UInt8]? { self.string.flatMap { Hex.decode($0, maximumCount: 6) } }
}
