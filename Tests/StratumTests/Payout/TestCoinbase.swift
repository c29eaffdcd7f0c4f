import Stratum

/// A coinbase whose outputs the test chooses.
enum TestCoinbase {
    /// The bytes of both extranonces, which end the input's script.
    static let extranonceCount = 12
    /// The coinbase before the extranonces.
    static let part1 = bytes("0100000001" + String(repeating: "00", count: 32) + "ffffffff" + "10" + "03350100")

    /// The script of a P2WPKH output to a hash of twenty times `byte`.
    static func script(_ byte: UInt8) -> [UInt8] {
        [0x00, 0x14] + Array(repeating: byte, count: 20)
    }

    /// The coinbase after the extranonces; fewer than 253 outputs, each script of fewer than 253 bytes.
    static func part2(_ outputs: [(value: UInt64, script: [UInt8])]) -> [UInt8] {
        bytes("ffffffff") + [UInt8(outputs.count)]
            + outputs.flatMap { Self.output(value: $0.value, script: $0.script) } + bytes("00000000")
    }

    /// The coinbase after the extranonces, which pays one unit to each of `scripts`.
    static func part2(paying scripts: [[UInt8]]) -> [UInt8] {
        Self.part2(scripts.map { (1, $0) })
    }

    /// One serialised output.
    static func output(value: UInt64, script: [UInt8]) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) } + [UInt8(script.count)] + script
    }
}
