import CRelay
import Foundation

/// Non-blocking TCP sockets on 127.0.0.1.
enum TCPSocket {
    private static func address(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }

    private static func make() -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { give(up: "no socket: \(String(cString: strerror(errno)))") }
        return descriptor
    }

    private static func withAddress<Result>(
        port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        var address = Self.address(port: port)
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }

    /// A port that nobody has, and a socket that keeps it from being the near end of somebody's connection, while it lasts,
    /// whether anybody listens there or not.
    static func reserve() -> (socket: Int32, port: UInt16) {
        let descriptor = Self.bound(to: 0)
        var name = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &name) {
            _ = $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        return (descriptor, UInt16(bigEndian: name.sin_port))
    }

    static func listen(port: UInt16) -> Int32 {
        let descriptor = Self.bound(to: port)
        guard Glibc.listen(descriptor, 8192) == 0 else { give(up: "cannot listen on port \(port)") }
        return descriptor
    }

    private static func bound(to port: UInt16) -> Int32 {
        let descriptor = Self.make()
        // Beside a reservation, and connections that wait for their end.
        Self.set(SOL_SOCKET, SO_REUSEADDR, to: 1, on: descriptor)
        guard Self.withAddress(port: port, { bind(descriptor, $0, $1) }) == 0 else {
            give(up: "cannot have port \(port): \(String(cString: strerror(errno)))")
        }
        return descriptor
    }

    /// A port that nobody listens on now.
    static func freePort() -> UInt16 {
        let (descriptor, port) = Self.reserve()
        Glibc.close(descriptor)
        return port
    }

    /// The next connection that waits, or -1.
    static func accept(_ listener: Int32) -> Int32 {
        let descriptor = relay_accept(listener)
        if descriptor >= 0 { Self.sendAtOnce(descriptor) }
        return descriptor
    }

    /// A connection that is being made. With a `receiveBuffer`, in bytes, it is one whose kernel keeps no more than that
    /// unread, and whose segments are those of an Ethernet: those of the loopback interface are so large that the sender's
    /// kernel would keep a megabyte.
    static func connect(port: UInt16, receiveBuffer: Int32? = nil) -> Int32 {
        let descriptor = Self.make()
        if let receiveBuffer {
            Self.set(SOL_SOCKET, SO_RCVBUF, to: receiveBuffer, on: descriptor)
            Self.set(Int32(IPPROTO_TCP), TCP_MAXSEG, to: 1460, on: descriptor)
        }
        Self.sendAtOnce(descriptor)
        let result = Self.withAddress(port: port) { Glibc.connect(descriptor, $0, $1) }
        guard result == 0 || errno == EINPROGRESS else {
            give(up: "cannot connect: \(String(cString: strerror(errno)))")
        }
        return descriptor
    }

    /// Whether somebody listens there.
    static func answers(port: UInt16) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { Glibc.close(descriptor) }
        return Self.withAddress(port: port) { Glibc.connect(descriptor, $0, $1) } == 0
    }

    private static func sendAtOnce(_ descriptor: Int32) {
        Self.set(Int32(IPPROTO_TCP), TCP_NODELAY, to: 1, on: descriptor)
    }

    private static func set(_ level: Int32, _ option: Int32, to value: Int32, on descriptor: Int32) {
        var value = value
        setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Closes with RST.
    static func reset(_ descriptor: Int32) {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
        Glibc.close(descriptor)
    }

    /// Sends it all, waiting where the socket is full. False if the connection is gone.
    @discardableResult
    static func send(_ bytes: [UInt8], on descriptor: Int32) -> Bool {
        bytes.withUnsafeBytes { Self.send($0, on: descriptor) }
    }

    @discardableResult
    static func send(_ bytes: UnsafeRawBufferPointer, on descriptor: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent = Glibc.send(
                descriptor, rest.baseAddressOfSlice, rest.count, Int32(MSG_NOSIGNAL)
            )
            if sent > 0 {
                rest = rest.dropFirst(sent)
            } else if errno == EAGAIN {
                var one = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&one, 1, 1000)
            } else {
                return false
            }
        }
        return true
    }
}

extension Slice<UnsafeRawBufferPointer> {
    fileprivate var baseAddressOfSlice: UnsafeRawPointer? { UnsafeRawBufferPointer(rebasing: self).baseAddress }
}

/// The benchmark cannot go on.
func give(up reason: String) -> Never {
    FileHandle.standardError.write(Data("relay-benchmark: \(reason)\n".utf8))
    exit(1)
}
