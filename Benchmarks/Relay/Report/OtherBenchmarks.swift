import Foundation

/// Figures that the other benchmarks have printed, for the same table.
enum OtherBenchmarks {
    private static let figures = [
        (name: "rebalance of 20000 sessions, ms", behind: "rebalance, all sessions at one pool: median "),
        (
            name: "everybody of one pool of 20000 sessions placed anew, ms",
            behind: "failover, everybody of one pool placed anew: median "
        ),
        (name: "ledger: rows written and sealed a second", behind: "written and sealed: "),
        (name: "ledger: bytes a row", behind: " bytes, "),
    ]

    /// Notes what stands in `file`; a figure that is there more than once has been measured in as many runs.
    static func note(_ file: String, in results: inout Measurements) {
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else { give(up: "cannot read \(file)") }
        for line in text.split(separator: "\n") {
            for figure in self.figures {
                guard let place = line.range(of: figure.behind),
                    let value = Double(line[place.upperBound...].prefix { $0.isNumber || $0 == "." })
                else { continue }
                results.note(figure.name, value)
            }
        }
    }
}
