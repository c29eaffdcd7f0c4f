import Configuration
import ControlAPI
import Foundation
import Logging
import NIOCore
import NIOPosix
import Persistence
import PoolPool
import Router
import ServiceLifecycle
import Stratum

/// What the program calls itself.
enum ProgramVersion {
    static let number = "0.1.0"
    /// Sent to pools with `mining.subscribe`.
    static let userAgent = "stratum-router/\(number)"
}

/// The whole router, put together from a configuration: ledger, control server, routes. Used by `run` and by `demo`.
struct RouterAssembly {
    let group: MultiThreadedEventLoopGroup
    let ledger: Ledger
    let routes: [RouteService]
    let listeners: [String: [RouterListener]]
    let control: RouterControl
    let server: ControlServer
    let connector: PoolConnector

    /// Opens everything that can fail: the ledger first, then the control socket, then the listeners. When this returns,
    /// miners can connect. When it throws, nothing is left open that matters.
    static func open(_ configuration: ServiceConfiguration, logger: Logger) async throws -> RouterAssembly {
        if let path = configuration.ledger.sealKey, SealKey.isExposed(path: path) {
            logger.warning("\(SealKey.exposure(path: path))")
        }
        let ledger = try Ledger(configuration: LedgerConfiguration(configuration.ledger), logger: logger)
        let threads = configuration.threads ?? min(System.coreCount, 8)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
        do {
            return try await Self.open(configuration, ledger, group, logger)
        } catch {
            try? await group.shutdownGracefully()
            // In order, or the next start would take this one for a crash.
            await ledger.close()
            throw error
        }
    }

    private static func open(
        _ configuration: ServiceConfiguration,
        _ ledger: Ledger,
        _ group: MultiThreadedEventLoopGroup,
        _ logger: Logger
    ) async throws -> RouterAssembly {
        let observer = LedgerObserver(ledger: ledger)
        let ids = RouterIDs(
            firstShare: observer.nextShareID,
            firstSession: observer.nextSessionID,
            firstJob: observer.nextJobNumber
        )
        let connector = PoolConnector()
        var routes: [RouteService] = []
        for route in configuration.routes {
            ledger.describe(
                route: route.name,
                protocol: route.dialect.name,
                hashesPerDifficulty: route.dialect.dialect.hashesPerDifficulty
            )
            routes.append(
                try await RouteService.make(
                    configuration: route,
                    group: group,
                    observer: observer,
                    ids: ids,
                    connector: connector,
                    dialects: RouterProgram.dialects,
                    userAgent: ProgramVersion.userAgent,
                    seed: UInt64.random(in: .min ... .max),
                    unixMilliseconds: { Int64(Date().timeIntervalSince1970 * 1000) },
                    logger: logger
                )
            )
        }
        let control = RouterControl(routes: routes, ledger: ledger, ledgerPath: configuration.ledger.path)
        let server = ControlServer(
            configuration: ControlServer.Configuration(
                socketPath: configuration.control.socket,
                http: configuration.control.http.map { .init(host: $0.host, port: $0.port) }
            ),
            target: control,
            eventLoop: group.next(),
            logger: logger
        )
        try await server.bind()
        var listeners: [String: [RouterListener]] = [:]
        do {
            for route in routes {
                let bound = try await route.bind()
                listeners[route.name] = bound
                for listener in bound {
                    logger.notice(
                        "listening for miners",
                        metadata: [
                            "route": .string(route.name), "address": .string(listener.text),
                            "tls": "\(listener.configuration.tls != nil)",
                        ]
                    )
                }
            }
        } catch {
            for listener in listeners.values.joined() { await listener.close() }
            await server.close()
            throw error
        }
        control.setListeners(listeners.mapValues { $0.map(\.text) })
        for route in routes { try await route.start() }
        return RouterAssembly(
            group: group,
            ledger: ledger,
            routes: routes,
            listeners: listeners,
            control: control,
            server: server,
            connector: connector
        )
    }

    /// The services in the order of their start; they end in reverse: the routes stop first, the ledger last.
    var services: [any Service] {
        [self.ledger, self.server]
            + self.routes.map {
                RouteRunner(route: $0, listeners: self.listeners[$0.name] ?? [], control: self.control)
            }
    }
}

/// Runs a route until a graceful shutdown.
private struct RouteRunner: Service {
    let route: RouteService
    let listeners: [RouterListener]
    let control: RouterControl

    func run() async throws {
        try? await gracefulShutdown()
        self.control.setDraining()
        for listener in self.listeners { await listener.close() }
        await self.route.stop()
    }
}

extension RouterListener {
    /// Address and port, and whether it speaks TLS.
    var text: String {
        let ip = self.address?.ipAddress ?? self.configuration.host
        let host = ip.contains(":") ? "[\(ip)]" : ip
        return "\(host):\(self.address?.port ?? self.configuration.port)"
            + (self.configuration.tls == nil ? "" : " (TLS)")
    }
}
