import PoolPool
import Stratum

extension Job {
    /// The block it builds on, as pools are compared by it. A hash that meets the job's own network target took a block's
    /// work to find, whoever tells of it.
    var tip: LagDetector.BlockTip {
        LagDetector.BlockTip(
            hash: self.previousHash,
            height: LagDetector.height(coinbase1: self.coinbase1),
            isProven: Hash256(bytes: self.previousHash).map { Target(nbits: self.nbits).isMet(by: $0) } ?? false
        )
    }
}
