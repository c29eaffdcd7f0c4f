import Foundation
import NIOCore
import NIOSSL
import NIOTLS
import Stratum

/// Stands behind the TLS handler of a pool connection: reports how the handshake ended, then keeps TLS's own errors in
/// words that ``PoolConnection`` understands.
final class PoolTLSHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let tlsHandler: NIOSSLClientHandler
    private let configuration: PoolTLSConfiguration
    private let host: String
    /// Nil once the handshake has ended.
    private var handshakeEnded: ((Result<Void, LinkFailure>) -> Void)?

    /// `handshakeEnded` is called once, and before any byte from the pool goes further down the pipeline.
    init(
        tlsHandler: NIOSSLClientHandler,
        configuration: PoolTLSConfiguration,
        host: String,
        handshakeEnded: @escaping (Result<Void, LinkFailure>) -> Void
    ) {
        self.tlsHandler = tlsHandler
        self.configuration = configuration
        self.host = host
        self.handshakeEnded = handshakeEnded
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted = event as? TLSUserEvent {
            self.end(.success(()))
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard self.handshakeEnded == nil else {
            self.end(.failure(self.handshakeFailure(error)))
            return
        }
        switch error {
        case NIOSSLError.uncleanShutdown, NIOSSLError.shutdownFailed, is NIOSSLCloseTimedOutError:
            // The channel closes, and that says it all: many pools end a TLS link without close_notify.
            break
        case is NIOSSLError, is BoringSSLError:
            context.fireErrorCaught(LinkFailure(.tls, "TLS error \(Self.reason(error))"))
        default:
            context.fireErrorCaught(error)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.end(.failure(LinkFailure(.tls, Self.closedText)))
        context.fireChannelInactive()
    }

    private func end(_ result: Result<Void, LinkFailure>) {
        guard let handshakeEnded = self.handshakeEnded else { return }
        self.handshakeEnded = nil
        handshakeEnded(result)
    }

    private static let closedText =
        "the pool closed the connection during the TLS handshake: it may not speak TLS on this port"

    private func handshakeFailure(_ error: any Error) -> LinkFailure {
        if let error = error as? NIOSSLExtraError,
            error == .failedToValidateHostname || error == .serverHostnameImpossibleToMatch
        {
            return self.refused(isWrongName: true)
        }
        if error is IOError { return LinkFailure(.tls, Self.closedText) }
        switch Self.reason(error) {
        case "CERTIFICATE_VERIFY_FAILED":
            return self.refused(isWrongName: false)
        case "WRONG_VERSION_NUMBER":
            return LinkFailure(.tls, "the pool does not speak TLS on this port")
        case Self.endOfStream:
            return LinkFailure(.tls, Self.closedText)
        case let reason:
            return LinkFailure(.tls, "TLS handshake failed: \(reason)")
        }
    }

    /// The certificate was refused. TLS does not say why, but it still holds the certificate.
    private func refused(isWrongName: Bool) -> LinkFailure {
        guard let certificate = self.tlsHandler.peerCertificate.map({ CertificateSummary($0) }) else {
            return LinkFailure(.tls, "certificate refused")
        }
        if isWrongName {
            return LinkFailure(.tls, CertificateDiagnosis.wrongName(certificate, host: self.host))
        }
        switch self.configuration.check {
        case .fingerprint(let pinned):
            return LinkFailure(.tls, CertificateDiagnosis.wrongFingerprint(certificate, pinned: pinned))
        case .authorities(let file):
            return LinkFailure(.tls, CertificateDiagnosis.untrusted(certificate, authorityFile: file, now: Date()))
        case .nothing:
            return LinkFailure(.tls, "certificate refused")
        }
    }

    private static let endOfStream = "EOF during handshake"

    /// BoringSSL's word for what happened, such as `WRONG_VERSION_NUMBER`; it gives it only inside a longer text.
    private static func reason(_ error: any Error) -> String {
        var error = error
        if case NIOSSLError.handshakeFailed(let cause) = error { error = cause }
        guard case BoringSSLError.sslError(let stack) = error, let first = stack.first else { return "\(error)" }
        if first == .eofDuringHandshake { return Self.endOfStream }
        let text = first.description
        let word = text.components(separatedBy: "OPENSSL_internal:").dropFirst().first ?? text
        return word.components(separatedBy: " at ").first ?? word
    }
}

@available(*, unavailable)
extension PoolTLSHandler: Sendable {}
