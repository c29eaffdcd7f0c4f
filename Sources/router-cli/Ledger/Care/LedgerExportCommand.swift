import ArgumentParser
import Persistence

/// `router-cli ledger export`
struct LedgerExportCommand: AsyncParsableCommand {
    /// What can be appended to.
    enum Format: String, CaseIterable, ExpressibleByArgument {
        case csv
        case json

        var output: OutputFormat { self == .csv ? .csv : .json }
    }

    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write settled shares to a file, in the order in which they were settled.",
        discussion: """
            The columns are those of the table of 'router-cli shares', and entry, the share's place in the book. json is one object a \
            line, csv is RFC 4180 with a header line and texts as they are. Miners choose their names: for files that are \
            opened in a spreadsheet, --spreadsheet puts an apostrophe before texts that would be taken for formulas.

            With --resume, a file that was begun earlier is gone on with after its last whole line, so that the same command \
            run every night appends the shares of the day.

            \(PeriodOptions.help)

            Example:
              router-cli ledger export --format csv --output shares.csv --resume
            """
    )

    @OptionGroup var source: LedgerOptions

    @Option(help: "csv or json.")
    var format: Format

    @OptionGroup var time: PeriodOptions

    @Option(
        help: ArgumentHelp("Where to; stdout if not given. An existing file is not overwritten.", valueName: "file"))
    var output: String?

    @Flag(help: "Go on after the last whole line of the output.")
    var resume = false

    @Flag(help: "Make texts harmless to spreadsheets (csv).")
    var spreadsheet = false

    func validate() throws {
        if self.resume, self.output == nil { throw ValidationError("--resume needs --output.") }
        if self.spreadsheet, self.format != .csv { throw ValidationError("--spreadsheet is for --format csv.") }
    }

    func run() async throws {
        var filter = LedgerShareFilter()
        filter.period = try self.time.period(now: PeriodOptions.now)
        filter.onlySettled = true
        let reader = try self.source.open()
        try self.source.remark(on: reader, sharesSince: .some(filter.period.since))
        guard let path = self.output else {
            var output = StandardOutput()
            try self.export(reader, filter, hasHeader: false) { try output.write($0) }
            return try output.flush()
        }
        do {
            let file = try ExportFile(path: path, format: self.format.output, resume: self.resume)
            if let last = file.last {
                guard try self.isOurs(last, in: file, reader) else {
                    throw ExportFileError("\(path) was exported from another ledger")
                }
                filter.afterEntry = last.entry
            }
            try self.export(reader, filter, hasHeader: file.hasHeader) { try file.write($0) }
            try file.finish()
        } catch let error as ExportFileError {
            printToStandardError(error.description)
            throw ExitStatus.usage
        }
    }

    /// Whether the file was exported from this ledger, as far as its last share is still there.
    private func isOurs(_ last: ExportFile.Last, in file: ExportFile, _ reader: LedgerReader) throws -> Bool {
        struct Enough: Error {}
        guard try self.source.explained({ try reader.hasShare(entry: last.entry, id: last.id) }) else { return false }
        var filter = LedgerShareFilter()
        filter.onlySettled = true
        filter.afterEntry = last.entry > .min ? last.entry - 1 : nil
        var line: String?
        do {
            try reader.shares(filter) { share in
                guard share.entry == last.entry else { throw Enough() }
                var text = ""
                var printer = try RowPrinter(format: self.format.output, columns: ExportColumns.names) { text = $0 }
                try printer.add(self.cells(of: share))
                line = text
                throw Enough()
            }
        } catch is Enough {}
        return line.map { file.endsWith($0, format: self.format.output) } ?? true
    }

    private func cells(of share: LedgerShareRecord) -> [OutputValue] {
        let values = ExportColumns.values(of: share)
        return self.spreadsheet ? values.map(ExportColumns.harmlessToSpreadsheets) : values
    }

    private func export(
        _ reader: LedgerReader,
        _ filter: LedgerShareFilter,
        hasHeader: Bool,
        _ write: @escaping (String) throws -> Void
    ) throws {
        // The header line is written by the printer's initializer.
        var isMuted = hasHeader
        var printer = try RowPrinter(format: self.format.output, columns: ExportColumns.names) {
            if !isMuted { try write($0) }
        }
        isMuted = false
        try self.source.explained {
            try reader.shares(filter) { share in
                try printer.add(self.cells(of: share))
            }
        }
        try printer.finish()
    }
}

/// How an exported share is shown. Users rely on the names and their order; `id` comes first, `entry` last.
enum ExportColumns {
    static let names = ShareColumns.names + ["entry"]

    /// One value for each name.
    static func values(of share: LedgerShareRecord) -> [OutputValue] {
        ShareColumns.values(of: share) + [.integer(share.entry)]
    }

    /// With an apostrophe before what a spreadsheet would take for a formula.
    static func harmlessToSpreadsheets(_ value: OutputValue) -> OutputValue {
        guard case .text(let text) = value, let first = text.unicodeScalars.first else { return value }
        return "=+-@\t\r\n".unicodeScalars.contains(first) ? .text("'" + text) : value
    }
}
