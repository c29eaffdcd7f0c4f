import Foundation

/// Why an export cannot be written where it should.
struct ExportFileError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// The file that an export goes to.
final class ExportFile {
    /// The last share that is in it.
    struct Last: Equatable {
        var id: Int64
        var entry: Int64
    }

    private static let pieceSize = 1 << 18

    /// nil: it holds no shares yet.
    let last: Last?
    /// Its line.
    private let lastLine: String?
    /// It begins with the names of the columns.
    let hasHeader: Bool
    private let path: String
    private let file: FileHandle
    private var buffer: [UInt8] = []

    /// Makes the file, or opens it behind its last whole record.
    /// - Throws: `ExportFileError`, also when it exists and `resume` is not set, or when it holds something else.
    init(path: String, format: OutputFormat, resume: Bool) throws(ExportFileError) {
        let flags = O_RDWR | O_CREAT | O_CLOEXEC | (resume ? 0 : O_EXCL)
        let descriptor = open(path, flags, 0o640)
        guard descriptor >= 0 else {
            let code = errno
            throw ExportFileError(
                code == EEXIST
                    ? "\(path) exists; go on with it with --resume, or name another file"
                    : "\(path) cannot be written: \(String(cString: strerror(code)))"
            )
        }
        self.path = path
        self.file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            let found = try ExportedRecords(self.file, format: format)
            try found.check(format: format, path: path)
            self.last = found.last.flatMap { ExportedRecords.last(in: $0, format: format) }
            self.lastLine = found.last
            self.hasHeader = format == .csv && found.first != nil
            if found.last != nil, self.last == nil {
                throw ExportFileError("\(path) does not end with an exported share")
            }
            try self.file.truncate(atOffset: found.end)
        } catch let error as ExportFileError {
            throw error
        } catch {
            throw ExportFileError("\(path) cannot be gone on with: \(error.localizedDescription)")
        }
    }

    /// Whether the last line is the one that an export of today would have there; a late verdict may have come since.
    func endsWith(_ line: String, format: OutputFormat) -> Bool {
        guard let lastLine else { return false }
        return ExportedRecords.lasting(line, format: format) == ExportedRecords.lasting(lastLine, format: format)
    }

    /// Adds `text`, which gets to the file with more of its kind.
    func write(_ text: String) throws(ExportFileError) {
        self.buffer.append(contentsOf: text.utf8)
        if self.buffer.count >= Self.pieceSize { try self.flush() }
    }

    /// Writes the rest.
    func finish() throws(ExportFileError) { try self.flush() }

    private func flush() throws(ExportFileError) {
        do {
            try self.file.write(contentsOf: self.buffer)
        } catch {
            throw ExportFileError("\(self.path) cannot be written: \(error.localizedDescription)")
        }
        self.buffer.removeAll(keepingCapacity: true)
    }
}

/// What an earlier export left in a file.
struct ExportedRecords {
    /// The first line; nil without a whole one.
    private(set) var first: String?
    /// The last share's line; nil without any.
    private(set) var last: String?
    /// Where the last whole line ends.
    private(set) var end: UInt64 = 0
    /// The beginning of a first line that has no end.
    private var torn = ""

    private static let header = ExportColumns.names.joined(separator: ",")

    /// Reads the file from its beginning: a line may end within quotes, and only there can that be seen.
    init(_ file: FileHandle, format: OutputFormat) throws {
        let hasQuotes = format == .csv
        var isQuoted = false
        var position: UInt64 = 0
        var ends: (first: UInt64, before: UInt64, last: UInt64)?
        while let piece = try file.read(upToCount: 1 << 20), !piece.isEmpty {
            piece.withUnsafeBytes { bytes in
                for byte in bytes {
                    position += 1
                    if byte == UInt8(ascii: "\""), hasQuotes { isQuoted.toggle() }
                    guard byte == UInt8(ascii: "\n"), !isQuoted else { continue }
                    ends = ends.map { ($0.first, $0.last, position) } ?? (position, 0, position)
                }
            }
        }
        guard let ends else {
            self.torn = try Self.line(0..<position, of: file)
            return
        }
        self.end = ends.last
        self.first = try Self.line(0..<ends.first, of: file)
        // In CSV the first line is the header.
        if !hasQuotes || ends.last > ends.first { self.last = try Self.line(ends.before..<ends.last, of: file) }
    }

    /// - Throws: `ExportFileError` if this is not an export with the columns that it has now.
    func check(format: OutputFormat, path: String) throws(ExportFileError) {
        let isExport =
            switch format {
            case .table: false
            case .csv: self.first.map { $0 == Self.header } ?? Self.header.hasPrefix(self.torn)
            case .json:
                [self.first, self.last].allSatisfy { line in
                    line.map { Set(Self.object($0)?.keys.map { $0 } ?? []) == Set(ExportColumns.names) }
                        ?? (self.torn.hasPrefix("{\"id\":") || "{\"id\":".hasPrefix(self.torn))
                }
            }
        guard isExport else { throw ExportFileError("\(path) is not an export with these columns; name another file") }
    }

    /// The share of a line; nil: it is no such line.
    static func last(in line: String, format: OutputFormat) -> ExportFile.Last? {
        guard format == .csv else {
            guard let object = Self.object(line), let id = object["id"] as? NSNumber,
                let entry = object["entry"] as? NSNumber
            else { return nil }
            return ExportFile.Last(id: id.int64Value, entry: entry.int64Value)
        }
        let id = line.prefix { $0 != "," }
        let entry = line.reversed().prefix { $0 != "," }.reversed()
        guard let id = Int64(id), let entry = Int64(String(entry)) else { return nil }
        return ExportFile.Last(id: id, entry: entry)
    }

    /// What does not change any more: without immediate_reply, late_verdict and entry, which come last.
    static func lasting(_ line: String, format: OutputFormat) -> String {
        let line = line.trimmingCharacters(in: .newlines)
        guard format == .csv else { return line.components(separatedBy: ",\"immediate_reply\":")[0] }
        return line.split(separator: ",", omittingEmptySubsequences: false).dropLast(3).joined(separator: ",")
    }

    private static func object(_ line: String) -> [String: Any]? {
        (try? JSONSerialization.jsonObject(with: Data(line.utf8))) as? [String: Any]
    }

    /// Without its end.
    private static func line(_ range: Range<UInt64>, of file: FileHandle) throws -> String {
        try file.seek(toOffset: range.lowerBound)
        let bytes = try file.read(upToCount: Int(clamping: min(range.upperBound - range.lowerBound, 1 << 20))) ?? Data()
        var line = bytes[...]
        while let byte = line.last, byte == 0x0A || byte == 0x0D { line.removeLast() }
        return String(decoding: line, as: UTF8.self)
    }
}
