import NIOCore
import PoolPool
import Router
import Simulation
import Testing

@testable import RouterCLI

/// CryptoNote pools that divide the nonce themselves leave the router nothing to divide: a link for each miner.
@Suite(.serialized) struct DividedPoolTests {
    private static let miners = 10

    /// Pools whose blobs have a byte of the nonce filled in.
    private static func pool(_ name: String, seed: UInt64, byte: UInt8) async throws -> SimulatedPool {
        var configuration = SimulatedPoolConfiguration(name: name, protocol: .cryptonote)
        configuration.jobInterval = .seconds(2)
        configuration.seed = seed
        configuration.cryptonote.fixedNonceByte = byte
        return try await SimulatedPool.start(configuration, on: SmallWorld.outside)
    }

    @Test(.timeLimit(.minutes(2)))
    func eachMinerHasALinkOfItsOwnToEachPool() async throws {
        let primary = try await Self.pool("primary", seed: 1, byte: 0x5a)
        let backup = try await Self.pool("backup", seed: 2, byte: 0x0c)
        let router = try await RunningRouter.start([
            ProtocolTests.route(.cryptonote, [.local(primary), .local(backup, priority: 2)])
        ])
        let farm = try await ProtocolTests.farm(Self.miners, .cryptonote, port: router.port)
        try await farm.mineOn(2)
        #expect(primary.log.openConnections == Self.miners)
        #expect(backup.log.openConnections == Self.miners)
        #expect(Set(primary.shareLog.map(\.connection)).count == Self.miners)

        // The links of the other pool are warm: nobody has to connect anew.
        try await primary.inject(.reset)
        try await farm.mineOn(2, "all mine at the backup")
        #expect(backup.log.connects == Self.miners)
        #expect(Set(backup.shareLog.map(\.connection)).count == Self.miners)
        farm.expectUndisturbedLinks()
        let shares = (primary.shareLog + backup.shareLog).filter(\.isAccepted)
        #expect(Set(shares.map { "\($0.connection) \($0.jobID) \($0.nonce)" }).count == shares.count)
        try await router.settle([farm], [primary, backup])
        try router.removeFiles()
    }
}
