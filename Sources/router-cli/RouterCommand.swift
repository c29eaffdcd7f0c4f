import ArgumentParser

/// The program.
struct RouterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "router-cli",
        abstract: "A Stratum router: miners connect once, pools come and go.",
        discussion: """
            Spreads the hashrate of a farm over several mining pools, moves every miner to another pool without the miner \
            noticing, and books each share in a ledger.

            Example:
              router-cli demo
              router-cli init > router.yaml && router-cli run --config router.yaml
            """,
        version: ProgramVersion.number,
        groupedSubcommands: [
            CommandGroup(name: "Running", subcommands: [RunCommand.self, DemoCommand.self]),
            CommandGroup(
                name: "Configuration", subcommands: [InitCommand.self, CheckCommand.self, SimulateCommand.self]
            ),
            CommandGroup(
                name: "The ledger",
                subcommands: [SharesCommand.self, ReportCommand.self, EventsCommand.self, LedgerCommand.self]
            ),
            CommandGroup(
                name: "The running router",
                subcommands: [
                    StatusCommand.self, PoolsCommand.self, WorkersCommand.self, SessionsCommand.self,
                    ExplainCommand.self, PoolCommand.self, SessionCommand.self,
                ]
            ),
        ]
    )
}
