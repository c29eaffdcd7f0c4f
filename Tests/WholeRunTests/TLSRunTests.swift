import Foundation
import NIOSSL
import Persistence
import PoolPool
import Router
import Simulation
import Testing

@testable import RouterCLI

/// Whole runs with TLS towards miners and towards pools.
@Suite(.serialized) struct TLSRunTests {
    private static func secure(
        _ pool: SimulatedPool,
        priority: Int,
        _ tls: PoolTLSConfiguration
    ) -> PoolConfiguration {
        var configuration = PoolConfiguration.local(pool, priority: priority)
        configuration.endpoint.transport = .tls
        configuration.tls = tls
        return configuration
    }

    private static func fingerprint() throws -> [UInt8] {
        let certificate = try #require(try NIOSSLCertificate.fromPEMBytes(Array(TestCertificates.valid.utf8)).first)
        return CertificateSummary(certificate).fingerprint
    }

    @Test(.timeLimit(.minutes(2)))
    func minersAndPoolsOverTLSSurviveAFailover() async throws {
        let primary = try await SmallWorld.pool("primary", seed: 1) {
            $0.tls = try? TestCertificates.server(TestCertificates.valid)
        }
        let backup = try await SmallWorld.pool("backup", seed: 2) {
            $0.tls = try? TestCertificates.server(TestCertificates.valid)
        }
        let files = try [TestCertificates.valid, TestCertificates.key, TestCertificates.authority].map(
            TestCertificates.file)
        var route = RouteConfiguration.local([
            Self.secure(primary, priority: 1, PoolTLSConfiguration(fingerprint: try Self.fingerprint())),
            Self.secure(backup, priority: 2, PoolTLSConfiguration(certificateAuthority: files[2])),
        ])
        route.listeners[0].tls = ListenerConfiguration.TLS(certificate: files[0], key: files[1])
        let router = try await RunningRouter.start([route])
        let client = try TestCertificates.client()
        let farm = try await SmallWorld.farm(5, port: router.port) { miner, _ in miner.tls = client }
        try await farm.mineOn(2)
        #expect(backup.log.acceptedShares == 0)

        try await primary.inject(.reset)
        try await backup.wait("failover", until: { $0.acceptedShares >= 20 }, timeout: .seconds(60))
        let accepted = primary.log.acceptedShares
        try await primary.inject(.healthy)
        try await primary.wait("failback", until: { $0.acceptedShares >= accepted + 20 }, timeout: .seconds(60))

        #expect(farm.totals.disconnects == 0)
        try await router.settle([farm], [primary, backup])
        try router.removeFiles()
        for file in files { try FileManager.default.removeItem(atPath: file) }
    }

    @Test(.timeLimit(.minutes(2)))
    func poolsWithBadCertificatesAreDownForTheReasonAndThePlainBackupCarriesTheLoad() async throws {
        func start(_ name: String, _ certificate: String) async throws -> SimulatedPool {
            try await SmallWorld.pool(name) { $0.tls = try? TestCertificates.server(certificate) }
        }
        let unpinned = try await start("other fingerprint", TestCertificates.valid)
        let expired = try await start("expired", TestCertificates.expired)
        let untrusted = try await start("untrusted", TestCertificates.valid)
        let plain = try await SmallWorld.pool("speaks no TLS")
        let backup = try await SmallWorld.pool("backup")
        let authority = try TestCertificates.file(TestCertificates.authority)
        let stranger = try TestCertificates.file(TestCertificates.expired)
        let router = try await RunningRouter.start([
            .local([
                Self.secure(unpinned, priority: 1, PoolTLSConfiguration(fingerprint: [UInt8](repeating: 7, count: 32))),
                Self.secure(expired, priority: 1, PoolTLSConfiguration(certificateAuthority: authority)),
                Self.secure(untrusted, priority: 1, PoolTLSConfiguration(certificateAuthority: stranger)),
                Self.secure(plain, priority: 1, PoolTLSConfiguration(certificateAuthority: authority)),
                .local(backup, priority: 2),
            ])
        ])
        let farm = try await SmallWorld.farm(3, port: router.port)
        try await farm.mineOn(3)
        farm.expectUndisturbed()
        for pool in [unpinned, expired, untrusted, plain] { #expect(pool.log.subscribes == 0, "\(pool.name)") }

        try await router.settle([farm], [unpinned, expired, untrusted, plain, backup])
        let downs = try router.events("down")
        for (pool, reason) in [
            (unpinned, "fingerprint"), (expired, "expired"), (untrusted, "authority"), (plain, "TLS"),
        ] {
            let cause = downs.first { $0.pool == pool.name }?.cause ?? ""
            #expect(cause.contains(reason), "\(pool.name): \(cause)")
        }
        try router.removeFiles()
        for file in [authority, stranger] { try FileManager.default.removeItem(atPath: file) }
    }

    @Test(.timeLimit(.minutes(1)))
    func plainMinerOnATLSPortIsDroppedAndTLSMinersMineOn() async throws {
        let pool = try await SmallWorld.pool("pool")
        let files = try [TestCertificates.valid, TestCertificates.key].map(TestCertificates.file)
        var route = RouteConfiguration.local([.local(pool)])
        route.listeners[0].tls = ListenerConfiguration.TLS(certificate: files[0], key: files[1])
        let router = try await RunningRouter.start([route])
        let client = try TestCertificates.client()
        let farm = try await SmallWorld.farm(2, port: router.port) { miner, _ in miner.tls = client }
        try await farm.mineOn(1)

        let stranger = try await RawMiner.connect(to: router.port)
        try await stranger.begin(user: "plain")
        try await stranger.waitForClose()

        try await farm.mineOn(1)
        farm.expectUndisturbed()
        try await router.settle([farm], [pool])
        try router.removeFiles()
        for file in files { try FileManager.default.removeItem(atPath: file) }
    }
}
