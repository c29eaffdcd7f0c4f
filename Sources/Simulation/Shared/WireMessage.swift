import NIOCore
import Stratum

/// One JSON object from the wire, read no further than its members.
struct WireMessage {
    private let members: JSONObject

    /// Nil if the line is no JSON object.
    init?(_ line: ByteBuffer) {
        guard let members = try? JSONValue(parsing: line).object else { return nil }
        self.members = members
    }

    /// The member of that name; nil if absent.
    subscript(name: String) -> JSONValue? { self.members[name] }

    /// The method of a request or notification; nil for a response.
    var method: String? {
        guard let method = self.members["method"]?.string, !method.isEmpty else { return nil }
        return method
    }

    /// The parameters; empty if there are none.
    var params: [JSONValue] { self.members["params"]?.array ?? [] }

    /// The parameter at that place as a string; nil if there is none.
    func text(_ index: Int) -> String? {
        self.params.indices.contains(index) ? self.params[index].string : nil
    }

    /// Where `client.reconnect` sends a miner; the port comes as a number or as a string.
    var reconnectGoal: (host: String?, port: Int?) {
        let port = self.params.dropFirst().first
        return (self.text(0), port?.integer ?? port?.string.flatMap { Int($0) })
    }

    /// The id as JSON text, to be echoed.
    var idText: String {
        switch self.members["id"] {
        case .integer(let number): "\(number)"
        case .number(let number): "\(number)"
        case .string(let text): JSONText.quoted(text)
        case .bool(let flag): "\(flag)"
        case nil, .null, .array, .object: "null"
        }
    }
}

/// Writing JSON by hand.
enum JSONText {
    /// A string with quotes and escapes.
    static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\u{0}"..."\u{1f}": quoted += "\\u00" + HexText.text([UInt8(truncatingIfNeeded: scalar.value)])
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
