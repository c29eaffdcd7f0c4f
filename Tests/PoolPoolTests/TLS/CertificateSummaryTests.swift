import Foundation
import Testing

@testable import PoolPool

@Suite struct CertificateSummaryTests {
    /// Said by OpenSSL of `self-signed.pem`.
    static let selfSignedFingerprint =
        "3b:b1:e3:87:7c:f8:7b:25:38:57:5d:3a:00:8b:32:d3:40:fb:53:83:8f:3f:fa:8e:89:15:8e:07:e7:21:73:1e"

    private func summary(_ certificate: TestCertificate) throws -> CertificateSummary {
        CertificateSummary(try #require(try CertificateFile.certificates(at: certificate.path).first))
    }

    @Test(arguments: [
        (TestCertificate.server, ["localhost", "127.0.0.1", "::1"], "CN=Test Intermediate, O=Test Mining", false),
        (.otherName, ["a.example", "b.example", "192.0.2.1"], "CN=Test Intermediate, O=Test Mining", false),
        (.commonName, ["old.example"], "CN=Test Intermediate, O=Test Mining", false),
        (.selfSigned, ["localhost", "127.0.0.1", "::1"], "CN=localhost", true),
        (.authority, ["Test Authority"], "CN=Test Authority, O=Test Mining", true),
    ])
    func namesAndIssuerAreRead(certificate: TestCertificate, names: [String], issuer: String, own: Bool) throws {
        let summary = try self.summary(certificate)
        #expect(summary.names == names)
        #expect(summary.issuer == issuer)
        #expect(summary.isSelfSigned == own)
    }

    @Test func validityIsRead() throws {
        let summary = try self.summary(.expired)
        #expect(summary.notBefore.formatted(.iso8601) == "2020-01-01T00:00:00Z")
        #expect(summary.notAfter.formatted(.iso8601) == "2021-01-01T00:00:00Z")
    }

    @Test func fingerprintIsTheOneOpenSSLPrints() throws {
        let text = try self.summary(.selfSigned).fingerprint.map { String(format: "%02x", $0) }.joined(separator: ":")
        #expect(text == Self.selfSignedFingerprint)
    }
}

@Suite struct CertificateDiagnosisTests {
    private func certificate(names: [String] = ["a.example"], issuer: String = "CN=Example") -> CertificateSummary {
        CertificateSummary(
            names: names,
            issuer: issuer,
            isSelfSigned: false,
            notBefore: Date(timeIntervalSince1970: 1000),
            notAfter: Date(timeIntervalSince1970: 2000),
            fingerprint: [0x0a, 0xff]
        )
    }

    @Test(arguments: [
        (999, "certificate is not valid before 1970-01-01T00:16:40Z (the clock here says 1970-01-01T00:16:39Z)"),
        (1000, "certificate is not signed"),
        (2000, "certificate is not signed"),
        (2001, "certificate expired on 1970-01-01T00:33:20Z (the clock here says 1970-01-01T00:33:21Z)"),
    ])
    func validityIsBlamedOutsideItsBounds(now: Int, text: String) {
        let now = Date(timeIntervalSince1970: TimeInterval(now))
        let diagnosis = CertificateDiagnosis.untrusted(self.certificate(), authorityFile: nil, now: now)
        #expect(diagnosis.hasPrefix(text))
    }

    @Test func remedyIsNamed() {
        let now = Date(timeIntervalSince1970: 1500)
        #expect(
            CertificateDiagnosis.untrusted(self.certificate(), authorityFile: nil, now: now)
                == "certificate is not signed by an authority this system trusts (issuer CN=Example; SHA-256 fingerprint "
                + "0a:ff: if it is the pool's, pin it with tls.fingerprint or name its CA with "
                + "tls.certificate_authority)"
        )
    }

    @Test func manyNamesAreCutShort() {
        let names = (1...8).map { "n\($0).example" }
        #expect(
            CertificateDiagnosis.wrongName(self.certificate(names: names), host: "pool.example.com")
                == "certificate is for n1.example, n2.example, n3.example, n4.example, n5.example and 3 more, "
                + "not for pool.example.com"
        )
    }

    @Test func namesCannotForgeLogLines() {
        let names = ["a\nERROR \u{1b}[31m\u{202e}b", String(repeating: "x", count: 10_000)]
        let text = CertificateDiagnosis.wrongName(self.certificate(names: names), host: "h")
        #expect(text == "certificate is for a?ERROR ?[31m?b, \(String(repeating: "x", count: 120)), not for h")
    }
}
