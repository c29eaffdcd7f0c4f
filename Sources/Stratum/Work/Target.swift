/// The largest hash that counts.
public struct Target: Sendable, Hashable {
    /// Every hash meets this one.
    public static let maximum = Target(.maximum)

    /// A hash counts up to and including this one.
    public let value: Hash256

    /// The target of which `value` is the largest hash that counts.
    public init(_ value: Hash256) {
        self.value = value
    }

    /// The exact target ⌊0xFFFF·2²⁰⁸·multiplier / difficulty⌋, at most 2²⁵⁶−1.
    ///
    /// The double is taken at its exact value. A difficulty that is no finite number above zero allows every hash.
    /// `multiplier` is 1 for SHA-256d and 65,536 for scrypt; it is taken to lie in 1...2³².
    public init(difficulty: Double, multiplier: Int = 1) {
        guard difficulty.isFinite, difficulty > 0 else {
            self = .maximum
            return
        }
        let (significand, exponent) = Self.fraction(difficulty)
        let numerator = 0xFFFF * UInt64(min(max(multiplier, 1), 1 << 32))
        // target = numerator · 2^(208 − exponent) / significand
        var quotient = Hash256(numerator / significand, 0, 0, 0)
        guard exponent <= 208 else {
            self.value = Hash256(quotient.words.0 >> UInt64(exponent - 208), 0, 0, 0)
            return
        }
        // Long division, one binary digit at a time. The remainder stays below 2⁵³.
        var remainder = numerator % significand
        for _ in 0..<(208 - exponent) {
            guard quotient.words.3 >> 63 == 0 else {
                self = .maximum
                return
            }
            remainder <<= 1
            let digit: UInt64 = remainder >= significand ? 1 : 0
            remainder -= digit * significand
            quotient = quotient.doubled(adding: digit)
        }
        self.value = quotient
    }

    /// The network target in a header's compact form. Negative and overflowing ones are met by no hash but zero.
    public init(nbits: UInt32) {
        let exponent = Int(nbits >> 24)
        let mantissa = UInt64(nbits & 0x7F_FFFF)
        guard nbits & 0x80_0000 == 0, mantissa != 0 else {
            self.value = .zero
            return
        }
        guard exponent > 3 else {
            self.value = Hash256(mantissa >> UInt64(8 * (3 - exponent)), 0, 0, 0)
            return
        }
        let shift = 8 * (exponent - 3)
        guard shift + UInt64.bitWidth - mantissa.leadingZeroBitCount <= 256 else {
            self.value = .zero
            return
        }
        var value = Hash256(mantissa, 0, 0, 0)
        for _ in 0..<shift {
            value = value.doubled(adding: 0)
        }
        self.value = value
    }

    /// Whether a share or block of this hash counts.
    public func isMet(by hash: Hash256) -> Bool {
        hash <= self.value
    }

    /// A positive finite double as significand · 2^exponent, both exact.
    private static func fraction(_ number: Double) -> (significand: UInt64, exponent: Int) {
        if number.isSubnormal {
            return (number.significandBitPattern, -1074)
        }
        return (1 << 52 | number.significandBitPattern, Int(number.exponentBitPattern) - 1075)
    }
}

extension Hash256 {
    /// Twice the number plus `digit`, without its 257th bit.
    fileprivate func doubled(adding digit: UInt64) -> Hash256 {
        Hash256(
            self.words.0 << 1 | digit,
            self.words.1 << 1 | self.words.0 >> 63,
            self.words.2 << 1 | self.words.1 >> 63,
            self.words.3 << 1 | self.words.2 >> 63
        )
    }
}
