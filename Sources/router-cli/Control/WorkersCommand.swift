import ArgumentParser
import ControlAPI

/// `router-cli workers`
struct WorkersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "workers",
        abstract: "List the workers of the running router: hashrate and shares since its start.",
        discussion: """
            Behind ± is one standard deviation of the estimated hashrate. REJECTED holds all that was answered no, but for the stale ones; --format json has each verdict by itself. \
            For longer than since the start, see `router-cli report --by worker`.

            Example:
              router-cli workers --format json
            """
    )

    @OptionGroup var control: ControlOptions
    @OptionGroup var route: RouteOption
    @OptionGroup var output: ControlOutput

    func run() async throws {
        let workers = try await self.control.ask { try await $0.workers(route: self.route.route) }
        try self.output.write(workers) { ReportTable(workers: workers, now: $0) }
    }
}
