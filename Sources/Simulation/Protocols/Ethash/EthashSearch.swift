/// The search through the nonces of one header.
struct EthashSearch {
    let jobID: String
    let header: [UInt8]
    let target: Number256
    /// What the miner calls the difficulty of the target.
    let difficulty: Double
    /// The first bytes of every nonce, which are not the miner's.
    var extranonce: [UInt8] = []
    /// Where the search goes on; miners of one header without an extranonce rely on different starts.
    var next: UInt64

    /// A start that differs from miner to miner and from job to job.
    static func start(_ user: String, _ job: String) -> UInt64 {
        FastHash.sha256(Array("\(user) \(job)".utf8)).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Tries the next `count` nonces, and writes the shares down as `configuration` wants them submitted.
    mutating func run(
        _ count: Int,
        _ configuration: SimulatedMinerConfiguration,
        unit: EthashUnit,
        sendsMix: Bool = false
    ) -> [FoundShare] {
        var found: [FoundShare] = []
        for _ in 0..<count {
            let number = (0..<8).reversed().map { UInt8(truncatingIfNeeded: self.next >> (8 * UInt64($0))) }
            let own = Array(number.dropFirst(self.extranonce.count))
            self.next &+= 1
            let nonce = self.extranonce + own
            let mix = EthashStandIn.ofMiners.mix(header: self.header, nonce: nonce)
            let hash = EthashStandIn.ofMiners.hash(header: self.header, nonce: nonce, mix: mix)
            guard hash <= self.target else { continue }
            let digits = HexText.text(configuration.mistake == .nonceOrder ? own.reversed() : own)
            let sent = configuration.sendsFalseProofs ? [~mix[0]] + mix.dropFirst() : mix
            let claim = ShareClaim(
                jobID: self.jobID,
                nonce: String(digits.dropLast(configuration.ethash.missingNonceDigits)),
                proof: sendsMix ? HexText.text(sent) : nil
            )
            found.append(
                FoundShare(
                    claim: claim,
                    extranonce1: HexText.text(self.extranonce),
                    difficulty: self.difficulty,
                    shareDifficulty: unit.difficulty(of: hash)
                )
            )
        }
        return found
    }
}
