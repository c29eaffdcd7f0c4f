package import NIOCore
import NIOPosix
import NIOSSL
import Stratum

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Opens connections to pools over TCP, and TLS where the endpoint says so. May serve many event loops.
package final class PoolConnector: PoolConnecting, Sendable {
    private let contexts = PoolTLSContexts()

    package init() {}

    /// Opens a connection within `timeout`, TLS included, and only then puts `connection` into its pipeline: from there
    /// on the handler may write, and it hears every byte. Call on `eventLoop`. Fails with a ``LinkFailure`` of the kinds
    /// `connectFailed`, `connectTimeout` and `tls`.
    package func connect(
        _ connection: PoolConnection,
        to endpoint: PoolEndpoint,
        tls: PoolTLSConfiguration,
        timeout: TimeAmount,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<Void> {
        let attempt = PoolConnectAttempt(connection, to: endpoint, tls: tls, timeout: timeout, on: eventLoop)
        attempt.start(contexts: self.contexts)
        return attempt.result
    }

    /// Has files of certificate authorities read again for the next connections.
    package func reloadAuthorities() {
        self.contexts.forget()
    }
}

/// One attempt to reach a pool. Confined to its event loop; ends exactly once.
private final class PoolConnectAttempt {
    private let connection: PoolConnection
    private let endpoint: PoolEndpoint
    private let tls: PoolTLSConfiguration
    private let timeout: TimeAmount
    private let eventLoop: any EventLoop
    private let promise: EventLoopPromise<Void>
    private var timer: Scheduled<Void>?
    /// Set once TCP is established.
    private var channel: (any Channel)?
    private var hasEnded = false

    init(
        _ connection: PoolConnection,
        to endpoint: PoolEndpoint,
        tls: PoolTLSConfiguration,
        timeout: TimeAmount,
        on eventLoop: any EventLoop
    ) {
        self.connection = connection
        self.endpoint = endpoint
        self.tls = tls
        self.timeout = timeout
        self.eventLoop = eventLoop
        self.promise = eventLoop.makePromise()
    }

    var result: EventLoopFuture<Void> { self.promise.futureResult }

    func start(contexts: PoolTLSContexts) {
        self.timer = self.eventLoop.assumeIsolated().scheduleTask(in: self.timeout) {
            self.end(.failure(.missing(self.channel == nil ? "connection" : "TLS handshake", after: self.timeout)))
        }
        switch self.endpoint.transport {
        case .tcp:
            self.openTCP {
                self.connection.socket = DirectSocket($0)
                self.establish(on: $0)
            }
        case .tls:
            contexts.context(for: self.tls, on: self.eventLoop).assumeIsolated().whenComplete { result in
                switch result {
                case .success(let context):
                    self.openTCP { self.shakeHands(on: $0, context: context) }
                case .failure(let error):
                    self.end(.failure(error as? LinkFailure ?? LinkFailure(.tls, "\(error)")))
                }
            }
        }
    }

    /// Handlers are added when TCP is there, not when its channel is made: a name with several addresses makes several
    /// channels, of which one wins. The loop reads nothing from the channel before `then` returns.
    private func openTCP(then: @escaping (any Channel) -> Void) {
        guard (1...65_535).contains(self.endpoint.port) else {
            self.end(.failure(LinkFailure(.connectFailed, "there is no port \(self.endpoint.port)")))
            return
        }
        let bootstrap = PoolSocket.configure(ClientBootstrap(group: self.eventLoop).connectTimeout(self.timeout))
        let channel: EventLoopFuture<any Channel>
        if let address = try? SocketAddress(ipAddress: self.endpoint.host, port: self.endpoint.port) {
            // Past the resolver, where a name server that does not answer holds up every other question.
            channel = bootstrap.connect(to: address)
        } else {
            channel = bootstrap.connect(host: self.endpoint.host, port: self.endpoint.port)
        }
        channel.assumeIsolated().whenComplete { result in
            switch result {
            case .success(let channel) where self.hasEnded:
                channel.close(promise: nil)
            case .success(let channel):
                self.channel = channel
                then(channel)
            case .failure(let error):
                self.end(.failure(.connecting(to: self.endpoint, within: self.timeout, error: error)))
            }
        }
    }

    private func shakeHands(on channel: any Channel, context: NIOSSLContext) {
        do {
            let encryption = try self.tls.makeHandler(context: context, host: self.endpoint.host)
            let observer = PoolTLSHandler(tlsHandler: encryption, configuration: self.tls, host: self.endpoint.host) {
                switch $0 {
                case .success: self.establish(on: channel)
                case .failure(let failure): self.end(.failure(failure))
                }
            }
            // In this order, because the handshake begins when its handler is added.
            try channel.pipeline.syncOperations.addHandler(observer)
            try channel.pipeline.syncOperations.addHandler(encryption, position: .first)
        } catch {
            self.end(.failure(LinkFailure(.tls, "\(error)")))
        }
    }

    private func establish(on channel: any Channel) {
        guard !self.hasEnded else { return }
        do {
            try channel.pipeline.syncOperations.addHandler(self.connection)
            self.end(.success(()))
        } catch {
            self.end(.failure(LinkFailure(.connectFailed, "\(error)")))
        }
    }

    private func end(_ result: Result<Void, LinkFailure>) {
        guard !self.hasEnded else { return }
        self.hasEnded = true
        self.timer?.cancel()
        switch result {
        case .success:
            self.promise.succeed()
        case .failure(let failure):
            self.channel?.close(promise: nil)
            self.promise.fail(failure)
        }
        self.channel = nil
    }
}

@available(*, unavailable)
extension PoolConnectAttempt: Sendable {}

/// Socket options of a pool connection. Half-closure stays off: when the pool ends its direction, the channel closes.
private enum PoolSocket {
    static func configure(_ bootstrap: ClientBootstrap) -> ClientBootstrap {
        var options: [(NIOBSDSocket.Option, SocketOptionValue)] = [(.tcp_nodelay, 1)]
        #if os(Linux)
            // Idle links are probed after a minute; a cut wire is seen when bytes stay unacknowledged for 30 s.
            options += [
                (.init(rawValue: TCP_KEEPIDLE), 60),
                (.init(rawValue: TCP_KEEPINTVL), 10),
                (.init(rawValue: TCP_KEEPCNT), 3),
                (.init(rawValue: TCP_USER_TIMEOUT), 30_000),
            ]
        #elseif canImport(Darwin)
            options.append((.init(rawValue: TCP_KEEPALIVE), 60))
        #endif
        return options.reduce(bootstrap.channelOption(.socketOption(.so_keepalive), value: 1)) {
            $0.channelOption(.tcpOption($1.0), value: $1.1)
        }
    }
}
