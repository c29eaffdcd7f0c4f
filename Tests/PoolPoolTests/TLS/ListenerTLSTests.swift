import Foundation
import PoolPool
import Router
import Testing

@Suite struct ListenerTLSTests {
    private func error(_ certificate: String, _ key: String, now: Date = Date()) -> String? {
        do throws(ListenerTLSError) {
            _ = try ListenerTLS.context(for: .init(certificate: certificate, key: key), now: now)
            return nil
        } catch {
            return error.description
        }
    }

    @Test(arguments: [(TestCertificate.server, TestCertificate.serverKey), (.selfSigned, .selfSignedKey)])
    func ellipticAndRSAKeysAreTaken(certificate: TestCertificate, key: TestCertificate) {
        #expect(self.error(certificate.path, key.path) == nil)
    }

    @Test func chainIsSentToTheMiner() async throws {
        // The client knows the root alone, so it needs the intermediate from the listener.
        let pool = try await TestPool(certificate: .server)
        let tls = PoolTLSConfiguration(certificateAuthority: TestCertificate.authority.path)
        #expect(try await PoolConnector().probe(pool.endpoint(.tls), tls: tls) == .served)
        try await pool.close()
    }

    @Test func missingFilesAreNamed() {
        let (certificate, key) = (TestCertificate.server.path, TestCertificate.serverKey.path)
        #expect(self.error("/no/c.pem", key) == "cannot read /no/c.pem: there is no such file")
        #expect(self.error(certificate, "/no/k.pem") == "cannot read /no/k.pem: there is no such file")
    }

    @Test func filesThatHoldSomethingElseAreNamed() throws {
        let (certificate, key) = (TestCertificate.server.path, TestCertificate.serverKey.path)
        #expect(self.error(key, key) == "\(key) is not a PEM file with a certificate")
        #expect(self.error(certificate, certificate) == "\(certificate) is not a PEM file with a private key")
        let file = try TemporaryFile()
        try file.write("")
        #expect(self.error(file.path, key) == "cannot read \(file.path): the file is empty")
        try file.write("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        #expect(self.error(file.path, key) == "\(file.path) is not a PEM file with a certificate")
        let folder = TestCertificate.folder.path
        #expect(self.error(folder, key)?.hasPrefix("cannot read \(folder): ") == true)
    }

    @Test func keyOfAnotherCertificateIsRefused() {
        let (certificate, key) = (TestCertificate.server.path, TestCertificate.selfSignedKey.path)
        let text = "the key in \(key) does not belong to the first certificate in \(certificate)"
        #expect(self.error(certificate, key)?.hasPrefix(text) == true)
    }

    @Test func keyWithPassphraseIsRefused() {
        let (certificate, key) = (TestCertificate.server.path, TestCertificate.encryptedKey.path)
        #expect(self.error(certificate, key) == "the key in \(key) is encrypted; write it without a passphrase")
    }

    @Test func expiredCertificateIsRefusedWithItsDate() {
        let (certificate, key) = (TestCertificate.expired.path, TestCertificate.serverKey.path)
        #expect(self.error(certificate, key) == "the certificate in \(certificate) expired on 2021-01-01T00:00:00Z")
        #expect(self.error(certificate, key, now: Date(timeIntervalSince1970: 1_600_000_000)) == nil)
    }

    /// A machine that starts without a clock must start all the same.
    @Test func certificateFromTheFutureIsTaken() {
        #expect(self.error(TestCertificate.future.path, TestCertificate.serverKey.path) == nil)
    }
}
