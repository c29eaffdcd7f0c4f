import Stratum

/// A CryptoNote job as a miner reads it.
struct CryptonoteMinerJob {
    let id: String
    let blob: [UInt8]
    let target: CryptonoteTarget
    let targetText: String
    let algorithm: String?
    let seedHash: [UInt8]?
    let session: String?

    /// Nil if it lacks what every job has.
    init?(_ job: JSONObject?) {
        guard let id = job?["job_id"]?.string, !id.isEmpty,
            let blob = job?["blob"]?.string.flatMap(HexText.bytes), (43..<408).contains(blob.count),
            let targetText = job?["target"]?.string, let target = CryptonoteTarget(hex: targetText)
        else { return nil }
        self.id = id
        self.blob = blob
        self.target = target
        self.targetText = targetText
        self.algorithm = job?["algo"]?.string
        self.seedHash = job?["seed_hash"]?.string.flatMap(HexText.bytes)
        self.session = job?["id"]?.string
    }

    /// The 32 bytes before the nonce.
    var previousID: [UInt8] { Array(self.blob[7..<39]) }

    /// What XMRig compares to find out that it was sent the same job again.
    func isSame(as other: CryptonoteMinerJob) -> Bool {
        self.id == other.id && self.blob == other.blob && self.targetText == other.targetText
    }
}

/// The search through the nonces of one CryptoNote job.
struct CryptonoteSearch {
    private let job: CryptonoteMinerJob
    /// The last nonce byte is not the miner's.
    private let keepsByte: Bool
    private var count: UInt32 = 0
    private(set) var isExhausted = false

    init(_ job: CryptonoteMinerJob, keepsByte: Bool) {
        self.job = job
        self.keepsByte = keepsByte
    }

    /// Tries the next `count` nonces.
    mutating func run(_ count: Int) -> [(nonce: [UInt8], hash: [UInt8])] {
        var found: [(nonce: [UInt8], hash: [UInt8])] = []
        for _ in 0..<count where !self.isExhausted {
            let nonce = self.takeNonce()
            guard let blob = CryptonoteWork.blob(self.job.blob, nonce: nonce) else { continue }
            let hash = FastHash.sha256d(blob)
            if self.job.target.isMet(by: hash) { found.append((nonce, hash)) }
        }
        return found
    }

    private mutating func takeNonce() -> [UInt8] {
        // An odd factor visits every nonce once, with 24 bits as with 32.
        let number = self.count &* 0x9e37_79b1
        self.count &+= 1
        self.isExhausted = self.count == (self.keepsByte ? 1 << 24 : 0)
        let bytes = (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * UInt32($0))) }
        return self.keepsByte ? bytes.dropLast() + [self.job.blob[42]] : bytes
    }
}
