/// Columns of text for a terminal: two blanks between them, numbers to the right.
struct Table {
    private let columns: [String]
    private let rows: [[OutputValue]]

    /// Rows that are shorter than `columns` are filled with nothing.
    init(columns: [String], rows: [[OutputValue]]) {
        self.columns = columns
        self.rows = rows
    }

    /// A header line and a line for each row.
    func render() -> String {
        let cells = self.rows.map { $0.map(Self.show) }
        var widths = self.columns.map(\.count)
        var isRight = self.columns.map { _ in false }
        for (row, texts) in zip(self.rows, cells) {
            for index in self.columns.indices where index < texts.count {
                widths[index] = max(widths[index], texts[index].count)
                if row[index].isNumeric { isRight[index] = true }
            }
        }
        return ([self.columns] + cells).map { texts in
            let line = self.columns.indices.map { index in
                let text = index < texts.count ? texts[index] : ""
                let blanks = String(repeating: " ", count: max(0, widths[index] - text.count))
                return isRight[index] ? blanks + text : text + blanks
            }
            .joined(separator: "  ")
            return line.trimmingSuffix { $0 == " " } + "\n"
        }
        .joined()
    }

    /// A cell as people read it.
    static func show(_ value: OutputValue) -> String {
        switch value {
        case .null: "-"
        case .flag(let flag): flag ? "yes" : "no"
        case .integer, .number: value.plain
        case .text(let text): Self.harmless(text)
        case .measure(_, let shown): shown
        }
    }

    /// Miners choose their names: nothing in them may move the cursor, reorder the line or end it.
    static func harmless(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
                result += "\\u{\(String(scalar.value, radix: 16))}"
            default:
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

extension String {
    fileprivate func trimmingSuffix(while isTrimmed: (Character) -> Bool) -> Substring {
        var rest = self[...]
        while let last = rest.last, isTrimmed(last) { rest.removeLast() }
        return rest
    }
}
