import Testing

@testable import Persistence

@Suite struct ShareEncodingTests {
    @Test(arguments: [0.001, 1, 1.5, 512, 65_536, 700.5, 123_456.789, 1e9, 9.87e13, 3e20])
    func packedDifficultyLosesLessThanAHundredMillionthAndNeverGains(difficulty: Double) {
        let unpacked = PackedDifficulty.unpack(PackedDifficulty.pack(difficulty))
        #expect(unpacked <= difficulty)
        #expect(unpacked > difficulty * (1 - 1.2e-7))
    }

    @Test(arguments: [1.0, 2, 3, 512, 1_024, 65_536, 1_000_000]) func wholeDifficultiesStayAsTheyAre(difficulty: Double)
    {
        #expect(PackedDifficulty.unpack(PackedDifficulty.pack(difficulty)) == difficulty)
    }

    @Test(arguments: [0, -1, .nan, -.infinity, 1e-40]) func whatIsNoDifficultyIsZero(difficulty: Double) {
        #expect(PackedDifficulty.pack(difficulty) == 0)
        #expect(PackedDifficulty.unpack(0) == 0)
    }

    @Test(arguments: [.infinity, .greatestFiniteMagnitude, 1e30]) func hugeDifficultiesTakeFourBytes(difficulty: Double)
    {
        #expect(PackedDifficulty.pack(difficulty) < 1 << 31)
        #expect(PackedDifficulty.unpack(PackedDifficulty.pack(difficulty)) > 1e25)
    }

    @Test(arguments: [Int64.min, -1, 1, .max, 0x7FFF_FFFF]) func nothingInAFileTraps(packed: Int64) {
        #expect(PackedDifficulty.unpack(packed).isFinite)
    }

    @Test func acceptedShareHasTheOutcomeThatTakesNoRoom() {
        #expect(ShareOutcome(verdict: .accepted, forwarded: true).rawValue == 1)
    }

    @Test func outcomeKeepsVerdictAndFlags() {
        for verdict in LedgerVerdictKind.allCases {
            for flags in 0..<8 {
                let outcome = ShareOutcome(
                    verdict: verdict,
                    forwarded: flags & 1 != 0,
                    answeredImmediately: flags & 2 != 0,
                    hasVersionBits: flags & 4 != 0
                )
                #expect(outcome.verdict == verdict)
                #expect(outcome.forwarded == (flags & 1 != 0))
                #expect(outcome.answeredImmediately == (flags & 2 != 0))
                #expect(outcome.hasVersionBits == (flags & 4 != 0))
            }
        }
    }

    @Test(arguments: 0...32) func claimComesBack(count: Int) throws {
        var share = Sample.share(1)
        share.extranonce2 = LedgerExtranonce2(bytes: (0..<count).map { UInt8($0 + 1) })
        var bytes: [UInt8] = []
        try ShareClaim(share).withBytes { bytes = Array($0) }
        #expect(bytes.count == 12 + count)
        #expect(bytes.prefix(8) == [0xDE, 0xAD, 0xBE, 0xEF, 0x69, 0x7D, 0xC1, 0xBC])
        #expect(ShareClaim(bytes: bytes) == ShareClaim(share))
    }

    @Test(arguments: [0, 11, 45, 1_000]) func claimOfAnotherLengthIsNone(count: Int) {
        #expect(ShareClaim(bytes: [UInt8](repeating: 0, count: count)) == nil)
    }

    @Test func entryIsSegmentAndPlace() {
        #expect(LedgerEntry(segment: 3, place: 5).number == 3 * 262_144 + 5)
        #expect(LedgerEntry(3 * 262_144 + 5) == LedgerEntry(segment: 3, place: 5))
        #expect(LedgerEntry.numbers(of: 1) == 262_144...524_287)
    }

    @Test(arguments: [(1_024, 1_024), (65_536, 1_024), (65_537, 2_048), (262_144, 4_096)])
    func placesDivideASegmentIntoSixtyFour(count: Int, rows: Int) {
        #expect(RollupPlaces.rowsPerBit(count: count) == rows)
        var places = RollupPlaces()
        places.insert(0)
        places.insert(count - 1)
        #expect(places.stored(count: count) == 1 | UInt64(1) << UInt64((count - 1) / rows))
    }
}
