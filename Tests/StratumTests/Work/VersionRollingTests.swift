import Stratum
import Testing

@Suite struct VersionRollingTests {
    private static let mask: UInt32 = 0x1FFF_E000

    @Test(
        arguments: [
            // No bits: the version as it is.
            (0x2000_0000, mask, nil, [0x2000_0000]),
            // All readings agree.
            (0x2000_0000, mask, 0x0A5C_6000, [0x2A5C_6000]),
            (0x2000_0000, mask, 0, [0x2000_0000]),
            // The job has bits inside the mask: replaced, then added.
            (0x3FFF_E004, mask, 0x0000_4000, [0x2000_4004, 0x3FFF_E004]),
            (0x2000_2000, mask, 0x0000_4000, [0x2000_4000, 0x2000_6000]),
            // A full version.
            (0x2000_0000, mask, 0x2A5C_6000, [0x2A5C_6000]),
            (0x2000_2000, mask, 0x2000_4000, [0x2000_4000]),
            // Everything inside the mask.
            (0x0000_2000, mask, 0x0000_4000, [0x0000_4000, 0x0000_6000]),
            (0x1234_5678, 0xFFFF_FFFF, 0x8765_4321, [0x8765_4321, 0x9775_5779]),
            // Outside the mask.
            (0x2000_0000, mask, 0x0A5C_6001, []),
            (0x2000_0000, mask, 0x4000_0000, []),
            // No mask: only nothing or the version itself.
            (0x2000_0000, 0, 0x0000_2000, []), (0x2000_0000, 0, 0, [0x2000_0000]),
            (0x2000_0000, 0, 0x2000_0000, [0x2000_0000]),
        ] as [(UInt32, UInt32, UInt32?, [UInt32])]
    )
    func bitsMakeTheseVersions(jobVersion: UInt32, mask: UInt32, bits: UInt32?, expected: [UInt32]) {
        let candidates = VersionRolling.candidates(jobVersion: jobVersion, mask: mask, bits: bits)
        #expect(Array(candidates) == expected)
        #expect(candidates.count == expected.count)
    }
}
