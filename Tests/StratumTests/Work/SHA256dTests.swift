import Crypto
import Testing

@testable import Stratum

/// Plain C and the processor's instructions against swift-crypto.
@Suite struct SHA256dTests {
    private static func reference(_ bytes: [UInt8]) -> [UInt8] {
        Array(SHA256.hash(data: Array(SHA256.hash(data: bytes))))
    }

    /// The bytes hashed in pieces, each of which ends at one of `cuts`.
    private static func hash(_ bytes: [UInt8], cuts: [Int] = [], isPortable: Bool) -> [UInt8] {
        var hasher = SHA256d(isPortable: isPortable)
        var rest = bytes[...]
        for cut in cuts {
            hasher.update(Array(rest.prefix(cut)))
            rest = rest.dropFirst(cut)
        }
        hasher.update(Array(rest))
        return hasher.finalize().bytes
    }

    private static func random(_ count: Int, _ generator: inout SeededGenerator) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    /// The messages of FIPS 180-2, appendix B, and of NIST's examples for two blocks and a million bytes, hashed twice.
    @Test(
        arguments: [
            ("", 1, "5df6e0e2761359d30a8275058e299fcc0381534545f55cf43e41983f5d4c9456"),
            ("abc", 1, "4f8b42c22dd3729b519ba6f68d2da7cc5b2d606d05daed5ad5128cc03e6c6358"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
                "0cffe17f68954dac3a84fb1458bd5ec99209449749b2b308b7cb55812f9563af"
            ),
            ("a", 1_000_000, "80d1189477563e1b5206b2749f1afe4807e5705e8bd77887a60187a712156688"),
        ],
        [false, true]
    )
    func publishedMessages(_ vector: (text: String, times: Int, hash: String), isPortable: Bool) {
        let message = Array(String(repeating: vector.text, count: vector.times).utf8)
        #expect(hex(Self.hash(message, isPortable: isPortable)) == vector.hash)
    }

    @Test(arguments: [false, true])
    func everyLengthGivesTheHashOfSwiftCrypto(isPortable: Bool) {
        let seed = UInt64.random(in: .min ... .max)
        var generator = SeededGenerator(seed: seed)
        for count in Array(0...260) + [1000, 16_384, 60_000] {
            let message = Self.random(count, &generator)
            let cuts = (0..<4).map { _ in Int.random(in: 0...130, using: &generator) }
            let expected = Self.reference(message)
            #expect(Self.hash(message, isPortable: isPortable) == expected, "\(count) bytes, seed \(seed)")
            #expect(
                Self.hash(message, cuts: cuts, isPortable: isPortable) == expected,
                "\(count) bytes in pieces of \(cuts), seed \(seed)"
            )
        }
    }

    @Test(arguments: [false, true])
    func aCopyGoesOnByItself(isPortable: Bool) {
        let seed = UInt64.random(in: .min ... .max)
        var generator = SeededGenerator(seed: seed)
        for count in 0...130 {
            let start = Self.random(count, &generator)
            var first = SHA256d(isPortable: isPortable)
            first.update(start)
            var second = first
            first.update([1])
            second.update([2, 3])
            #expect(first.finalize().bytes == Self.reference(start + [1]), "\(count) bytes, seed \(seed)")
            #expect(second.finalize().bytes == Self.reference(start + [2, 3]), "\(count) bytes, seed \(seed)")
        }
    }

    /// 32 bytes make a branch; what is left over counts for nothing.
    @Test(arguments: [false, true])
    func branchesAreFoldedInOneAfterAnother(isPortable: Bool) throws {
        let seed = UInt64.random(in: .min ... .max)
        var generator = SeededGenerator(seed: seed)
        for count in [0, 1, 31, 32, 33, 63, 64, 12 * 32, 24 * 32, 32 * 32 + 31] {
            let start = Self.random(32, &generator)
            let branches = Self.random(count, &generator)
            var root = start
            for index in 0..<count / 32 { root = Self.reference(root + branches[index * 32..<index * 32 + 32]) }
            let folded = SHA256d.fold(branches, into: try #require(Hash256(bytes: start)), isPortable: isPortable)
            #expect(folded.bytes == root, "\(count) bytes, seed \(seed)")
        }
    }
}
