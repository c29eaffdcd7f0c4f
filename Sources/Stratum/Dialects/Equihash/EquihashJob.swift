/// What a pool's `mining.notify` says (equihash §2). All bytes are in the order of the header.
package struct EquihashJob: Sendable, Hashable {
    /// The only version of a header that there is. Jobs of another one must be ignored (ZIP 301).
    package static let version: UInt32 = 4

    /// The pool's name for it: opaque, case-sensitive.
    package var id: String
    /// 32 bytes.
    package var previousHash: [UInt8]
    /// 32 bytes.
    package var merkleRoot: [UInt8]
    /// 32 bytes, of which every coin makes something else.
    package var reserved: [UInt8]
    /// Seconds since 1970; little-endian in the header and on the wire.
    package var time: UInt32
    /// The network target in compact form; little-endian in the header and on the wire.
    package var bits: UInt32
    package var isClean: Bool
    /// The parameters, as "144_5"; nil if the pool does not name them.
    package var algorithm: String?
    /// The personalization; nil if the pool does not name it.
    package var personalization: String?

    package init(
        id: String,
        previousHash: [UInt8],
        merkleRoot: [UInt8],
        reserved: [UInt8],
        time: UInt32,
        bits: UInt32,
        isClean: Bool,
        algorithm: String? = nil,
        personalization: String? = nil
    ) {
        self.id = id
        self.previousHash = previousHash
        self.merkleRoot = merkleRoot
        self.reserved = reserved
        self.time = time
        self.bits = bits
        self.isClean = isClean
        self.algorithm = algorithm
        self.personalization = personalization
    }

    /// The 140 bytes before the solution, with a nonce of 32 bytes (equihash §3).
    package func header(time: UInt32, nonce: [UInt8]) -> [UInt8] {
        var header: [UInt8] = []
        header.reserveCapacity(140)
        func append(_ number: UInt32) {
            withUnsafeBytes(of: number.littleEndian) { header.append(contentsOf: $0) }
        }
        append(Self.version)
        header += self.previousHash
        header += self.merkleRoot
        header += self.reserved
        append(time)
        append(self.bits)
        header += nonce
        return header
    }
}
