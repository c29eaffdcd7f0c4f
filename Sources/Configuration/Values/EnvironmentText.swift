/// `${NAME}` in values.
enum EnvironmentText {
    /// `text` with each `${NAME}` replaced by that variable and each `$$` by `$`. Any other `$` stands for itself.
    static func expand(_ text: String, environment: [String: String]) throws(ValueProblem) -> String {
        guard text.contains("$") else { return text }
        var result = ""
        var rest = text[...]
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            rest = rest[dollar...].dropFirst()
            if rest.first == "$" {
                result += "$"
                rest = rest.dropFirst()
            } else if rest.first == "{" {
                guard let close = rest.firstIndex(of: "}"), let name = self.name(rest[..<close].dropFirst()) else {
                    throw ValueProblem(
                        complete: "\"${\" must be followed by the name of an environment variable and \"}\"; "
                            + "write \"$$\" for a dollar sign"
                    )
                }
                guard let value = environment[name] else {
                    throw ValueProblem(
                        complete:
                            "the environment variable \(name) is not set; set it, or write $${\(name)} for the text"
                    )
                }
                result += value
                rest = rest[close...].dropFirst()
            } else {
                result += "$"
            }
        }
        return result + rest
    }

    private static func name(_ text: Substring) -> String? {
        let isName = text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
        return isName && text.first?.isNumber == false ? String(text) : nil
    }
}
