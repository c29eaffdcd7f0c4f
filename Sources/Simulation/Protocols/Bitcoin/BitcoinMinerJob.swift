import Stratum

/// A `mining.notify` of Bitcoin as a miner reads it, with what was in force when it came.
struct BitcoinMinerJob {
    let id: String
    let previousHash: [UInt8]
    let coinbase1: [UInt8]
    let coinbase2: [UInt8]
    let branches: [[UInt8]]
    let version: UInt32
    let nbits: UInt32
    let ntime: UInt32
    let isClean: Bool
    var difficulty: Double
    var extranonce1: [UInt8]
    var extranonce2Size: Int

    /// Nil if the parameters are not those of a job.
    init?(_ params: [JSONValue], difficulty: Double, extranonce1: [UInt8], extranonce2Size: Int) {
        guard params.count >= 9,
            let id = params[0].string,
            let previousHash = params[1].string.flatMap(HexText.bytes), previousHash.count == 32,
            let coinbase1 = params[2].string.flatMap(HexText.bytes),
            let coinbase2 = params[3].string.flatMap(HexText.bytes),
            let branches = params[4].array?.map({ $0.string.flatMap(HexText.bytes) ?? [] }),
            branches.allSatisfy({ $0.count == 32 }),
            let version = params[5].string.flatMap(HexText.number),
            let nbits = params[6].string.flatMap(HexText.number),
            let ntime = params[7].string.flatMap(HexText.number),
            case .bool(let isClean) = params[8]
        else { return nil }
        self.id = id
        self.previousHash = previousHash
        self.coinbase1 = coinbase1
        self.coinbase2 = coinbase2
        self.branches = branches
        self.version = version
        self.nbits = nbits
        self.ntime = ntime
        self.isClean = isClean
        self.difficulty = difficulty
        self.extranonce1 = extranonce1
        self.extranonce2Size = extranonce2Size
    }

    /// Bytes of the whole coinbase.
    var coinbaseSize: Int {
        self.coinbase1.count + self.extranonce1.count + self.extranonce2Size + self.coinbase2.count
    }
}
