import Glibc

@testable import ControlAPI

/// A datagram socket as systemd has one. A datagram on a Unix socket has arrived when sending it returns.
struct DatagramReceiver {
    struct SystemError: Error {
        let code: CInt
    }

    private let descriptor: CInt

    init(path: String) throws {
        try self.init(address: UnixAddress(path: path))
    }

    init(abstractName: String) throws {
        try self.init(address: UnixAddress(abstractName: abstractName))
    }

    private init(address: UnixAddress?) throws {
        self.descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
        let bound = address?.withSocketAddress { bind(self.descriptor, $0, $1) }
        guard self.descriptor >= 0, bound == 0 else { throw SystemError(code: errno) }
    }

    /// Bytes of the address as the system knows it, its two of family included.
    var addressLength: Int {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        withUnsafeMutablePointer(to: &storage) { pointer in
            _ = pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getsockname(self.descriptor, $0, &length)
            }
        }
        return Int(length)
    }

    /// What has arrived, nil if nothing has.
    func receive() -> String? {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = recv(self.descriptor, &bytes, bytes.count, 0)
        return count < 0 ? nil : String(decoding: bytes.prefix(count), as: UTF8.self)
    }

    func close() {
        Glibc.close(self.descriptor)
    }
}
