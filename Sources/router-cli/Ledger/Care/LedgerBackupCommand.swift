import ArgumentParser
import Foundation
import Persistence

/// `router-cli ledger backup`
struct LedgerBackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copy the ledger while the router writes it.",
        discussion: """
            The copy is the ledger as it was at one moment, complete in one file, and checked before it gets its name. It is \
            read like the ledger itself, and a router can go on with it. Nothing is overwritten.

            Example:
              router-cli ledger backup /backup/ledger-2026-01-31.sqlite
            """
    )

    @Argument(help: ArgumentHelp("The file to make.", valueName: "destination"))
    var destination: String

    @OptionGroup var source: LedgerOptions

    func run() async throws {
        guard !FileManager.default.fileExists(atPath: self.destination) else {
            printToStandardError("\(self.destination) exists; name a file that does not")
            throw ExitStatus.usage
        }
        try self.source.read { try $0.backup(to: self.destination) }
        let copy = try self.source.explained { try LedgerReader(path: self.destination).statistics() }
        let seal = copy.newestSeal.map { "\($0.id) of \(LedgerTime.format($0.time))" }
        print("\(self.destination): \(ByteCount.text(copy.fileBytes)), newest seal: \(seal ?? "none")")
    }
}
