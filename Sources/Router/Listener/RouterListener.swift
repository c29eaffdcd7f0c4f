import Glibc
import Logging
package import NIOCore
import NIOPosix
import NIOSSL
import PoolPool

/// Accepts miners on one address and hands each connection to the shard of its event loop.
package final class RouterListener: Sendable {
    private let channel: any Channel
    package let configuration: ListenerConfiguration

    private init(channel: any Channel, configuration: ListenerConfiguration) {
        self.channel = channel
        self.configuration = configuration
    }

    /// Where it listens, with the port the system chose if 0 was asked for.
    package var address: SocketAddress? { self.channel.localAddress }

    /// - Parameter shards: looked up by event loop; sessions live on the loop that accepted them.
    /// - Throws: ``ListenerError`` or ``ListenerTLSError``.
    package static func bind(
        _ configuration: ListenerConfiguration,
        group: any EventLoopGroup,
        shards: ShardTable,
        gate: ConnectionGate
    ) async throws -> RouterListener {
        let tls = try configuration.tls.map { try ListenerTLS.context(for: $0) }
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 4096)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelOption(
                .writeBufferWaterMark,
                value: .init(low: 1, high: max(1, shards.limits.outputBuffer))
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let remote = channel.remoteAddress
                    guard gate.admit(remote) else { throw ListenerError(address: Self.text(remote), reason: "refused") }
                    let address = remote?.ipAddress ?? ""
                    do {
                        if let tls {
                            try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls))
                        }
                        guard let shard = shards.shard(on: channel.eventLoop) else { return gate.leave(address) }
                        let session = shard.makeSession(
                            remote: Self.text(remote), address: address, listener: configuration.name, gate: gate
                        )
                        if tls == nil {
                            session.socket = DirectSocket(channel)
                            // TLS has the bytes first, and keeps them for as long as it likes.
                            try channel.syncOptions?.setOption(.maxMessagesPerRead, value: 1)
                            try channel.syncOptions?
                                .setOption(.recvAllocator, value: ReadMemoryAllocator(shard.readMemory))
                        }
                        try channel.pipeline.syncOperations.addHandler(session)
                    } catch {
                        // No session will ever say that it has ended.
                        gate.leave(address)
                        throw error
                    }
                }
            }
        do {
            let channel = try await bootstrap.bind(host: configuration.host, port: configuration.port).get()
            return RouterListener(channel: channel, configuration: configuration)
        } catch {
            let reason = (error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(error)"
            throw ListenerError(address: "\(configuration.host):\(configuration.port)", reason: reason)
        }
    }

    /// Accepts no more. Connections stay.
    package func close() async {
        try? await self.channel.close().get()
    }

    private static func text(_ address: SocketAddress?) -> String {
        guard let address, let ip = address.ipAddress else { return "unknown" }
        return ip.contains(":") ? "[\(ip)]:\(address.port ?? 0)" : "\(ip):\(address.port ?? 0)"
    }
}

/// A listener could not be opened.
package struct ListenerError: Error, CustomStringConvertible {
    package var address: String
    package var reason: String

    package var description: String { "cannot listen on \(self.address): \(self.reason)" }
}

/// Finds a route's shard for an event loop.
package struct ShardTable: Sendable {
    private let shards: [ObjectIdentifier: NIOLoopBound<RouterShard>]
    package let limits: LimitConfiguration

    init(_ shards: [(eventLoop: any EventLoop, shard: NIOLoopBound<RouterShard>)], limits: LimitConfiguration) {
        self.shards = Dictionary(shards.map { (ObjectIdentifier($0.eventLoop), $0.shard) }) { first, _ in first }
        self.limits = limits
    }

    /// Nil if called for a loop without a shard, or from another loop.
    func shard(on eventLoop: any EventLoop) -> RouterShard? {
        guard eventLoop.inEventLoop else { return nil }
        return self.shards[ObjectIdentifier(eventLoop)]?.value
    }
}
