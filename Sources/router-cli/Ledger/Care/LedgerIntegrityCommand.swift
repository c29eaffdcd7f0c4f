import ArgumentParser
import Persistence

/// `router-cli ledger integrity`
struct LedgerIntegrityCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "integrity",
        abstract: "Check the ledger's file: damaged pages, altered tables.",
        discussion: """
            Reads the whole file and may take minutes. Says nothing about whether somebody has changed what stands in it: \
            that is 'router-cli ledger verify'. Exit code 1 if anything is wrong, with a line for each finding.

            Example:
              router-cli ledger integrity --config /etc/router/router.yaml
            """
    )

    @OptionGroup var source: LedgerOptions

    func run() async throws {
        let path = try self.source.path()
        let findings = try self.source.read { reader in
            do {
                return try reader.integrityFindings()
            } catch let error as LedgerError {
                // It could be opened, so that is the answer.
                return ["\(error)"]
            }
        }
        guard findings.isEmpty else {
            print(findings.map { Table.harmless($0) }.joined(separator: "\n"))
            throw ExitStatus.no
        }
        print("\(path): no damage")
    }
}
