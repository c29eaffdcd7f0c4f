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
        var start = SHA256d()
        start.update(coinbase1)
        return Self.build(
            start: start,
            extranonce1: extranonce1,
            extranonce2: extranonce2,
            coinbase2: coinbase2,
            branches: branches
        )
    }

    /// The same where the coinbase before the extranonces is hashed already.
    static func build(
        start: SHA256d,
        extranonce1: [UInt8],
        extranonce2: Extranonce2,
        coinbase2: [UInt8],
        branches: [UInt8]
    ) -> Hash256 {
        var coinbase = start
        coinbase.update(extranonce1)
        coinbase.update(extranonce2)
        coinbase.update(coinbase2)
        return SHA256d.fold(branches, into: coinbase.finalize())
    }
}
