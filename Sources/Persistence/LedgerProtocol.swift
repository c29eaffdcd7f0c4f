/// What a route's miners speak, as far as the ledger must know: how much work its difficulties stand for.
package struct LedgerProtocol: Sendable, Hashable {
    /// As users know it: `bitcoin`, `equihash`, …
    package let name: String
    /// Hashes that a difficulty of 1 takes on average; finite and above 0.
    package let hashesPerDifficulty: Double

    /// nil: no work can be told in such a unit.
    package init?(name: String, hashesPerDifficulty: Double) {
        guard hashesPerDifficulty.isFinite, hashesPerDifficulty > 0 else { return nil }
        self.name = name
        self.hashesPerDifficulty = hashesPerDifficulty
    }

    private init(_ name: String, _ hashesPerDifficulty: Double) {
        self.name = name
        self.hashesPerDifficulty = hashesPerDifficulty
    }

    /// What a route is taken for that nobody described: ledgers of schema version 2 knew nothing else.
    package static let bitcoin = LedgerProtocol("bitcoin", 4_294_967_296)
}

/// A route of the ledger and what its miners speak.
package struct LedgerRoute: Sendable, Hashable {
    package var name: String
    /// As it was described last.
    package var `protocol`: LedgerProtocol
}
