import Stratum

/// The puzzle that simulated pools and miners of Equihash use, and the bytes around it. A header is 140 bytes: version,
/// previous hash, merkle root, reserved, time, bits, NONCE_1 ‖ NONCE_2, everything as it came over the wire.
enum EquihashPuzzle {
    static let parameters = EquihashParameters.regtest
    static let personalization = EquihashPersonalization.zcash
    /// 36 bytes of solution and one for their number.
    static let solutionPrefix: [UInt8] = [36]
    /// As NiceHash and s-nomp name it.
    static let names = ["48_5", "ZcashPoW"]
    /// NONCE_1 and NONCE_2 together.
    static let nonceSize = 32

    /// What is compared with the target: the hash of header and solution taken as a little-endian number.
    static func number(header: [UInt8], solution: [UInt8], sha256d: ([UInt8]) -> [UInt8]) -> Number256 {
        Number256(padding: sha256d(header + Self.solutionPrefix + solution).reversed())
    }

    /// ⌊(2²⁴³ − 1) / difficulty⌋, after the powLimit of Zcash.
    static func target(difficulty: Double) -> Number256 {
        Number256(ones: 243, zeros: 0, dividedBy: difficulty)
    }

    /// The difficulty of a target, or the one that a hash reaches.
    static func difficulty(of number: Number256) -> Double {
        0x1p243 / max(number.double, 1)
    }
}

/// One job of a simulated Equihash pool, each field in the bytes it has in the header.
final class EquihashPoolJob: PoolJob {
    let position: JobPosition
    /// Headers and solutions judged for it.
    var judged: Set<[UInt8]> = []
    let version: [UInt8] = [4, 0, 0, 0]
    let previousHash: [UInt8]
    let merkleRoot: [UInt8]
    let reserved: [UInt8]
    let bits: [UInt8] = [0xff, 0xff, 0x07, 0x1d]

    init(
        _ position: JobPosition,
        _ configuration: SimulatedPoolConfiguration,
        using generator: inout SeededGenerator
    ) {
        self.position = position
        self.previousHash = position.previousHash(chainSeed: configuration.chainSeed)
        // The coinbase is the pool's alone; what it pays shows in the root only.
        self.merkleRoot = DoubleSHA256.hash([position.payee] + generator.bytes(32))
        self.reserved = generator.bytes(32)
    }

    /// Little-endian.
    var time: [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: self.position.time >> (8 * UInt32($0))) } }

    /// The 140 bytes.
    func header(time: [UInt8], nonce: [UInt8]) -> [UInt8] {
        self.version + self.previousHash + self.merkleRoot + self.reserved + time + self.bits + nonce
    }

    /// The `mining.notify` line.
    func notification(clean: Bool, namesPuzzle: Bool) -> String {
        let fields = [self.version, self.previousHash, self.merkleRoot, self.reserved, self.time, self.bits]
        let texts = ([self.position.id] + fields.map { HexText.text($0) }).map(JSONText.quoted)
        let names = namesPuzzle ? EquihashPuzzle.names.map(JSONText.quoted) : []
        return MiningLine.notification("mining.notify", texts + ["\(clean)"] + names)
    }
}
