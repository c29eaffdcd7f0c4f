import ArgumentParser
import Foundation
import Persistence

/// Which file is a pool's statement, and how to read it.
struct StatementOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The pool's statement, comma-separated values with a header line.", valueName: "file"))
    var statement: String

    @Option(help: "What stands between values. Without it: what is in the header most often.")
    var separator: Separator?

    @Option(help: ArgumentHelp("The column of worker names.", valueName: "name"))
    var workerColumn: String?

    @Option(help: ArgumentHelp("The column of the times at which periods begin.", valueName: "name"))
    var timeColumn: String?

    @Option(help: ArgumentHelp("The column of the times at which periods end.", valueName: "name"))
    var endColumn: String?

    @Option(
        help: ArgumentHelp("How long each period is: 1h, 1d. Without it: until the next row's.", valueName: "time"),
        transform: Self.duration
    )
    var period: Int64?

    @Option(help: ArgumentHelp("The column of credited work.", valueName: "name"))
    var workColumn: String?

    @Option(
        help: """
            What that column counts: difficulty; hashes (as many to a difficulty of 1 as in the protocol of the pool's \
            route, 2^32 in Bitcoin); ghs, ths, phs (mean hashrate over the period); shares. Without it: difficulty.
            """
    )
    var unit: PoolStatementFormat.Unit?

    @Option(help: ArgumentHelp("The difficulty of each share, for the unit shares.", valueName: "number"))
    var shareDifficulty: Double?

    @Option(help: ArgumentHelp("What to take off the front of worker names, such as 'account.'.", valueName: "text"))
    var workerPrefix = ""

    /// What may stand between values.
    enum Separator: String, CaseIterable, ExpressibleByArgument {
        case comma
        case semicolon
        case tab

        var character: Character {
            switch self {
            case .comma: ","
            case .semicolon: ";"
            case .tab: "\t"
            }
        }
    }

    func validate() throws {
        if let shareDifficulty, !(shareDifficulty > 0 && shareDifficulty.isFinite) {
            throw ValidationError("--share-difficulty must be greater than 0.")
        }
        if let period, period == 0 { throw ValidationError("--period must be longer than 0.") }
    }

    /// Reads the file; `hashesPerDifficulty` is that of the pool's route. What is wrong with it goes to stderr, the exit
    /// code is thrown.
    func read(hashesPerDifficulty: Double) throws -> PoolStatement {
        guard FileManager.default.fileExists(atPath: self.statement) else {
            printToStandardError("there is no file \(self.statement)")
            throw ExitStatus.noInput
        }
        var format = PoolStatementFormat()
        format.workerColumn = self.workerColumn
        format.timeColumn = self.timeColumn
        format.endColumn = self.endColumn
        format.workColumn = self.workColumn
        format.unit = self.unit
        format.shareDifficulty = self.shareDifficulty
        format.hashesPerDifficulty = hashesPerDifficulty
        format.workerPrefix = self.workerPrefix
        format.period = self.period
        do {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: self.statement))
            return try format.read(CSVTable(bytes, separator: self.separator?.character))
        } catch let error as CSVError {
            printToStandardError("\(self.statement): \(error)")
        } catch {
            printToStandardError("\(self.statement) cannot be read: \(error.localizedDescription)")
        }
        throw ExitStatus.usage
    }

    /// Milliseconds of `90s`, `1h`, `1d12h`.
    static func duration(_ text: String) throws -> Int64 {
        // A duration is understood as a time that far back; dates before 1970 have dashes.
        guard !text.contains("-"), text.first?.isNumber == true, let time = LedgerTime.parse(text, now: 0) else {
            throw ValidationError("'\(text)' is no duration: 60s, 1h, 1d.")
        }
        return -time
    }
}

extension PoolStatementFormat.Unit: ExpressibleByArgument {}
