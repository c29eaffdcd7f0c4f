import NIOCore
import Stratum
import Testing

@Suite struct CryptoNoteTargetTests {
    @Test(arguments: [
        "", "00", "00000000", "0000000000000000", "711b0d", "711b0d0", "711b0d000", "711b0d0g", "0x711b0d",
    ])
    func otherFormsAreNoTarget(text: String) {
        #expect(CryptoNoteTarget(hex: text) == nil)
    }

    @Test(
        arguments: [
            (Double.nan, 1), (-5, 1), (0, 1), (0.5, 1), (1, 1), (1.000001, 2), (10_000.25, 10_001), (1e300, .max),
            (.infinity, .max), (-.infinity, 1), (0x1p64, .max), (0x1p63, 1 << 63), (0x1.fffffffffffffp63, .max - 2047),
        ] as [(Double, UInt64)])
    func anyNumberBecomesAWholeDifficulty(difficulty: Double, whole: UInt64) {
        #expect(CryptoNoteTarget.whole(difficulty) == whole)
        #expect(CryptoNoteTarget.eightBytes(difficulty: whole).contains { $0 != 0 })
    }

    @Test func plainNumbersAreForOneAlgorithm() throws {
        #expect(CryptoNoteTarget(plainHex: "6f5e66e8")?.value == 0x6f5e_66e8)
        #expect(CryptoNoteTarget(plainHex: "0") == nil)
        #expect(CryptoNoteTarget(plainHex: "12345678901234567") == nil)
    }

    @Test func hashOfZeroIsWorthTheMost() {
        #expect(CryptoNoteTarget.difficulty(of: 0) == .max)
        #expect(CryptoNoteTarget.difficulty(of: .max) == 1)
    }

    /// A share that meets what was sent is worth no less than what was asked for.
    @Test func noFormIsEasierThanWhatItStandsFor() throws {
        let seed: UInt64 = 0xC0DE_0001
        print("seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        let (_, upstream) = try CryptoNoteLink.ready()
        for round in 0..<400 {
            let difficulty = Double.random(in: 0...45, using: &generator)
            let asked = difficulty < 1 ? 1.5 : pow2(difficulty)
            var rig = try CryptoNoteRig()
            try rig.logIn()
            let work = try rig.issue(upstream)
            let reply = rig.deliver(work, upstream, difficulty: asked)
            let job = try #require(try CryptoNoteSamples.object(reply)["result"]?.object?["job"]?.object)
            let target = try #require(job["target"]?.string.flatMap { CryptoNoteTarget(hex: $0) })
            #expect(Double(target.difficulty) >= asked, "seed \(seed), round \(round)")
            for (hash, isGood) in [(target.value - 1, true), (target.value, false)] {
                let digits = (0..<8).map { UInt8(truncatingIfNeeded: hash >> UInt64($0 * 8)) }
                let result = String(repeating: "0", count: 48) + hex(digits)
                let submission = try rig.submission(CryptoNoteSamples.submit(result: result))
                guard case .judged(let judged) = rig.judge(submission, work, upstream, difficulty: asked) else {
                    Issue.record("seed \(seed), round \(round)")
                    continue
                }
                #expect(judged.meetsDifficulty == isGood, "seed \(seed), round \(round): \(asked)")
                #expect(!isGood || judged.shareDifficulty >= asked, "seed \(seed), round \(round): \(asked)")
            }
        }
    }

    /// 2 to the power of `exponent`, by steps of which each is exact enough.
    private func pow2(_ exponent: Double) -> Double {
        let whole = exponent.rounded(.down)
        return Double(sign: .plus, exponent: Int(whole), significand: 1 + (exponent - whole))
    }
}
