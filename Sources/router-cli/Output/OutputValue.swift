/// One cell of a result.
enum OutputValue: Sendable, Equatable {
    case null
    case flag(Bool)
    case integer(Int64)
    case number(Double)
    case text(String)
    /// A number with a shorter text for tables.
    case measure(Double, shown: String)

    /// `nil` becomes `null`.
    static func text(_ value: String?) -> OutputValue {
        value.map { .text($0) } ?? .null
    }

    /// `nil` becomes `null`.
    static func integer(_ value: (some BinaryInteger)?) -> OutputValue {
        value.map { .integer(Int64(clamping: $0)) } ?? .null
    }

    /// `nil` becomes `null`.
    static func number(_ value: Double?) -> OutputValue {
        value.map { .number($0) } ?? .null
    }

    /// Without decoration: `null` is empty, whole numbers have no fraction.
    var plain: String {
        switch self {
        case .null: ""
        case .flag(let value): value ? "true" : "false"
        case .integer(let value): String(value)
        case .number(let value), .measure(let value, _): Self.digits(value)
        case .text(let value): value
        }
    }

    /// As JSON; what is not finite is `null`.
    var json: String {
        switch self {
        case .null: "null"
        case .flag, .integer: self.plain
        case .number(let value), .measure(let value, _): value.isFinite ? Self.digits(value) : "null"
        case .text(let value): JSONText.quote(value)
        }
    }

    /// Whether tables align it to the right.
    var isNumeric: Bool {
        switch self {
        case .integer, .number, .measure: true
        case .null, .flag, .text: false
        }
    }

    private static func digits(_ value: Double) -> String {
        guard let whole = Int64(exactly: value), abs(value) < 1e15 else { return "\(value)" }
        return String(whole)
    }
}

/// Strings of JSON.
enum JSONText {
    /// In quotes, with all that JSON does not allow escaped.
    static func quote(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
