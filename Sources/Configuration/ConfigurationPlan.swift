import PoolPool
import Router
import Stratum

/// Who would get what: a configuration, resolved, without passwords. Encodes to the JSON of `router-cli check`.
package struct ConfigurationPlan: Sendable, Encodable {
    /// One route with its pools by priority.
    package struct Route: Sendable, Encodable {
        package var name: String
        /// What its miners and pools speak.
        package var `protocol`: String
        /// Options of the protocol that were given; nil: none were.
        package var options: [String: String]?
        package var listen: [Listener]
        /// The first level with a usable pool carries the load.
        package var levels: [Level]
        /// The first that matches a miner decides.
        package var pins: [Pin]
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
        /// nil: none was given.
        package var coin: String?
        /// Options of the route's protocol that were given; nil: none were.
        package var options: [String: String]?
        /// The scripts that its coinbase may pay, each as `script:HEX`; nil: any.
        package var payout: [String]?

        private enum CodingKeys: String, CodingKey {
            case name
            case url
            case user
            case tls
            case weight
            case enabled
            case sharePercent = "share_percent"
            case coin
            case options
            case payout
        }
    }

    /// A rule that sends some miners to pools of their own.
    package struct Pin: Sendable, Encodable {
        package var name: String
        /// Which miners, in words.
        package var match: String
        /// True: held while none of its pools is usable.
        package var strict: Bool
        package var pools: [PinShare]
    }

    /// A pool of a rule with its share of the work of the rule's miners.
    package struct PinShare: Sendable, Encodable {
        package var name: String
        /// While all enabled pools of the rule are usable; 0 for a pool that is not enabled.
        package var sharePercent: Double

        private enum CodingKeys: String, CodingKey {
            case name
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
        self.protocol = route.dialect.name
        self.options = route.dialect.options.values.isEmpty ? nil : route.dialect.options.values
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
        let enabled = Set(route.pools.filter(\.enabled).map(\.name))
        self.pins = route.pins.map { ConfigurationPlan.Pin($0, enabled: enabled) }
    }
}

extension ConfigurationPlan.Pin {
    fileprivate init(_ rule: PinRule, enabled: Set<String>) {
        self.name = rule.name
        let conditions = [
            rule.worker.map { "worker \($0.text)" }, rule.network.map { "network \($0)" },
            rule.listener.map { "listener \($0)" },
        ].compactMap(\.self)
        self.match = conditions.isEmpty ? "every miner" : conditions.joined(separator: ", ")
        self.strict = rule.isStrict
        let total = rule.pools.reduce(0) { $0 + (enabled.contains($1.pool) ? $1.weight : 0) }
        self.pools = rule.pools.map { share in
            let counts = total > 0 && enabled.contains(share.pool)
            return ConfigurationPlan.PinShare(
                name: share.pool, sharePercent: counts ? share.weight / total * 100 : 0
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
        self.coin = pool.coin.isEmpty ? nil : pool.coin
        self.options = pool.options.values.isEmpty ? nil : pool.options.values
        self.payout = pool.payoutScripts.isEmpty ? nil : pool.payoutScripts.map(ValueType<[UInt8]>.payout.format)
    }
}
