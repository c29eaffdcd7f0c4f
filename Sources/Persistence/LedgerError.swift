/// Why a ledger cannot be opened; each description tells the operator what to do.
package enum LedgerError: Error, Hashable, CustomStringConvertible {
    /// The file is no SQLite database, or one of another program.
    case notALedger(path: String, reason: String)
    /// The file was written by a later release.
    case newerVersion(path: String, found: Int, supported: Int)
    /// The file or its folder cannot be created or written.
    case unwritable(path: String, reason: String)
    /// Another process has it open for writing.
    case locked(path: String, pid: Int32?)
    /// There is no such file (readers only).
    case missing(path: String)
    /// The file exists but cannot be read.
    case unreadable(path: String, reason: String)

    package var description: String {
        switch self {
        case .notALedger(let path, let reason):
            "\(path) is not a ledger of this program (\(reason)): name another file, or move this one away"
        case .newerVersion(let path, let found, let supported):
            """
            \(path) has schema version \(found), this release knows versions up to \(supported): \
            use the newer release, or another file
            """
        case .unwritable(let path, let reason):
            "\(path) cannot be written (\(reason)): check the folder's owner and permissions and the free space"
        case .locked(let path, let pid):
            """
            \(path) is in use by another router\(pid.map { " (process \($0))" } ?? ""): \
            stop that one, or give this one a ledger of its own
            """
        case .missing(let path):
            "there is no ledger at \(path): check the path; the router creates the file when it starts"
        case .unreadable(let path, let reason):
            "\(path) cannot be read (\(reason)): check its permissions, or restore it from a backup"
        }
    }
}
