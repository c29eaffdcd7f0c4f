import Foundation

/// What a count of chance events, such as shares, says about the number that was to be expected.
package enum PoissonInterval {
    /// The central interval of Garwood (Biometrika 28, 1936): it holds the expected number with at least the probability
    /// `confidence`.
    ///
    /// Its ends are quantiles of gamma distributions (half those of chi-square). For counts below 100 they are solved for
    /// and good to 9 digits; from there on they are Wilson's and Hilferty's (PNAS 17, 1931), off by less than 0.003 % at
    /// 95 %, and less with greater counts.
    ///
    /// - Parameters:
    ///   - count: What was counted; need not be whole (effective counts). Anything below 0 and NaN count as 0.
    ///   - confidence: Between 0 and 1; what is beyond 1 − 10⁻¹⁰ is taken for that, NaN for 0.95.
    package static func bounds(count: Double, confidence: Double = 0.95) -> ClosedRange<Double> {
        let count = count > 0 ? count : 0
        guard count.isFinite else { return .infinity...(.infinity) }
        let tail = Self.tail(confidence)
        let lower = count == 0 ? 0 : Self.gammaQuantile(shape: count, tail: tail, isUpper: false)
        let upper = Self.gammaQuantile(shape: count + 1, tail: tail, isUpper: true)
        return lower...max(lower, upper)
    }

    /// The probability on either side of a central interval.
    private static func tail(_ confidence: Double) -> Double {
        let confidence = confidence.isNaN ? 0.95 : min(max(confidence, 0), 1 - 1e-10)
        return (1 - confidence) / 2
    }

    /// Where a gamma distribution of scale 1 leaves `tail` (at most a half) above, or below.
    private static func gammaQuantile(shape: Double, tail: Double, isUpper: Bool) -> Double {
        let deviation = NormalDistribution.upperQuantile(tail) * (isUpper ? 1 : -1)
        let root = 1 - 1 / (9 * shape) + deviation / (3 * shape.squareRoot())
        let approximation = shape * root * root * root
        guard shape < 100 else { return approximation }
        let logGamma: Double = lgamma(shape + 1)
        // Far out the first term of the distribution's series is nearer than Wilson and Hilferty.
        let start = root > 0.3 ? log(approximation) : (log(tail) + logGamma) / shape
        return Self.solve(shape: shape, logGamma: logGamma, tail: tail, isUpper: isUpper, from: start)
    }

    /// Newton's method for the logarithm of the tail as a function of the logarithm of the place. That function is
    /// concave, so the steps cannot go astray.
    private static func solve(
        shape: Double,
        logGamma: Double,
        tail: Double,
        isUpper: Bool,
        from start: Double
    ) -> Double {
        let target = log(tail)
        var place = start
        for _ in 0..<50 {
            guard place > -700 else { return 0 }
            let x = exp(place)
            let series = Self.series(shape: shape, x)
            let logLower = shape * place - x - logGamma + log(series)
            let step: Double
            if isUpper {
                let lower = exp(logLower)
                let upper = max(1 - lower, .ulpOfOne)
                step = (log(upper) - target) * upper * series / (shape * lower)
            } else {
                step = (target - logLower) * series / shape
            }
            place += step
            if abs(step) < 1e-11 { break }
        }
        return exp(place)
    }

    /// 1 + x/(a+1) + x²/((a+1)(a+2)) + …: the lower incomplete gamma function without its first factor.
    private static func series(shape: Double, _ x: Double) -> Double {
        var term = 1.0
        var sum = 1.0
        var divisor = shape
        while term > sum * 1e-17 {
            divisor += 1
            term *= x / divisor
            sum += term
        }
        return sum
    }
}
