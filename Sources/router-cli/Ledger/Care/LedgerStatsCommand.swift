import ArgumentParser
import Persistence

/// `router-cli ledger stats`
struct LedgerStatsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats",
        abstract: "Show how large the ledger is and what it holds.",
        discussion: """
            bytes_per_share is what a share's row takes with all that belongs to it. shares_without_detail are known only as \
            totals because their rows were dropped, dropped_shares were dropped altogether, gap_shares are known only as \
            totals because they could not be written.

            Example:
              router-cli ledger stats --ledger /var/lib/router/ledger.sqlite
            """
    )

    @OptionGroup var source: LedgerOptions

    @Option(help: "How to show it.")
    var format: OutputFormat = .table

    func run() async throws {
        let path = try self.source.path()
        let statistics = try self.source.read { try $0.statistics() }
        var output = StandardOutput()
        try output.write(try StatisticsColumns.text(statistics, path: path, format: self.format))
        try output.flush()
    }
}

/// How statistics are shown. Users rely on the names and their order.
enum StatisticsColumns {
    static let names = [
        "path", "file_bytes", "wal_bytes", "journal_bytes", "free_bytes", "schema", "segments", "sealed_shares",
        "open_shares", "pending_shares", "bytes_per_share", "oldest_share", "newest_share", "rollups", "workers",
        "pools",
        "sessions", "gap_shares", "shares_without_detail", "dropped_shares", "seal_segment", "seal_time", "seal_hash",
        "seal_signed",
    ]

    /// One value for each name.
    static func values(of statistics: LedgerStatistics, path: String) -> [OutputValue] {
        let seal = statistics.newestSeal
        return [
            .text(path),
            Self.bytes(statistics.fileBytes),
            Self.bytes(statistics.walBytes),
            Self.bytes(statistics.journalBytes),
            Self.bytes(statistics.freeBytes),
            .integer(statistics.schemaVersion),
            .integer(statistics.segments),
            .integer(statistics.sealedShares),
            .integer(statistics.openShares),
            .integer(statistics.pendingShares),
            statistics.bytesPerShare.map { .number(($0 * 10).rounded() / 10) } ?? .null,
            .text(statistics.oldestShare.map { LedgerTime.format($0) }),
            .text(statistics.newestShare.map { LedgerTime.format($0) }),
            .integer(statistics.rollups),
            .integer(statistics.workers),
            .integer(statistics.pools),
            .integer(statistics.sessions),
            .integer(statistics.gapShares),
            .integer(statistics.sharesWithoutDetail),
            .integer(statistics.droppedShares),
            .integer(seal?.id.segment),
            .text(seal.map { LedgerTime.format($0.time) }),
            .text(seal.map { Hexadecimal.text($0.id.hash) }),
            seal.map { .flag($0.signature != nil) } ?? .null,
        ]
    }

    /// A name and a value a line as a table, else one row.
    static func text(_ statistics: LedgerStatistics, path: String, format: OutputFormat) throws -> String {
        let values = Self.values(of: statistics, path: path)
        guard format != .table else {
            let width = Self.names.map(\.count).max() ?? 0
            return zip(Self.names, values).map { name, value in
                name + String(repeating: " ", count: width - name.count + 2) + Table.show(value) + "\n"
            }
            .joined()
        }
        var text = ""
        var printer = try RowPrinter(format: format, columns: Self.names) { text += $0 }
        try printer.add(values)
        try printer.finish()
        return text
    }

    private static func bytes(_ count: Int64) -> OutputValue {
        .measure(Double(count), shown: ByteCount.text(count))
    }
}

/// Sizes of files as people read them.
enum ByteCount {
    /// `512 B`, `1.5 MiB`
    static func text(_ count: Int64) -> String {
        let units = ["KiB", "MiB", "GiB", "TiB"]
        guard count >= 1_024 else { return "\(count) B" }
        var value = Double(count) / 1_024
        var index = 0
        while value >= 1_024, index + 1 < units.count {
            value /= 1_024
            index += 1
        }
        return "\((value * 10).rounded() / 10) \(units[index])"
    }
}
