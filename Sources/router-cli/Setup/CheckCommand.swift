import ArgumentParser
import Configuration
import Foundation

/// `router-cli check`
struct CheckCommand: AsyncParsableCommand {
    /// How the plan is shown.
    enum Format: String, CaseIterable, ExpressibleByArgument {
        case table
        /// One object.
        case json
    }

    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check a configuration and show who gets what share of the work.",
        discussion: """
            Every mistake is reported with its line and column, and nothing is started. SHARE is a pool's part of the \
            work while its priority carries the load and all enabled pools of that priority are usable. Warnings, on \
            standard error, do not make the configuration unusable. Passwords are never shown. Exit codes: 0 the \
            configuration is good, 66 there is no such file, 78 it has mistakes.

            Example:
              router-cli check --config router.yaml
            """
    )

    @OptionGroup var options: ConfigurationOptions

    @Option(help: "How to show the plan.")
    var format = Format.table

    func run() async throws {
        let plan = ConfigurationPlan(try self.options.load())
        var output = StandardOutput()
        switch self.format {
        case .table:
            try output.write(PlanText.render(plan))
            for warning in plan.warnings { printToStandardError("warning: \(warning)") }
        case .json:
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            try output.write(String(decoding: encoder.encode(plan), as: UTF8.self) + "\n")
        }
        try output.flush()
    }
}
