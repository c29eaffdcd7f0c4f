import Stratum
import Testing

@Suite struct EquihashVerifierTests {
    /// The input of Zcash's vectors for 96,5 (src/test/equihash_tests.cpp), with nonce 1.
    private static let header =
        Array("Equihash is an asymmetric PoW based on the Generalised Birthday problem.".utf8)
        + [1] + [UInt8](repeating: 0, count: 31)

    private static let solved: [UInt32] = [
        2261, 15185, 36112, 104243, 23779, 118390, 118332, 130041, 32642, 69878, 76925, 80080, 45858, 116805, 92842,
        111026, 15972, 115059, 85191, 90330, 68190, 122819, 81830, 91132, 23460, 49807, 52426, 80391, 69567, 114474,
        104973, 122568,
    ]

    private static func verdict(_ indices: [UInt32]) -> EquihashVerdict {
        EquihashVerifier(parameters: .minexcoin, personalization: .zcash).verify(
            header: self.header,
            solution: EquihashIndices.pack(indices, parameters: .minexcoin)
        )
    }

    @Test func solvedVectorIsValid() {
        #expect(Self.verdict(Self.solved) == .valid)
    }

    @Test func changedIndexHasNoCollision() {
        #expect(Self.verdict([2262] + Self.solved.dropFirst()) == .noCollision(round: 1))
        #expect(Self.verdict(Self.solved.sorted()) == .noCollision(round: 1))
        // Collisions of later rounds: neighbours stay together, but not the pairs of pairs.
        let (first, second) = (Self.solved[2..<4], Self.solved[10..<12])
        let regrouped = Self.solved[..<2] + second + Self.solved[4..<10] + first + Self.solved[12...]
        #expect(Self.verdict(Array(regrouped)) == .noCollision(round: 2))
    }

    @Test func exchangedHalvesAreOutOfOrder() {
        for round in 1...5 {
            let half = 1 << (round - 1)
            for start in stride(from: 0, to: 32, by: 2 * half) {
                var indices = Self.solved
                indices.replaceSubrange(
                    start..<start + 2 * half,
                    with: Self.solved[start + half..<start + 2 * half] + Self.solved[start..<start + half]
                )
                // The rule of an outer round may be broken as well, but rounds are looked at from the first.
                #expect(Self.verdict(indices) == .wrongOrder(round: round))
            }
        }
    }

    @Test func repeatedIndicesAreFound() {
        let half = Array(Self.solved[..<16])
        #expect(Self.verdict(half.flatMap { [$0, $0] }) == .duplicateIndex(2261))
        #expect(Self.verdict(half + half) == .duplicateIndex(2261))
        #expect(Self.verdict(Self.solved.dropLast() + [104_973]) == .duplicateIndex(104_973))
        // Indices that all have their place at the same spot of the table that finds them.
        #expect(Self.verdict((0..<32).map { _ in 131_071 }) == .duplicateIndex(131_071))
        #expect(Self.verdict((0..<32).map { $0 }) == .noCollision(round: 1))
    }

    /// A tree whose rounds all collide while the last n/(k+1) bits do not cancel.
    @Test func leftoverBitsAreFound() {
        let indices: [UInt32] = [
            0, 323, 278, 511, 11, 388, 425, 460, 16, 482, 82, 334, 208, 477, 405, 459, 27, 186, 31, 436, 58, 135, 212,
            268, 122, 154, 202, 349, 143, 146, 229, 240,
        ]
        let verifier = EquihashVerifier(parameters: .regtest, personalization: .zcash)
        let verdict = verifier.verify(
            header: [UInt8](repeating: 0, count: 140),
            solution: EquihashIndices.pack(indices, parameters: .regtest)
        )
        #expect(verdict == .notZero)
    }

    /// A tree of 32 indices cannot be judged by other parameters than its own.
    @Test func otherLengthsAreRefused() {
        for parameters in EquihashParameters.supported {
            let verifier = EquihashVerifier(parameters: parameters, personalization: .zcash)
            let expected = parameters.solutionByteCount
            for count in [0, 1, expected - 1, expected + 1, 100_000] {
                let solution = [UInt8](repeating: 0xFF, count: count)
                #expect(
                    verifier.verify(header: [], solution: solution)
                        == .wrongLength(byteCount: count, expected: expected)
                )
            }
            let zeros = [UInt8](repeating: 0, count: expected)
            #expect(verifier.verify(header: [], solution: zeros) == .duplicateIndex(0))
        }
    }

    // MARK: The library that hashes

    @Test(arguments: [(15, 50), (17, 50), (0, 50), (16, 0), (16, 65), (16, -1)])
    func sizesThatTheLibraryRefusesMakeNoState(personalCount: Int, digestByteCount: Int) {
        let personal = [UInt8](repeating: 0, count: personalCount)
        #expect(BLAKE2bState(personal: personal, digestByteCount: digestByteCount, hashing: []) == nil)
    }

    @Test func aDigestNeedsRoom() throws {
        let personal = [UInt8](repeating: 0, count: 16)
        let state = try #require(BLAKE2bState(personal: personal, digestByteCount: 50, hashing: Self.header))
        for (count, isDone) in [(0, false), (49, false), (50, true), (64, true)] {
            var output = [UInt8](repeating: 0, count: count)
            #expect(output.withUnsafeMutableBytes { state.digest(appending: 1, into: $0) } == isDone, "\(count)")
            #expect(output.contains { $0 != 0 } == isDone, "\(count)")
        }
    }

    @Test func aLibraryThatDoesNotHashRefusesTheRoute() throws {
        #expect(BLAKE2bState.isUsable)
        for options in [[:], ["validate": "sample"]] {
            let error = #expect(throws: DialectOptionError.self) {
                try EquihashDialect(DialectOptions(options), canHash: false)
            }
            #expect(error?.option == "validate" && error?.description.contains("libsodium") == true)
        }
        _ = try EquihashDialect(DialectOptions(["validate": "off"]), canHash: false)
    }
}
