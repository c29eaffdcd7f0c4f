import NIOCore

/// One line from a miner of Equihash.
enum EquihashMinerMessage: Sendable {
    case submit(id: MessageID, Submission)
    /// A `mining.submit` that cannot be a share, and why.
    case malformedSubmit(id: MessageID, reason: String)
    case subscribe(id: MessageID, userAgent: String, sessionID: String?)
    /// The miner named a target and this is its difficulty; nil if it was none.
    case suggestTarget(id: MessageID, Double?)
    /// What is the same as in Stratum V1.
    case common(MinerMessage)

    /// Decodes one line without its line end.
    ///
    /// Throws if the line is no JSON object. Everything else is a message, if only an unknown or malformed request.
    static func decode(_ line: ByteBuffer) throws(StratumError) -> EquihashMinerMessage {
        let own = try line.withUnsafeReadableBytes { (bytes) throws(StratumError) in
            let envelope = try Envelope(bytes)
            let scanner = JSONScanner(bytes)
            return try Self.decode(envelope, in: line, scanner: scanner)
        }
        if let own { return own }
        return .common(try MinerMessage.decode(line))
    }

    /// Nil for what Stratum V1 has as well.
    private static func decode(
        _ envelope: Envelope,
        in line: ByteBuffer,
        scanner: JSONScanner
    ) throws(StratumError) -> EquihashMinerMessage? {
        guard let method = envelope.method else { return nil }
        if scanner.isEqual(method, "mining.submit") {
            do throws(MalformedSubmission) {
                return .submit(id: envelope.id, try Submission(equihash: envelope.params, in: line, scanner: scanner))
            } catch {
                return .malformedSubmit(id: envelope.id, reason: error.reason)
            }
        }
        if scanner.isEqual(method, "mining.subscribe") {
            let subscription = EquihashSubscription(try scanner.parameters(envelope.params))
            return .subscribe(
                id: envelope.id, userAgent: subscription.userAgent, sessionID: subscription.sessionID
            )
        }
        if scanner.isEqual(method, "mining.suggest_target") {
            let hex = try scanner.parameters(envelope.params).value(at: 0).string
            let hash = hex.flatMap { Hash256(displayHex: $0) }.flatMap { $0 == .zero ? nil : $0 }
            return .suggestTarget(id: envelope.id, hash.map { EquihashDifficulty.difficulty(of: $0) })
        }
        return nil
    }
}
