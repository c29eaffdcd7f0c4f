import ArgumentParser
import ControlAPI

/// `router-cli explain`
struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Say why a worker of the running router mines where it mines, and what would move it.",
        discussion: """
            For each of its sessions, with the hashrate and one standard deviation of that. The table shows the pools as \
            the session's group sees them: the miners that the same pinning rule matches, or all others. TARGET is what a \
            pool should have of the group's work now, HAS what it has of the group's hashrate, WORK its part of the \
            accepted work in the account. LACKS is the work it is short of (+12 s), or has had too much (-3 s), in seconds \
            of the group's whole hashrate. AGAINST IT says why it is not for this session.

            Ends with 1 if the worker is not connected.

            Example:
              router-cli explain farm.rig3
            """
    )

    @Argument(help: "The worker, as the miner logs in.")
    var worker: String

    @OptionGroup var control: ControlOptions
    @OptionGroup var route: RouteOption
    @OptionGroup var output: ControlOutput

    func run() async throws {
        let explanations = try await self.control.ask {
            try await $0.explain(worker: self.worker, route: self.route.route)
        }
        try self.output.write(explanations)
    }
}
