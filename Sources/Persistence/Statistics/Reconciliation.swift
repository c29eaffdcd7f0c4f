/// Holds what a pool says it credited against the work it accepted from the router.
package struct Reconciliation: Sendable, Hashable {
    /// Where a difference may come from when the pool is honest.
    package enum Model: String, Sendable, Hashable, CaseIterable {
        /// The pool's figure is itself an estimate from as many shares of the same worth: it varies like the sum of a
        /// Poisson number of shares, with the variance Σ difficulty².
        case sampled
        /// The pool added up the very shares that it accepted: there is no chance in it.
        case exact
    }

    package enum Verdict: String, Sendable, Hashable, CaseIterable {
        /// No difference, and enough shares to have seen one of the size looked for.
        case consistent
        case underCredited = "under-credited"
        case overCredited = "over-credited"
        /// No difference to be seen, but one of the size looked for could hide.
        case notEnough = "not enough shares"
    }

    /// The router's side and the pool's side of a line. Work is in difficulty.
    package struct Amounts: Sendable, Hashable {
        /// Accepted shares.
        package var shares: Int64 = 0
        /// Σ pool difficulty of the accepted shares.
        package var work: Double = 0
        /// Σ (pool difficulty)² of the accepted shares.
        package var squares: Double = 0
        /// Part of `work` so close to a border that the pool may have booked it in another period.
        package var mayBeElsewhere: Double = 0
        /// Not in `work`, but the pool may have credited it here: just across a border, or of shares whose verdict never
        /// came.
        package var mayBeHere: Double = 0
        /// What the pool credited.
        package var credited: Double = 0
        /// By how much `credited` may be off because it was rounded.
        package var rounding: Double = 0

        package init() {}

        /// There is something to compare with, and the numbers are such as difficulties can give.
        fileprivate var isMeasurable: Bool {
            let sensible = 1e-100...1e100
            let parts = [self.mayBeElsewhere, self.mayBeHere, self.credited, self.rounding]
            return self.shares > 0 && sensible.contains(self.work) && sensible.contains(self.squares / self.work)
                && parts.allSatisfy { (0...1e100).contains($0) }
        }
    }

    /// What a line comes to.
    package struct Finding: Sendable, Hashable {
        /// Of the credited work to the accepted work, 0.01 for 1 % more; nil without accepted work.
        package var difference: Double?
        /// Where the difference can lie that does not come from chance, borders or rounding.
        package var interval: ClosedRange<Double>?
        package var verdict: Verdict
        /// Accepted shares, of sizes like these, that are enough to see a difference of the size looked for; nil when no
        /// number is.
        package var sharesNeeded: Double?
    }

    /// Sums of the same shares in another order may differ by this part.
    private static let accuracy = 1e-9

    package var model: Model
    /// Of the interval, between 0 and 1.
    package var confidence: Double
    /// The shortfall looked for: 0.01 for 1 %.
    package var shortfall: Double
    /// How probably a shortfall of that size is to be seen, with enough shares.
    package var power: Double

    package init(model: Model, confidence: Double = 0.95, shortfall: Double = 0.01, power: Double = 0.9) {
        self.model = model
        self.confidence = confidence
        self.shortfall = shortfall
        self.power = power
    }

    /// Judges one line.
    ///
    /// `comparisons`: how many lines are judged together. The verdict is then one that none of them gets by chance with
    /// the probability `confidence` (Bonferroni); the interval is that of the line by itself.
    package func finding(_ amounts: Amounts, among comparisons: Int = 1) -> Finding {
        guard amounts.isMeasurable else {
            let isMore = self.model == .exact && amounts.credited - amounts.rounding > amounts.mayBeHere
            return Finding(verdict: isMore ? .overCredited : .notEnough)
        }
        let strict = 1 - (1 - self.confidence) / Double(max(comparisons, 1))
        let needed = self.sharesNeeded(amounts, confidence: strict)
        let bounds = self.interval(amounts, confidence: strict)
        let verdict: Verdict
        if bounds.upperBound < -Self.accuracy {
            verdict = .underCredited
        } else if bounds.lowerBound > Self.accuracy {
            verdict = .overCredited
        } else {
            verdict = needed.map { Double(amounts.shares) >= $0 } == true ? .consistent : .notEnough
        }
        return Finding(
            difference: amounts.credited / amounts.work - 1,
            interval: self.interval(amounts, confidence: self.confidence),
            verdict: verdict,
            sharesNeeded: needed
        )
    }

    /// Shares of equal size that are enough to see a shortfall of the size looked for, nothing else being uncertain.
    package var equalSharesNeeded: Double { self.effectiveSharesNeeded(shortfall: self.shortfall, self.confidence) }

    private func interval(_ amounts: Amounts, confidence: Double) -> ClosedRange<Double> {
        let low = max(amounts.credited - amounts.rounding, 0)
        let high = amounts.credited + amounts.rounding
        let lower = self.chance(low, amounts, confidence).lowerBound - amounts.mayBeHere
        let upper = self.chance(high, amounts, confidence).upperBound + amounts.mayBeElsewhere
        let bounds = (lower / amounts.work - 1, upper / amounts.work - 1)
        return min(bounds.0, bounds.1)...max(bounds.0, bounds.1)
    }

    /// What the pool's figure can stand for. Counted in shares of the size Σd²/Σd, its variance is what Poisson's is.
    private func chance(_ credited: Double, _ amounts: Amounts, _ confidence: Double) -> ClosedRange<Double> {
        guard self.model == .sampled else { return credited...credited }
        let size = amounts.squares / amounts.work
        let bounds = PoissonInterval.bounds(count: credited / size, confidence: confidence)
        return bounds.lowerBound * size...bounds.upperBound * size
    }

    private func sharesNeeded(_ amounts: Amounts, confidence: Double) -> Double? {
        let blurred = (amounts.mayBeElsewhere + amounts.rounding) / amounts.work
        let visible = self.shortfall - blurred
        guard visible > 0 else { return nil }
        guard self.model == .sampled else { return 1 }
        let effective = amounts.work * amounts.work / amounts.squares
        return self.effectiveSharesNeeded(shortfall: visible, confidence) * Double(amounts.shares) / effective
    }

    /// ((z(α/2) + z(β) √(1−s)) / s)² + 1/s: the usual normal approximation for a test of one Poisson mean (Mathews, Sample
    /// Size Calculations, 2010) with a correction for counts being whole numbers, as in Fleiss, Levin and Paik, Statistical
    /// Methods for Rates and Proportions.
    private func effectiveSharesNeeded(shortfall: Double, _ confidence: Double) -> Double {
        guard self.model == .sampled else { return 1 }
        let alarm = NormalDistribution.upperQuantile((1 - confidence) / 2)
        let miss = NormalDistribution.upperQuantile(1 - self.power)
        let root = (alarm + miss * max(1 - self.shortfall, 0).squareRoot()) / shortfall
        return (root * root + 1 / shortfall).rounded(.up)
    }
}
