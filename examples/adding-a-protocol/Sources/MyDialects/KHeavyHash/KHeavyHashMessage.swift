import NIOCore
import Stratum

/// One line, from a miner or from a pool.
struct KHeavyHashMessage {
    var id: MessageID
    /// Nil for a reply.
    var method: String?
    var parameters: [JSONValue]
    /// What a reply says.
    var response: PoolResponse
    /// The job in `mining.notify`: its id, four numbers, a time.
    var job: (id: String, header: SIMD4<UInt64>, timestamp: UInt64)?

    init(_ line: ByteBuffer) throws(StratumError) {
        self = try line.withUnsafeReadableBytes { (bytes) throws(StratumError) in
            try KHeavyHashMessage(Envelope(bytes), JSONScanner(bytes))
        }
    }

    private init(_ envelope: Envelope, _ scanner: JSONScanner) throws(StratumError) {
        self.id = envelope.id
        self.method = envelope.method.map { scanner.text($0) }
        self.parameters = try scanner.parameters(envelope.params)
        self.response = PoolResponse(
            result: try scanner.value(envelope.result), error: try scanner.value(envelope.error)
        )
        // The numbers have 64 bits without a sign, more than `JSONValue` keeps: they are read from the text.
        let parameters = try scanner.elements(envelope.params)
        guard let id = self.parameters.value(at: 0).text, parameters.count >= 3 else { return }
        let header = try scanner.elements(parameters[1]).compactMap { scanner.unsignedInteger($0) }
        guard header.count == 4, let timestamp = scanner.unsignedInteger(parameters[2]) else { return }
        self.job = (id, SIMD4(header), timestamp)
    }
}

extension JSONScanner {
    /// Where the elements of the array in `range` are; none if there is something else.
    fileprivate func elements(_ range: Range<Int>?) throws(StratumError) -> [Range<Int>] {
        guard let range else { return [] }
        var scanner = self
        scanner.position = range.lowerBound
        guard scanner.next == UInt8(ascii: "[") else { return [] }
        var elements: [Range<Int>] = []
        try scanner.forEachElement(depth: 1) { (scanner, depth) throws(StratumError) in
            elements.append(try scanner.skipValue(depth: depth))
        }
        return elements
    }

    /// The digits in `range`; nil for another value, and for one beyond 64 bits.
    fileprivate func unsignedInteger(_ range: Range<Int>) -> UInt64? {
        UInt64(String(decoding: self.slice(range), as: UTF8.self))
    }
}

/// The names of the message with a miner's extranonce. Pools use both.
enum KHeavyHashExtranonceMethod: String, CaseIterable {
    case plain = "set_extranonce"
    case mining = "mining.set_extranonce"
}

extension MessageEncoder {
    /// The reply to `mining.subscribe`: it grants nothing.
    static func kHeavyHashSubscription(id: MessageID, into buffer: inout ByteBuffer) {
        self.beginResult(id: id, into: &buffer)
        buffer.writeStaticString("[true,\"EthereumStratum/1.0.0\"]")
        self.endResult(into: &buffer)
    }

    /// What the nonces of the jobs that follow begin with.
    static func kHeavyHashExtranonce(
        _ extranonce: [UInt8], _ method: KHeavyHashExtranonceMethod, into buffer: inout ByteBuffer
    ) {
        switch method {
        case .plain: self.beginNotification(method: "set_extranonce", into: &buffer)
        case .mining: self.beginNotification(method: "mining.set_extranonce", into: &buffer)
        }
        buffer.writeJSON(hex: extranonce)
        self.endParameters(into: &buffer)
    }

    /// `mining.notify`
    static func kHeavyHashNotify(jobID: String, _ work: KHeavyHashWork, into buffer: inout ByteBuffer) {
        self.beginNotification(method: "mining.notify", into: &buffer)
        buffer.writeJSON(jobID)
        let header = work.header.indices.map { String(work.header[$0]) }.joined(separator: ",")
        buffer.writeString(",[\(header)],\(work.timestamp)")
        self.endParameters(into: &buffer)
    }

    /// `mining.submit`, with the whole nonce.
    static func kHeavyHashSubmit(id: Int, _ share: PoolShare, user: String, into buffer: inout ByteBuffer) {
        self.beginRequest(id: id, method: "mining.submit", into: &buffer)
        buffer.writeJSON(user)
        buffer.writeComma()
        buffer.writeJSON(share.jobID)
        buffer.writeStaticString(",\"0x")
        Hex.append(share.padding, to: &buffer)
        Hex.append(share.prefix, to: &buffer)
        share.found.extranonce2.appendHex(to: &buffer)
        buffer.writeStaticString("\"")
        self.endParameters(into: &buffer)
    }
}
