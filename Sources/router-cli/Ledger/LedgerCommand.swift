import ArgumentParser

/// `router-cli ledger`
struct LedgerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger",
        abstract: "Look after the ledger: its size, its soundness, its seals, copies of it.",
        discussion: """
            All of it works while the router runs.

            Example:
              router-cli ledger backup /backup/ledger-2026-01-31.sqlite --config /etc/router/router.yaml
            """,
        subcommands: [
            LedgerStatsCommand.self, LedgerVerifyCommand.self, LedgerSealCommand.self, ReconcileCommand.self,
            LedgerExportCommand.self, LedgerBackupCommand.self, LedgerPruneCommand.self, LedgerIntegrityCommand.self,
        ]
    )
}
