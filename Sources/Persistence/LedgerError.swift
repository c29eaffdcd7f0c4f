/// Why a ledger cannot be opened; each description tells the operator what to do.
package enum LedgerError: Error, Hashable, CustomStringConvertible {
    /// The file is no SQLite database, or one of another program.
    case notALedger(path: String, reason: String)
    /// The file was written by a later release.
    case newerVersion(path: String, found: Int, supported: Int)
    /// The file was written before the first release and cannot be read.
    case olderVersion(path: String, found: Int)
    /// The file or its folder cannot be created or written.
    case unwritable(path: String, reason: String)
    /// It is a ledger, but what stands in it is broken.
    case damaged(path: String, reason: String)
    /// The key that is to sign seals cannot be used.
    case sealKey(path: String, reason: String)
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
        case .olderVersion(let path, let found):
            """
            \(path) has schema version \(found), which was never released: move it away; sqlite3 can still read it
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
        case .damaged(let path, let reason):
            """
            \(path) is damaged or was altered (\(reason)): see what router-cli ledger verify and ledger integrity say; restore \
            a backup, or save what "sqlite3 \(path) .recover" finds
            """
        case .sealKey(let path, let reason):
            """
            \(path) cannot sign seals (\(reason)): name a file as "openssl genpkey -algorithm ed25519" writes it, \
            readable by the router, or leave ledger.seal_key out
            """
        case .unreadable(let path, let reason):
            "\(path) cannot be read (\(reason)): check the permissions of file and folder"
        }
    }
}
