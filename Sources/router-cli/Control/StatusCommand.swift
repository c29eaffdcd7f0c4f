import ArgumentParser
import ControlAPI

/// `router-cli status`
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show how the running router is doing.",
        discussion: """
            Its routes with their miners, hashrate and shares since the start, the ledger, and warnings. REJECTED holds \
            all that was answered no, but for the stale ones; --format json has each verdict by itself.

            Example:
              router-cli status --config router.yaml
            """
    )

    @OptionGroup var control: ControlOptions
    @OptionGroup var output: ControlOutput

    func run() async throws {
        try self.output.write(try await self.control.ask { try await $0.status() })
    }
}
