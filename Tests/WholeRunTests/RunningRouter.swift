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
import Simulation

@testable import RouterCLI

/// A whole router on loopback with its ledger in a temporary folder.
struct RunningRouter {
    let assembly: RouterAssembly
    let ledgerPath: String
    let port: Int
    private let folder: URL
    private let group: ServiceGroup
    private let task: Task<Void, any Error>

    static func start(_ routes: [RouteConfiguration], threads: Int = 2) async throws -> RunningRouter {
        let folder = FileManager.default.temporaryDirectory.appending(path: "r-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let ledgerPath = folder.appending(path: "ledger.sqlite").path
        let level = ProcessInfo.processInfo.environment["ROUTER_TEST_LOG"].flatMap { Logger.Level(rawValue: $0) }
        let logger = Logger(label: "router") { label in
            guard let level else { return SwiftLogNoOpLogHandler() as any LogHandler }
            return LogOutput(label: label, level: level, format: .text)
        }
        let assembly = try await RouterAssembly.open(
            ServiceConfiguration(
                routes: routes,
                ledger: LedgerSettings(path: ledgerPath),
                control: ControlSettings(socket: folder.appending(path: "s").path),
                log: LogSettings(),
                threads: threads
            ),
            logger: logger
        )
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: assembly.services.map { .init(service: $0) },
                logger: Logger(label: "services") { _ in SwiftLogNoOpLogHandler() }
            )
        )
        return RunningRouter(
            assembly: assembly,
            ledgerPath: ledgerPath,
            port: assembly.listeners.values.joined().first?.address?.port ?? 0,
            folder: folder,
            group: group,
            task: Task { try await group.run() }
        )
    }

    /// Stops it as SIGTERM does, and waits for the end.
    func stop() async throws {
        await self.group.triggerGracefulShutdown()
        try await self.task.value
        try await self.assembly.group.shutdownGracefully()
    }

    /// In the order of the configuration.
    func sessionsPerPool() async -> [Int] {
        await self.assembly.control.pools(route: nil).map(\.sessions)
    }

    func removeFiles() throws {
        try FileManager.default.removeItem(at: self.folder)
    }

    /// All rows of the ledger, in the order in which they came.
    func shares() throws -> [LedgerShareRecord] {
        var rows: [LedgerShareRecord] = []
        try LedgerReader(path: self.ledgerPath).shares(LedgerShareFilter()) { rows.append($0) }
        return rows.sorted { $0.id < $1.id }
    }

    func events(_ kinds: String...) throws -> [LedgerEventRecord] {
        var filter = LedgerEventFilter()
        filter.kinds = kinds
        return try LedgerReader(path: self.ledgerPath).events(filter)
    }
}

extension PoolConfiguration {
    /// A pool on loopback.
    static func local(
        _ pool: SimulatedPool,
        user: String = "account",
        priority: Int = 1,
        weight: Double = 1
    ) -> PoolConfiguration {
        PoolConfiguration(
            name: pool.name,
            endpoint: PoolEndpoint(transport: .tcp, host: "127.0.0.1", port: pool.port),
            user: user,
            priority: priority,
            weight: weight
        )
    }
}

extension RouteConfiguration {
    /// A route on a free port, with health times short enough for a test.
    static func local(_ pools: [PoolConfiguration], health: HealthConfiguration = .quick) -> RouteConfiguration {
        RouteConfiguration(
            name: "btc",
            listeners: [ListenerConfiguration(host: "127.0.0.1", port: 0)],
            pools: pools,
            vardiff: VardiffConfiguration(enabled: false),
            health: health,
            balance: .quick
        )
    }
}

extension BalanceConfiguration {
    static let quick = BalanceConfiguration(movesPerSecond: 1, patience: .zero)
}

extension HealthConfiguration {
    static let quick = HealthConfiguration(
        connectTimeout: .seconds(5),
        handshakeTimeout: .seconds(10),
        reconnectInitial: .milliseconds(100),
        reconnectMaximum: .milliseconds(500),
        failbackAfter: .seconds(2),
        slowStart: .seconds(1)
    )
}
