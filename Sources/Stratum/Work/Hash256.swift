/// 256 bits, ordered as the little-endian number that proof of work compares.
public struct Hash256: Sendable, Hashable, Comparable {
    /// The smallest number, which meets every target.
    public static let zero = Hash256(0, 0, 0, 0)
    /// The largest number.
    public static let maximum = Hash256(.max, .max, .max, .max)

    /// The number in words of 64 bits, the least significant first.
    public let words: (UInt64, UInt64, UInt64, UInt64)

    /// Words from the least significant to the most significant.
    public init(_ word0: UInt64, _ word1: UInt64, _ word2: UInt64, _ word3: UInt64) {
        self.words = (word0, word1, word2, word3)
    }

    /// 32 bytes in the order in which they are hashed, the least significant first; nil if there are not 32.
    public init?(bytes: [UInt8]) {
        guard bytes.count == 32 else {
            return nil
        }
        self = bytes.withUnsafeBytes { Hash256(loading: $0) }
    }

    /// 64 hex digits in display order, the most significant first.
    public init?(displayHex: String) {
        guard displayHex.utf8.count == 64, let bytes = Hex.decode(displayHex, maximumCount: 32) else {
            return nil
        }
        self.init(bytes: bytes.reversed())
    }

    /// Loads what there is of the first 32 bytes; the rest is zero.
    public init(loading bytes: UnsafeRawBufferPointer) {
        self.init { $0.copyMemory(from: .init(rebasing: bytes.prefix(32))) }
    }

    /// What `write` makes of 32 zero bytes, in the order in which they are hashed.
    init(writing write: (UnsafeMutableRawBufferPointer) -> Void) {
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        Swift.withUnsafeMutableBytes(of: &words, write)
        self.words = (
            UInt64(littleEndian: words.0), UInt64(littleEndian: words.1),
            UInt64(littleEndian: words.2), UInt64(littleEndian: words.3)
        )
    }

    /// The 32 bytes in the order in which they are hashed.
    public var bytes: [UInt8] {
        self.withUnsafeBytes { Array($0) }
    }

    /// Passes the 32 bytes in the order in which they are hashed.
    public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        let words = (
            self.words.0.littleEndian, self.words.1.littleEndian, self.words.2.littleEndian, self.words.3.littleEndian
        )
        return Swift.withUnsafeBytes(of: words, body)
    }

    /// 64 hex digits, the most significant first, as explorers show a block's hash.
    public var displayHex: String {
        let digits = [self.words.3, self.words.2, self.words.1, self.words.0].map { word in
            let hex = String(word, radix: 16)
            return String(repeating: "0", count: 16 - hex.count) + hex
        }
        return digits.joined()
    }

    public static func < (left: Hash256, right: Hash256) -> Bool {
        (left.words.3, left.words.2, left.words.1, left.words.0)
            < (right.words.3, right.words.2, right.words.1, right.words.0)
    }

    public static func == (left: Hash256, right: Hash256) -> Bool {
        left.words == right.words
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(self.words.0)
        hasher.combine(self.words.1)
        hasher.combine(self.words.2)
        hasher.combine(self.words.3)
    }

    /// The difficulty that a share of this hash proves, infinite for zero.
    ///
    /// `multiplier` is how many times easier difficulty 1 is: 1 for SHA-256d, 65,536 for scrypt.
    public func difficulty(multiplier: Int = 1) -> Double {
        let hash =
            Double(self.words.3) * 0x1p192 + Double(self.words.2) * 0x1p128
            + Double(self.words.1) * 0x1p64 + Double(self.words.0)
        return 0xFFFFp208 * Double(multiplier) / hash
    }
}
