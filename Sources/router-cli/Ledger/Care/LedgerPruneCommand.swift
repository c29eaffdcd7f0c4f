import ArgumentParser
import Foundation
import Persistence

/// `router-cli ledger prune`
struct LedgerPruneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Drop old shares, and old totals, now.",
        discussion: """
            The running router drops by age what ledger.keep_shares and ledger.keep_rollups say; this is for doing it at once \
            or further. Whole segments go, in small steps; a router may go on writing. What goes is written down as an event. \
            Run it as the user that owns the file.

            \(PeriodOptions.help)

            Example: how much would go if only the last week's shares stayed
              router-cli ledger prune --shares-before 7d --dry-run
            """
    )

    @OptionGroup var source: LedgerOptions

    @Option(help: ArgumentHelp("Drop the shares of segments that ended before this time.", valueName: "time"))
    var sharesBefore: String?

    @Option(help: ArgumentHelp("Drop totals and events as well, before this time.", valueName: "time"))
    var rollupsBefore: String?

    @Flag(help: "Only say what would go.")
    var dryRun = false

    func validate() throws {
        guard self.sharesBefore != nil || self.rollupsBefore != nil else {
            throw ValidationError("Say what goes: --shares-before, --rollups-before, or both.")
        }
        for text in [self.sharesBefore, self.rollupsBefore] {
            guard let text, LedgerTime.parse(text, now: PeriodOptions.now) == nil else { continue }
            throw ValidationError("'\(text)' is no time. \(PeriodOptions.help)")
        }
    }

    func run() async throws {
        let now = PeriodOptions.now
        let detail = self.sharesBefore.flatMap { LedgerTime.parse($0, now: now) }
        let rollups = self.rollupsBefore.flatMap { LedgerTime.parse($0, now: now) }
        let path = try self.source.path()
        let pruning = try self.source.explained { try LedgerPruning(path: path) }
        let plan = try self.source.explained { try pruning.plan(detailBefore: detail, rollupsBefore: rollups) }
        if !self.dryRun {
            _ = try await pruning.run(detailBefore: detail, rollupsBefore: rollups, now: now)
        }
        let verb = self.dryRun ? "would be dropped" : "dropped"
        print("\(verb): \(plan.shares) shares of \(plan.segments) segments, totals of \(plan.rollupSegments) segments")
    }
}
