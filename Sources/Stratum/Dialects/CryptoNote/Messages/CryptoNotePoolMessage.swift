import NIOCore

/// What a pool says.
enum CryptoNotePoolMessage {
    case reply(id: MessageID, CryptoNoteReply)
    case job(CryptoNoteJob)
    case reconnect(host: String?, port: Int?)
    /// A method that is none of a pool's.
    case ignored
    case malformed(method: String, reason: String)
}

/// A pool's answer to any request.
struct CryptoNoteReply {
    /// Nil: it said yes.
    var rejection: Rejection?
    var sessionID: String?
    /// `OK`, `KEEPALIVED`; empty if there is none.
    var status = ""
    var extensions: [String] = []
    /// In the reply to `login`.
    var job: Result<CryptoNoteJob, CryptoNoteMalformedJob>?
}

extension CryptoNotePoolMessage {
    /// Decodes one line without its line end. Throws if it is no JSON object.
    ///
    /// - Parameter assumed: the algorithm of jobs that name none.
    static func decode(_ line: ByteBuffer, assumed: CryptoNoteAlgorithm) throws(StratumError) -> CryptoNotePoolMessage {
        try line.withUnsafeReadableBytes { (bytes) throws(StratumError) in
            let envelope = try Envelope(bytes)
            let scanner = JSONScanner(bytes)
            guard let method = envelope.method, !method.range.isEmpty else {
                return .reply(id: envelope.id, try CryptoNoteReply(envelope, in: scanner, assumed: assumed))
            }
            if scanner.isEqual(method, "job") {
                do throws(CryptoNoteMalformedJob) {
                    return .job(try CryptoNoteJob(envelope.params, in: scanner, assumed: assumed))
                } catch {
                    return .malformed(method: "job", reason: error.reason)
                }
            }
            if scanner.isEqual(method, "client.reconnect") {
                return Self.reconnect(try scanner.parameters(envelope.params))
            }
            return .ignored
        }
    }

    /// The port is a string here; a number is taken as well.
    private static func reconnect(_ params: [JSONValue]) -> CryptoNotePoolMessage {
        let host = params.value(at: 0).string ?? ""
        let portText = params.value(at: 1).text ?? ""
        let port = Int(portText)
        guard portText.isEmpty || port.map({ (1...65_535).contains($0) }) == true else {
            return .malformed(method: "client.reconnect", reason: "port is out of range")
        }
        return .reconnect(host: host.isEmpty ? nil : host, port: port)
    }
}

extension CryptoNoteReply {
    /// Ids of sessions may be so long, in bytes.
    static let maximumSessionIDCount = 256
    private static let maximumTextCount = 256

    init(_ envelope: Envelope, in scanner: JSONScanner, assumed: CryptoNoteAlgorithm) throws(StratumError) {
        self.rejection = try Self.rejection(envelope.error, in: scanner)
        guard let result = envelope.result, !scanner.cryptoNoteIsNull(result) else {
            if self.rejection == nil { self.rejection = Rejection(cryptoNote: "") }
            return
        }
        // A few old pools say a plain true.
        guard let members = CryptoNoteMembers(result, in: scanner) else {
            if self.rejection == nil, !scanner.isEqual(result, "true") { self.rejection = Rejection(cryptoNote: "") }
            return
        }
        self.sessionID = scanner.cryptoNoteText(members["id"], maximumCount: Self.maximumSessionIDCount)
        self.status = scanner.cryptoNoteText(members["status"], maximumCount: Self.maximumTextCount) ?? ""
        self.extensions = scanner.cryptoNoteTexts(members["extensions"], maximumCount: 64)
        guard let job = members["job"], !scanner.cryptoNoteIsNull(job) else { return }
        do throws(CryptoNoteMalformedJob) {
            self.job = .success(try CryptoNoteJob(job, in: scanner, assumed: assumed))
        } catch {
            self.job = .failure(error)
        }
    }

    /// The text of an error of any shape; nil if there is none.
    private static func rejection(_ range: Range<Int>?, in scanner: JSONScanner) throws(StratumError) -> Rejection? {
        let text: String
        switch try scanner.value(range) {
        case .null, .bool(false): return nil
        case .object(let members): text = members["message"]?.string ?? ""
        case .array(let parts): text = parts.lazy.compactMap(\.string).first ?? ""
        case .string(let message): text = message
        case .bool, .integer, .number: text = ""
        }
        return Rejection(cryptoNote: String(text.prefix(Self.maximumTextCount)))
    }
}
