public import NIOCore

/// Litecoin, Dogecoin and the other coins whose header is hashed by scrypt: Stratum V1 in all else.
public struct ScryptDialect: BitcoinLikeDialect {
    public static let name = "scrypt"
    public static let summary = "Litecoin, Dogecoin and other coins of scrypt"
    public static let algorithm = BitcoinAlgorithm(
        difficultyMultiplier: ScryptHash.difficultyMultiplier, isSlow: true
    ) { header in
        ScryptHash.hash(header: header.bytes)
    }
    public static let usualHashrates = 0.5e9...20e9
    public static let options = [
        DialectOption(
            "validate", .route, choices: ShareValidation.allCases.map(\.rawValue),
            defaultValue: ShareValidation.all.rawValue,
            "how many shares the router hashes for itself: all, one in sixteen, or none; with less than all, miners work at "
                + "their pool's difficulty and every share goes to the pool"
        )
    ]

    public let validation: ShareValidation

    public init(_ options: DialectOptions = DialectOptions()) throws(DialectOptionError) {
        self.validation = try ShareValidation(options)
    }

    public static func recognizes(_ line: ByteBuffer) -> Bool { BitcoinDialect.recognizes(line) }
}

extension ShareValidation {
    /// The option `validate`.
    public init(_ options: DialectOptions) throws(DialectOptionError) {
        let text = options["validate"] ?? Self.all.rawValue
        guard let validation = ShareValidation(rawValue: text) else {
            let choices = Self.allCases.map(\.rawValue).joined(separator: " or ")
            throw DialectOptionError("validate", "\"\(text)\" is not possible; write \(choices)")
        }
        self = validation
    }
}
