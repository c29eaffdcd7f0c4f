import Configuration
import Foundation
import Logging
import NIOCore
import NIOPosix
import PoolPool
import Router
import Simulation
import Stratum

/// The demo's pools, miners and router, all on loopback.
struct DemoWorld {
    let spoken: DemoProtocol
    let folder: URL
    let primary: SimulatedPool
    let backup: SimulatedPool
    let farm: SimulatedFarm
    let assembly: RouterAssembly
    let ledgerPath: String
    let socketPath: String

    /// - Parameter miners: how many. Of more than a dozen each is slower, so that together they take the same time.
    static func start(_ spoken: DemoProtocol, miners: Int, folder: URL) async throws -> DemoWorld {
        let outside = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let speed = min(1, 12 / Double(miners))
        let primaryPool = try await SimulatedPool.start(spoken.primary(speed: speed), on: outside)
        let backupPool = try await SimulatedPool.start(spoken.backup(speed: speed), on: outside)

        let ledgerPath = folder.appending(path: "ledger.sqlite").path
        let socketPath = folder.appending(path: "control.sock").path
        let assembly = try await RouterAssembly.open(
            ServiceConfiguration(
                routes: [
                    try Self.route(spoken, primary: primaryPool.port, backup: backupPool.port, speed: speed)
                ],
                ledger: LedgerSettings(path: ledgerPath),
                control: ControlSettings(socket: socketPath),
                log: LogSettings(),
                threads: 1
            ),
            logger: Logger(label: "demo") { _ in SwiftLogNoOpLogHandler() }
        )
        let port = assembly.listeners.values.joined().first?.address?.port ?? 0
        let farm = try await SimulatedFarm.start(spoken.miners(miners, port: port, speed: speed), on: outside)
        return DemoWorld(
            spoken: spoken,
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
    private static func route(
        _ spoken: DemoProtocol, primary: Int, backup: Int, speed: Double
    ) throws -> RouteConfiguration {
        func pool(_ name: String, port: Int, priority: Int) -> PoolConfiguration {
            var pool = PoolConfiguration(
                name: name,
                endpoint: PoolEndpoint(transport: .tcp, host: "127.0.0.1", port: port),
                user: "demo",
                priority: priority
            )
            pool.options = spoken.poolOptions
            return pool
        }
        var route = RouteConfiguration(
            name: "demo",
            listeners: [ListenerConfiguration(host: "127.0.0.1", port: 0)],
            pools: [pool("primary", port: primary, priority: 1), pool("backup", port: backup, priority: 2)],
            vardiff: VardiffConfiguration(
                targetInterval: .seconds(2), minimum: try spoken.minimumDifficulty(speed: speed)
            ),
            health: HealthConfiguration(
                reconnectMaximum: .seconds(1), failbackAfter: .seconds(4), slowStart: .seconds(1)
            ),
            balance: BalanceConfiguration(movesPerSecond: 1, patience: .zero)
        )
        route.dialect = try spoken.dialect
        return route
    }
}
