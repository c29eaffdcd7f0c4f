import Foundation

/// The figures as a table, for people and for the documents.
struct Report {
    private let rows: [[String]]
    private let machine: [String]

    /// Budgets without a figure are said to be missing from it.
    init(_ results: Measurements, budgets: [String: Budget], machine: [String]) {
        self.machine = machine
        let figures = results.names.map { name in
            let median = results.median(name) ?? .nan
            let range = results.range(name).map { " (\(format($0.lowerBound)) to \(format($0.upperBound)))" } ?? ""
            let budget = budgets[name]
            let outcome = budget.map { $0.miss(median).map { "missed by \(format($0))" } ?? "within" } ?? ""
            return [name, format(median) + range, budget?.text ?? "", outcome]
        }
        let missing = budgets.keys.filter { results.median($0) == nil }.sorted()
        self.rows = figures + missing.map { [$0, "", budgets[$0]?.text ?? "", "not measured"] }
    }

    private static let head = ["figure", "median (range of the runs)", "budget", ""]

    var text: String {
        let widths = Self.head.indices.map { column in
            ([Self.head] + self.rows).map { $0[column].count }.max() ?? 0
        }
        let lines = ([Self.head] + self.rows).map { row in
            zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }.joined(separator: "  ")
        }
        return (self.machine + [""] + lines).joined(separator: "\n")
    }

    var markdown: String {
        let lines = ([Self.head, Self.head.map { _ in "---" }] + self.rows).map { row in
            "| " + row.joined(separator: " | ") + " |"
        }
        return (self.machine.map { "- \($0)" } + [""] + lines).joined(separator: "\n")
    }

    /// Puts the table between the two comments that are there for it: the figures of `name`, written by `target`.
    func write(to document: String, figures name: String, by target: String) {
        let begin = "<!-- \(name) figures, written by \(target) -->\n"
        let end = "<!-- end -->"
        guard var text = try? String(contentsOfFile: document, encoding: .utf8), let start = text.range(of: begin),
            let stop = text.range(of: end, range: start.upperBound..<text.endIndex)
        else { give(up: "\(document) has no place for the figures: \(begin)\(end)") }
        text.replaceSubrange(start.upperBound..<stop.lowerBound, with: "\n\(self.markdown)\n\n")
        do { try text.write(toFile: document, atomically: true, encoding: .utf8) } catch { give(up: "\(error)") }
    }
}
