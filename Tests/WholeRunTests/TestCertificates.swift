import Foundation
import NIOSSL

/// Certificates for `localhost` and `127.0.0.1`, made with OpenSSL for these tests only.
enum TestCertificates {
    /// The pool's side of TLS, with this certificate.
    static func server(_ certificate: String) throws -> TLSConfiguration {
        .makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMBytes(Array(certificate.utf8)).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(Self.key.utf8), format: .pem))
        )
    }

    /// A miner's side of TLS: it trusts the test authority and nobody else.
    static func client() throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(Self.authority.utf8)))
        return configuration
    }

    /// Writes a PEM text into a file of its own and returns the path.
    static func file(_ pem: String) throws -> String {
        let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).pem")
        try Data(pem.utf8).write(to: file)
        return file.path
    }

    /// The authority that signed the others; its key was thrown away.
    static let authority = """
        -----BEGIN CERTIFICATE-----
        MIIBeTCCAR6gAwIBAgIUQQLQ48WPLVrlcmIqaVFvYsauzBkwCgYIKoZIzj0EAwIw
        GTEXMBUGA1UEAwwOVGVzdCBBdXRob3JpdHkwIBcNMjAwMTAxMDAwMDAwWhgPMjEy
        NjAxMDEwMDAwMDBaMBkxFzAVBgNVBAMMDlRlc3QgQXV0aG9yaXR5MFkwEwYHKoZI
        zj0CAQYIKoZIzj0DAQcDQgAE3sqtVkICtY367S83jGqMjeK+aVozytEIARtjwSK3
        GITR6uX881QyJl2CMzcbEqYlebtjetj6triNEcJm98GXQqNCMEAwDwYDVR0TAQH/
        BAUwAwEB/zAOBgNVHQ8BAf8EBAMCAgQwHQYDVR0OBBYEFGJAgnZrd5aQ4Dh3KJLu
        /yoxj+ZBMAoGCCqGSM49BAMCA0kAMEYCIQDuZfxpJ2WnWiWJE4PHJZHRzDb4Y7pM
        whdqq81OfjSC9gIhAJGODptxNm/OnAVghn1jWc98ohpfRqER5tph/OcMneRL
        -----END CERTIFICATE-----
        """

    /// Valid from 2020 to 2126.
    static let valid = """
        -----BEGIN CERTIFICATE-----
        MIIBjjCCATWgAwIBAgIUfiRWO3k3cpNeiUF9CeVkU5oX4YEwCgYIKoZIzj0EAwIw
        GTEXMBUGA1UEAwwOVGVzdCBBdXRob3JpdHkwIBcNMjAwMTAxMDAwMDAwWhgPMjEy
        NjAxMDEwMDAwMDBaMBQxEjAQBgNVBAMMCWxvY2FsaG9zdDBZMBMGByqGSM49AgEG
        CCqGSM49AwEHA0IABD8bfSesGbyIRhiKWKW9c1c1/yuilLvb036fgU7wrmCByhAs
        hAVMG81wdAOFk20owSozT+dVC56kisRKQA6q0cKjXjBcMBoGA1UdEQQTMBGCCWxv
        Y2FsaG9zdIcEfwAAATAdBgNVHQ4EFgQU5kGmOt+xrfqyiNvFoq08Q5pY5XYwHwYD
        VR0jBBgwFoAUYkCCdmt3lpDgOHcoku7/KjGP5kEwCgYIKoZIzj0EAwIDRwAwRAIg
        KMk5aOQ56j8RnikjV3lGtqZn6zYKnsgedcnkfRsD5tACIHiwdMoqdhY/TMmTDjks
        UEMIpA3piMb3RALS0mYgyCCb
        -----END CERTIFICATE-----
        """

    /// Expired on 2021-01-01.
    static let expired = """
        -----BEGIN CERTIFICATE-----
        MIIBjTCCATOgAwIBAgIULB9fyzHhwqU7Bmkqet04NmMvbuYwCgYIKoZIzj0EAwIw
        GTEXMBUGA1UEAwwOVGVzdCBBdXRob3JpdHkwHhcNMjAwMTAxMDAwMDAwWhcNMjEw
        MTAxMDAwMDAwWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggq
        hkjOPQMBBwNCAAQ/G30nrBm8iEYYililvXNXNf8ropS729N+n4FO8K5ggcoQLIQF
        TBvNcHQDhZNtKMEqM0/nVQuepIrESkAOqtHCo14wXDAaBgNVHREEEzARgglsb2Nh
        bGhvc3SHBH8AAAEwHQYDVR0OBBYEFOZBpjrfsa36sojbxaKtPEOaWOV2MB8GA1Ud
        IwQYMBaAFGJAgnZrd5aQ4Dh3KJLu/yoxj+ZBMAoGCCqGSM49BAMCA0gAMEUCIHaX
        Exbn7djCz17ug2n1sS764EywdFeRKP/iAmk9syXzAiEAve9BNyeYeSIW1f4hmtHZ
        uutTJjCEWsHiHMdW6MGMEbY=
        -----END CERTIFICATE-----
        """

    /// The key of the two.
    static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg7V0IDsw6VEmIPXIC
        LuuZAeIRDysOblr8dtqj9E+lo4ChRANCAAQ/G30nrBm8iEYYililvXNXNf8ropS7
        29N+n4FO8K5ggcoQLIQFTBvNcHQDhZNtKMEqM0/nVQuepIrESkAOqtHC
        -----END PRIVATE KEY-----
        """
}
