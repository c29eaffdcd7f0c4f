/// Zcash's unit of difficulty, which all coins of this family are counted in: difficulty 1 is the easiest target of
/// Zcash's main network, diff1 = 0x0007ffff…ff = 2²⁴³ − 1.
///
/// Every 8,192nd hash meets that. In general difficulty = (diff1 + 1) ÷ (target + 1), which is the usual diff1 ÷ target
/// but for one part in as many as the target counts, and has a value for every target. Doubles are rounded, so shares
/// are judged by the target that was sent and not by its difficulty.
package enum EquihashDifficulty {
    /// The target of difficulty 1.
    package static let one = Target(Hash256(.max, .max, .max, 0x0007_FFFF_FFFF_FFFF))
    /// Solutions that are expected for a share of difficulty 1: 2²⁵⁶ ÷ 2²⁴³.
    package static let hashesPerDifficulty = 0x1p13
    private static let hashesBelowOne = 0x1p243

    /// The target for a difficulty, with the 53 bits of a double. A difficulty that is no finite number above zero
    /// allows every hash.
    package static func target(_ difficulty: Double) -> Target {
        guard difficulty.isFinite, difficulty > 0 else { return .maximum }
        let count = Self.hashesBelowOne / difficulty
        guard count < 0x1p256 else { return .maximum }
        guard count >= 1 else { return Target(.zero) }
        return Target(Self.largest(of: count))
    }

    /// The difficulty of a target, between 2⁻¹³ and 2²⁴³.
    package static func difficulty(of target: Target) -> Double { self.difficulty(of: target.value) }

    /// The difficulty that a share of this hash proves.
    package static func difficulty(of hash: Hash256) -> Double {
        let number =
            Double(hash.words.3) * 0x1p192 + Double(hash.words.2) * 0x1p128 + Double(hash.words.1) * 0x1p64
            + Double(hash.words.0)
        return Self.hashesBelowOne / (number + 1)
    }

    /// The largest of the first `count` hashes, which are at least one and less than 2²⁵⁶.
    private static func largest(of count: Double) -> Hash256 {
        var rest = count
        /// Takes the word that counts units of `unit`; what is left is exact and less than the unit.
        func word(_ unit: Double) -> UInt64 {
            let word = UInt64(exactly: (rest / unit).rounded(.down)) ?? .max
            rest -= Double(word) * unit
            return word
        }
        let words = (word(0x1p192), word(0x1p128), word(0x1p64), word(1))
        let (word0, borrow0) = words.3.subtractingReportingOverflow(1)
        let (word1, borrow1) = words.2.subtractingReportingOverflow(borrow0 ? 1 : 0)
        let (word2, borrow2) = words.1.subtractingReportingOverflow(borrow1 ? 1 : 0)
        return Hash256(word0, word1, word2, words.0 &- (borrow2 ? 1 : 0))
    }
}
