import Stratum

/// An Equihash job as a miner reads it, with what was in force when it came.
struct EquihashMinerJob {
    let id: String
    /// Version, previous hash, merkle root and reserved, the first 100 bytes of the header.
    let beginning: [UInt8]
    let previousHash: [UInt8]
    let time: [UInt8]
    let bits: [UInt8]
    let isClean: Bool
    let target: Number256
    let nonce1: [UInt8]

    /// Nil if the parameters are not those of a job, or of one of another version.
    init?(_ params: [JSONValue], target: Number256, nonce1: [UInt8]) {
        guard params.count >= 8, let id = params[0].string, case .bool(let isClean) = params[7] else { return nil }
        let fields = params[1...6].map { $0.string.flatMap(HexText.bytes) ?? [] }
        guard fields.map(\.count) == [4, 32, 32, 32, 4, 4], fields[0] == [4, 0, 0, 0] else { return nil }
        self.id = id
        self.beginning = fields[0] + fields[1] + fields[2] + fields[3]
        self.previousHash = fields[1]
        self.time = fields[4]
        self.bits = fields[5]
        self.isClean = isClean
        self.target = target
        self.nonce1 = nonce1
    }
}

/// The search through the nonces of one job.
struct EquihashSearch {
    let job: EquihashMinerJob
    private let mistake: MinerMistake?
    private let solver = EquihashSolver(
        parameters: EquihashPuzzle.parameters,
        personalization: EquihashPuzzle.personalization
    )
    private var count: UInt64 = 0

    init(_ job: EquihashMinerJob, mistake: MinerMistake?) {
        self.job = job
        self.mistake = mistake
    }

    /// Solves the next `count` headers. Finds what meets the target.
    mutating func run(_ count: Int) -> [(nonce2: [UInt8], solution: [UInt8], number: Number256)] {
        var found: [(nonce2: [UInt8], solution: [UInt8], number: Number256)] = []
        for _ in 0..<count {
            let nonce2 = self.takeNonce2()
            let isSwapped = self.mistake == .extranonceOrder
            let nonce = isSwapped ? nonce2 + self.job.nonce1 : self.job.nonce1 + nonce2
            let header = self.job.beginning + self.job.time + self.job.bits + nonce
            for solution in self.solver.solutions(header: header) {
                let number = EquihashPuzzle.number(header: header, solution: solution, sha256d: FastHash.sha256d)
                guard number <= self.job.target else { continue }
                found.append((self.mistake == .nonceOrder ? nonce2.reversed() : nonce2, solution, number))
            }
        }
        return found
    }

    /// Counts from 1, so that the bytes read backwards are another number.
    private mutating func takeNonce2() -> [UInt8] {
        self.count &+= 1
        let size = max(EquihashPuzzle.nonceSize - self.job.nonce1.count, 0)
        return (0..<size).map { UInt8(truncatingIfNeeded: $0 < 8 ? self.count >> (8 * UInt64($0)) : 0) }
    }
}
