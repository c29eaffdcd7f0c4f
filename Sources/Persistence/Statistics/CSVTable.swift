/// Why a text is not the table it should be, and where.
package struct CSVError: Error, Hashable, CustomStringConvertible {
    /// From 1; the column counts characters.
    package var line: Int
    package var column: Int
    package var reason: String

    package var description: String { "line \(self.line), column \(self.column): \(self.reason)" }
}

/// Comma-separated values as in RFC 4180, with other separators and any kind of line end, the first line being the names
/// of the columns.
package struct CSVTable: Sendable, Hashable {
    /// A value and where it begins.
    package struct Cell: Sendable, Hashable {
        package var text: String
        package var line: Int
        package var column: Int

        /// An error about this cell.
        package func error(_ reason: String) -> CSVError {
            CSVError(line: self.line, column: self.column, reason: reason)
        }
    }

    /// Separators that are looked for when none is named.
    package static let separators: [Character] = [",", ";", "\t"]

    package let header: [Cell]
    /// As many cells each as the header.
    package let rows: [[Cell]]

    /// - Parameter separator: nil: the one of `separators` that is in the header most often.
    package init(_ bytes: some Collection<UInt8>, separator: Character? = nil) throws(CSVError) {
        guard !bytes.starts(with: [0xFF, 0xFE]), !bytes.starts(with: [0xFE, 0xFF]) else {
            throw CSVError(line: 1, column: 1, reason: "the text is UTF-16: save it as UTF-8")
        }
        let hasMark = bytes.starts(with: [0xEF, 0xBB, 0xBF])
        guard let text = String(validating: bytes.dropFirst(hasMark ? 3 : 0), as: UTF8.self) else {
            throw CSVError(line: Self.firstBadLine(bytes), column: 1, reason: "the text is not UTF-8")
        }
        let scalars = text.unicodeScalars
        let mark = separator?.unicodeScalars.first ?? Self.separator(in: scalars)
        var scanner = Scanner(rest: scalars[...], separator: mark)
        guard let header = try scanner.record() else {
            let reason = "the text is empty: a line with the names of the columns is needed"
            throw CSVError(line: 1, column: 1, reason: reason)
        }
        var rows: [[Cell]] = []
        while let row = try scanner.record() {
            guard row.count == header.count else {
                throw CSVError(
                    line: row.first?.line ?? 0,
                    column: 1,
                    reason: "\(row.count) values, but the header has \(header.count)"
                )
            }
            rows.append(row)
        }
        self.header = header
        self.rows = rows
    }

    private static func separator(in text: String.UnicodeScalarView) -> Unicode.Scalar {
        var counts: [Unicode.Scalar: Int] = [:]
        var isQuoted = false
        for scalar in text {
            if scalar == "\"" { isQuoted.toggle() }
            guard !isQuoted else { continue }
            if scalar == "\n" || scalar == "\r" { break }
            counts[scalar, default: 0] += 1
        }
        let known = Self.separators.compactMap(\.unicodeScalars.first)
        return known.max { (counts[$0] ?? 0) < (counts[$1] ?? 0) } ?? ","
    }

    private static func firstBadLine(_ bytes: some Collection<UInt8>) -> Int {
        let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
        return (lines.firstIndex { String(validating: $0, as: UTF8.self) == nil } ?? 0) + 1
    }

    /// Takes records off the front of a text.
    private struct Scanner {
        var rest: Substring.UnicodeScalarView
        let separator: Unicode.Scalar
        private var line = 1
        private var column = 1

        init(rest: Substring.UnicodeScalarView, separator: Unicode.Scalar) {
            self.rest = rest
            self.separator = separator
        }

        /// The next line that is not empty; nil at the end.
        mutating func record() throws(CSVError) -> [Cell]? {
            while self.isLineEnd { self.endLine() }
            guard !self.rest.isEmpty else { return nil }
            var cells = [try self.cell()]
            while self.rest.first == self.separator {
                self.take()
                cells.append(try self.cell())
            }
            self.endLine()
            return cells
        }

        private mutating func cell() throws(CSVError) -> Cell {
            var cell = Cell(text: "", line: self.line, column: self.column)
            var text = String.UnicodeScalarView()
            if self.rest.first == "\"" {
                text = try self.quoted(cell)
                guard self.rest.isEmpty || self.isLineEnd || self.rest.first == self.separator else {
                    throw self.error("a closing quote must be followed by a separator")
                }
            } else {
                while let next = self.rest.first, next != self.separator, !self.isLineEnd {
                    guard next != "\"" else { throw self.error("a quote within a value that does not begin with one") }
                    text.append(next)
                    self.take()
                }
            }
            cell.text = String(text)
            return cell
        }

        private mutating func quoted(_ cell: Cell) throws(CSVError) -> String.UnicodeScalarView {
            var text = String.UnicodeScalarView()
            self.take()
            while let next = self.rest.first {
                if self.isLineEnd {
                    text.append("\n")
                    self.endLine()
                    continue
                }
                self.take()
                if next == "\"" {
                    guard self.rest.first == "\"" else { return text }
                    self.take()
                }
                text.append(next)
            }
            throw cell.error("a quote that is never closed")
        }

        private var isLineEnd: Bool { self.rest.first == "\n" || self.rest.first == "\r" }

        private mutating func take() {
            self.rest = self.rest.dropFirst()
            self.column += 1
        }

        private mutating func endLine() {
            guard let end = self.rest.first else { return }
            self.rest = self.rest.dropFirst()
            if end == "\r", self.rest.first == "\n" { self.rest = self.rest.dropFirst() }
            self.line += 1
            self.column = 1
        }

        private func error(_ reason: String) -> CSVError {
            CSVError(line: self.line, column: self.column, reason: reason)
        }
    }
}
