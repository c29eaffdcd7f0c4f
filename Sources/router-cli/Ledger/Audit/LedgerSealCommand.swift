import ArgumentParser
import Persistence

/// `router-cli ledger seal`
struct LedgerSealCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "seal",
        abstract: "Show the ledger's newest seal, to be kept elsewhere.",
        discussion: """
            Whoever has the seal can find out later, with 'router-cli ledger verify --seal', whether the ledger still says \
            what it said then, and whether anything was cut off. Exit code 1 if nothing has been sealed yet.

            Example: a seal a day for the other side
              router-cli ledger seal --print --config /etc/router/router.yaml | mail -s seal auditor@example.com
            """
    )

    @OptionGroup var source: LedgerOptions

    @Flag(help: "Show the newest seal.")
    var print = false

    @Option(help: "How to show it.")
    var format: OutputFormat = .table

    func validate() throws {
        if !self.print { throw ValidationError("Say --print to show the newest seal.") }
    }

    func run() async throws {
        guard let seal = try self.source.read({ try $0.newestSeal() }) else {
            printToStandardError(
                "nothing has been sealed yet: that happens every ledger.seal_every (ten minutes) and when the router stops"
            )
            throw ExitStatus.no
        }
        var output = StandardOutput()
        var printer = try RowPrinter(format: self.format, columns: SealColumns.names) { try output.write($0) }
        try printer.add(SealColumns.values(of: seal))
        try printer.finish()
        try output.flush()
    }
}

/// How a seal is shown. Users rely on the names and their order.
enum SealColumns {
    static let names = ["seal", "time", "shares", "signed_by", "signature"]

    /// One value for each name.
    static func values(of seal: LedgerSealSummary) -> [OutputValue] {
        [
            .text(seal.id.description),
            .text(LedgerTime.format(seal.time)),
            .integer(seal.shares),
            .text(seal.publicKey.map(Hexadecimal.text)),
            .text(seal.signature.map(Hexadecimal.text)),
        ]
    }
}
