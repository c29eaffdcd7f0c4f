/// A hashrate as it is known from shares.
package struct HashrateEstimate: Sendable, Hashable {
    /// H/s.
    package var hashrate: Double
    /// How many shares the estimate rests on, older ones counting less. 0: a guess.
    package var shares: Double

    package init(hashrate: Double, shares: Double) {
        self.hashrate = hashrate
        self.shares = shares
    }

    /// Standard deviation over mean: that of a Poisson count, and that of a guess for none.
    package var uncertainty: Double { 1 / (self.shares + 1).squareRoot() }

    /// What a new session begins with: what its worker did before counts as no more than a minute's shares.
    package var remembered: HashrateEstimate {
        HashrateEstimate(hashrate: self.hashrate, shares: min(self.shares, 6))
    }
}
