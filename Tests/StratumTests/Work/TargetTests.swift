import Stratum
import Testing

@Suite struct TargetTests {
    /// Expected values from exact rational arithmetic.
    @Test(
        arguments: [
            (1, 1, "00000000ffff0000000000000000000000000000000000000000000000000000"),
            (2, 1, "000000007fff8000000000000000000000000000000000000000000000000000"),
            (3, 1, "0000000055550000000000000000000000000000000000000000000000000000"),
            (0.0005, 1, "000007cff82ffffffff4480bb80000001193ee6bffffffe5a21a5e000000278c"),
            (0.1, 1, "00000009fff5ffffffffd80028000000009fff5ffffffffd80028000000009ff"),
            (1e-5, 1, "0001869e795ffffff7017bde8d2000350440d92a225ec77dedbfeaa3675216b5"),
            (65536, 1, "000000000000ffff000000000000000000000000000000000000000000000000"),
            (0.3, 1, "0000000355520000000008e385555555556d09638e38e38e7819097b425ed140"),
            (16384.5, 1, "000000000003fff40017ffd0005fff40017ffd0005fff40017ffd0005fff4001"),
            (1e15, 1, "00000000000000000000480e766cdedcb914316213b20a7a5f0d26cb45f4f354"),
            (1e67, 1, "0000000000000000000000000000000000000000000000000000000000000002"),
            (1.7e308, 1, "0000000000000000000000000000000000000000000000000000000000000000"),
            (.leastNonzeroMagnitude, 1, "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"),
            (0x1p-1030, 1, "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"),
            (2.3283064365386963e-10, 1, "ffff000000000000000000000000000000000000000000000000000000000000"),
            (0.00000000023283, 1, "ffff2e612b7ba5edeb6aa482ab61541644e151dc39a1d8f32ad224dfb1c3ffe1"),
            (2.5e-10, 1, "ee6a3994d7fffbd206d7f8220546c1e458678275f8fcdbf33eea93052557f6df"),
            (1, 65536, "0000ffff00000000000000000000000000000000000000000000000000000000"),
            (0.001, 65536, "03e7fc17fffffffa2405dc00000008c9f735fffffff2d10d2f00000013c66c39"),
            (32, 65536, "000007fff8000000000000000000000000000000000000000000000000000000"),
            (0.0000152, 65536, "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"),
            (0, 1, "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"),
            (-1, 1, "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"),
            (.infinity, 1, "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"),
            (.nan, 1, "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"),
        ] as [(Double, Int, String)]
    )
    func targetIsExact(difficulty: Double, multiplier: Int, expected: String) {
        #expect(Target(difficulty: difficulty, multiplier: multiplier).value.displayHex == expected)
    }

    /// Expected values from Bitcoin's rules for compact targets; zero where those call a target invalid.
    @Test(
        arguments: [
            (0x1D00_FFFF, "00000000ffff0000000000000000000000000000000000000000000000000000"),
            (0x207F_FFFF, "7fffff0000000000000000000000000000000000000000000000000000000000"),
            (0x1703_31DB, "0000000000000000000331db0000000000000000000000000000000000000000"),
            (0x1B04_04CB, "00000000000404cb000000000000000000000000000000000000000000000000"),
            (0x0000_0000, "0000000000000000000000000000000000000000000000000000000000000000"),
            (0x0100_3456, "0000000000000000000000000000000000000000000000000000000000000000"),
            (0x0112_3456, "0000000000000000000000000000000000000000000000000000000000000012"),
            (0x0200_8000, "0000000000000000000000000000000000000000000000000000000000000080"),
            (0x0312_3456, "0000000000000000000000000000000000000000000000000000000000123456"),
            (0x0412_3456, "0000000000000000000000000000000000000000000000000000000012345600"),
            (0x0492_3456, "0000000000000000000000000000000000000000000000000000000000000000"),
            (0x0500_9234, "0000000000000000000000000000000000000000000000000000000092340000"),
            (0x2012_3456, "1234560000000000000000000000000000000000000000000000000000000000"),
            (0x2100_FFFF, "ffff000000000000000000000000000000000000000000000000000000000000"),
            (0x2101_0000, "0000000000000000000000000000000000000000000000000000000000000000"),
            (0x2200_00FF, "ff00000000000000000000000000000000000000000000000000000000000000"),
            (0x2200_0100, "0000000000000000000000000000000000000000000000000000000000000000"),
            (0x2300_0001, "0000000000000000000000000000000000000000000000000000000000000000"),
            (0xFF12_3456, "0000000000000000000000000000000000000000000000000000000000000000"),
        ] as [(UInt32, String)]
    )
    func compactTargetFollowsBitcoin(nbits: UInt32, expected: String) {
        #expect(Target(nbits: nbits).value.displayHex == expected)
    }

    @Test func hashesAreComparedFromTheMostSignificantEnd() {
        let ordered = [
            Hash256(0, 0, 0, 0), Hash256(1, 0, 0, 0), Hash256(.max, 0, 0, 0), Hash256(0, 1, 0, 0), Hash256(0, 0, 1, 0),
            Hash256(.max, .max, .max, 0), Hash256(0, 0, 0, 1), Hash256(0, 0, 0, 1 << 63), Hash256.maximum,
        ]
        for (low, lower) in ordered.enumerated() {
            for (high, higher) in ordered.enumerated() {
                #expect((lower < higher) == (low < high))
                #expect((lower == higher) == (low == high))
                #expect(Target(higher).isMet(by: lower) == (low <= high))
            }
        }
    }

    @Test func hashOfExactlyTheTargetCounts() {
        let target = Target(difficulty: 1)
        #expect(target.isMet(by: target.value))
        #expect(!target.isMet(by: Hash256(1, 0, 0, 0xFFFF_0000)))
        #expect(target.isMet(by: Hash256(.max, .max, .max, 0xFFFE_FFFF)))
    }

    @Test(arguments: [1, 0.0005, 65536, 1e12, 3] as [Double])
    func difficultyOfATargetIsTheDifficulty(difficulty: Double) {
        for multiplier in [1, 65536] {
            let proven = Target(difficulty: difficulty, multiplier: multiplier).value.difficulty(multiplier: multiplier)
            #expect(abs(proven / difficulty - 1) < 1e-15)
        }
    }

    @Test func zeroHashIsInfinitelyDifficult() {
        #expect(Hash256.zero.difficulty() == .infinity)
        #expect(Hash256.maximum.difficulty() > 0)
    }

    @Test func hashIsReadAndShownInBothOrders() throws {
        let display = "000000002076870fe65a2b6eeed84fa892c0db924f1482243a6247d931dcab32"
        let hash = try #require(Hash256(displayHex: display))
        #expect(hash.displayHex == display)
        #expect(hash.bytes == bytes(display).reversed())
        #expect(Hash256(bytes: hash.bytes) == hash)
        #expect(Hash256(displayHex: "00") == nil)
        #expect(Hash256(bytes: [1]) == nil)
    }
}
