import Foundation

/// Numbers for people.
enum Quantity {
    /// `1.25 TH/s`
    static func hashrate(_ value: Double) -> String {
        Self.scaled(value, unit: "H/s")
    }

    /// `1.25 %`; `value` is per cent already.
    static func percent(_ value: Double) -> String {
        value.isFinite ? String(format: "%.2f %%", value) : "-"
    }

    /// Three or four digits and a prefix: `950`, `1.25 k`, `32.1 M`.
    static func scaled(_ value: Double, unit: String = "") -> String {
        guard value.isFinite else { return "-" }
        let prefixes = ["", "k", "M", "G", "T", "P", "E", "Z", "Y"]
        var scaled = value
        var index = 0
        while abs(scaled) >= 999.5, index < prefixes.count - 1 {
            scaled /= 1_000
            index += 1
        }
        let isWhole = index == 0 && scaled == scaled.rounded()
        let decimals = isWhole || abs(scaled) >= 99.95 ? 0 : abs(scaled) >= 9.995 ? 1 : 2
        let suffix = prefixes[index] + unit
        return String(format: "%.\(decimals)f", scaled) + (suffix.isEmpty ? "" : " \(suffix)")
    }
}
