package import Logging
package import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

/// Listens on the control socket and, if configured, on the HTTP address, for as long as it runs.
///
/// `bind()` finds out everything that can be wrong; connections made after it wait until `run()` answers them. The
/// service should be the last to stop, so that `status` answers while the router drains.
package final class ControlServer: Service {
    package struct Configuration: Sendable {
        package struct HTTP: Sendable {
            package var host: String
            /// 0 lets the system choose (tests).
            package var port: Int

            package init(host: String, port: Int) {
                self.host = host
                self.port = port
            }
        }

        package var socketPath: String
        /// Nil: no HTTP.
        package var http: HTTP?
        /// Per listener.
        package var maximumConnections: Int
        /// A connection on which nothing moves for this long is closed.
        package var idleTimeout: Duration

        package init(
            socketPath: String,
            http: HTTP? = nil,
            maximumConnections: Int = 32,
            idleTimeout: Duration = .seconds(30)
        ) {
            self.socketPath = socketPath
            self.http = http
            self.maximumConnections = maximumConnections
            self.idleTimeout = idleTimeout
        }
    }

    private struct Bound {
        var file: UnixSocketFile
        var listeners: [any Channel]
        var httpAddress: SocketAddress?
    }

    private let configuration: Configuration
    private let responder: ControlResponder
    private let eventLoop: any EventLoop
    private let logger: Logger
    private let connections: ConnectionRegistry
    private let httpConnections: ConnectionRegistry
    private let bound = Mutex<Bound?>(nil)

    /// - Parameter eventLoop: carries all connections; reports are made and encoded elsewhere.
    package init(
        configuration: Configuration,
        target: any ControlTarget,
        eventLoop: any EventLoop,
        logger: Logger
    ) {
        self.configuration = configuration
        self.responder = ControlResponder(target: target)
        self.eventLoop = eventLoop
        self.logger = logger
        self.connections = ConnectionRegistry(maximum: configuration.maximumConnections)
        self.httpConnections = ConnectionRegistry(maximum: configuration.maximumConnections)
    }

    /// Where HTTP is served, after `bind()`.
    package var httpAddress: SocketAddress? {
        self.bound.withLock { $0?.httpAddress }
    }

    /// Takes the socket path and the HTTP address. To be called once.
    ///
    /// - Throws: ``ControlServerError``; then nothing is left bound.
    package func bind() async throws {
        let (file, descriptor) = try UnixSocketFile.bind(path: self.configuration.socketPath)
        var listeners: [any Channel] = []
        do {
            listeners.append(try await self.controlBootstrap().withBoundSocket(descriptor).get())
            if let http = self.configuration.http {
                listeners.append(try await self.bindHTTP(http))
            }
        } catch {
            file.remove()
            for listener in listeners { try? await listener.close() }
            throw error
        }
        let httpAddress = self.configuration.http == nil ? nil : listeners.last?.localAddress
        self.bound.withLock { $0 = Bound(file: file, listeners: listeners, httpAddress: httpAddress) }
    }

    /// Answers until told to shut down or cancelled, then closes and removes the socket.
    package func run() async throws {
        let listeners = self.bound.withLock { $0?.listeners ?? [] }
        for listener in listeners {
            try await listener.setOption(.autoRead, value: true).get()
        }
        self.logger.info(
            "control interfaces are open",
            metadata: [
                "socket": "\(self.configuration.socketPath)",
                "http": "\(self.httpAddress.map { "\($0.ipAddress ?? "?") port \($0.port ?? 0)" } ?? "off")",
            ]
        )
        // Throws when the task is cancelled, which ends the service just as well.
        try? await gracefulShutdown()
        await self.close()
    }

    /// Closes everything and removes the socket, also when `run()` was never called. May be called again.
    package func close() async {
        let bound = self.bound.withLock { bound in
            defer { bound = nil }
            return bound
        }
        guard let bound else { return }
        bound.file.remove()
        // A listener that is closed already is what we want.
        for listener in bound.listeners { try? await listener.close() }
        self.connections.closeAll()
        self.httpConnections.closeAll()
    }

    private func controlBootstrap() -> ServerBootstrap {
        let refusal = ControlResponder.failure(
            ControlError(code: .tooManyConnections, message: "too many connections to the control socket; try again")
        )
        let refusalLine = ByteBuffer(bytes: refusal + [UInt8(ascii: "\n")])
        let responder = self.responder
        return self.bootstrap(registry: self.connections, refusal: refusalLine) { channel in
            try channel.pipeline.syncOperations.addHandler(ControlConnectionHandler(responder: responder))
        }
        .childChannelOption(.autoRead, value: false)
        .childChannelOption(.allowRemoteHalfClosure, value: true)
    }

    private func bindHTTP(_ http: Configuration.HTTP) async throws -> any Channel {
        let responder = HTTPResponder(responder: self.responder)
        do {
            return try await self.bootstrap(
                registry: self.httpConnections,
                refusal: ByteBuffer(string: HTTPConnectionHandler.refusal)
            ) { channel in
                try HTTPConnectionHandler.configure(channel, responder: responder)
            }
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .bind(host: http.host, port: http.port)
            .get()
        } catch {
            throw ControlServerError.http(address: "\(http.host):\(http.port)", reason: "\(error)")
        }
    }

    private func bootstrap(
        registry: ConnectionRegistry,
        refusal: ByteBuffer,
        configure: @escaping @Sendable (any Channel) throws -> Void
    ) -> ServerBootstrap {
        let idle = self.configuration.idleTimeout
        return ServerBootstrap(group: self.eventLoop)
            .serverChannelOption(.autoRead, value: false)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard registry.admit(channel) else {
                        try channel.pipeline.syncOperations.addHandler(RefusalHandler(message: refusal))
                        return
                    }
                    try channel.pipeline.syncOperations.addHandlers([
                        IdleStateHandler(allTimeout: TimeAmount(idle)), IdleCloseHandler(),
                    ])
                    try configure(channel)
                }
            }
    }
}
