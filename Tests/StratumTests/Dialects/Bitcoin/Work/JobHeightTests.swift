import Testing

@testable import Stratum

@Suite struct JobHeightTests {
    private static let outpoint = String(repeating: "00", count: 32) + "ffffffff"
    private static let other = String(repeating: "11", count: 32)
    private static let start = "01000000" + "01" + Self.outpoint

    private static func bytes(_ hex: String) -> [UInt8] {
        let digits = hex.compactMap(\.hexDigitValue)
        return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }

    @Test(
        arguments: [
            // As real pools send it.
            ("1d0325b00d04db9691e48100f3c200", 897_061),
            ("64037f4f0637e4b883e5bda9e7a59e", 413_567),
            ("270390d003062f503253482f04bf73", 250_000),
            ("20020862062f503253482f04b8864e", 25_096),
            ("330135000420e9026b044e5023360c", 53),
            ("6403c7d70c2cfabe6d6d", 841_671),
            ("0c03c7d70c", 841_671),
            ("0403ffff7f", 8_388_607),
            ("050480969800", 10_000_000),
            ("0504ffe0f505", 99_999_999),
            ("0602e703", 999),
            ("060111", 17),
            ("0651", 1),
            ("0660", 16),
            ("060100", 0),
        ] as [(String, Int)])
    func theHeightIsRead(script: String, height: Int) {
        #expect(Job.height(coinbase1: Self.bytes(Self.start + script)) == height)
    }

    @Test(
        arguments: [
            ("nothing", ""),
            ("no script", Self.start),
            ("an empty script", Self.start + "00"),
            ("no push", Self.start + "06"),
            ("a cut push", Self.start + "0603c712"),
            ("a push that is longer than the script", Self.start + "0303c7d70c"),
            ("a push of nothing", Self.start + "0600c7d70c"),
            ("a push of five bytes", Self.start + "0605c7d70c0000"),
            ("another operation", Self.start + "0661c7d70c"),
            ("a negative number", Self.start + "0603c7d78c"),
            ("a target in its place, as before BIP 34", Self.start + "0704ffff001d"),
            ("100,000,000", Self.start + "070400e1f505"),
            ("a script that is too long", Self.start + "6503c7d70c"),
            ("a script length of three bytes", Self.start + "fd0a0003c7d70c"),
            ("two inputs", "01000000" + "02" + Self.outpoint + "06" + "03c7d70c"),
            ("another transaction", "01000000" + "01" + Self.other + "ffffffff" + "0603c7d70c"),
            ("another output", "01000000" + "01" + String(Self.outpoint.dropLast(8)) + "00000000" + "0603c7d70c"),
            ("a time after the version", "01000000" + "5f5e1000" + "01" + Self.outpoint + "06" + "03c7d70c"),
            ("a time that looks like a count", "01000000" + "015e105f" + "01" + Self.outpoint + "06" + "03c7d70c"),
        ] as [(String, String)])
    func whatIsNoHeightIsRefused(title: String, coinbase: String) {
        #expect(Job.height(coinbase1: Self.bytes(coinbase)) == nil)
    }

    @Test(arguments: 1...50 as ClosedRange<UInt64>)
    func anyBytesAreRead(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            let tail = (0..<Int.random(in: 0...12, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random)
            }
            let height = Job.height(coinbase1: Self.bytes(Self.start) + tail)
            #expect(height.map { 0..<100_000_000 ~= $0 } != false, "seed \(seed)")
        }
    }
}
