import Crypto
public import Stratum

/// Coins of Stratum V1 whose header of 80 bytes is hashed by SHA3-256 twice: in all else they are Bitcoin.
public struct SHA3Dialect: BitcoinLikeDialect {
    public static let name = "sha3d"
    public static let summary = "Coins of Stratum V1 that hash their header by SHA3-256 twice"
    public static let algorithm = BitcoinAlgorithm { header in
        let once = SHA3_256.hash(data: header.bytes)
        return Hash256(bytes: Array(SHA3_256.hash(data: Array(once))))
    }

    public init(_ options: DialectOptions = DialectOptions()) {}
}
