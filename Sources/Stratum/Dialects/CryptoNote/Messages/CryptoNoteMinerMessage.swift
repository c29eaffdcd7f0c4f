import NIOCore

/// What a miner says.
enum CryptoNoteMinerMessage {
    /// A line without a method.
    case response
    case login(CryptoNoteLogin)
    /// A `login` whose parameters are no object.
    case malformedLogin
    case submit(sessionID: String?, CryptoNoteSubmit)
    case keepalived
    case getJob
    case unknown(method: String)
}

/// The parameters of `login`.
struct CryptoNoteLogin {
    var user: String
    var password: String
    var agent: String
    var suggestedDifficulty: Double?
    /// Empty: the miner does not say what it knows.
    var algorithms: [CryptoNoteAlgorithm]
}

/// The parameters of `submit`.
enum CryptoNoteSubmit {
    case share(Submission)
    /// With the text of the refusal.
    case malformed(String)
}

extension CryptoNoteMinerMessage {
    /// Decodes one line without its line end. Throws if it is no JSON object. Everything else is a message, if only an
    /// unknown or malformed one.
    static func decode(_ line: ByteBuffer) throws(StratumError) -> (id: MessageID, CryptoNoteMinerMessage) {
        try line.withUnsafeReadableBytes { (bytes) throws(StratumError) in
            let envelope = try Envelope(bytes)
            let scanner = JSONScanner(bytes)
            guard let method = envelope.method, !method.range.isEmpty else { return (envelope.id, .response) }
            let members = CryptoNoteMembers(envelope.params, in: scanner)
            let message: CryptoNoteMinerMessage
            if scanner.isEqual(method, "submit") {
                let limit = CryptoNoteReply.maximumSessionIDCount
                message = .submit(
                    sessionID: members.flatMap { scanner.cryptoNoteText($0["id"], maximumCount: limit) },
                    CryptoNoteSubmit(members, in: scanner)
                )
            } else if scanner.isEqual(method, "keepalived") {
                message = .keepalived
            } else if scanner.isEqual(method, "getjob") {
                message = .getJob
            } else if scanner.isEqual(method, "login") {
                message = members.map { .login(CryptoNoteLogin($0, in: scanner)) } ?? .malformedLogin
            } else {
                message = .unknown(method: scanner.text(method))
            }
            return (envelope.id, message)
        }
    }
}

extension CryptoNoteSubmit {
    /// The nonce becomes a number whose digits are those that were sent, its last byte the lowest.
    init(_ members: CryptoNoteMembers?, in scanner: JSONScanner) {
        guard let members,
            let jobID = scanner.cryptoNoteText(members["job_id"], maximumCount: CryptoNoteJob.maximumIDCount)
        else {
            self = .malformed(CryptoNoteText.malformed)
            return
        }
        guard let nonceText = scanner.cryptoNoteText(members["nonce"], maximumCount: 8), nonceText.utf8.count == 8,
            let nonce = Hex.integer(nonceText.utf8, maximumDigits: 8)
        else {
            self = .malformed(CryptoNoteText.invalidNonce)
            return
        }
        guard let resultText = scanner.cryptoNoteText(members["result"], maximumCount: 64),
            resultText.utf8.count == 64, let result = Hex.decode(resultText, maximumCount: 32),
            let proof = CryptoNoteProof(result: result, members: members, in: scanner)
        else {
            self = .malformed(CryptoNoteText.malformed)
            return
        }
        self = .share(
            Submission(
                user: nil,
                jobID: ByteBuffer(string: jobID),
                found: FoundNonce(nonce: UInt32(truncatingIfNeeded: nonce), proof: proof.buffer)
            )
        )
    }
}

extension CryptoNoteLogin {
    private static let maximumTextCount = 1024
    private static let maximumRigIDCount = 64
    private static let maximumAlgorithmCount = 128
    /// What may be asked for in a login.
    private static let difficulties = 100...UInt64(Int32.max)

    /// `login` is `wallet[.worker][+difficulty]`. Where it has no worker, the rig's own name (`rigid`) stands for one, so
    /// that the rig has a name in the ledger and at pools.
    init(_ members: CryptoNoteMembers, in scanner: JSONScanner) {
        func text(_ name: String) -> String {
            scanner.cryptoNoteText(members[name], maximumCount: Self.maximumTextCount) ?? ""
        }
        (self.user, self.suggestedDifficulty) = Self.splitting(text("login"))
        let rigID = text("rigid")
        if !self.user.isEmpty, !self.user.contains("."), (1...Self.maximumRigIDCount).contains(rigID.utf8.count) {
            self.user += "." + rigID
        }
        self.password = text("pass")
        self.agent = text("agent")
        self.algorithms = scanner.cryptoNoteTexts(members["algo"], maximumCount: Self.maximumAlgorithmCount)
            .compactMap { CryptoNoteAlgorithm($0) }
    }

    /// The digits behind the last `+` are a difficulty, not part of the name; nil if nobody could mean it.
    private static func splitting(_ login: String) -> (user: String, difficulty: Double?) {
        guard let plus = login.utf8.lastIndex(of: UInt8(ascii: "+")) else { return (login, nil) }
        let digits = login.utf8[login.utf8.index(after: plus)...]
        guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return (login, nil) }
        let number = UInt64(String(Substring(digits))).flatMap { Self.difficulties.contains($0) ? $0 : nil }
        return (String(login[..<plus]), number.map { Double($0) })
    }
}
