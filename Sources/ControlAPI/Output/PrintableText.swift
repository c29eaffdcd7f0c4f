extension String {
    /// The text with everything that could move a terminal's cursor, change its colours, break a line or turn the
    /// direction of writing shown as an escape (`\n`, `\u{1b}`), and cut to `limit` characters with an ellipsis.
    ///
    /// Worker names, user agents and a pool's messages are chosen by strangers.
    package func printable(limit: Int = .max) -> String {
        var result = ""
        var count = 0
        for scalar in self.unicodeScalars {
            guard count < limit else { return result + "…" }
            count += 1
            switch scalar {
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\\": result += "\\\\"
            default:
                switch scalar.properties.generalCategory {
                case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
                    result += "\\u{\(String(scalar.value, radix: 16))}"
                default:
                    result.unicodeScalars.append(scalar)
                }
            }
        }
        return result
    }
}
