/// Work in hashes, which can be added up whatever the protocols are.
package struct LedgerHashes: Sendable, Hashable {
    /// Of the accepted shares, at the pool's difficulty.
    package private(set) var accepted: Double = 0
    /// Of the shares that nobody refused, at the session's difficulty.
    package private(set) var session: Double = 0
    /// Σ (hashes of a share)² of the same.
    private var squares: Double = 0

    init() {}

    /// Adds what shares of one unit are worth.
    mutating func add(_ totals: LedgerTotals, hashesPerDifficulty: Double) {
        self.accepted += totals.acceptedWork * hashesPerDifficulty
        self.session += totals.sessionWork * hashesPerDifficulty
        self.squares += totals.sessionSquares * hashesPerDifficulty * hashesPerDifficulty
    }

    /// As many shares of one size would say as much about the hashrate; nil without any.
    package var effectiveShares: Double? {
        let count = self.session * self.session / self.squares
        return count > 0 && count.isFinite ? count : nil
    }
}
