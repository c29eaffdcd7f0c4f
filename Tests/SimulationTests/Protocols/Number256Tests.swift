import Testing

@testable import Simulation

@Suite struct Number256Tests {
    /// Targets from the texts of the protocols, and others worked out with big integers.
    @Test(
        arguments: [
            // EIP-1571's example.
            (1, 256, 4e9, "00000001" + "12e0be826d694b2e62d01511f12a6061fbaec8bc02357593e70e52ba"),
            (1, 256, 1, String(repeating: "f", count: 64)),
            (1, 256, 2, "8" + String(repeating: "0", count: 63)),
            (1, 256, 3, String(repeating: "5", count: 64)),
            (16, 208, 1, "00000000ffff" + String(repeating: "0", count: 52)),
            (16, 208, 0.5, "00000001fffe" + String(repeating: "0", count: 52)),
            (16, 208, 65_536, "000000000000ffff" + String(repeating: "0", count: 48)),
            (16, 208, 1e-12, String(repeating: "f", count: 64)),
            (243, 0, 1, "0007" + String(repeating: "f", count: 60)),
            (243, 0, 0.25, "001f" + String(repeating: "f", count: 59) + "c"),
        ] as [(Int, Int, Double, String)]
    )
    func quotientIsExact(ones: Int, zeros: Int, divisor: Double, hex: String) {
        #expect(Number256(ones: ones, zeros: zeros, dividedBy: divisor).hex == hex)
    }

    @Test(arguments: [0, -1, .infinity, .nan, .leastNonzeroMagnitude] as [Double])
    func senselessDivisorGivesTheMaximum(divisor: Double) {
        #expect(Number256(ones: 1, zeros: 256, dividedBy: divisor) == .maximum)
    }

    @Test func hugeDivisorGivesZero() {
        #expect(Number256(ones: 1, zeros: 256, dividedBy: 0x1p300).double == 0)
        #expect(Number256(ones: 1, zeros: 256, dividedBy: 0x1p200).double == 0x1p56)
    }

    @Test func textsAreReadWithOrWithoutPrefixAndZeros() {
        #expect(Number256(hex: "0x1ff")?.double == 511)
        #expect(Number256(hex: "00ff")?.double == 255)
        #expect(Number256(hex: "") == nil)
        #expect(Number256(hex: "0x") == nil)
        #expect(Number256(hex: "xyz") == nil)
        #expect(Number256(hex: String(repeating: "0", count: 65)) == nil)
    }

    @Test func fastHashesAgreeWithThoseWrittenOut() {
        var generator = SeededGenerator(seed: 9)
        for size in 0..<150 {
            let message = generator.bytes(size)
            #expect(FastHash.sha256(message) == DoubleSHA256.singleHash(message))
            #expect(FastHash.sha256d(message) == DoubleSHA256.hash(message))
        }
    }
}
