import ArgumentParser
import ControlAPI
import Foundation

/// How the commands for the running router print.
struct ControlOutput: ParsableArguments {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case table
        case json
    }

    @Option(help: "table for people, json for programs: one object a line.")
    var format = Format.table

    /// A list: a table, or a line for each element.
    func write(_ elements: [some Encodable], table: (Date) -> ReportTable) throws {
        switch self.format {
        case .table: try Self.show(table(Date()).rendered)
        case .json: for element in elements { try Self.writeJSON(element) }
        }
    }

    /// The status: heading, routes and what follows, or one object.
    func write(_ status: StatusReport) throws {
        switch self.format {
        case .table:
            let lines = ["\(status.heading)\n\n\(ReportTable(routes: status.routes).rendered)"] + status.footing
            try Self.show(lines.map { $0 + "\n" }.joined())
        case .json:
            try Self.writeJSON(status)
        }
    }

    /// Explanations: for each session a paragraph, its pools and what would move it, or a line.
    func write(_ explanations: [ExplanationReport]) throws {
        switch self.format {
        case .table:
            let paragraphs = explanations.map { explanation in
                (explanation.heading + [""]).map { $0 + "\n" }.joined()
                    + ReportTable(explanation: explanation).rendered
                    + ([""] + explanation.footing).map { $0 + "\n" }.joined()
            }
            try Self.show(paragraphs.joined(separator: "\n"))
        case .json:
            for explanation in explanations { try Self.writeJSON(explanation) }
        }
    }

    private static func show(_ text: String) throws {
        var output = StandardOutput()
        try output.write(text)
        try output.flush()
    }

    private static func writeJSON(_ value: some Encodable) throws {
        try self.show(String(decoding: try ControlCoding.encode(value), as: UTF8.self) + "\n")
    }
}

extension ReportTable {
    /// Aligned lines, each with its line feed.
    fileprivate var rendered: String {
        Table(
            columns: self.columns.map(\.title),
            rows: self.rows.map { row in
                // The cells are written already; a measure is what the table aligns to the right.
                zip(self.columns, row).map { $0.isNumber ? .measure(0, shown: $1) : .text($1) }
            }
        ).render()
    }
}
