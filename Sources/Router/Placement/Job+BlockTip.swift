import PoolPool
import Stratum

extension Job {
    /// The block it builds on, as pools are compared by it.
    var tip: LagDetector.BlockTip {
        LagDetector.BlockTip(
            hash: self.previousHash,
            height: LagDetector.height(coinbase1: self.coinbase1),
            isProven: Hash256(bytes: self.previousHash).map { Target(nbits: self.nbits).isMet(by: $0) } ?? false,
            nbits: self.nbits
        )
    }
}
