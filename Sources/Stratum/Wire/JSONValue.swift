/// One JSON value from the wire.
package enum JSONValue: Sendable, Hashable {
    case null
    case bool(Bool)
    case integer(Int64)
    /// A number that is no 64-bit integer; always finite.
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    /// The value of a string.
    package var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// A string, or an integer in digits, since some peers send one for the other.
    package var text: String? {
        switch self {
        case .string(let value): value
        case .integer(let value): String(value)
        case .null, .bool, .number, .array, .object: nil
        }
    }

    /// The elements of an array.
    package var array: [JSONValue]? {
        if case .array(let value) = self { value } else { nil }
    }

    /// The members of an object.
    package var object: JSONObject? {
        if case .object(let value) = self { value } else { nil }
    }

    /// An integer, also when it is written as `4.0`.
    package var integer: Int? {
        switch self {
        case .integer(let value): Int(exactly: value)
        case .number(let value): Int(exactly: value)
        case .null, .bool, .string, .array, .object: nil
        }
    }

    /// Any number.
    package var number: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        case .null, .bool, .string, .array, .object: nil
        }
    }
}

/// The members of a JSON object in the order they came.
package struct JSONObject: Sendable, Hashable {
    /// One member.
    package struct Member: Sendable, Hashable {
        package var name: String
        package var value: JSONValue

        package init(name: String, value: JSONValue) {
            self.name = name
            self.value = value
        }
    }

    package var members: [Member]

    package init(members: [Member] = []) {
        self.members = members
    }

    /// The last member of that name.
    package subscript(name: String) -> JSONValue? {
        self.members.last { $0.name == name }?.value
    }
}
