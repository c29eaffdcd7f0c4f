import Foundation

/// The standard normal distribution.
enum NormalDistribution {
    /// The value that is exceeded with probability `tail`; good to 12 digits. `tail` is kept within 10⁻³⁰⁰ and a half.
    static func upperQuantile(_ tail: Double) -> Double {
        guard tail < 0.5 else { return 0 }
        let tail = max(tail, 1e-300)
        // Abramowitz and Stegun 26.2.23, off by less than 0.00045, then two of Newton's steps on the tail's logarithm.
        let t = (-2 * log(tail)).squareRoot()
        let divisor = 1 + t * (1.432788 + t * (0.189269 + t * 0.001308))
        var value = t - (2.515517 + t * (0.802853 + t * 0.010328)) / divisor
        for _ in 0..<2 {
            let above = erfc(value / 2.0.squareRoot()) / 2
            let density = exp(-value * value / 2) / (2 * .pi).squareRoot()
            value += log(above / tail) * above / density
        }
        return value
    }
}
