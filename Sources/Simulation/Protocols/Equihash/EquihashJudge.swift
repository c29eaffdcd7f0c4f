import Stratum

/// Decides about shares of an Equihash pool.
struct EquihashJudge {
    let ntimeRule: NTimeRule

    /// Judges a share for `issued`, the job its id stands for, and remembers it.
    ///
    /// - Parameter epoch: the pool's, which tells stale jobs.
    func judge(_ claim: ShareClaim, issued: IssuedJob?, epoch: Int) -> Judgement {
        guard let issued, let job = issued.job as? EquihashPoolJob else { return .refuse(21, "Job not found") }
        guard job.epoch >= epoch else { return .refuse(21, "Stale") }
        guard let time = HexText.bytes(claim.ntime), time.count == 4, self.allows(time, for: job) else {
            return .refuse(20, "Ntime out of range")
        }
        let size = EquihashPuzzle.nonceSize - issued.extranonce1.count
        guard let nonce2 = HexText.bytes(claim.extranonce2), nonce2.count == size else {
            return .refuse(20, "Invalid nonce2 length")
        }
        let prefix = EquihashPuzzle.solutionPrefix
        guard let proof = claim.proof.flatMap(HexText.bytes), proof.starts(with: prefix) else {
            return .refuse(20, "Invalid solution size")
        }
        let solution = Array(proof.dropFirst(prefix.count))
        let header = job.header(time: time, nonce: issued.extranonce1 + nonce2)
        let verifier = EquihashVerifier(
            parameters: EquihashPuzzle.parameters,
            personalization: EquihashPuzzle.personalization
        )
        guard verifier.verify(header: header, solution: solution) == .valid else {
            return .refuse(20, "Invalid solution")
        }
        let number = EquihashPuzzle.number(header: header, solution: solution, sha256d: DoubleSHA256.hash)
        let difficulty = EquihashPuzzle.difficulty(of: number)
        guard job.judged.insert(header + solution).inserted else {
            return .refuse(22, "Duplicate", shareDifficulty: difficulty)
        }
        guard number <= issued.target else { return .refuse(23, "Above target", shareDifficulty: difficulty) }
        return Judgement(verdict: .accepted, shareDifficulty: difficulty)
    }

    private func allows(_ time: [UInt8], for job: EquihashPoolJob) -> Bool {
        self.ntimeRule.allows(time.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }, of: job)
    }
}
