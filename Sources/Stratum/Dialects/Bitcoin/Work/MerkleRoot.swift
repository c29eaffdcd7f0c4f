/// The root of a block's transactions, from the coinbase and the branches of its job.
public enum MerkleRoot {
    /// Hashes the coinbase from its pieces in their order, then folds in the branches.
    public static func build(
        coinbase1: [UInt8],
        extranonce1: [UInt8],
        extranonce2: Extranonce2,
        coinbase2: [UInt8],
        branches: [UInt8]
    ) -> Hash256 {
        var coinbase = SHA256d()
        coinbase.update(coinbase1)
        coinbase.update(extranonce1)
        coinbase.update(extranonce2)
        coinbase.update(coinbase2)
        return SHA256d.fold(branches, into: coinbase.finalize())
    }
}
