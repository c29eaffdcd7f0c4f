import NIOCore

/// One line from a pool of Equihash.
enum EquihashPoolMessage: Sendable {
    case notify(EquihashJob)
    /// A job of another version than four, to be ignored.
    case foreignVersion(UInt32)
    /// For the jobs that follow; nil: one that cannot be (``PoolDifficulty``).
    case setTarget(Target?)
    /// A NONCE_1 of at most 32 bytes, for the jobs that follow.
    case setNonce1([UInt8])
    /// A method we know with parameters that make no sense.
    case malformed(method: String, reason: String)
    /// What is the same as in Stratum V1.
    case common(PoolMessage)

    /// Decodes one line without its line end.
    ///
    /// Throws if the line is no JSON object. Everything else is a message, if only an ignored or malformed one.
    static func decode(_ line: ByteBuffer) throws(StratumError) -> EquihashPoolMessage {
        let own = try line.withUnsafeReadableBytes { (bytes) throws(StratumError) -> EquihashPoolMessage? in
            let envelope = try Envelope(bytes)
            let scanner = JSONScanner(bytes)
            guard let method = envelope.method else { return nil }
            if scanner.isEqual(method, "mining.notify") {
                return self.notify(scanner.readable(envelope.params).array ?? [])
            }
            if scanner.isEqual(method, "mining.set_target") {
                return self.setTarget(scanner.readable(envelope.params).array ?? [])
            }
            if scanner.isEqual(method, "mining.set_extranonce") {
                return self.setNonce1(scanner.readable(envelope.params).array ?? [])
            }
            return nil
        }
        if let own { return own }
        return .common(try PoolMessage.decode(line))
    }

    private static func notify(_ params: [JSONValue]) -> EquihashPoolMessage {
        guard let version = EquihashJob.number(params, 1) else {
            return .malformed(method: "mining.notify", reason: "version is not eight hex digits")
        }
        guard version == EquihashJob.version else { return .foreignVersion(version) }
        do throws(MalformedNotify) {
            return .notify(try EquihashJob(notify: params))
        } catch {
            return .malformed(method: "mining.notify", reason: error.reason)
        }
    }

    private static func setTarget(_ params: [JSONValue]) -> EquihashPoolMessage {
        let target = params.value(at: 0).string.flatMap { Hash256(displayHex: $0) }.map { Target($0) }
        return .setTarget(target.flatMap { PoolDifficulty.isPossible($0) ? $0 : nil })
    }

    private static func setNonce1(_ params: [JSONValue]) -> EquihashPoolMessage {
        let bytes = params.value(at: 0).string.flatMap { Hex.decode($0, maximumCount: EquihashNonce.byteCount) }
        guard let bytes else {
            return .malformed(
                method: "mining.set_extranonce",
                reason: "nonce is not hex of at most \(EquihashNonce.byteCount) bytes"
            )
        }
        return .setNonce1(bytes)
    }
}

/// Why the parameters of `mining.notify` are no job.
private struct MalformedNotify: Error {
    var reason: String
}

extension EquihashJob {
    /// The most bytes of an algorithm's name or a personalization that are taken from a pool.
    fileprivate static let maximumNameCount = 64

    /// The parameters of `mining.notify`. Those behind the tenth are ignored.
    fileprivate init(notify params: [JSONValue]) throws(MalformedNotify) {
        guard let id = params.value(at: 0).text, (1...Job.maximumIDCount).contains(id.utf8.count) else {
            throw MalformedNotify(reason: "job id is not a string of 1 to \(Job.maximumIDCount) bytes")
        }
        guard let time = Self.number(params, 5) else {
            throw MalformedNotify(reason: "time is not eight hex digits")
        }
        guard let bits = Self.number(params, 6) else {
            throw MalformedNotify(reason: "bits are not eight hex digits")
        }
        self.init(
            id: id,
            previousHash: try Self.bytes(params, 2, "previous hash"),
            merkleRoot: try Self.bytes(params, 3, "merkle root"),
            reserved: try Self.bytes(params, 4, "reserved field"),
            time: time,
            bits: bits,
            isClean: params.value(at: 7) == .bool(true) || params.value(at: 7).integer == 1,
            algorithm: try Self.name(params, 8, "algorithm"),
            personalization: try Self.name(params, 9, "personalization")
        )
    }

    /// A number whose lowest byte comes first, as in the header; nil if it is none.
    fileprivate static func number(_ params: [JSONValue], _ index: Int) -> UInt32? {
        guard let digits = params.value(at: index).string?.utf8, digits.count == 8 else { return nil }
        return Hex.integer(digits, maximumDigits: 8).map { UInt32(truncatingIfNeeded: $0).byteSwapped }
    }

    private static func bytes(_ params: [JSONValue], _ index: Int, _ name: String) throws(MalformedNotify) -> [UInt8] {
        guard let bytes = params.value(at: index).string.flatMap({ Hex.decode($0, maximumCount: 32) }),
            bytes.count == 32
        else {
            throw MalformedNotify(reason: "\(name) is not 32 bytes of hex")
        }
        return bytes
    }

    /// A text; nil if it is missing or empty.
    private static func name(_ params: [JSONValue], _ index: Int, _ name: String) throws(MalformedNotify) -> String? {
        guard let text = params.value(at: index).string, !text.isEmpty else { return nil }
        guard text.utf8.count <= Self.maximumNameCount else {
            throw MalformedNotify(reason: "\(name) has more than \(Self.maximumNameCount) bytes")
        }
        return text
    }
}

extension PoolResponse {
    /// What the reply to `mining.subscribe` grants; nil if it is a refusal or makes no sense.
    ///
    /// ZIP 301 has `[session, NONCE_1]`; some pools add a size, some have the shape of Stratum V1. The first text of hex
    /// digits that is not the session's id is NONCE_1.
    var equihashGrant: (nonce1: [UInt8], sessionID: String?)? {
        guard let result = self.result.array else { return nil }
        let hexes = result.dropFirst(result.count > 1 ? 1 : 0)
            .lazy.compactMap(\.string)
            .compactMap { Hex.decode($0, maximumCount: EquihashNonce.byteCount) }
        guard let nonce1 = hexes.first else { return nil }
        let sessionID = result.count > 1 ? result.value(at: 0).string : nil
        return (nonce1, sessionID?.isEmpty == false ? sessionID : self.subscription?.sessionID)
    }
}
