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
        using generator: inout SeededGenerator
    ) {
        self.id = id
        self.height = height
        self.epoch = epoch
        self.previousHash = Self.previousHash(height: height, chainSeed: configuration.chainSeed)
        // The fixed start of a coinbase transaction: version, one input, no previous output, script length to come.
        self.coinbase1 =
            [1, 0, 0, 0, 1] + [UInt8](repeating: 0, count: 32) + [0xff, 0xff, 0xff, 0xff] + generator.bytes(20)
        self.coinbase2 = generator.bytes(60) + [0, 0, 0, 0]
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

    /// The same for every pool of one chain, and looking like a hash of little value.
    private static func previousHash(height: Int, chainSeed: UInt64) -> [UInt8] {
        let block = UInt64(truncatingIfNeeded: height)
        var generator = SeededGenerator(seed: chainSeed &+ block &* 0xd134_2543_de82_ef95)
        return generator.bytes(24) + [UInt8](repeating: 0, count: 8)
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
