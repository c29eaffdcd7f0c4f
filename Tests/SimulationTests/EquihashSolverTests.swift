import Simulation
import Stratum
import Testing

@Suite struct EquihashSolverTests {
    /// The mean is 0.74 for 48,5 with a standard deviation of 1.13, so 149 ± 16 are expected of 200 nonces; the bounds
    /// are five standard deviations away.
    @Test func solutionsVerifyAndAreAsManyAsExpected() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        let solver = EquihashSolver(parameters: .regtest, personalization: .zcash)
        let verifier = EquihashVerifier(parameters: .regtest, personalization: .zcash)
        var found = 0
        for _ in 0..<200 {
            let header = generator.bytes(140)
            let solutions = solver.solutions(header: header)
            #expect(Set(solutions).count == solutions.count, "seed \(seed)")
            for solution in solutions {
                #expect(verifier.verify(header: header, solution: solution) == .valid, "seed \(seed)")
            }
            found += solutions.count
        }
        #expect((70...230).contains(found), "\(found) solutions, seed \(seed)")
    }

    /// Headers and all their solutions, from Zcash's src/test/equihash_tests.cpp.
    @Test(
        arguments: [
            (
                "block header", 1,
                [
                    [
                        1911, 96020, 94086, 96830, 7895, 51522, 56142, 62444, 15441, 100732, 48983, 64776, 27781, 85932,
                        101138, 114362, 4497, 14199, 36249, 41817, 23995, 93888, 35798, 96337, 5530, 82377, 66438,
                        85247,
                        39332, 78978, 83015, 123505,
                    ]
                ]
            ),
            (
                "Test case with 3+-way collision in the final round.", 0x07F0,
                [
                    [
                        1162, 129543, 57488, 82745, 18311, 115612, 20603, 112899, 5635, 103373, 101651, 125986, 52160,
                        70847,
                        65152, 101720, 5810, 43165, 64589, 105333, 11347, 63836, 55495, 96392, 40767, 81019, 53976,
                        94184,
                        41650, 114374, 45109, 57038,
                    ],
                    [
                        2321, 121781, 36792, 51959, 21685, 67596, 27992, 59307, 13462, 118550, 37537, 55849, 48994,
                        58515,
                        78703, 100100, 11189, 98120, 45242, 116128, 33260, 47351, 61550, 116649, 11927, 20590, 35907,
                        107966, 28779, 57407, 54793, 104108,
                    ],
                    [
                        2321, 121781, 36792, 51959, 21685, 67596, 27992, 59307, 13462, 118550, 37537, 55849, 48994,
                        78703,
                        58515, 100100, 11189, 98120, 45242, 116128, 33260, 47351, 61550, 116649, 11927, 20590, 35907,
                        107966, 28779, 57407, 54793, 104108,
                    ],
                    [
                        2321, 121781, 36792, 51959, 21685, 67596, 27992, 59307, 13462, 118550, 37537, 55849, 48994,
                        100100,
                        58515, 78703, 11189, 98120, 45242, 116128, 33260, 47351, 61550, 116649, 11927, 20590, 35907,
                        107966, 28779, 57407, 54793, 104108,
                    ],
                    [
                        4488, 83544, 24912, 62564, 43206, 62790, 68462, 125162, 6805, 8886, 46937, 54588, 15509, 126232,
                        19426, 27845, 5959, 56839, 38806, 102580, 11255, 63258, 23442, 39750, 13022, 22271, 24110,
                        52077,
                        17422, 124996, 35725, 101509,
                    ],
                    [
                        8144, 33053, 33933, 77498, 21356, 110495, 42805, 116575, 27360, 48574, 100682, 102629, 50754,
                        64608,
                        96899, 120978, 11924, 74422, 49240, 106822, 12787, 68290, 44314, 50005, 38056, 49716, 83299,
                        95307,
                        41798, 82309, 94504, 96161,
                    ],
                ]
            ),
        ] as [(String, UInt16, [[UInt32]])])
    func allSolutionsAreFound(text: String, nonce: UInt16, expected: [[UInt32]]) {
        let nonceBytes = [UInt8(truncatingIfNeeded: nonce), UInt8(truncatingIfNeeded: nonce >> 8)]
        let header = Array(text.utf8) + nonceBytes + [UInt8](repeating: 0, count: 30)
        let solver = EquihashSolver(parameters: .minexcoin, personalization: .zcash)
        let found = solver.solutions(header: header)
        #expect(Set(found) == Set(expected.map { EquihashIndices.pack($0, parameters: .minexcoin) }))
        #expect(found.count == expected.count)
    }
}
