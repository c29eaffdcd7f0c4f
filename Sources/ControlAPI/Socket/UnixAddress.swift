import Glibc

/// The address of a Unix socket in the form the system calls want it.
struct UnixAddress {
    private var storage: sockaddr_un
    private let length: socklen_t

    /// A socket in the file system. Nil if the path is empty, too long or contains a zero byte.
    init?(path: String) {
        guard !path.isEmpty, !path.utf8.contains(0) else { return nil }
        self.init(bytes: Array(path.utf8), terminated: true)
    }

    /// A socket in Linux' abstract namespace. Nil if the name is empty, too long or contains a zero byte.
    init?(abstractName: String) {
        guard !abstractName.isEmpty, !abstractName.utf8.contains(0) else { return nil }
        self.init(bytes: [0] + Array(abstractName.utf8), terminated: false)
    }

    private init?(bytes: [UInt8], terminated: Bool) {
        var storage = sockaddr_un()
        let capacity = MemoryLayout.size(ofValue: storage.sun_path) - (terminated ? 1 : 0)
        guard bytes.count <= capacity else { return nil }
        storage.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &storage.sun_path) { $0.copyBytes(from: bytes) }
        self.storage = storage
        // The length of an abstract name is part of the name, so nothing may be counted in behind it.
        let header = MemoryLayout<sockaddr_un>.size - MemoryLayout.size(ofValue: storage.sun_path)
        self.length = socklen_t(header + bytes.count + (terminated ? 1 : 0))
    }

    /// Runs a system call that takes a `sockaddr` and its length.
    func withSocketAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: self.storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, self.length) }
        }
    }
}
