import Foundation
import NIOCore
import NIOPosix
import Stratum

extension LinkFailure {
    /// Why TCP to a pool could not be established, in words for an operator.
    static func connecting(to endpoint: PoolEndpoint, within timeout: TimeAmount, error: any Error) -> LinkFailure {
        switch error {
        case ChannelError.connectTimeout:
            return .missing("connection", after: timeout)
        case let error as NIOConnectionError where error.connectionErrors.isEmpty:
            let reason = (error.dnsAError ?? error.dnsAAAAError).map(Self.resolverText) ?? "it has no address"
            return LinkFailure(.connectFailed, "cannot resolve \(endpoint.host): \(reason)")
        case let error as NIOConnectionError:
            // One of several addresses may fail for a better reason than that it refused.
            let errors = error.connectionErrors.map(\.error)
            return Self.refused(by: endpoint, errors.first { !Self.isRefusal($0) } ?? errors.first ?? error)
        default:
            return Self.refused(by: endpoint, error)
        }
    }

    /// `step` of connecting did not happen in time.
    static func missing(_ step: String, after timeout: TimeAmount) -> LinkFailure {
        let milliseconds = timeout.nanoseconds / 1_000_000
        let time = milliseconds.isMultiple(of: 1000) ? "\(milliseconds / 1000) s" : "\(milliseconds) ms"
        return LinkFailure(.connectTimeout, "no \(step) within \(time)")
    }

    private static func refused(by endpoint: PoolEndpoint, _ error: any Error) -> LinkFailure {
        let host = endpoint.host.contains(":") ? "[\(endpoint.host)]" : endpoint.host
        let address = "\(host):\(endpoint.port)"
        if Self.isRefusal(error) {
            return LinkFailure(.connectFailed, "connection refused by \(address)")
        }
        let reason = (error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(error)"
        return LinkFailure(.connectFailed, "cannot connect to \(address): \(reason)")
    }

    private static func isRefusal(_ error: any Error) -> Bool {
        (error as? IOError)?.errnoCode == ECONNREFUSED
    }

    private static func resolverText(_ error: any Error) -> String {
        (error as? SocketAddressError.UnknownHost)?.errorDescription ?? "\(error)"
    }
}
