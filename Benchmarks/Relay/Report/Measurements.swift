import Foundation

/// What came of the runs, by the name of the figure, in the order in which they were first measured.
struct Measurements {
    private(set) var names: [String] = []
    private var values: [String: [Double]] = [:]

    mutating func note(_ name: String, _ value: Double) {
        if self.values[name] == nil { self.names.append(name) }
        self.values[name, default: []].append(value)
        print("  \(name): \(format(value))")
        fflush(nil)
    }

    func last(_ name: String) -> Double? { self.values[name]?.last }

    func median(_ name: String) -> Double? {
        guard let sorted = self.values[name]?.sorted(), !sorted.isEmpty else { return nil }
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }

    /// Nil if there was only one run.
    func range(_ name: String) -> ClosedRange<Double>? {
        guard let values = self.values[name], values.count > 1, let least = values.min(), let most = values.max() else {
            return nil
        }
        return least...most
    }
}

/// As many digits as are worth reading.
func format(_ value: Double) -> String {
    guard value.isFinite else { return "none" }
    if abs(value) >= 100 || value == value.rounded() {
        return value.rounded().formatted(.number.locale(.init(identifier: "en")))
    }
    return String(format: abs(value) >= 10 ? "%.1f" : abs(value) >= 0.1 ? "%.2f" : "%.3f", value)
}

/// The value below which `part` of the values are.
func quantile(_ values: [Int64], _ part: Double) -> Double {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return .nan }
    return Double(sorted[min(sorted.count - 1, Int(Double(sorted.count) * part))])
}
