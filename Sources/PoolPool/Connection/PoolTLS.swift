import NIOCore
import NIOPosix
import NIOSSL
import Stratum
import Synchronization

/// The TLS contexts of all pools. Making one reads the disk and parses every authority the system trusts, so each
/// configuration's is made once, away from the event loops.
final class PoolTLSContexts: Sendable {
    private let contexts = Mutex<[PoolTLSConfiguration: NIOSSLContext]>([:])

    /// The context for a configuration. Fails with a ``LinkFailure``; the next call tries again.
    func context(
        for configuration: PoolTLSConfiguration,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<NIOSSLContext> {
        if let known = self.contexts.withLock({ $0[configuration] }) {
            return eventLoop.makeSucceededFuture(known)
        }
        return NIOThreadPool.singleton.runIfActive(eventLoop: eventLoop) {
            let context = try Self.makeContext(configuration)
            self.contexts.withLock { $0[configuration] = context }
            return context
        }
    }

    /// Authorities are read again for the next connection.
    func forget() {
        self.contexts.withLock { $0.removeAll() }
    }

    private static func makeContext(_ configuration: PoolTLSConfiguration) throws(LinkFailure) -> NIOSSLContext {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        // Lines end with a line feed, so nothing depends on the pool's close_notify; and a dead pool sends none.
        tls.shutdownTimeout = .zero
        do {
            switch configuration.check {
            case .fingerprint:
                // Checked by the handler's callback, in place of signatures and names.
                tls.certificateVerification = .noHostnameVerification
                tls.trustRoots = .certificates([])
            case .nothing:
                tls.certificateVerification = .none
                tls.trustRoots = .certificates([])
            case .authorities(let file?):
                tls.trustRoots = .certificates(try CertificateFile.certificates(at: file))
            case .authorities(nil):
                tls.trustRoots = .default
            }
            return try NIOSSLContext(configuration: tls)
        } catch let error as CertificateFileError {
            throw LinkFailure(.tls, "tls.certificate_authority: \(error)")
        } catch {
            guard case .authorities(nil) = configuration.check else {
                throw LinkFailure(.tls, "TLS cannot be set up: \(error)")
            }
            throw LinkFailure(
                .tls,
                "this system's certificate authorities cannot be loaded (\(error)): install ca-certificates, or set "
                    + "tls.certificate_authority or tls.fingerprint"
            )
        }
    }
}

extension PoolTLSConfiguration {
    /// The one check that applies.
    enum Check {
        case fingerprint([UInt8])
        /// Signatures up to an authority in this file (nil: the system's), validity and name.
        case authorities(String?)
        case nothing
    }

    var check: Check {
        if let fingerprint = self.fingerprint {
            .fingerprint(fingerprint)
        } else if self.verify {
            .authorities(self.certificateAuthority)
        } else {
            .nothing
        }
    }

    /// The handler that encrypts a connection to `host` and checks its certificate. `context` is the one made for this
    /// configuration.
    func makeHandler(context: NIOSSLContext, host: String) throws -> NIOSSLClientHandler {
        // Without a name, the certificate must bear the address that was connected to.
        let name = (try? SocketAddress(ipAddress: host, port: 0)) == nil ? host : nil
        guard case .fingerprint(let pinned) = self.check else {
            return try NIOSSLClientHandler(context: context, serverHostname: name)
        }
        return try NIOSSLClientHandler(context: context, serverHostname: name) { certificates, verdict in
            let seen = certificates.first.map { CertificateSummary($0).fingerprint }
            verdict.succeed(seen == pinned ? .certificateVerified : .failed)
        }
    }
}
