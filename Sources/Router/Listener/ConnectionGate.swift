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
    }

    private let limits: LimitConfiguration
    private let logger: Logger
    private let state = NIOLockedValueBox(State())

    package init(limits: LimitConfiguration, logger: Logger) {
        self.limits = limits
        self.logger = logger
    }

    /// Connections refused so far.
    package var refused: Int { self.state.withLockedValue(\.refused) }

    /// Refuses everything from now on.
    package func close() {
        self.state.withLockedValue { $0.isClosed = true }
    }

    /// True if the connection may stay; then ``leave(_:)`` must follow.
    func admit(_ remote: SocketAddress?) -> Bool {
        let address = remote?.ipAddress ?? ""
        let refusal: String? = self.state.withLockedValue { state in
            let fromAddress = state.byAddress[address, default: 0]
            if state.isClosed || state.total >= self.limits.connections
                || fromAddress >= self.limits.connectionsPerAddress
            {
                state.refused += 1
                guard !state.isClosed else { return "" }
                return state.total >= self.limits.connections ? "limits.connections" : "limits.connections_per_address"
            }
            state.total += 1
            state.byAddress[address] = fromAddress + 1
            return nil
        }
        guard let refusal else { return true }
        if !refusal.isEmpty {
            self.logger.warning(
                "connection refused: \(refusal) is reached",
                metadata: ["remote": .string(address), "connections": "\(self.limits.connections)"]
            )
        }
        // `leave` follows for refused ones never: they were not counted.
        return false
    }

    func leave(_ remote: SocketAddress?) {
        let address = remote?.ipAddress ?? ""
        self.state.withLockedValue { state in
            state.total -= 1
            let left = (state.byAddress[address] ?? 1) - 1
            state.byAddress[address] = left > 0 ? left : nil
        }
    }
}
