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
        return Self.fold(branches, into: coinbase.finalize())
    }

    /// `branches` holds 32 bytes for each branch; an incomplete one at its end is ignored.
    private static func fold(_ branches: [UInt8], into coinbaseHash: Hash256) -> Hash256 {
        branches.withUnsafeBytes { bytes in
            var root = coinbaseHash
            var rest = bytes[...]
            while rest.count >= 32 {
                var node = SHA256d()
                node.update(root)
                node.update(UnsafeRawBufferPointer(rebasing: rest.prefix(32)))
                root = node.finalize()
                rest = rest.dropFirst(32)
            }
            return root
        }
    }
}
