import Configuration
import Foundation
import Logging
import NIOCore
import NIOPosix
import PoolPool
import Router
import Simulation

/// The demo's pools, miners and router, all on loopback.
struct DemoWorld {
    let folder: URL
    let primary: SimulatedPool
    let backup: SimulatedPool
    let farm: SimulatedFarm
    let assembly: RouterAssembly
    let ledgerPath: String
    let socketPath: String

    static func start(miners: Int, folder: URL) async throws -> DemoWorld {
        let outside = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        var primary = SimulatedPoolConfiguration.ckpool(name: "primary")
        primary.difficulty = 4e-6
        primary.jobInterval = .seconds(5)
        primary.seed = 1
        var backup = SimulatedPoolConfiguration(name: "backup")
        // Other sizes and another mask than the primary's: a miner must not notice.
        backup.extranonce1Size = 7
        backup.extranonce2Size = 6
        backup.configure = .answers(mask: 0x00ff_e000)
        backup.difficulty = 2e-6
        backup.jobInterval = .seconds(5)
        backup.seed = 2
        let primaryPool = try await SimulatedPool.start(primary, on: outside)
        let backupPool = try await SimulatedPool.start(backup, on: outside)

        let ledgerPath = folder.appending(path: "ledger.sqlite").path
        let socketPath = folder.appending(path: "control.sock").path
        let assembly = try await RouterAssembly.open(
            ServiceConfiguration(
                routes: [Self.route(primary: primaryPool.port, backup: backupPool.port)],
                ledger: LedgerSettings(path: ledgerPath),
                control: ControlSettings(socket: socketPath),
                log: LogSettings(),
                threads: 1
            ),
            logger: Logger(label: "demo") { _ in SwiftLogNoOpLogHandler() }
        )
        let port = assembly.listeners.values.joined().first?.address?.port ?? 0
        var configurations = SimulatedFarm.configurations(count: miners, user: "demo", port: port)
        for index in configurations.indices {
            // Unlike miners: 4 to 15 kH/s.
            configurations[index].hashesPerSecond = 4_000 + Double(index % 12) * 1_000
        }
        let farm = try await SimulatedFarm.start(configurations, on: outside)
        return DemoWorld(
            folder: folder,
            primary: primaryPool,
            backup: backupPool,
            farm: farm,
            assembly: assembly,
            ledgerPath: ledgerPath,
            socketPath: socketPath
        )
    }

    /// As a farm would configure it, only faster: a demo has no 120 s to wait for a failback.
    private static func route(primary: Int, backup: Int) -> RouteConfiguration {
        func pool(_ name: String, port: Int, priority: Int) -> PoolConfiguration {
            PoolConfiguration(
                name: name,
                endpoint: PoolEndpoint(transport: .tcp, host: "127.0.0.1", port: port),
                user: "demo",
                priority: priority
            )
        }
        return RouteConfiguration(
            name: "demo",
            listeners: [ListenerConfiguration(host: "127.0.0.1", port: 0)],
            pools: [pool("primary", port: primary, priority: 1), pool("backup", port: backup, priority: 2)],
            vardiff: VardiffConfiguration(targetInterval: .seconds(2), minimum: 1e-7),
            health: HealthConfiguration(
                reconnectMaximum: .seconds(1), failbackAfter: .seconds(4), slowStart: .seconds(1)
            ),
            balance: BalanceConfiguration(movesPerSecond: 1, patience: .zero)
        )
    }
}
