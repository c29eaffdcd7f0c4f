import NIOCore

/// What a share shows beside its nonce, as ``Submission/proof`` and ``PoolShare/proof`` carry it: the 32 bytes of its
/// result, and behind them `,"name":"value"` for each further member of the submit.
struct CryptoNoteProof {
    static let resultCount = 32
    /// So many further members, and so many bytes of them all.
    static let maximumMemberCount = 8
    static let maximumMemberBytes = 1024

    private(set) var buffer: ByteBuffer

    /// Nil if there is no whole result in it.
    init?(_ buffer: ByteBuffer?) {
        guard let buffer, buffer.readableBytes >= Self.resultCount else { return nil }
        self.buffer = buffer
    }

    /// The members of a submit but those that the router writes itself. Only strings of plain characters are taken along,
    /// as signatures and commitments are: what else a miner says is not for the pool. Nil if there are too many.
    init?(result: [UInt8], members: CryptoNoteMembers, in scanner: JSONScanner) {
        guard result.count == Self.resultCount else { return nil }
        var buffer = ByteBuffer(bytes: result)
        var count = 0
        for member in members.members where !Self.ownMembers.contains(member.name) {
            guard let value = scanner.stringToken(member.value), Self.isPlain(scanner.slice(member.rawName)),
                Self.isPlain(scanner.slice(value.range))
            else { continue }
            count += 1
            guard count <= Self.maximumMemberCount else { return nil }
            buffer.writeStaticString(",\"")
            buffer.writeBytes(scanner.slice(member.rawName))
            buffer.writeStaticString("\":\"")
            buffer.writeBytes(scanner.slice(value.range))
            buffer.writeStaticString("\"")
            guard buffer.readableBytes <= Self.resultCount + Self.maximumMemberBytes else { return nil }
        }
        self.buffer = buffer
    }

    private static let ownMembers: Set<String> = ["id", "job_id", "nonce", "result", "algo"]

    /// Printable ASCII without quotes and escapes.
    private static func isPlain(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.allSatisfy { (0x20...0x7E).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
    }

    /// The result's digits.
    func writeResult(into output: inout ByteBuffer) {
        Hex.append(self.buffer.readableBytesView.prefix(Self.resultCount), to: &output)
    }

    /// The further members.
    func writeMembers(into output: inout ByteBuffer) {
        output.writeBytes(self.buffer.readableBytesView.dropFirst(Self.resultCount))
    }

    /// Bytes 24...31 of the result as a little-endian number: what is compared with a target.
    var hash: UInt64 {
        self.buffer.getInteger(at: self.buffer.readerIndex + 24, endianness: .little) ?? .max
    }
}
