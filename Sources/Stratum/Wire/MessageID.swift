/// The `id` of a message as it came, to be echoed byte for byte.
public enum MessageID: Sendable, Hashable {
    /// No `id` member; echoed as null.
    case absent
    case null
    /// An integer in its usual form.
    case integer(Int64)
    /// Any other JSON value: its raw text.
    case token(String)

    /// Longer ids than this many bytes are treated as null.
    public static let maximumTokenCount = 256
}
