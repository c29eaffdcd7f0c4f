import Glibc
import NIOCore
import NIOEmbedded
import NIOPosix
import Testing

@testable import PoolPool

@Suite struct DirectSocketTests {
    private static let chunk = 4096
    /// More than the kernel keeps for one socket.
    private static let chunks = 400

    private static func sender(on descriptor: CInt) async throws -> (NIOLoopBound<Sender>, any Channel) {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let bootstrap = ClientBootstrap(group: loop)
        return try await bootstrap.withConnectedSocket(descriptor).flatMapThrowing { channel in
            let sender = Sender(DirectSocket(channel))
            try channel.pipeline.syncOperations.addHandler(sender)
            return (NIOLoopBound(sender, eventLoop: loop), channel)
        }.get()
    }

    /// Two sockets that are connected to each other.
    private static func pair() -> (near: CInt, far: CInt) {
        var descriptors: [CInt] = [-1, -1]
        #expect(socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &descriptors) == 0)
        return (descriptors[0], descriptors[1])
    }

    private static func read(_ count: Int, from descriptor: CInt) -> [UInt8] {
        var result: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while result.count < count {
            let got = recv(descriptor, &buffer, min(buffer.count, count - result.count), 0)
            guard got > 0 else { break }
            result += buffer[..<got]
        }
        return result
    }

    /// The kernel takes the first ones and part of one, the channel has the rest: none overtakes another, not even where the
    /// kernel would take some again.
    @Test(.timeLimit(.minutes(1)))
    func whatTheKernelDoesNotTakeFollowsInOrder() async throws {
        let (near, far) = Self.pair()
        defer { Glibc.close(far) }
        let (sender, channel) = try await Self.sender(on: near)
        let (direct, first) = try await sender.eventLoop.submit {
            let send = { (numbers: Range<Int>) in
                numbers.map { sender.value.send(repeating: UInt8($0 & 0xff), count: Self.chunk) }
            }
            let before = send(0..<Self.chunks)
            let first = Self.read(20 * Self.chunk, from: far)
            return (before + send(Self.chunks..<Self.chunks + 20), first)
        }.get()
        #expect(direct.first == true)
        #expect(direct.last == false)
        #expect(direct.drop { $0 }.allSatisfy { !$0 })
        let bytes = first + Self.read(Self.chunks * Self.chunk, from: far)
        let isInOrder =
            bytes == (0..<Self.chunks + 20).flatMap { [UInt8](repeating: UInt8($0 & 0xff), count: Self.chunk) }
        #expect(isInOrder)
        // All is read, so the channel has nothing left and is passed by again.
        let isDirect = try await sender.eventLoop.submit { sender.value.send(repeating: 7, count: 1) }.get()
        #expect(isDirect)
        #expect(Self.read(1, from: far) == [7])
        try await channel.close()
    }

    /// Its number is another one's by then.
    @Test func nothingIsSentOnAClosedDescriptor() async throws {
        let (near, far) = Self.pair()
        defer { Glibc.close(far) }
        let (sender, channel) = try await Self.sender(on: near)
        try await channel.close()
        var others: [CInt] = []
        while !others.contains(near), others.count < 32 { others += [Self.pair()].flatMap { [$0.near, $0.far] } }
        let isDirect = try await sender.eventLoop.submit { sender.value.send(repeating: 7, count: 1) }.get()
        #expect(!isDirect)
        for descriptor in others { Glibc.close(descriptor) }
    }

    /// The channel finds out as well, and says so.
    @Test func aBrokenConnectionIsTheChannels() async throws {
        let (near, far) = Self.pair()
        let (sender, channel) = try await Self.sender(on: near)
        Glibc.close(far)
        let isDirect = try await sender.eventLoop.submit { sender.value.send(repeating: 7, count: 1) }.get()
        #expect(!isDirect)
        try await channel.closeFuture.get()
    }

    @Test func whatIsNoSocketGetsAll() throws {
        let channel = EmbeddedChannel()
        let sender = Sender(DirectSocket(channel))
        try channel.pipeline.syncOperations.addHandler(sender)
        #expect(!sender.send(repeating: 7, count: 3))
        #expect(try channel.readOutbound(as: ByteBuffer.self) == ByteBuffer(bytes: [7, 7, 7]))
    }
}

/// Sends as miners' and pools' handlers do.
private final class Sender: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var socket: DirectSocket
    private var context: ChannelHandlerContext?

    init(_ socket: DirectSocket) {
        self.socket = socket
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    /// True if the channel was passed by.
    func send(repeating byte: UInt8, count: Int) -> Bool {
        guard let context = self.context else { return false }
        var bytes = ByteBuffer(repeating: byte, count: count)
        self.socket.send(&bytes, in: context)
        guard bytes.readableBytes > 0 else { return true }
        context.writeAndFlush(self.wrapOutboundOut(bytes), promise: nil)
        return false
    }
}

@available(*, unavailable)
extension Sender: Sendable {}
