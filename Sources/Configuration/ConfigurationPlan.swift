import PoolPool
import Router

/// Who would get what: a configuration, resolved, without passwords. Encodes to the JSON of `router-cli check`.
package struct ConfigurationPlan: Sendable, Encodable {
    /// One route with its pools by priority.
    package struct Route: Sendable, Encodable {
        package var name: String
        package var listen: [Listener]
        /// The first level with a usable pool carries the load.
        package var levels: [Level]
    }

    /// One address for miners.
    package struct Listener: Sendable, Encodable {
        package var address: String
        package var tls: Bool
    }

    /// Pools of equal priority.
    package struct Level: Sendable, Encodable {
        package var priority: Int
        package var pools: [Pool]
    }

    /// One pool with its share of the work of its level.
    package struct Pool: Sendable, Encodable {
        package var name: String
        package var url: String
        package var user: String
        package var tls: TLS
        package var weight: Double
        package var enabled: Bool
        /// Of the work, while all enabled pools of the level are usable; 0 for a pool that is not enabled.
        package var sharePercent: Double

        private enum CodingKeys: String, CodingKey {
            case name
            case url
            case user
            case tls
            case weight
            case enabled
            case sharePercent = "share_percent"
        }
    }

    /// How a pool's identity is checked.
    package enum TLS: String, Sendable, Encodable {
        case none
        /// By authorities and name.
        case verified
        /// By fingerprint.
        case pinned
        case unverified
    }

    package var routes: [Route]
    package var ledger: String
    package var control: String
    /// nil: no HTTP.
    package var http: String?
    /// `file:line:column: message`.
    package var warnings: [String]

    /// The plan of a configuration that was loaded.
    package init(_ configuration: ServiceConfiguration) {
        self.routes = configuration.routes.map(Route.init)
        self.ledger = configuration.ledger.path
        self.control = configuration.control.socket
        self.http = configuration.control.http.map { HostAndPort(host: $0.host, port: $0.port).description }
        self.warnings = configuration.warnings.map(\.description)
    }
}

extension ConfigurationPlan.Route {
    fileprivate init(_ route: RouteConfiguration) {
        self.name = route.name
        self.listen = route.listeners.map {
            ConfigurationPlan.Listener(
                address: HostAndPort(host: $0.host, port: $0.port).description,
                tls: $0.tls != nil
            )
        }
        let levels = Dictionary(grouping: route.pools, by: \.priority).sorted { $0.key < $1.key }
        self.levels = levels.map { priority, pools in
            let total = pools.reduce(0) { $0 + ($1.enabled ? $1.weight : 0) }
            return ConfigurationPlan.Level(
                priority: priority,
                pools: pools.map { ConfigurationPlan.Pool($0, totalWeight: total) }
            )
        }
    }
}

extension ConfigurationPlan.Pool {
    fileprivate init(_ pool: PoolConfiguration, totalWeight: Double) {
        self.name = pool.name
        self.url = pool.endpoint.description
        self.user = pool.user
        self.tls =
            switch pool.endpoint.transport {
            case .tcp: .none
            case .tls: pool.tls.fingerprint != nil ? .pinned : pool.tls.verify ? .verified : .unverified
            }
        self.weight = pool.weight
        self.enabled = pool.enabled
        self.sharePercent = pool.enabled && totalWeight > 0 ? pool.weight / totalWeight * 100 : 0
    }
}
