import ControlAPI
import Foundation
import Persistence

/// How a comparison is shown. Users rely on the names and their order.
enum ReconcileColumns {
    /// `line`: `stated`, `not_stated` (accepted work that no row is about), `unknown_worker` (a row about nobody the
    /// ledger knows), `total`.
    static let names = [
        "line", "worker", "since", "until", "shares", "accepted_work", "credited_work", "difference_percent",
        "low_percent", "high_percent", "verdict", "shares_needed",
    ]

    /// The lines, then the workers unknown to the ledger, then the total.
    static func rows(of comparison: StatementComparison) -> [[OutputValue]] {
        comparison.lines.map { Self.values($0.isStated ? "stated" : "not_stated", $0) }
            + comparison.strangers.map(Self.values)
            + (comparison.total.map { [Self.values("total", $0)] } ?? [])
    }

    private static func values(_ kind: String, _ line: StatementComparison.Line) -> [OutputValue] {
        let finding = line.finding
        return [
            .text(kind),
            .text(line.worker),
            .text(LedgerTime.format(line.period.lowerBound)),
            .text(LedgerTime.format(line.period.upperBound)),
            .integer(line.amounts.shares),
            Self.work(line.amounts.work),
            Self.work(line.amounts.credited),
            Self.percent(finding.difference),
            Self.percent(finding.interval?.lowerBound),
            Self.percent(finding.interval?.upperBound),
            .text(finding.verdict.rawValue),
            finding.sharesNeeded.map { .measure($0.rounded(.up), shown: HumanUnits.scaled($0)) } ?? .null,
        ]
    }

    private static func values(_ stranger: StatementComparison.Stranger) -> [OutputValue] {
        [
            .text("unknown_worker"), .text(stranger.worker), .null, .null, .null, .null, Self.work(stranger.credited),
            .null, .null, .null, .null, .null,
        ]
    }

    private static func work(_ work: Double) -> OutputValue { .measure(work, shown: HumanUnits.scaled(work)) }

    private static func percent(_ fraction: Double?) -> OutputValue {
        fraction.map { .measure($0 * 100, shown: ReconcileWords.percent($0)) } ?? .null
    }
}

/// The result in words, and what to keep in mind about it.
struct ReconcileWords {
    private(set) var lines: [String] = []

    init(_ comparison: StatementComparison, pool: String, with reconciliation: Reconciliation) {
        if !comparison.strangers.isEmpty {
            let names = Self.list(comparison.strangers.map { "\($0.worker) (line \($0.line))" })
            self.lines.append("left out, because the ledger knows no such workers: \(names)")
        }
        if !comparison.unstated.isEmpty {
            self.lines.append("workers with accepted work but without a row: \(Self.list(comparison.unstated))")
        }
        let marked = comparison.lines.filter { [.underCredited, .overCredited].contains($0.finding.verdict) }
        if !marked.isEmpty, comparison.lines.count > 1 {
            let names = Self.list(marked.map { "\($0.worker ?? pool) (\(LedgerTime.format($0.period.lowerBound)))" })
            self.lines.append("lines that chance does not explain: \(names)")
        }
        guard let total = comparison.total else { return }
        self.lines.append("\(pool): " + Self.verdict(total, confidence: reconciliation.confidence))
        self.lines.append(Self.need(total, reconciliation))
    }

    /// `-1.02 %`, from -0.0102.
    static func percent(_ fraction: Double) -> String {
        guard fraction.isFinite else { return HumanUnits.missing }
        // So that nothing is shown as -0.00.
        let percent = (fraction * 10_000).rounded() / 100 + 0
        return String(format: "%.2f %%", percent)
    }

    private static func verdict(_ line: StatementComparison.Line, confidence: Double) -> String {
        let finding = line.finding
        guard let difference = finding.difference, let interval = finding.interval else {
            return "\(finding.verdict.rawValue): no accepted work in the statement's time"
        }
        let sure = String(format: "%g", confidence * 100)
        let (low, high) = (interval.lowerBound, interval.upperBound)
        switch finding.verdict {
        case .underCredited:
            let range = "\(sure) % interval \(Self.percent(-high)) to \(Self.percent(-low))"
            return "under-credited by \(Self.percent(-difference)) (\(range))"
        case .overCredited:
            let range = "\(sure) % interval \(Self.percent(low)) to \(Self.percent(high))"
            return "over-credited by \(Self.percent(difference)) (\(range))"
        case .consistent, .notEnough:
            let range = "\(sure) % interval \(Self.percent(low)) to \(Self.percent(high))"
            return "\(finding.verdict.rawValue): difference \(Self.percent(difference)) (\(range))"
        }
    }

    private static func need(_ total: StatementComparison.Line, _ reconciliation: Reconciliation) -> String {
        let sought = String(format: "%g %%", reconciliation.shortfall * 100)
        guard let needed = total.finding.sharesNeeded else {
            guard total.amounts.work > 0 else { return "to see a shortfall of \(sought) takes shares" }
            return """
                no number of shares shows a shortfall of \(sought) while that much work is at the borders of periods or \
                lost in rounding: take longer periods, a smaller --edge, or figures with more digits
                """
        }
        guard reconciliation.model == .sampled else {
            return "a shortfall of \(sought) shows, however few the shares; there are \(total.amounts.shares)"
        }
        let count = String(format: "%.0f", needed.rounded(.up))
        let chance = String(format: "%g %%", reconciliation.power * 100)
        return """
            to see a shortfall of \(sought) with \(chance) probability, \(count) shares like these are enough; there are \
            \(total.amounts.shares)
            """
    }

    private static func list(_ names: [String]) -> String {
        let shown = names.prefix(10).map(Table.harmless).joined(separator: ", ")
        return names.count > 10 ? "\(shown) and \(names.count - 10) more" : shown
    }
}
