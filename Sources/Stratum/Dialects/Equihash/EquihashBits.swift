/// The bits of one leaf, or of the XOR of several: the first is the highest of the first word, zeros follow the last.
package struct EquihashBits: Sendable, Hashable {
    private var word0: UInt64
    private var word1: UInt64
    private var word2: UInt64
    private var word3: UInt64

    /// The first `bitCount` bits at `offset`, of which 32 bytes must be there.
    init(loading bytes: UnsafeRawBufferPointer, at offset: Int, bitCount: Int) {
        self.word0 = Self.word(bytes, offset, keeping: bitCount)
        self.word1 = Self.word(bytes, offset + 8, keeping: bitCount - 64)
        self.word2 = Self.word(bytes, offset + 16, keeping: bitCount - 128)
        self.word3 = Self.word(bytes, offset + 24, keeping: bitCount - 192)
    }

    private static func word(_ bytes: UnsafeRawBufferPointer, _ offset: Int, keeping bitCount: Int) -> UInt64 {
        let word = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        // A shift by 64 or more leaves nothing.
        return word & (UInt64.max << max(64 - bitCount, 0))
    }

    /// Whether all bits are zero.
    package var isZero: Bool {
        self.word0 | self.word1 | self.word2 | self.word3 == 0
    }

    /// The first `count` bits as a number; `count` is in 1...32.
    package func first(_ count: Int) -> Int {
        Int(truncatingIfNeeded: self.word0 &>> UInt64(truncatingIfNeeded: 64 - count))
    }

    /// The bits without the first `count`, which is in 1...32.
    package func dropping(_ count: Int) -> EquihashBits {
        let left = UInt64(truncatingIfNeeded: count)
        let right = UInt64(truncatingIfNeeded: 64 - count)
        var result = self
        result.word0 = self.word0 &<< left | self.word1 &>> right
        result.word1 = self.word1 &<< left | self.word2 &>> right
        result.word2 = self.word2 &<< left | self.word3 &>> right
        result.word3 = self.word3 &<< left
        return result
    }

    package static func ^ (left: EquihashBits, right: EquihashBits) -> EquihashBits {
        var result = left
        result.word0 ^= right.word0
        result.word1 ^= right.word1
        result.word2 ^= right.word2
        result.word3 ^= right.word3
        return result
    }
}
