extension Target {
    /// The exact target ⌊2²⁵⁶ / hashes⌋, at most 2²⁵⁶−1, that takes so many hashes on average (ethereum §4).
    ///
    /// The double is taken at its exact value. What is no finite number above one allows every hash.
    public init(expectedHashes hashes: Double) {
        guard hashes.isFinite, hashes > 1 else {
            self = .maximum
            return
        }
        // hashes = significand · 2^shift with 2⁵² ≤ significand < 2⁵³
        let significand = 1 << 52 | hashes.significandBitPattern
        let shift = Int(hashes.exponent) - 52
        guard shift <= 256 else {
            self.init(.zero)
            return
        }
        // Long division of 2^(256 − shift), one binary digit at a time. The remainder stays below 2⁵³.
        var quotient = Hash256.zero
        var remainder: UInt64 = 1
        for _ in 0..<(256 - shift) {
            remainder <<= 1
            let digit: UInt64 = remainder >= significand ? 1 : 0
            remainder -= digit * significand
            quotient = quotient.shifted(adding: digit)
        }
        self.init(quotient)
    }

    /// ⌊2²⁵⁶ / target⌋, exact: the expected number of hashes for a share. 2²⁵⁶−1 where it would be more.
    public var exactExpectedHashes: Hash256 {
        let divisor = self.value
        guard divisor > Hash256(1, 0, 0, 0) else { return .maximum }
        var quotient = Hash256.zero
        var remainder = Hash256(1, 0, 0, 0)
        for _ in 0..<256 {
            let overflows = remainder.words.3 >> 63 == 1
            remainder = remainder.shifted(adding: 0)
            let isContained = overflows || remainder >= divisor
            if isContained { remainder = remainder.subtracting(divisor) }
            quotient = quotient.shifted(adding: isContained ? 1 : 0)
        }
        return quotient
    }

    /// ``exactExpectedHashes`` as the nearest double or one next to it.
    public var expectedHashes: Double {
        let hashes = self.exactExpectedHashes.words
        return Double(hashes.3) * 0x1p192 + Double(hashes.2) * 0x1p128 + Double(hashes.1) * 0x1p64 + Double(hashes.0)
    }

    /// The difficulty of EthereumStratum/1.0.0 whose target is this one, or the next double above where there is none:
    /// never one with an easier target, or a miner would send shares that its pool does not take.
    public var stratumDifficulty: Double {
        var difficulty = self.value.difficulty()
        // A division of doubles is a few units in the last place off at most.
        for _ in 0..<16 where Target(difficulty: difficulty).value > self.value {
            difficulty = difficulty.nextUp
        }
        return difficulty
    }
}

extension Hash256 {
    /// Twice the number plus `digit`, without its 257th bit.
    fileprivate func shifted(adding digit: UInt64) -> Hash256 {
        Hash256(
            self.words.0 << 1 | digit,
            self.words.1 << 1 | self.words.0 >> 63,
            self.words.2 << 1 | self.words.1 >> 63,
            self.words.3 << 1 | self.words.2 >> 63
        )
    }

    /// The difference modulo 2²⁵⁶.
    fileprivate func subtracting(_ other: Hash256) -> Hash256 {
        var borrow: UInt64 = 0
        func difference(_ left: UInt64, _ right: UInt64) -> UInt64 {
            let (first, firstBorrows) = left.subtractingReportingOverflow(right)
            let (second, secondBorrows) = first.subtractingReportingOverflow(borrow)
            borrow = firstBorrows || secondBorrows ? 1 : 0
            return second
        }
        let word0 = difference(self.words.0, other.words.0)
        let word1 = difference(self.words.1, other.words.1)
        let word2 = difference(self.words.2, other.words.2)
        return Hash256(word0, word1, word2, difference(self.words.3, other.words.3))
    }
}
