import Crypto

/// A job as it stands in a `mining.notify`, hashed by rules of its own: nothing here is shared with the router, so that a
/// mistake there is not repeated in what judges it.
struct NotifiedWork: Hashable {
    /// The 64 digits as they are on the wire.
    var previousHash: String
    var coinbase1: String
    var coinbase2: String
    var branches: [String]
    var version: UInt32
    var nbits: UInt32
    var ntime: UInt32

    /// The 80 bytes of the block header.
    func header(extranonce: String, version: UInt32, ntime: UInt32, nonce: UInt32) -> [UInt8] {
        var root = Self.doubleHash(HexText.bytes(self.coinbase1 + extranonce + self.coinbase2))
        for branch in self.branches { root = Self.doubleHash(root + HexText.bytes(branch)) }
        var header = Self.littleEndian(version)
        let words = HexText.bytes(self.previousHash)
        for word in stride(from: 0, to: words.count, by: 4) { header += words[word..<word + 4].reversed() }
        return header + root + Self.littleEndian(ntime) + Self.littleEndian(self.nbits) + Self.littleEndian(nonce)
    }

    /// The difficulty that the hash of `header` proves.
    static func difficulty(of header: [UInt8]) -> Double {
        let hash = Self.doubleHash(header).reversed().reduce(0.0) { $0 * 256 + Double($1) }
        return 0xFFFFp208 / hash
    }

    private static func doubleHash(_ bytes: [UInt8]) -> [UInt8] {
        var first = SHA256()
        first.update(data: bytes)
        var second = SHA256()
        first.finalize().withUnsafeBytes { second.update(bufferPointer: $0) }
        return second.finalize().withUnsafeBytes { Array($0) }
    }

    private static func littleEndian(_ number: UInt32) -> [UInt8] {
        withUnsafeBytes(of: number.littleEndian) { Array($0) }
    }
}

/// Hex digits of test data, which are known to be well-formed.
enum HexText {
    static func bytes(_ text: String) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.utf8.count / 2)
        var high: UInt8?
        for digit in text.utf8 {
            let nibble = digit < 0x3a ? digit &- 0x30 : digit &- 0x57
            if let first = high {
                result.append(first << 4 | nibble)
                high = nil
            } else {
                high = nibble
            }
        }
        return result
    }

    /// `count` bytes, the last ones of `value`.
    static func digits(_ value: UInt64, count: Int) -> String {
        let text = String(value, radix: 16)
        let width = count * 2
        return text.count >= width
            ? String(text.suffix(width)) : String(repeating: "0", count: width - text.count) + text
    }

    static func digits(_ value: UInt32) -> String { Self.digits(UInt64(value), count: 4) }
}
