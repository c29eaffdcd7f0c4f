import Foundation
import Logging
import NIOCore
import NIOPosix

@testable import ControlAPI

/// An empty folder with a short path that is gone afterwards.
func withTemporaryFolder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("c-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try await body(folder.path)
}

/// A control server over real sockets.
struct RunningServer {
    let socket: String
    let http: SocketAddress?

    /// Patient: tests share the machine with each other.
    var client: ControlClient { ControlClient(socketPath: self.socket, timeout: .seconds(120)) }

    /// Runs a server for as long as `body` takes.
    static func with(
        target: any ControlTarget = FakeTarget(),
        http: Bool = false,
        maximumConnections: Int = 32,
        idleTimeout: Duration = .seconds(30),
        _ body: (RunningServer) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            let server = ControlServer(
                configuration: ControlServer.Configuration(
                    socketPath: folder + "/s",
                    http: http ? ControlServer.Configuration.HTTP(host: "127.0.0.1", port: 0) : nil,
                    maximumConnections: maximumConnections,
                    idleTimeout: idleTimeout
                ),
                target: target,
                eventLoop: MultiThreadedEventLoopGroup.singleton.next(),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
            try await server.bind()
            let running = RunningServer(socket: folder + "/s", http: server.httpAddress)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await server.run() }
                try await body(running)
                group.cancelAll()
            }
        }
    }

    /// An address of the control socket.
    func socketAddress() throws -> SocketAddress {
        try SocketAddress(unixDomainSocketPath: self.socket)
    }
}

/// A connection that says exactly what it is told.
struct RawConnection {
    private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>

    static func with<Result: Sendable>(
        _ address: SocketAddress,
        _ body: (inout RawConnection) async throws -> Result
    ) async throws -> Result {
        let asyncChannel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .connect(to: address) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel,
                        configuration: .init(isOutboundHalfClosureEnabled: true)
                    )
                }
            }
        return try await asyncChannel.executeThenClose { inbound, outbound in
            var connection = RawConnection(inbound: inbound.makeAsyncIterator(), outbound: outbound)
            return try await body(&connection)
        }
    }

    func send(_ text: String) async throws {
        try await self.outbound.write(ByteBuffer(string: text))
    }

    func send(_ bytes: [UInt8]) async throws {
        try await self.outbound.write(ByteBuffer(bytes: bytes))
    }

    /// No more will be sent.
    func finish() {
        self.outbound.finish()
    }

    /// Waits for so many lines, or the end if it comes before.
    mutating func lines(_ count: Int) async throws -> [String] {
        var text = ""
        while let bytes = try await self.inbound.next(isolation: #isolation) {
            text += String(buffer: bytes)
            if text.utf8.count(where: { $0 == UInt8(ascii: "\n") }) >= count { break }
        }
        return text.split(separator: "\n").map(String.init)
    }

    /// Everything until the other side closes; a reset counts as closing.
    mutating func rest() async throws -> String {
        var text = ""
        do {
            while let bytes = try await self.inbound.next(isolation: #isolation) { text += String(buffer: bytes) }
        } catch is IOError {}
        return text
    }
}

/// A repeatable source of chance (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        self.state = seed
    }

    mutating func next() -> UInt64 {
        self.state &+= 0x9e37_79b9_7f4a_7c15
        var value = self.state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }

    /// The bytes with a few of them changed, removed, doubled or added.
    mutating func mutated(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...6, using: &self) {
            let place = Int.random(in: 0...bytes.count, using: &self)
            switch Int.random(in: 0..<4, using: &self) {
            case 0: bytes.insert(UInt8.random(in: 0...255, using: &self), at: place)
            case 1 where place < bytes.count: bytes[place] = UInt8.random(in: 0...255, using: &self)
            case 2 where place < bytes.count: bytes.remove(at: place)
            default: bytes.insert(contentsOf: bytes.prefix(place), at: place)
            }
        }
        return bytes
    }
}
