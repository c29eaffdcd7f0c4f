/// One job of a simulated Ethash pool: a header hash that is the same for all miners.
final class EthashPoolJob: PoolJob {
    let position: JobPosition
    /// Nonces judged for it.
    var judged: Set<[UInt8]> = []
    let header: [UInt8]
    let seed: [UInt8]
    let height: Int

    init(
        _ position: JobPosition,
        _ configuration: SimulatedPoolConfiguration,
        using generator: inout SeededGenerator
    ) {
        self.position = position
        self.height = 6_600_000 + position.height
        // The header commits to the block before it and to the receiver.
        let previous = position.previousHash(chainSeed: configuration.chainSeed)
        self.header = DoubleSHA256.hash(previous + [position.payee] + generator.bytes(32))
        var seeds = SeededGenerator(seed: configuration.chainSeed ^ 0xe7a5)
        self.seed = seeds.bytes(32)
    }
}

/// Decides about shares of an Ethash pool.
struct EthashJudge {
    let unit: EthashUnit

    /// - Parameters:
    ///   - nonce: the whole nonce; nil if its digits are wrong.
    ///   - mix: the mix hash submitted, where the protocol submits one.
    func judge(nonce: [UInt8]?, mix: String?, issued: IssuedJob?, epoch: Int) -> Judgement {
        guard let issued, let job = issued.job as? EthashPoolJob else { return .refuse(21, "Job not found") }
        guard job.epoch >= epoch else { return .refuse(21, "Stale share") }
        guard let nonce, nonce.count == 8 else { return .refuse(20, "Invalid nonce size") }
        let ownMix = EthashStandIn.ofPools.mix(header: job.header, nonce: nonce)
        let hash = EthashStandIn.ofPools.hash(header: job.header, nonce: nonce, mix: ownMix)
        let difficulty = self.unit.difficulty(of: hash)
        if let mix, HexText.bytes(mix) != ownMix { return .refuse(20, "Invalid mix hash") }
        guard job.judged.insert(nonce).inserted else {
            return .refuse(22, "Duplicate share", shareDifficulty: difficulty)
        }
        guard hash <= issued.target else { return .refuse(23, "Low difficulty share", shareDifficulty: difficulty) }
        return Judgement(verdict: .accepted, shareDifficulty: difficulty)
    }
}
