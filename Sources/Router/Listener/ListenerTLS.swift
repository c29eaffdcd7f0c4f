package import Foundation
import NIOCore
package import NIOSSL
package import PoolPool

/// Why a listener cannot offer TLS. Every message names the file at fault.
package enum ListenerTLSError: Error, Sendable, Hashable, CustomStringConvertible {
    case file(CertificateFileError)
    /// The key belongs to another certificate than the file's first.
    case keyDoesNotMatch(certificate: String, key: String)
    case expired(certificate: String, on: Date)
    case unusable(certificate: String, reason: String)

    package var description: String {
        switch self {
        case .file(let error):
            error.description
        case .keyDoesNotMatch(let certificate, let key):
            "the key in \(key) does not belong to the first certificate in \(certificate) "
                + "(a chain begins with the server's own)"
        case .expired(let certificate, let date):
            "the certificate in \(certificate) expired on \(date.formatted(.iso8601))"
        case .unusable(let certificate, let reason):
            "the certificate in \(certificate) cannot be used: \(reason)"
        }
    }
}

/// The server side of TLS.
package enum ListenerTLS {
    /// Reads a listener's files and checks them against each other. Blocks on the disk; call it before listening.
    package static func context(
        for tls: ListenerConfiguration.TLS,
        now: Date = Date()
    ) throws(ListenerTLSError) -> NIOSSLContext {
        let chain: [NIOSSLCertificate]
        let key: NIOSSLPrivateKey
        do throws(CertificateFileError) {
            chain = try CertificateFile.certificates(at: tls.certificate)
            key = try CertificateFile.privateKey(at: tls.key)
        } catch {
            throw .file(error)
        }
        if let expiry = chain.first.map({ CertificateSummary($0).notAfter }), expiry < now {
            throw .expired(certificate: tls.certificate, on: expiry)
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) },
            privateKey: .privateKey(key)
        )
        configuration.minimumTLSVersion = .tlsv12
        // A miner that is gone must not keep its connection.
        configuration.shutdownTimeout = .seconds(1)
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch NIOSSLError.failedToLoadPrivateKey {
            throw .keyDoesNotMatch(certificate: tls.certificate, key: tls.key)
        } catch {
            throw .unusable(certificate: tls.certificate, reason: "\(error)")
        }
    }
}
