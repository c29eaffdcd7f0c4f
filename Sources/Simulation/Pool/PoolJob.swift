/// One job of a simulated pool.
final class PoolJob {
    let id: String
    /// Blocks found before it.
    let height: Int
    /// Clean jobs up to and including it: a job of an older epoch is stale.
    let epoch: Int
    /// In header order.
    let previousHash: [UInt8]
    let coinbase1: [UInt8]
    let coinbase2: [UInt8]
    let branches: [[UInt8]]
    let version: UInt32
    let nbits: UInt32
    let ntime: UInt32
    /// Hashes of the headers judged for it, to find duplicates.
    var judgedHashes: Set<[UInt8]> = []

    init(
        id: String,
        height: Int,
        epoch: Int,
        configuration: SimulatedPoolConfiguration,
        ntime: UInt32,
        payoutScript: [UInt8],
        using generator: inout SeededGenerator
    ) {
        self.id = id
        self.height = height
        self.epoch = epoch
        self.previousHash = Self.previousHash(height: height, chainSeed: configuration.chainSeed)
        // A coinbase transaction: version, one input without a previous output whose script begins with the height (BIP 34)
        // and ends with the extranonces, one output, lock time.
        let number = UInt32(clamping: 800_000 + height)
        let script = [4] + (0..<4).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) } + generator.bytes(12)
        let extranonces = max(0, configuration.extranonce1Size) + max(0, configuration.extranonce2Size)
        self.coinbase1 =
            [1, 0, 0, 0, 1] + [UInt8](repeating: 0, count: 32) + [0xff, 0xff, 0xff, 0xff]
            + [UInt8(clamping: script.count + extranonces)] + script
        let value: [UInt8] = [0x20, 0x40, 0xaa, 0x12, 0, 0, 0, 0]
        self.coinbase2 =
            [0xff, 0xff, 0xff, 0xff, 1] + value + [UInt8(clamping: payoutScript.count)] + payoutScript + [0, 0, 0, 0]
        self.branches = (0..<min(max(configuration.merkleBranchCount, 0), 32)).map { _ in generator.bytes(32) }
        self.version = configuration.jobVersion
        self.nbits = configuration.networkBits
        self.ntime = ntime
    }

    /// The `mining.notify` line.
    func notification(clean: Bool) -> String {
        let branches = self.branches.map { "\"\(HexText.text($0))\"" }.joined(separator: ",")
        return """
            {"id":null,"method":"mining.notify","params":[\(JSONText.quoted(self.id)),\
            "\(HexText.text(ProofOfWork.swappingWords(self.previousHash)))",\
            "\(HexText.text(self.coinbase1))","\(HexText.text(self.coinbase2))",[\(branches)],\
            "\(HexText.text(self.version))","\(HexText.text(self.nbits))","\(HexText.text(self.ntime))",\(clean)]}
            """
    }

    /// The same for every pool of one chain, and as small as the hash of a block.
    private static func previousHash(height: Int, chainSeed: UInt64) -> [UInt8] {
        let block = UInt64(truncatingIfNeeded: height)
        var generator = SeededGenerator(seed: chainSeed &+ block &* 0xd134_2543_de82_ef95)
        return generator.bytes(22) + [UInt8](repeating: 0, count: 10)
    }
}

extension JobIDStyle {
    /// The id of the job with that number, counted from 0; `base` differs from pool to pool.
    func id(number: Int, base: UInt32) -> String {
        switch self {
        case .counter: HexText.text(base) + HexText.text(UInt32(truncatingIfNeeded: number))
        case .cycling: "\(number % 10)"
        case .prefixed: "0x\(HexText.text(base))_\(number)"
        }
    }
}
