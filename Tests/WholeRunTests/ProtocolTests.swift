import NIOCore
import Persistence
import PoolPool
import Router
import Simulation
import Stratum
import Testing

@testable import RouterCLI

/// Each protocol over real sockets: miners that really solve, pools that judge for themselves, and books that agree.
@Suite(.serialized) struct ProtocolTests {
    static let miners = 50

    /// A pool of the protocol with job ids, extranonces and seeds of its own.
    static func pool(
        _ name: String, _ protocol: SimulatedProtocol, seed: UInt64, nicehash: Bool = false
    ) async throws -> SimulatedPool {
        var configuration = SimulatedPoolConfiguration(name: name, protocol: `protocol`)
        configuration.jobInterval = .seconds(2)
        configuration.seed = seed
        if !nicehash { configuration.cryptonote.extensions = ["algo", "keepalive"] }
        return try await SimulatedPool.start(configuration, on: SmallWorld.outside)
    }

    static func farm(_ count: Int, _ protocol: SimulatedProtocol, port: Int) async throws -> SimulatedFarm {
        var configurations = SimulatedFarm.configurations(
            count: count, speaking: `protocol`, user: "\(`protocol`.rawValue).farm", port: port
        )
        for index in configurations.indices { configurations[index].reconnectDelay = .milliseconds(100) }
        return try await SimulatedFarm.start(configurations, on: SmallWorld.outside)
    }

    static func route(
        _ protocol: SimulatedProtocol, _ pools: [PoolConfiguration], name: String? = nil
    ) throws -> RouteConfiguration {
        var pools = pools
        for index in pools.indices { pools[index].options = `protocol`.poolOptions }
        var route = RouteConfiguration.local(pools)
        route.name = name ?? `protocol`.rawValue
        route.dialect = try `protocol`.dialect
        return route
    }

    /// The primary is killed: every miner whose protocol and firmware let it goes on without being disturbed, the others
    /// come back by themselves; then the primary comes back. The ledger has what the pools and the miners have.
    @Test(.timeLimit(.minutes(5)), arguments: SimulatedProtocol.allCases)
    func primaryKilledAndBackAgain(_ protocol: SimulatedProtocol) async throws {
        let primary = try await Self.pool("primary", `protocol`, seed: 1)
        let backup = try await Self.pool("backup", `protocol`, seed: 2)
        let router = try await RunningRouter.start([
            Self.route(`protocol`, [.local(primary), .local(backup, priority: 2)])
        ])
        let farm = try await Self.farm(Self.miners, `protocol`, port: router.port)
        try await farm.wait("all mine", until: { $0.allSatisfy { $0.accepted > 1 } }, timeout: .seconds(90))
        #expect(backup.log.acceptedShares == 0)
        #expect(primary.log.rejectedShares == 0)

        try await primary.inject(.reset)
        try await farm.mineOn(2, "all mine at the backup", timeout: .seconds(90))
        let accepted = primary.log.acceptedShares
        #expect(backup.log.rejectedShares == 0)

        try await primary.inject(.healthy)
        try await primary.wait(
            "failback", until: { $0.acceptedShares >= accepted + Self.miners }, timeout: .seconds(90)
        )

        try await farm.rest()
        for miner in farm.miners {
            let log = miner.log
            #expect(log.violations.isEmpty)
            if miner.configuration.isSeamless {
                #expect(log.disconnects == 0, "\(miner.configuration.user): \(log)")
            } else {
                // Away and back again.
                #expect(log.disconnects <= 3, "\(miner.configuration.user): \(log)")
            }
        }
        let rows = try await router.settle([farm], [primary, backup])
        #expect(rows.allSatisfy { $0.protocol == route(of: `protocol`) })
        let refused = rows.filter { $0.verdict.isRefusal && $0.verdict != .stale && $0.verdict != .duplicate }
        #expect(refused.count <= rows.count / 20, "\(refused.prefix(5))")
        try router.removeFiles()
    }

    private func route(of protocol: SimulatedProtocol) -> String {
        (try? `protocol`.dialect.name) ?? ""
    }
}

extension SimulatedProtocol {
    /// The router's name for it, with the parameters that the simulation uses.
    var dialect: ConfiguredDialect {
        get throws {
            switch self {
            case .bitcoin: .standard
            case .scrypt: try ConfiguredDialect(ScryptDialect.self)
            case .equihash: try ConfiguredDialect(EquihashDialect.self, DialectOptions(["parameters": "48,5"]))
            case .cryptonote: try ConfiguredDialect(CryptoNoteDialect.self)
            case .ethProxy, .ethereumStratum1, .ethereumStratum2: try ConfiguredDialect(EthashDialect.self)
            }
        }
    }

    var poolOptions: DialectOptions {
        switch self {
        case .ethProxy: DialectOptions(["flavor": "proxy"])
        case .ethereumStratum1: DialectOptions(["flavor": "stratum1"])
        case .ethereumStratum2: DialectOptions(["flavor": "stratum2"])
        case .bitcoin, .scrypt, .equihash, .cryptonote: DialectOptions()
        }
    }
}

extension SimulatedMinerConfiguration {
    /// The protocol and the firmware let a move to another pool pass without a new connection.
    var isSeamless: Bool {
        switch self.protocol {
        case .bitcoin, .scrypt, .cryptonote, .ethProxy, .ethereumStratum2: true
        case .ethereumStratum1: self.subscribesExtranonce
        case .equihash: self.equihash.profile == .subscriber
        }
    }
}
