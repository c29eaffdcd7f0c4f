package import Logging
import NIOConcurrencyHelpers
import NIOCore

/// Counts a route's connections and refuses those beyond its limits, in all and from one address.
package final class ConnectionGate: Sendable {
    private struct State {
        var total = 0
        var byAddress: [String: Int] = [:]
        var refused = 0
        var isClosed = false
        var lastWarning: NIODeadline?
    }

    private let limits: LimitConfiguration
    private let logger: Logger
    private let state = NIOLockedValueBox(State())

    package init(limits: LimitConfiguration, logger: Logger) {
        self.limits = limits
        self.logger = logger
    }

    private static let warningInterval = TimeAmount.seconds(60)

    /// Connections refused so far.
    package var refused: Int { self.state.withLockedValue(\.refused) }

    /// Refuses everything from now on.
    package func close() {
        self.state.withLockedValue { $0.isClosed = true }
    }

    /// True if the connection may stay; then ``leave(_:)`` must follow once.
    func admit(_ remote: SocketAddress?) -> Bool {
        let address = remote?.ipAddress ?? ""
        let now = NIODeadline.now()
        let (isAdmitted, warning) = self.state.withLockedValue { state -> (Bool, String?) in
            let fromAddress = state.byAddress[address, default: 0]
            let limit: String
            if state.isClosed {
                return (false, nil)
            } else if state.total >= self.limits.connections {
                limit = "limits.connections (\(self.limits.connections))"
            } else if fromAddress >= self.limits.connectionsPerAddress {
                limit = "limits.connections_per_address (\(self.limits.connectionsPerAddress))"
            } else {
                state.total += 1
                state.byAddress[address] = fromAddress + 1
                return (true, nil)
            }
            state.refused += 1
            // A flood of connections must not become a flood of lines; `status` has the number.
            if let last = state.lastWarning, now - last < Self.warningInterval { return (false, nil) }
            state.lastWarning = now
            return (false, limit)
        }
        if let warning {
            self.logger.warning("connections refused: \(warning) is reached", metadata: ["remote": .string(address)])
        }
        return isAdmitted
    }

    /// A connection that was admitted from this IP address has ended.
    func leave(_ address: String) {
        self.state.withLockedValue { state in
            state.total -= 1
            let left = (state.byAddress[address] ?? 1) - 1
            state.byAddress[address] = left > 0 ? left : nil
        }
    }
}
