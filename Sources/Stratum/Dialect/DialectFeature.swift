/// A part of the configuration that not every protocol has a use for.
public enum DialectFeature: Sendable, Hashable {
    /// Bits of the block version that miners may roll.
    case versionBits
    /// Jobs show whom the block will pay.
    case coinbases
    /// The difficulty that a pool is asked for.
    case suggestedDifficulty
}

extension Dialect {
    public static var features: Set<DialectFeature> { [.versionBits, .coinbases, .suggestedDifficulty] }

    public static func doubts(_ options: DialectOptions, hasVardiff: Bool) -> [DialectOptionError] { [] }
}
