import Foundation

/// Numbers as people read them. Whatever is not finite is a dash.
package enum HumanUnits {
    /// What stands for a missing value.
    package static let missing = "-"
    /// What hashrates count in a second unless their protocol has another word.
    package static let hashrateUnit = "H/s"

    /// Three digits and a prefix: `950`, `1.23 T`.
    package static func scaled(_ value: Double) -> String {
        let (number, prefix) = Self.split(value)
        return prefix.isEmpty ? number : "\(number) \(prefix)"
    }

    /// `1.23 TH/s`, from H/s; in another unit `1.23 kSol/s`, from Sol/s.
    package static func hashrate(_ value: Double, unit: String = hashrateUnit) -> String {
        guard value.isFinite else { return Self.missing }
        let (number, prefix) = Self.split(value)
        return "\(number) \(prefix)\(unit.printable(limit: 16))"
    }

    /// `1.23 TH/s ±9 %`, from H/s and its standard deviation over its mean; without the second if that is not known.
    package static func hashrate(_ value: Double, uncertainty: Double?, unit: String = hashrateUnit) -> String {
        let text = Self.hashrate(value, unit: unit)
        guard let uncertainty, uncertainty.isFinite, value.isFinite, value > 0 else { return text }
        return "\(text) ±\(max(1, Int((min(max(uncertainty, 0), 9.99) * 100).rounded()))) %"
    }

    /// Exact below 10,000, then as ``scaled(_:)``.
    package static func count(_ value: Int) -> String {
        value.magnitude < 10_000 ? "\(value)" : Self.scaled(Double(value))
    }

    /// The two largest units: `12s`, `3m12s`, `2h05m`, `4d03h`. Negative is `0s`.
    package static func duration(seconds: Double) -> String {
        guard seconds.isFinite else { return Self.missing }
        let total = Int(min(max(seconds, 0), 1e12))
        switch total {
        case ..<60: return "\(total)s"
        case ..<3600: return "\(total / 60)m\(Self.padded(total % 60))s"
        case ..<86_400: return "\(total / 3600)h\(Self.padded(total % 3600 / 60))m"
        default: return "\(total / 86_400)d\(Self.padded(total % 86_400 / 3600))h"
        }
    }

    /// With a part of a second: `250 ms`, `2.5 s`; from a minute on as ``duration(seconds:)``. Negative is `0 ms`.
    package static func delay(seconds: Double) -> String {
        guard seconds.isFinite else { return Self.missing }
        switch seconds {
        case ..<0.999_5: return "\(Int((max(seconds, 0) * 1000).rounded())) ms"
        case ..<59.95: return String(format: "%.1f s", seconds)
        default: return Self.duration(seconds: seconds)
        }
    }

    /// `+12 s`, `-3 s`, `0 s`.
    package static func signedSeconds(_ value: Double) -> String {
        guard value.isFinite else { return Self.missing }
        let whole = Int(min(max(value, -1e12), 1e12).rounded())
        return "\(whole > 0 ? "+" : "")\(Self.count(whole)) s"
    }

    /// `79.8 %`, from 0.798.
    package static func percent(_ fraction: Double) -> String {
        fraction.isFinite ? String(format: "%.1f %%", fraction * 100) : Self.missing
    }

    private static func padded(_ value: Int) -> String {
        value < 10 ? "0\(value)" : "\(value)"
    }

    private static func split(_ value: Double) -> (number: String, prefix: String) {
        guard value.isFinite else { return (Self.missing, "") }
        // Difficulties of test pools: 4e-06 is not nothing.
        if value != 0, value.magnitude < 0.01 { return (String(format: "%.3g", value), "") }
        var value = value
        var prefix = ""
        for larger in ["k", "M", "G", "T", "P", "E", "Z"] {
            // 999.5 would be written as 1000.
            guard value.magnitude >= 999.5 else { break }
            value /= 1000
            prefix = larger
        }
        let isWhole = prefix.isEmpty && value == value.rounded()
        let digits = isWhole || value.magnitude >= 99.95 ? 0 : value.magnitude >= 9.995 ? 1 : 2
        return (String(format: "%.\(digits)f", value), prefix)
    }
}
