/// One job of a simulated Bitcoin pool.
final class BitcoinPoolJob: PoolJob {
    let position: JobPosition
    /// In header order.
    let previousHash: [UInt8]
    let coinbase1: [UInt8]
    let coinbase2: [UInt8]
    let branches: [[UInt8]]
    let version: UInt32
    let nbits: UInt32
    let ntime: UInt32
    /// Hashes of the headers judged for it.
    var judged: Set<[UInt8]> = []

    init(
        _ position: JobPosition,
        _ configuration: SimulatedPoolConfiguration,
        using generator: inout SeededGenerator
    ) {
        self.position = position
        self.previousHash = position.previousHash(chainSeed: configuration.chainSeed)
        // A coinbase transaction: version, one input without a previous output whose script begins with the height (BIP 34)
        // and ends with the extranonces, one output, lock time.
        let number = UInt32(clamping: 800_000 + position.height)
        let script = [4] + (0..<4).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) } + generator.bytes(12)
        let extranonces = max(0, configuration.extranonce1Size) + max(0, configuration.extranonce2Size)
        self.coinbase1 =
            [1, 0, 0, 0, 1] + [UInt8](repeating: 0, count: 32) + [0xff, 0xff, 0xff, 0xff]
            + [UInt8(clamping: script.count + extranonces)] + script
        let payoutScript = Self.payoutScript(position.payee, seed: configuration.seed)
        let value: [UInt8] = [0x20, 0x40, 0xaa, 0x12, 0, 0, 0, 0]
        self.coinbase2 =
            [0xff, 0xff, 0xff, 0xff, 1] + value + [UInt8(clamping: payoutScript.count)] + payoutScript + [0, 0, 0, 0]
        self.branches = (0..<min(max(configuration.merkleBranchCount, 0), 32)).map { _ in generator.bytes(32) }
        self.version = configuration.jobVersion
        self.nbits = configuration.networkBits
        self.ntime = position.time
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

    /// A pay-to-witness-public-key-hash output.
    private static func payoutScript(_ payee: UInt8, seed: UInt64) -> [UInt8] {
        [0, 20] + [UInt8](repeating: payee, count: 19) + [UInt8(truncatingIfNeeded: seed)]
    }
}
