/// What a pool may ask of a share. Anything else is its mistake, and never taken for a difficulty of 1.
public enum PoolDifficulty {
    /// The greatest difficulty, in units of about 2³² hashes: ten thousand times that of the Bitcoin network in 2026.
    public static let limit = 1e18
    private static let hardest = Target(difficulty: Self.limit)

    /// Hashes for a share. Pools to try things with may ask for less than one, so that every hash is a share.
    private static let fewestHashes = 0.001

    /// It is no more than ``limit``, and asks for a thousandth of a hash at least.
    /// - Parameter multiplier: as of ``Target/init(difficulty:multiplier:)``.
    public static func isPossible(_ difficulty: Double, multiplier: Int = 1) -> Bool {
        difficulty * 0x1p32 / Double(multiplier) >= self.fewestHashes && difficulty <= self.limit
    }

    /// It is no harder than the target of ``limit``.
    public static func isPossible(_ target: Target) -> Bool { target.value >= self.hardest.value }
}
