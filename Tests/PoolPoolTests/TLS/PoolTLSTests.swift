import PoolPool
import Stratum
import Testing

@Suite struct PoolTLSTests {
    private static let byAuthority = PoolTLSConfiguration(certificateAuthority: TestCertificate.authority.path)
    private static let unverified = PoolTLSConfiguration(verify: false)

    private static func pinned(_ certificate: TestCertificate) throws -> PoolTLSConfiguration {
        let certificates = try CertificateFile.certificates(at: certificate.path)
        return PoolTLSConfiguration(fingerprint: CertificateSummary(try #require(certificates.first)).fingerprint)
    }

    private func outcome(
        _ certificate: TestCertificate,
        _ tls: PoolTLSConfiguration,
        host: String = "localhost"
    ) async throws -> ConnectionOutcome {
        let pool = try await TestPool(certificate: certificate)
        let outcome = try await PoolConnector().probe(pool.endpoint(.tls, host: host), tls: tls)
        try await pool.close()
        return outcome
    }

    @Test(arguments: ["localhost", "127.0.0.1"])
    func certificateOfATrustedAuthorityIsAccepted(host: String) async throws {
        #expect(try await self.outcome(.server, Self.byAuthority, host: host) == .served)
    }

    @Test func selfSignedCertificateCanBeItsOwnAuthority() async throws {
        let tls = PoolTLSConfiguration(certificateAuthority: TestCertificate.selfSigned.path)
        #expect(try await self.outcome(.selfSigned, tls) == .served)
    }

    @Test(arguments: [TestCertificate.server, .expired, .future, .otherName, .selfSigned])
    func pinnedCertificateIsAcceptedWhateverItSays(certificate: TestCertificate) async throws {
        #expect(try await self.outcome(certificate, Self.pinned(certificate)) == .served)
    }

    @Test(arguments: [TestCertificate.server, .expired, .future, .otherName, .selfSigned])
    func withoutVerificationEverythingIsAccepted(certificate: TestCertificate) async throws {
        #expect(try await self.outcome(certificate, Self.unverified) == .served)
    }

    @Test func otherCertificateThanThePinnedOneIsRefused() async throws {
        // With verify: false too; and the authority that signed it does not help.
        let ending = ", not \(CertificateSummaryTests.selfSignedFingerprint) as in tls.fingerprint"
        for (verify, authority) in [(true, nil), (false, nil), (true, TestCertificate.authority.path)] {
            var tls = try Self.pinned(.selfSigned)
            tls.verify = verify
            tls.certificateAuthority = authority
            let failure = try #require(try await self.outcome(.server, tls).refusal)
            #expect(failure.kind == .tls)
            #expect(failure.detail.hasPrefix("certificate has the SHA-256 fingerprint "))
            #expect(failure.detail.hasSuffix(ending))
        }
    }

    @Test(arguments: [
        (TestCertificate.expired, "localhost", "certificate expired on 2021-01-01T00:00:00Z (the clock here says 2"),
        (.future, "localhost", "certificate is not valid before 2125-01-01T00:00:00Z (the clock here says 2"),
        (.otherName, "localhost", "certificate is for a.example, b.example, 192.0.2.1, not for localhost"),
        (.otherName, "127.0.0.1", "certificate is for a.example, b.example, 192.0.2.1, not for 127.0.0.1"),
        (.commonName, "localhost", "certificate is for old.example, not for localhost"),
        (
            .selfSigned, "localhost",
            "certificate is self-signed, not signed by an authority in \(TestCertificate.authority.path) "
                + "(issuer CN=localhost; SHA-256 fingerprint \(CertificateSummaryTests.selfSignedFingerprint): "
        ),
    ])
    func refusalSaysWhatIsWrong(certificate: TestCertificate, host: String, text: String) async throws {
        let failure = try #require(try await self.outcome(certificate, Self.byAuthority, host: host).refusal)
        #expect(failure.kind == .tls)
        #expect(failure.detail.hasPrefix(text), "\(failure.detail)")
    }

    @Test func unknownAuthorityIsRefusedAndNamed() async throws {
        let tls = PoolTLSConfiguration(certificateAuthority: TestCertificate.selfSigned.path)
        let failure = try #require(try await self.outcome(.server, tls).refusal)
        #expect(failure.kind == .tls)
        #expect(failure.detail.contains("is not signed by an authority in \(TestCertificate.selfSigned.path)"))
        #expect(failure.detail.contains("(issuer CN=Test Intermediate, O=Test Mining; SHA-256 fingerprint "))
    }

    @Test func systemAuthoritiesDoNotTrustTheTestAuthority() async throws {
        let failure = try #require(try await self.outcome(.server, PoolTLSConfiguration()).refusal)
        #expect(failure.kind == .tls)
        // A system may have no authorities at all.
        #expect(
            failure.detail.hasPrefix("certificate is not signed by an authority this system trusts (issuer ")
                || failure.detail.hasPrefix("this system's certificate authorities cannot be loaded")
        )
    }

    @Test func missingAuthorityFileIsNamedAndLookedForAgain() async throws {
        let pool = try await TestPool(certificate: .server)
        let file = try TemporaryFile()
        let tls = PoolTLSConfiguration(certificateAuthority: file.path)
        let connector = PoolConnector()
        let text = "tls.certificate_authority: cannot read \(file.path): there is no such file"
        #expect(try await connector.probe(pool.endpoint(.tls), tls: tls) == .refused(.tls, text))
        try file.copy(.authority)
        #expect(try await connector.probe(pool.endpoint(.tls), tls: tls) == .served)
        // Read once, until it is to be read again.
        try file.copy(.selfSigned)
        #expect(try await connector.probe(pool.endpoint(.tls), tls: tls) == .served)
        connector.reloadAuthorities()
        #expect(try await connector.probe(pool.endpoint(.tls), tls: tls).refusal?.kind == .tls)
        try await pool.close()
    }

    @Test(arguments: [
        (TestPool.Role.replies("{\"id\":null,\"error\":\"what?\"}\n"), "the pool does not speak TLS on this port"),
        (.replies("HTTP/1.1 400 Bad Request\r\n\r\n"), "the pool does not speak TLS on this port"),
        (
            .hangsUp,
            "the pool closed the connection during the TLS handshake: it may not speak TLS on this port"
        ),
    ])
    func poolWithoutTLSIsSaidToBe(role: TestPool.Role, text: String) async throws {
        let pool = try await TestPool(role)
        #expect(try await PoolConnector().probe(pool.endpoint(.tls)) == .refused(.tls, text))
        try await pool.close()
    }
}
