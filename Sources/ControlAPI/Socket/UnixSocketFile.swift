import Glibc

/// The file of a listening Unix socket: made with its final mode, never taken from a living owner, removed at the end.
struct UnixSocketFile: Sendable {
    let path: String
    private let device: dev_t
    private let inode: ino_t

    /// Longest path in bytes. The system takes a few more, NIO's clients do not.
    static let maximumPathLength = 103

    /// Owner and group may connect.
    private static let mode: mode_t = 0o660

    /// Binds a new socket to `path`, in the place of one whose process is dead.
    ///
    /// - Returns: the file, and the bound descriptor, which is the caller's to close.
    static func bind(path: String) throws(ControlServerError) -> (file: UnixSocketFile, descriptor: CInt) {
        guard path.utf8.count <= Self.maximumPathLength, let address = UnixAddress(path: path) else {
            throw .invalidSocketPath(path, maximumLength: Self.maximumPathLength)
        }
        try Self.makeRoom(at: path, address: address)

        let descriptor = socket(AF_UNIX, Self.streamType, 0)
        guard descriptor >= 0 else { throw .system(path, "socket", errno) }
        do throws(ControlServerError) {
            // Before `bind`, so that nobody can connect in between; after it as well, because the umask takes bits away.
            guard fchmod(descriptor, Self.mode) == 0 else {
                throw .system(path, "fchmod", errno)
            }
            guard address.withSocketAddress({ Glibc.bind(descriptor, $0, $1) }) == 0 else {
                switch errno {
                case ENOENT, ENOTDIR: throw .folderMissing(path)
                case EACCES, EPERM, EROFS: throw .noPermission(path)
                case EADDRINUSE: throw .inUse(path)
                default: throw .system(path, "bind", errno)
                }
            }
            guard chmod(path, Self.mode) == 0, let status = Self.status(of: path) else {
                throw .system(path, "chmod", errno)
            }
            return (UnixSocketFile(path: path, device: status.st_dev, inode: status.st_ino), descriptor)
        } catch {
            close(descriptor)
            throw error
        }
    }

    /// Removes the file unless it is by now somebody else's.
    func remove() {
        guard let status = Self.status(of: self.path) else { return }
        guard status.st_dev == self.device, status.st_ino == self.inode else { return }
        unlink(self.path)
    }

    private static let streamType = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)

    /// Removes the socket of a dead process; nothing else is ever removed.
    private static func makeRoom(at path: String, address: UnixAddress) throws(ControlServerError) {
        guard let status = Self.status(of: path) else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw .notASocket(path) }

        let probe = socket(AF_UNIX, Self.streamType, 0)
        guard probe >= 0 else { throw .system(path, "socket", errno) }
        defer { close(probe) }
        guard address.withSocketAddress({ connect(probe, $0, $1) }) != 0 else { throw .inUse(path) }
        switch errno {
        case ECONNREFUSED:
            guard unlink(path) == 0 || errno == ENOENT else { throw .noPermission(path) }
        case ENOENT:
            return
        case EACCES, EPERM:
            throw .noPermission(path)
        default:
            // Somebody is there: busy (EAGAIN), or a socket of another type (EPROTOTYPE).
            throw .inUse(path)
        }
    }

    private static func status(of path: String) -> stat? {
        var status = stat()
        return lstat(path, &status) == 0 ? status : nil
    }
}
