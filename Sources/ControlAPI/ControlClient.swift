import Foundation
package import NIOCore
import NIOPosix

/// Why the running router gave no good answer.
package enum ControlClientError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Nobody listens on the path.
    case notRunning(path: String)
    case noPermission(path: String)
    case timedOut(path: String)
    /// The router said no.
    case refused(ControlError)
    /// The connection broke, or what came is no answer.
    case broken(path: String, reason: String)

    package var description: String {
        switch self {
        case .notRunning(let path):
            "the router is not running (no one listens on \(path))"
        case .noPermission(let path):
            "no permission to use \(path): run this as root or as a member of the group that owns the socket"
        case .timedOut(let path):
            "the router does not answer on \(path)"
        case .refused(let error):
            error.message
        case .broken(let path, let reason):
            "no answer from the router on \(path): \(reason)"
        }
    }
}

/// Speaks to the running router through its control socket. Each request has a connection of its own and throws a
/// ``ControlClientError`` if there is no good answer.
package struct ControlClient: Sendable {
    private let path: String
    private let timeout: Duration
    private let group: any EventLoopGroup

    /// Longest reply in bytes: some hundred thousand sessions.
    private static let maximumReplyLength = 256 * 1024 * 1024

    /// - Parameter timeout: for a whole request, from connecting to the end of the reply.
    package init(
        socketPath: String,
        timeout: Duration = .seconds(5),
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) {
        self.path = socketPath
        self.timeout = timeout
        self.group = group
    }

    package func status() async throws -> StatusReport {
        try await self.ask(.status)
    }

    package func pools(route: String?) async throws -> [PoolReport] {
        try await self.ask(.pools(route: route))
    }

    package func workers(route: String?) async throws -> [WorkerReport] {
        try await self.ask(.workers(route: route))
    }

    package func sessions(route: String?) async throws -> [SessionReport] {
        try await self.ask(.sessions(route: route))
    }

    package func explain(worker: String, route: String?) async throws -> [ExplanationReport] {
        try await self.ask(.explain(worker: worker, route: route))
    }

    /// - Parameter within: how long a drain may take.
    package func setPool(
        _ name: String,
        _ action: PoolAction,
        within: Duration = ControlRequest.drainTime
    ) async throws -> ControlDone {
        try await self.ask(.setPool(name: name, action: action, within: within))
    }

    package func kick(session: Int64) async throws -> ControlDone {
        try await self.ask(.kick(session: session))
    }

    private func ask<Result: Decodable>(_ request: ControlRequest) async throws -> Result {
        let reply: ControlReply<Result>
        do {
            let line = try await self.exchange(ByteBuffer(bytes: request.line() + [UInt8(ascii: "\n")]))
            reply = try ControlCoding.decode(ControlReply<Result>.self, from: Data(line.readableBytesView))
        } catch {
            throw self.translated(error)
        }
        if let error = reply.error { throw ControlClientError.refused(error) }
        guard reply.ok, let result = reply.result else {
            throw ControlClientError.broken(path: self.path, reason: "the reply has no result")
        }
        return result
    }

    /// Sends one line and waits for one.
    private func exchange(_ request: ByteBuffer) async throws -> ByteBuffer {
        let loop = self.group.next()
        let reply = loop.makePromise(of: ByteBuffer.self)
        let deadline = loop.scheduleTask(in: TimeAmount(self.timeout)) { reply.fail(TimedOut()) }
        let connected = ClientBootstrap(group: loop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        ReplyHandler(request: request, limit: Self.maximumReplyLength, reply: reply)
                    )
                }
            }
            .connect(unixDomainSocketPath: self.path)
        connected.cascadeFailure(to: reply)
        defer {
            deadline.cancel()
            connected.whenSuccess { $0.close(promise: nil) }
        }
        return try await reply.futureResult.get()
    }

    /// What an error of the connection means to the operator.
    func translated(_ error: any Error) -> ControlClientError {
        switch error {
        case is TimedOut:
            .timedOut(path: self.path)
        case let error as IOError where [ENOENT, ECONNREFUSED, ENOTDIR].contains(error.errnoCode):
            .notRunning(path: self.path)
        case let error as IOError where [EACCES, EPERM].contains(error.errnoCode):
            .noPermission(path: self.path)
        case SocketAddressError.unixDomainSocketPathTooLong:
            .broken(path: self.path, reason: "the path is too long for a socket")
        case is DecodingError:
            .broken(path: self.path, reason: "the reply is not of this version of the router")
        default:
            .broken(path: self.path, reason: "\(error)")
        }
    }
}

private struct TimedOut: Error {}

/// Sends the request and keeps the promise with the first line that comes back.
private final class ReplyHandler: ChannelInboundHandler {
    struct ConnectionClosed: Error, CustomStringConvertible {
        let description = "it closed the connection"
    }

    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let request: ByteBuffer
    private let reply: EventLoopPromise<ByteBuffer>
    private var splitter: LineSplitter

    init(request: ByteBuffer, limit: Int, reply: EventLoopPromise<ByteBuffer>) {
        self.request = request
        self.reply = reply
        self.splitter = LineSplitter(limit: limit)
    }

    func channelActive(context: ChannelHandlerContext) {
        context.writeAndFlush(self.wrapOutboundOut(self.request), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.splitter.append(self.unwrapInboundIn(data))
        do {
            if let line = try self.splitter.next() { self.reply.succeed(line) }
        } catch {
            self.reply.fail(error)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.reply.fail(ConnectionClosed())
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.reply.fail(error)
    }
}
