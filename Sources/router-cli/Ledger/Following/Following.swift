import Foundation

/// `--follow`
enum Following {
    /// Rows to begin with when no number is given.
    static let start = 10
    private static let interval = Duration.milliseconds(250)

    /// Runs `step` again and again until nobody reads stdout any more.
    static func run(_ step: () throws -> Void) async throws {
        while Self.hasReader {
            try step()
            try await Task.sleep(for: Self.interval)
        }
    }

    /// False when stdout is a pipe whose other end has been closed.
    private static var hasReader: Bool {
        var descriptor = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
        return poll(&descriptor, 1, 0) <= 0 || descriptor.revents & Int16(POLLERR) == 0
    }
}

/// Shows rows as they come: each batch at once, tables with columns of a width set beforehand.
struct FollowPrinter: ~Copyable {
    private let format: OutputFormat
    private let columns: [String]
    private var output = StandardOutput()
    private var isBegun = false

    init(format: OutputFormat, columns: [String]) {
        self.format = format
        self.columns = columns
    }

    /// Shows `rows` at once.
    mutating func print(_ rows: [[OutputValue]]) throws {
        try self.output.write(try self.next(rows))
        try self.output.flush()
    }

    /// What is shown of `rows`: the first time, even without rows, the header line goes before.
    mutating func next(_ rows: [[OutputValue]]) throws -> String {
        let hasHeader = self.isBegun
        self.isBegun = true
        guard self.format != .table else {
            let table = StreamedTable(columns: self.columns)
            return (hasHeader ? "" : table.header) + rows.map { table.line($0) }.joined()
        }
        var text = ""
        // The printer's initializer writes the header line.
        var isMuted = hasHeader
        var printer = try RowPrinter(format: self.format, columns: self.columns) { if !isMuted { text += $0 } }
        isMuted = false
        for row in rows { try printer.add(row) }
        try printer.finish()
        return text
    }
}

/// A table of which each line is shown before the next is known.
struct StreamedTable {
    private struct Column {
        var name: String
        var width: Int
        var isRight: Bool
    }

    /// Widths that hold what is usual; what is longer pushes the rest of its line to the right.
    private static let widths = [
        "id": 9, "time": 24, "kind": 14, "route": 8, "worker": 20, "session": 7, "remote": 21, "pool": 12,
        "from_pool": 12,
        "to_pool": 12, "job": 8, "pool_job": 12, "difficulty": 10, "pool_difficulty": 15, "share_difficulty": 18,
        "verdict": 14, "reason": 20, "latency_ms": 10, "extranonce2": 16, "ntime": 8, "nonce": 8, "version_bits": 12,
        "cause": 30, "last_good": 24,
    ]
    private static let right: Set = [
        "id", "session", "difficulty", "pool_difficulty", "share_difficulty", "latency_ms", "detection_ms",
        "sessions_moved", "shares_lost", "completion_ms", "sessions_waiting", "work_lost", "hashes_lost",
        "sessions_closed",
    ]

    private let columns: [Column]

    init(columns: [String]) {
        self.columns = columns.map { name in
            Column(
                name: name,
                width: max(name.count, Self.widths[name] ?? 0),
                isRight: Self.right.contains(name)
            )
        }
    }

    /// With the end of its line.
    var header: String { self.line(self.columns.map(\.name)) }

    /// With its end.
    func line(_ row: [OutputValue]) -> String { self.line(row.map(Table.show)) }

    private func line(_ texts: [String]) -> String {
        let cells = zip(self.columns, texts).map { column, text in
            let blanks = String(repeating: " ", count: max(0, column.width - text.count))
            return column.isRight ? blanks + text : text + blanks
        }
        var line = cells.joined(separator: "  ")
        while line.last == " " { line.removeLast() }
        return line + "\n"
    }
}
