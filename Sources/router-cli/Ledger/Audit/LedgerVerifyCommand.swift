import ArgumentParser
import Foundation
import Persistence

/// `router-cli ledger verify`
struct LedgerVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check that nobody has changed the ledger.",
        discussion: """
            Recomputes every seal from the rows it covers and follows the chain of seals to its beginning. Exit code 1 if \
            anything was changed, removed, inserted or reordered, with a line for each place. What the latest seal does not \
            cover yet, ledger.seal_every (ten minutes) at most, cannot be checked. docs/ledger-format.md says what this proves.

            Example: nobody but the router, whose key signs, can have written this, and nothing was cut off since that seal
              router-cli ledger verify --ledger copy.sqlite --public-key seal.pub.pem --seal 417:5c0e8e…
            """
    )

    @OptionGroup var source: LedgerOptions

    @Option(
        help: ArgumentHelp(
            "Every seal must be signed with this key (PEM, as 'openssl pkey -pubout' writes it).",
            valueName: "file"
        )
    )
    var publicKey: String?

    @Option(
        help: ArgumentHelp(
            "This seal, which 'router-cli ledger seal --print' showed earlier, must be in the chain.",
            valueName: "segment:hash"
        ),
        transform: Self.seal
    )
    var seal: LedgerSealID?

    @Option(help: "How to show the result.")
    var format: OutputFormat = .table

    func run() async throws {
        let path = try self.source.path()
        let key = try self.publicKey.map(Self.key)
        let result = try self.source.explained {
            do {
                return try LedgerReader(path: path).verify(publicKey: key, kept: self.seal)
            } catch let error as LedgerError {
                guard case .damaged = error else { throw error }
                printToStandardError("\(error)")
                throw ExitStatus.no
            }
        }
        var output = StandardOutput()
        try output.write(try VerificationColumns.text(result, format: self.format))
        try output.flush()
        if result.segments == 0 {
            printToStandardError("nothing is sealed yet, so nothing could be checked")
        } else if result.droppedShares > 0 {
            printToStandardError(
                "\(result.droppedShares) shares were dropped; whoever can write the file can order that: see events --kind pruned"
            )
        }
        guard result.findings.isEmpty else { throw ExitStatus.no }
    }

    private static func seal(_ text: String) throws -> LedgerSealID {
        guard let seal = LedgerSealID(text) else {
            throw ValidationError("'\(text)' is no SEGMENT:HASH as 'router-cli ledger seal --print' shows it.")
        }
        return seal
    }

    private static func key(_ path: String) throws -> [UInt8] {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            printToStandardError("\(path) cannot be read: check the path and its permissions")
            throw ExitStatus.noInput
        }
        guard let key = SealKey.publicKey(pem: text) else {
            printToStandardError("\(path) holds no Ed25519 public key as 'openssl pkey -pubout' writes it")
            throw ExitStatus.configuration
        }
        return key
    }
}

/// How the result of a verification is shown. Users rely on the names and their order.
enum VerificationColumns {
    static let names = [
        "result", "segments", "shares", "first_share", "last_share", "unsealed_shares", "signed_seals", "signed_by",
        "shares_from_segment", "totals_from_segment", "newest_seal", "findings", "dropped_shares", "unsealed_events",
    ]
    /// Findings of a table; what follows the first ones is rarely news.
    private static let tableLimit = 20
    static let findingNames = ["segment", "first_share", "last_share", "table", "problem"]

    /// One value for each name.
    static func values(of result: LedgerVerification) -> [OutputValue] {
        let keys = result.publicKeys.map(Hexadecimal.text).joined(separator: " ")
        return [
            .text(result.findings.isEmpty ? result.segments == 0 ? "nothing sealed yet" : "good" : "altered"),
            .integer(result.segments),
            .integer(result.shares),
            .text(result.firstTime.map { LedgerTime.format($0) }),
            .text(result.lastTime.map { LedgerTime.format($0) }),
            .integer(result.unsealedShares),
            .integer(result.signedSeals),
            .text(keys.isEmpty ? nil : keys),
            .integer(result.detailFrom),
            .integer(result.rollupsFrom),
            .text(result.newestSeal?.description),
            .integer(result.findings.count),
            .integer(result.droppedShares),
            .integer(result.unsealedEvents),
        ]
    }

    /// One value for each of `findingNames`.
    static func values(of finding: LedgerFinding) -> [OutputValue] {
        [
            .integer(finding.segment),
            .text(finding.firstTime.map { LedgerTime.format($0) }),
            .text(finding.lastTime.map { LedgerTime.format($0) }),
            .text(finding.table),
            .text(finding.problem),
        ]
    }

    /// The result, then the findings; as a table, the result has a name and a value a line.
    static func text(_ result: LedgerVerification, format: OutputFormat) throws -> String {
        var text = ""
        if format == .table {
            let width = Self.names.map(\.count).max() ?? 0
            for (name, value) in zip(Self.names, Self.values(of: result)) {
                text += name + String(repeating: " ", count: width - name.count + 2) + Table.show(value) + "\n"
            }
            if !result.findings.isEmpty { text += "\n" }
        } else {
            var printer = try RowPrinter(format: format, columns: Self.names) { text += $0 }
            try printer.add(Self.values(of: result))
            try printer.finish()
        }
        guard !result.findings.isEmpty else { return text }
        var printer = try RowPrinter(format: format, columns: Self.findingNames) { text += $0 }
        let shown = format == .table ? result.findings.prefix(Self.tableLimit) : result.findings[...]
        for finding in shown { try printer.add(Self.values(of: finding)) }
        try printer.finish()
        let rest = result.findings.count - shown.count
        if rest > 0 { text += "and \(rest) more; --format json shows all of them\n" }
        return text
    }
}
