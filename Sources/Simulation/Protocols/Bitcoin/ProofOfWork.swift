/// The arithmetic of a share, on plain bytes.
enum ProofOfWork {
    /// The merkle root of a coinbase and its branches, in hashing order.
    static func merkleRoot(coinbase: [UInt8], branches: [[UInt8]]) -> [UInt8] {
        branches.reduce(DoubleSHA256.hash(coinbase)) { DoubleSHA256.hash($0 + $1) }
    }

    /// The 80 bytes of a header; `previousHash` in header order.
    static func header(
        version: UInt32,
        previousHash: [UInt8],
        merkleRoot: [UInt8],
        ntime: UInt32,
        nbits: UInt32,
        nonce: UInt32
    ) -> [UInt8] {
        Self.littleEndian(version) + previousHash + merkleRoot
            + Self.littleEndian(ntime) + Self.littleEndian(nbits) + Self.littleEndian(nonce)
    }

    /// The difficulty a header hash reaches.
    static func difficulty(hash: [UInt8]) -> Double {
        let number = hash.reversed().reduce(0.0) { $0 * 256 + Double($1) }
        return 0xffffp208 / number
    }

    /// The 32 bytes with those of each four-byte word reversed: between notify order and header order.
    static func swappingWords(_ hash: [UInt8]) -> [UInt8] {
        stride(from: 0, to: hash.count, by: 4).flatMap { hash[$0..<min($0 + 4, hash.count)].reversed() }
    }

    private static func littleEndian(_ number: UInt32) -> [UInt8] {
        [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: number >> UInt32($0)) }
    }
}
