import ArgumentParser
import ControlAPI

/// `router-cli sessions`
struct SessionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sessions",
        abstract: "List the connected miners of the running router.",
        discussion: """
            Behind ± is one standard deviation of the estimated hashrate.

            Example:
              router-cli sessions --route btc
            """
    )

    @OptionGroup var control: ControlOptions
    @OptionGroup var route: RouteOption
    @OptionGroup var output: ControlOutput

    func run() async throws {
        let sessions = try await self.control.ask { try await $0.sessions(route: self.route.route) }
        try self.output.write(sessions) { ReportTable(sessions: sessions, now: $0) }
    }
}
