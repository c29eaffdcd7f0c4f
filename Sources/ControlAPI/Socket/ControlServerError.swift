import Glibc

/// Why the control interfaces cannot be opened. Each description says what to do.
package enum ControlServerError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Empty, with a zero byte, or longer than the system allows.
    case invalidSocketPath(String, maximumLength: Int)
    case folderMissing(String)
    case notASocket(String)
    /// A living process listens there.
    case inUse(String)
    case noPermission(String)
    /// A system call failed with this `errno`.
    case system(String, String, CInt)
    /// The HTTP address cannot be listened on.
    case http(address: String, reason: String)

    package var description: String {
        switch self {
        case .invalidSocketPath(let path, let maximumLength):
            """
            control socket \(path.printable()): the path must have 1 to \(maximumLength) bytes and no zero byte; \
            this one has \(path.utf8.count): choose a shorter `control.socket`
            """
        case .folderMissing(let path):
            "control socket \(path): its folder does not exist; create it or choose another `control.socket`"
        case .notASocket(let path):
            "control socket \(path): something that is no socket has this name; move it or choose another `control.socket`"
        case .inUse(let path):
            "control socket \(path): another process listens on it; stop that one or choose another `control.socket`"
        case .noPermission(let path):
            "control socket \(path): no permission to create it; the router's user must be able to write to its folder"
        case .system(let path, let call, let code):
            "control socket \(path): \(call): \(String(cString: strerror(code)))"
        case .http(let address, let reason):
            "HTTP \(address): \(reason); choose another `control.http.address`"
        }
    }
}
