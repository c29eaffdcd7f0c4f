import ArgumentParser

/// How a command shows its results.
enum OutputFormat: String, CaseIterable, ExpressibleByArgument {
    case table
    /// One object a line.
    case json
    /// RFC 4180, with a header line. What could move a terminal's cursor or break a line is written as in tables.
    case csv
}

/// Shows rows of the same columns in the format asked for.
struct RowPrinter: ~Copyable {
    private let format: OutputFormat
    private let columns: [String]
    private let leavesOutEmpty: Bool
    private let write: (String) throws -> Void
    private var rows: [[OutputValue]] = []

    /// `write` receives pieces of the result, in order. With `leavesOutEmpty`, tables have only columns in which at least
    /// one row has something; a table without rows has all.
    init(
        format: OutputFormat,
        columns: [String],
        leavesOutEmpty: Bool = false,
        write: @escaping (String) throws -> Void
    ) throws {
        self.format = format
        self.columns = columns
        self.leavesOutEmpty = leavesOutEmpty
        self.write = write
        if format == .csv { try write(Self.csvLine(columns)) }
    }

    /// Adds a row: at once, except in tables, whose columns get their widths at the end.
    mutating func add(_ row: [OutputValue]) throws {
        switch self.format {
        case .table: self.rows.append(row)
        case .json: try self.write(Self.jsonLine(self.columns, row))
        case .csv: try self.write(Self.csvLine(row.map(\.plain)))
        }
    }

    /// To be called after the last row.
    consuming func finish() throws {
        guard self.format == .table else { return }
        let shown = self.shown
        let rows = self.rows.map { row in shown.compactMap { row.indices.contains($0) ? row[$0] : nil } }
        try self.write(Table(columns: shown.map { self.columns[$0] }, rows: rows).render())
    }

    /// Which columns a table has.
    private var shown: [Int] {
        guard self.leavesOutEmpty, !self.rows.isEmpty else { return Array(self.columns.indices) }
        return self.columns.indices.filter { column in
            self.rows.contains { $0.indices.contains(column) && !$0[column].plain.isEmpty }
        }
    }

    private static func jsonLine(_ columns: [String], _ row: [OutputValue]) -> String {
        let fields = zip(columns, row).map { "\(JSONText.quote($0)):\($1.json)" }
        return "{\(fields.joined(separator: ","))}\n"
    }

    private static func csvLine(_ fields: [String]) -> String {
        fields.map { Self.csvField(Table.harmless($0)) }.joined(separator: ",") + "\r\n"
    }

    private static func csvField(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { ![UInt8(ascii: ","), UInt8(ascii: "\""), 0x0A, 0x0D].contains($0) }
        return isPlain ? text : "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
}
