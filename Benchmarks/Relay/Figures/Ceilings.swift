import Foundation

/// What figures may be at most.
struct Ceilings {
    private var values: [(name: String, value: Double)] = []

    /// Of a text with a number and the name of a figure on each line; `#` begins a comment. Nil if a line is neither.
    init?(_ text: String) {
        for line in text.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
            let words = line.split(separator: " ", maxSplits: 1)
            guard words.count == 2, let value = Double(words[0]) else { return nil }
            self.values.append((String(words[1]), value))
        }
    }

    /// Prints each figure and its ceiling. Gives what is wrong: figures that are above theirs, that have none, and ceilings
    /// of figures that were not measured.
    func violations(by figures: Measurements) -> [String] {
        var violations = figures.names.filter { name in !self.values.contains { $0.name == name } }
            .map { "\($0): no ceiling" }
        for (name, ceiling) in self.values {
            guard let figure = figures.median(name) else {
                violations.append("\(name): not measured")
                continue
            }
            let comparison = String(format: "%.4g of at most %g", figure, ceiling)
            print("\(name): \(comparison)")
            if !(figure <= ceiling) { violations.append("\(name): \(comparison), too much") }
        }
        return violations
    }
}
