/// Why bytes from a peer are not a Stratum message.
public enum StratumError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A line grew beyond `limit` bytes, finished or not.
    case lineTooLong(limit: Int)
    /// The line is not JSON; `at` counts bytes from the start of the line.
    case malformedJSON(at: Int, what: String)
    /// The line is JSON, but not one object: a batch or a bare value.
    case notAnObject

    public var description: String {
        switch self {
        case .lineTooLong(let limit): "line longer than \(limit) bytes"
        case .malformedJSON(let offset, let what): "malformed JSON at byte \(offset): \(what)"
        case .notAnObject: "not a JSON object"
        }
    }
}
