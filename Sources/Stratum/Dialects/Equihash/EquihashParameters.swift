/// The two numbers that fix one Equihash puzzle: n bits must cancel in k rounds.
///
/// Only the pairs that coins use can be made, so everything derived from them is small and exact.
package struct EquihashParameters: Sendable, Hashable, CustomStringConvertible {
    /// The bits of one leaf, and of what has to cancel.
    package let n: Int
    /// The rounds of pairing; a solution has 2ᵏ indices.
    package let k: Int

    private init(_ n: Int, _ k: Int) {
        self.n = n
        self.k = k
    }

    /// Zcash and most coins that descend from it.
    package static let zcash = EquihashParameters(200, 9)
    /// Bitcoin Gold, BitcoinZ and others ("Zhash").
    package static let zhash = EquihashParameters(144, 5)
    /// Zero, Zclassic and Ycash.
    package static let zero = EquihashParameters(192, 7)
    /// Flux ("ZelHash"); see `isTwisted`.
    package static let zelhash = EquihashParameters(125, 4)
    /// MinexCoin.
    package static let minexcoin = EquihashParameters(96, 5)
    /// Zcash's regression tests.
    package static let regtest = EquihashParameters(48, 5)

    /// All pairs that are supported.
    package static let supported: [EquihashParameters] = [.zcash, .zhash, .zero, .zelhash, .minexcoin, .regtest]

    /// The pair that is written in `text` as NiceHash and miners do: `"144_5"`, or with a comma `"144,5"`.
    package init(parsing text: some StringProtocol) throws(EquihashParametersError) {
        let parts = text.split(omittingEmptySubsequences: false) { $0 == "_" || $0 == "," }
        guard parts.count == 2, let n = Self.number(parts[0]), let k = Self.number(parts[1]) else {
            throw .malformed(String(text))
        }
        guard let known = Self.supported.first(where: { $0.n == n && $0.k == k }) else {
            throw .unsupported(n: n, k: k)
        }
        self = known
    }

    /// A number of plain digits, with blanks around it.
    private static func number(_ text: some StringProtocol) -> Int? {
        let digits = text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()
        guard !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.isNumber }) else {
            return nil
        }
        return Int(String(digits))
    }

    /// The bits that two neighbours must share in each round, ⌊n/(k+1)⌋.
    package var collisionBitCount: Int { self.n / (self.k + 1) }

    /// The indices of a solution, 2ᵏ.
    package var indexCount: Int { 1 << self.k }

    /// The bits of one index.
    package var indexBitCount: Int { self.collisionBitCount + 1 }

    /// The bytes of a solution without its length.
    package var solutionByteCount: Int { self.indexCount * self.indexBitCount / 8 }

    /// The length of a solution as Bitcoin's compactSize, which stands before it in a block and in `mining.submit`.
    package var solutionPrefix: [UInt8] {
        let count = UInt16(self.solutionByteCount)
        guard count >= 0xFD else {
            return [UInt8(truncatingIfNeeded: count)]
        }
        return [0xFD, UInt8(truncatingIfNeeded: count), UInt8(truncatingIfNeeded: count >> 8)]
    }

    /// The bytes that one leaf takes in a BLAKE2b digest. Where n is no multiple of 8 the last bits are not used.
    package var leafByteCount: Int { (self.n + 7) / 8 }

    /// The leaves that are cut from one BLAKE2b digest.
    package var leavesPerDigest: Int { 512 / self.n }

    /// The size of the BLAKE2b digest in bytes.
    package var digestByteCount: Int { self.leavesPerDigest * self.leafByteCount }

    /// Whether a digest is the sum of several, as Flux does with 125,4.
    ///
    /// Digest g is then the sum, in little-endian words of 32 bits, of the plain digests from g rounded down to a
    /// multiple of 16 up to g (`GenerateHash` in fluxd's src/crypto/equihash.cpp).
    package var isTwisted: Bool { self == .zelhash }

    package var description: String { "\(self.n),\(self.k)" }
}

/// Why a text names no Equihash puzzle.
package enum EquihashParametersError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Not two numbers.
    case malformed(String)
    /// Two numbers, but no coin uses them or their header is another.
    case unsupported(n: Int, k: Int)

    package var description: String {
        switch self {
        case .malformed(let text):
            "\"\(text)\" is not a pair of Equihash parameters such as 200,9 or 144_5"
        case .unsupported(let n, let k):
            "Equihash \(n),\(k) is not supported; these are: "
                + EquihashParameters.supported.map(\.description).joined(separator: "  ")
        }
    }
}
