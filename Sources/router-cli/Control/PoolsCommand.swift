import ArgumentParser
import ControlAPI

/// `router-cli pools`
struct PoolsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pools",
        abstract: "List the pools of the running router: state, share of the work, health.",
        discussion: """
            SHARE is the pool's part of its route's accepted work, TARGET what it should have of the load now. LAG is the \
            median time by which it announces blocks later than the first pool. CAUSE says why the pool is in its state.

            Example:
              router-cli pools --route btc
            """
    )

    @OptionGroup var control: ControlOptions
    @OptionGroup var route: RouteOption
    @OptionGroup var output: ControlOutput

    func run() async throws {
        let pools = try await self.control.ask { try await $0.pools(route: self.route.route) }
        try self.output.write(pools) { ReportTable(pools: pools, now: $0) }
    }
}
