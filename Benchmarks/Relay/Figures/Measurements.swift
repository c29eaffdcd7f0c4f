import Foundation

/// What came of the runs, by the name of the figure.
struct Measurements {
    private(set) var values: [String: [Double]] = [:]

    mutating func note(_ name: String, _ value: Double) {
        self.values[name, default: []].append(value)
        print(String(format: "  %@: %.4g", name, value))
        fflush(nil)
    }

    func median(_ name: String) -> Double? {
        guard let sorted = self.values[name]?.sorted(), !sorted.isEmpty else { return nil }
        return sorted[sorted.count / 2]
    }

    func range(_ name: String) -> ClosedRange<Double>? {
        guard let values = self.values[name], let least = values.min(), let most = values.max() else { return nil }
        return least...most
    }
}

/// The value below which `part` of the values are.
func quantile(_ values: [Int64], _ part: Double) -> Double {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return .nan }
    return Double(sorted[min(sorted.count - 1, Int(Double(sorted.count) * part))])
}
