package import NIOCore

/// Up to eight bytes of extranonce without a heap object: the miner's part, or any other short piece of the coinbase.
package struct Extranonce2: Sendable, Hashable {
    /// The most bytes this type holds.
    package static let maximumCount = 8

    /// The bytes as one number, the first byte the most significant; zero above `count` bytes.
    package let value: UInt64
    /// Number of bytes, 0...8.
    package let count: Int

    /// No bytes at all.
    package static let empty = Extranonce2()

    private init() {
        self.value = 0
        self.count = 0
    }

    /// The lowest `count` bytes of `value`; nil if `count` is not in 0...8 or `value` does not fit.
    package init?(value: UInt64, count: Int) {
        guard (0...Self.maximumCount).contains(count) else {
            return nil
        }
        // A shift by all 64 bits gives zero, so an empty piece takes only the value zero.
        guard count == Self.maximumCount || value >> UInt64(count * 8) == 0 else {
            return nil
        }
        self.value = value
        self.count = count
    }

    /// At most eight bytes in coinbase order; nil if there are more.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count <= Self.maximumCount else {
            return nil
        }
        self.value = bytes.reduce(0) { $0 << 8 | UInt64($1) }
        self.count = bytes.count
    }

    /// An even number of hex digits, at most sixteen, of either case, with or without `0x`.
    package init?(hex: some Collection<UInt8>) {
        let digits = Hex.withoutPrefix(hex)
        let digitCount = digits.count
        guard digitCount.isMultiple(of: 2), digitCount <= Self.maximumCount * 2 else {
            return nil
        }
        guard digitCount > 0 else {
            self.value = 0
            self.count = 0
            return
        }
        guard let value = Hex.integer(digits, maximumDigits: digitCount) else {
            return nil
        }
        self.value = value
        self.count = digitCount / 2
    }

    /// As `init(hex:)` on the characters of `text`.
    package init?(hex text: String) {
        self.init(hex: text.utf8)
    }

    /// The bytes in coinbase order.
    package var bytes: [UInt8] {
        (0..<self.count).map { self.byte(at: $0) }
    }

    /// The byte at `index` in coinbase order; `index` is in 0..<`count`.
    func byte(at index: Int) -> UInt8 {
        UInt8(truncatingIfNeeded: self.value >> UInt64((self.count - 1 - index) * 8))
    }

    /// Appends `count` × 2 lower-case hex digits.
    package func appendHex(to buffer: inout ByteBuffer) {
        for index in 0..<self.count {
            Hex.append(self.byte(at: index), to: &buffer)
        }
    }

    /// Appends the bytes themselves.
    package func appendBytes(to buffer: inout ByteBuffer) {
        for index in 0..<self.count {
            buffer.writeInteger(self.byte(at: index))
        }
    }
}
