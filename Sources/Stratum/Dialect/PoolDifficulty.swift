/// What a pool may ask of a share. Anything else is its mistake, and never taken for a difficulty of 1.
public enum PoolDifficulty {
    /// The greatest difficulty, in units of about 2³² hashes: ten thousand times that of the Bitcoin network in 2026.
    public static let limit = 1e18
    private static let hardest = Target(difficulty: Self.limit)

    /// It is a number above zero, no more than ``limit``, and 256 bits hold its target.
    /// - Parameter multiplier: as of ``Target/init(difficulty:multiplier:)``.
    public static func isPossible(_ difficulty: Double, multiplier: Int = 1) -> Bool {
        difficulty > 0 && difficulty <= self.limit && Target(difficulty: difficulty, multiplier: multiplier) != .maximum
    }

    /// It is no harder than the target of ``limit``.
    public static func isPossible(_ target: Target) -> Bool { target.value >= self.hardest.value }
}
