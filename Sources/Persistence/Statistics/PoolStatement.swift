import Foundation

/// What a pool says it credited.
package struct PoolStatement: Sendable, Hashable {
    package struct Row: Sendable, Hashable {
        /// As the statement names it, without the prefix to be stripped; nil: the row is about the whole pool.
        package var worker: String?
        /// Milliseconds since 1970.
        package var period: Range<Int64>
        /// In difficulty.
        package var credited: Double
        /// By how much `credited` may be off because its text has so few digits.
        package var rounding: Double
        /// Where in the file.
        package var line: Int
    }

    /// In order of worker and time; rows about the same worker and period have been added up.
    package let rows: [Row]
    /// What had to be guessed, for the reader to check.
    package let notes: [String]

    /// The rows that lie in `period` altogether.
    package func rows(in period: LedgerPeriod) -> PoolStatement {
        let inside = self.rows.filter { row in
            (period.since.map { row.period.lowerBound >= $0 } ?? true)
                && (period.until.map { row.period.upperBound <= $0 } ?? true)
        }
        return PoolStatement(rows: inside, notes: self.notes)
    }
}

/// How to read a pool's statement.
package struct PoolStatementFormat: Sendable, Hashable {
    package enum Unit: String, Sendable, Hashable, CaseIterable {
        /// Σ difficulty of shares, as the ledger counts.
        case difficulty
        /// As many to a difficulty of 1 as `hashesPerDifficulty` says.
        case hashes
        /// Mean hashrate over the period.
        case ghs
        case ths
        case phs
        /// A count of shares, all of one difficulty.
        case shares

        /// Hashes per second; nil for what is no hashrate.
        fileprivate var hashrate: Double? {
            switch self {
            case .ghs: 1e9
            case .ths: 1e12
            case .phs: 1e15
            case .difficulty, .hashes, .shares: nil
            }
        }
    }

    /// Names of columns; nil: guessed from the header.
    package var workerColumn: String?
    package var timeColumn: String?
    package var endColumn: String?
    package var workColumn: String?
    /// nil: `difficulty`, unless the work column's name speaks of something else.
    package var unit: Unit?
    /// Of the shares of the unit `shares`.
    package var shareDifficulty: Double?
    /// Hashes that a difficulty of 1 stands for in the protocol of the pool's route; above 0.
    package var hashesPerDifficulty = LedgerProtocol.bitcoin.hashesPerDifficulty
    /// Taken off the front of worker names.
    package var workerPrefix = ""
    /// Milliseconds; nil: from the end column, or up to the next row's time.
    package var period: Int64?

    package init() {}

    /// Reads the rows of a table.
    package func read(_ table: CSVTable) throws(CSVError) -> PoolStatement {
        var notes: [String] = []
        let columns = try PoolStatementColumns(of: table, self, &notes)
        var drafts: [Draft] = []
        for cells in table.rows { drafts.append(try self.draft(cells, columns)) }
        let ends = try self.ends(of: drafts, columns, &notes)
        var rows: [PoolStatement.Row] = []
        for (draft, end) in zip(drafts, ends) { rows.append(try self.row(draft, end: end, unit: columns.unit)) }
        let summed = try Self.addUp(rows)
        let merged = rows.count - summed.count
        let remark = "rows about the same worker and time were added to others: see that none stands there twice"
        return PoolStatement(rows: summed, notes: merged > 0 ? notes + ["\(merged) \(remark)"] : notes)
    }

    /// A row whose end may not be known yet.
    private struct Draft {
        var worker: String?
        var time: Int64
        var end: Int64?
        /// In the unit of the statement, with half a unit of its last digit.
        var work: (value: Double, rounding: Double)
        var timeCell: CSVTable.Cell
        var workCell: CSVTable.Cell
    }

    private func draft(_ cells: [CSVTable.Cell], _ columns: PoolStatementColumns) throws(CSVError) -> Draft {
        let timeCell = cells[columns.time]
        let workCell = cells[columns.work]
        var draft = Draft(
            time: try Self.time(timeCell),
            work: try Self.number(workCell),
            timeCell: timeCell,
            workCell: workCell
        )
        if let end = columns.end { draft.end = try Self.time(cells[end]) }
        if let worker = columns.worker {
            let name = cells[worker].text
            let isPrefixed = !self.workerPrefix.isEmpty && name.hasPrefix(self.workerPrefix)
            draft.worker = isPrefixed ? String(name.dropFirst(self.workerPrefix.count)) : name
        }
        return draft
    }

    /// Where the period of each row ends.
    private func ends(
        of drafts: [Draft],
        _ columns: PoolStatementColumns,
        _ notes: inout [String]
    ) throws(CSVError) -> [Int64] {
        if columns.end != nil { return drafts.map { $0.end ?? $0.time } }
        if let period { return drafts.map { $0.time &+ period } }
        let starts = Set(drafts.map(\.time)).sorted()
        guard starts.count > 1 else {
            guard let only = drafts.first else { return [] }
            throw only.timeCell.error("how long this row's period is cannot be told from others: give --period")
        }
        var nexts = Dictionary(uniqueKeysWithValues: zip(starts, starts.dropFirst()))
        let last = starts[starts.count - 1]
        nexts[last] = last &+ (last - starts[starts.count - 2])
        let lengths = nexts.map { $1 - $0 }
        let (shortest, longest) = (lengths.min() ?? 0, lengths.max() ?? 0)
        let text =
            shortest == longest
            ? "\(shortest / 1_000) s" : "between \(shortest / 1_000) s and \(longest / 1_000) s; --period sets it"
        notes.append("each row's period is taken to last until the next row's time: \(text)")
        return drafts.map { nexts[$0.time] ?? $0.time }
    }

    private func row(_ draft: Draft, end: Int64, unit: Unit) throws(CSVError) -> PoolStatement.Row {
        guard end > draft.time else { throw draft.timeCell.error("the period ends before it begins") }
        let factor: Double
        switch unit {
        case .difficulty: factor = 1
        case .hashes: factor = 1 / self.hashesPerDifficulty
        case .shares: factor = self.shareDifficulty ?? 1
        case .ghs, .ths, .phs:
            factor = (unit.hashrate ?? 0) * Double(end - draft.time) / 1_000 / self.hashesPerDifficulty
        }
        let credited = draft.work.value * factor
        guard credited.isFinite else { throw draft.workCell.error("'\(draft.workCell.text)' is too large") }
        return PoolStatement.Row(
            worker: draft.worker,
            period: draft.time..<end,
            credited: credited,
            rounding: unit.hashrate == nil ? 0 : draft.work.rounding * factor,
            line: draft.timeCell.line
        )
    }

    /// Milliseconds since 1970: RFC 3339, a date, or a count of seconds or milliseconds.
    private static func time(_ cell: CSVTable.Cell) throws(CSVError) -> Int64 {
        let text = cell.text
        if let number = Double(text), (1e9..<253_402_300_800_000).contains(number) {
            // Seconds reach 1e11 in the year 5138.
            return Int64((number < 1e11 ? number * 1_000 : number).rounded())
        }
        // With the year first, so that nothing that counts from now is understood.
        let isDated = text.prefix(5).last == "-" && text.utf8.prefix(4).allSatisfy { (0x30...0x39).contains($0) }
        guard isDated, let time = LedgerTime.parse(text, now: 0) else {
            throw cell.error(
                """
                '\(text)' is no time: RFC 3339, '2026-01-31', '2026-01-31 09:05', or seconds or milliseconds since 1970
                """
            )
        }
        return time
    }

    /// The number, and half a unit of its last digit.
    private static func number(_ cell: CSVTable.Cell) throws(CSVError) -> (value: Double, rounding: Double) {
        let isPlain = cell.text.utf8.allSatisfy {
            (0x30...0x39).contains($0) || $0 == 0x2E || $0 == 0x2B || $0 == 0x2D || $0 | 0x20 == 0x65
        }
        // Beyond any work that was ever done, and far from where sums become infinite.
        guard isPlain, let value = Double(cell.text), value >= 0, value <= 1e60 else {
            throw cell.error(
                "'\(cell.text)' is no number from 0 on: digits, a dot before decimals, nothing between thousands"
            )
        }
        let parts = cell.text.lowercased().split(separator: "e", maxSplits: 1)
        let digits = parts.first?.split(separator: ".", omittingEmptySubsequences: false) ?? []
        let decimals = digits.count > 1 ? digits[1].count : 0
        let exponent = parts.count > 1 ? Double(parts[1]) ?? 0 : 0
        let rounding = 0.5 * pow(10, exponent - Double(decimals))
        return (value, rounding.isFinite ? rounding : 0)
    }

    /// Sorts the rows and makes one of those about the same worker and period.
    private static func addUp(_ rows: [PoolStatement.Row]) throws(CSVError) -> [PoolStatement.Row] {
        let sorted = rows.sorted {
            ($0.worker ?? "", $0.period.lowerBound, $0.period.upperBound, $0.line)
                < ($1.worker ?? "", $1.period.lowerBound, $1.period.upperBound, $1.line)
        }
        var result: [PoolStatement.Row] = []
        for row in sorted {
            guard let last = result.last, last.worker == row.worker, last.period.overlaps(row.period) else {
                result.append(row)
                continue
            }
            guard last.period == row.period else {
                let other = "overlaps that of line \(last.line), which is about the same worker"
                throw CSVError(line: row.line, column: 1, reason: "the row's period \(other)")
            }
            result[result.count - 1].credited += row.credited
            result[result.count - 1].rounding += row.rounding
        }
        return result
    }
}
