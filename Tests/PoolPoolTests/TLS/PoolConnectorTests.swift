import NIOCore
import NIOPosix
import PoolPool
import Stratum
import Testing

@Suite struct PoolConnectorTests {
    @Test(arguments: ["127.0.0.1", "localhost"])
    func plainConnectionCarriesBytesBothWays(host: String) async throws {
        let pool = try await TestPool()
        #expect(try await PoolConnector().probe(pool.endpoint(.tcp, host: host)) == .served)
        try await pool.close()
    }

    @Test(arguments: [nil, TestCertificate.server])
    func firstBytesFromThePoolAreHeard(certificate: TestCertificate?) async throws {
        let pool = try await TestPool(.subscribesUnasked, certificate: certificate)
        let connector = PoolConnector()
        let endpoint = pool.endpoint(certificate == nil ? .tcp : .tls)
        for _ in 0..<50 {
            #expect(try await connector.probe(endpoint, tls: PoolTLSConfiguration(verify: false)) == .served)
        }
        try await pool.close()
    }

    @Test func refusedConnectionNamesTheAddress() async throws {
        let port = try await TestPool.closedPort()
        let connector = PoolConnector()
        for host in ["127.0.0.1", "localhost"] {
            let endpoint = PoolEndpoint(transport: .tcp, host: host, port: port)
            #expect(
                try await connector.probe(endpoint) == .refused(.connectFailed, "connection refused by \(host):\(port)")
            )
        }
    }

    @Test func unknownHostIsSaidToBeUnknown() async throws {
        let endpoint = PoolEndpoint(transport: .tcp, host: "no..such..name", port: 3333)
        let failure = try #require(try await PoolConnector().probe(endpoint).refusal)
        #expect(failure.kind == .connectFailed)
        #expect(failure.detail.hasPrefix("cannot resolve no..such..name: "))
    }

    @Test func timeoutCoversTheTLSHandshake() async throws {
        let pool = try await TestPool(.isSilent)
        let outcome = try await PoolConnector().probe(pool.endpoint(.tls), timeout: .seconds(1))
        #expect(outcome == .refused(.connectTimeout, "no TLS handshake within 1 s"))
        try await pool.close()
    }

    #if os(Linux)
        @Test func addressThatDoesNotAnswerTimesOut() async throws {
            // Linux answers no further connection once the queue of those not yet accepted is full.
            let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(.backlog, value: 1)
                .serverChannelOption(.autoRead, value: false)
                .bind(host: "127.0.0.1", port: 0).get()
            let address = try #require(server.localAddress)
            let port = try #require(address.port)
            let client = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            let waiting = [try await client.connect(to: address).get(), try await client.connect(to: address).get()]
            let endpoint = PoolEndpoint(transport: .tcp, host: "127.0.0.1", port: port)
            let outcome = try await PoolConnector().probe(endpoint, timeout: .milliseconds(300))
            #expect(outcome == .refused(.connectTimeout, "no connection within 300 ms"))
            for channel in waiting + [server] { try await channel.close() }
        }
    #endif

    /// The next connection is made without `mining.configure`, so the reason must not get lost in the closing.
    @Test(arguments: [nil, TestCertificate.server], [TestPool.Role.hangsUp, .closesOutput])
    func closeOnConfigureIsTakenAsItsRefusal(certificate: TestCertificate?, role: TestPool.Role) async throws {
        let pool = try await TestPool(role, certificate: certificate)
        let outcome = try await PoolConnector().probe(
            pool.endpoint(certificate == nil ? .tcp : .tls),
            tls: PoolTLSConfiguration(verify: false),
            mask: 0x1fff_e000
        )
        #expect(outcome == .closed(LinkFailure(.questionRefused, "the pool closed on mining.configure")))
        try await pool.close()
    }

    @Test(arguments: [nil, TestCertificate.server], [TestPool.Role.hangsUp, .closesOutput])
    func halfClosedLinkIsClosed(certificate: TestCertificate?, role: TestPool.Role) async throws {
        let pool = try await TestPool(role, certificate: certificate)
        let outcome = try await PoolConnector().probe(
            pool.endpoint(certificate == nil ? .tcp : .tls),
            tls: PoolTLSConfiguration(verify: false)
        )
        #expect(outcome == .closed(LinkFailure(.closed, "closed by the pool")))
        try await pool.close()
    }
}
