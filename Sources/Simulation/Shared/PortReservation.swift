import Foundation
package import NIOCore

/// A bound socket that does not listen: it keeps a port from being given to anyone else while the pool behind it is
/// down, and connections to it are refused.
package final class PortReservation: Sendable {
    /// The address reserved, its port filled in.
    package let address: SocketAddress
    /// The port reserved.
    package let port: Int
    private let descriptor: CInt

    /// Reserves `port`, or a free one for 0.
    package init(host: String, port: Int) throws {
        let wanted = try SocketAddress(ipAddress: host, port: port)
        #if canImport(Glibc)
            let stream = CInt(SOCK_STREAM.rawValue)
        #else
            let stream = SOCK_STREAM
        #endif
        let descriptor = socket(CInt(wanted.protocol.rawValue), stream, 0)
        guard descriptor >= 0 else { throw IOError(errnoCode: errno, reason: "socket") }
        do {
            try Self.bind(descriptor, to: wanted)
            self.port = port != 0 ? port : try Self.boundPort(descriptor)
            self.address = try SocketAddress(ipAddress: host, port: self.port)
        } catch {
            close(descriptor)
            throw error
        }
        self.descriptor = descriptor
    }

    deinit {
        close(self.descriptor)
    }

    private static func bind(_ descriptor: CInt, to address: SocketAddress) throws {
        var reuse: CInt = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &reuse, socklen_t(MemoryLayout<CInt>.size))
        let result = address.withSockAddr { pointer, size in Foundation.bind(descriptor, pointer, socklen_t(size)) }
        guard result == 0 else { throw IOError(errnoCode: errno, reason: "bind to \(address)") }
    }

    private static func boundPort(_ descriptor: CInt) throws -> Int {
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutableBytes(of: &storage) { bytes -> CInt in
            guard let address = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else { return -1 }
            return getsockname(descriptor, address, &size)
        }
        guard result == 0 else { throw IOError(errnoCode: errno, reason: "getsockname") }
        // IPv4 and IPv6 addresses hold the port at the same place, in network order.
        return withUnsafeBytes(of: storage) { Int($0[2]) << 8 | Int($0[3]) }
    }
}
