public import NIOCore

/// Up to 32 bytes of nonce without a heap object: the miner's part, or any other short piece.
public struct Extranonce2: Sendable, Hashable {
    /// The most bytes this type holds.
    public static let maximumCount = 32

    /// The bytes in their order, the first one the most significant of the first word; zero behind the last one.
    private var words: SIMD4<UInt64>
    /// Number of bytes, 0...32.
    public let count: Int

    /// No bytes at all.
    public static let empty = Extranonce2(words: .zero, count: 0)

    private init(words: SIMD4<UInt64>, count: Int) {
        self.words = words
        self.count = count
    }

    /// The lowest `count` bytes of `value`; nil if `count` is not in 0...8 or `value` does not fit.
    public init?(value: UInt64, count: Int) {
        guard (0...8).contains(count) else {
            return nil
        }
        // A shift by all 64 bits gives zero, so an empty piece takes only the value zero.
        guard count == 8 || value >> UInt64(count * 8) == 0 else {
            return nil
        }
        self.init(words: SIMD4(value << UInt64((8 - count) * 8), 0, 0, 0), count: count)
    }

    /// At most 32 bytes in their order; nil if there are more.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count <= Self.maximumCount else {
            return nil
        }
        var words = SIMD4<UInt64>.zero
        for (index, byte) in bytes.enumerated() {
            words[index / 8] |= UInt64(byte) << UInt64(56 - index % 8 * 8)
        }
        self.init(words: words, count: bytes.count)
    }

    /// An even number of hex digits, at most 64, of either case, with or without `0x`.
    public init?(hex: some Collection<UInt8>) {
        let digits = Hex.withoutPrefix(hex)
        let digitCount = digits.count
        guard digitCount.isMultiple(of: 2), digitCount <= Self.maximumCount * 2 else {
            return nil
        }
        var words = SIMD4<UInt64>.zero
        for (index, digit) in digits.enumerated() {
            guard let nibble = Hex.nibble(digit) else {
                return nil
            }
            words[index / 16] |= UInt64(nibble) << UInt64(60 - index % 16 * 4)
        }
        self.init(words: words, count: digitCount / 2)
    }

    /// As `init(hex:)` on the characters of `text`.
    public init?(hex text: String) {
        self.init(hex: text.utf8)
    }

    /// The first eight bytes as one number, or all of them if there are fewer, the first one the most significant.
    public var value: UInt64 {
        self.words[0] >> UInt64((8 - min(self.count, 8)) * 8)
    }

    /// The bytes in their order.
    public var bytes: [UInt8] {
        (0..<self.count).map { self.byte(at: $0) }
    }

    /// The byte at `index` in their order; `index` is in 0..<`count`.
    public func byte(at index: Int) -> UInt8 {
        UInt8(truncatingIfNeeded: self.words[index / 8 & 3] >> UInt64(56 - index % 8 * 8))
    }

    /// Passes the bytes in their order.
    func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        let words = (
            self.words[0].bigEndian, self.words[1].bigEndian, self.words[2].bigEndian, self.words[3].bigEndian
        )
        return Swift.withUnsafeBytes(of: words) { body(UnsafeRawBufferPointer(rebasing: $0.prefix(self.count))) }
    }

    /// Appends `count` × 2 lower-case hex digits.
    public func appendHex(to buffer: inout ByteBuffer) {
        for index in 0..<self.count {
            Hex.append(self.byte(at: index), to: &buffer)
        }
    }

    /// Appends the bytes themselves.
    public func appendBytes(to buffer: inout ByteBuffer) {
        for index in 0..<self.count {
            buffer.writeInteger(self.byte(at: index))
        }
    }
}
