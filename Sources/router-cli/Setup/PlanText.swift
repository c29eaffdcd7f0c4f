import Configuration
import Foundation

/// A plan for people to read.
enum PlanText {
    /// For each route its listeners, a table of its pools and one of its pins if it has any, then where the rest is.
    static func render(_ plan: ConfigurationPlan) -> String {
        let routes = plan.routes.map { route in
            let listen = route.listen.map { $0.tls ? "\($0.address) (TLS)" : $0.address }
            let speaks = ([route.protocol] + self.options(route.options)).joined(separator: ", ")
            let heading = Table.harmless("route \(route.name) (\(speaks)), miners on \(listen.joined(separator: ", "))")
            let pins = route.pins.isEmpty ? "" : "\(self.table(route.pins))\n"
            return "\(heading)\n\n\(self.table(route))\n\(pins)"
        }
        var rest = ["ledger: \(plan.ledger)", "control: \(plan.control)"]
        if let http = plan.http { rest.append("http: \(http)") }
        return routes.joined() + rest.map { Table.harmless($0) + "\n" }.joined()
    }

    private static func table(_ route: ConfigurationPlan.Route) -> String {
        let hasOptions = route.levels.contains { $0.pools.contains { $0.options != nil } }
        let rows = route.levels.flatMap { level in
            level.pools.map { pool in
                let options = self.options(pool.options).joined(separator: ", ")
                return [
                    .integer(Int64(level.priority)), .text(pool.name), self.share(pool), .text(pool.url),
                    .text(pool.user), .text(self.identity(pool.tls)),
                ] as [OutputValue] + (hasOptions ? [options.isEmpty ? .null : .text(options)] : [])
            }
        }
        let columns = ["PRIORITY", "POOL", "SHARE", "URL", "USER", "TLS"] + (hasOptions ? ["OPTIONS"] : [])
        return Table(columns: columns, rows: rows).render()
    }

    /// `flavor stratum2`, one each, in the order of their names.
    private static func options(_ options: [String: String]?) -> [String] {
        (options ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
    }

    /// The rules in the order in which they are tried.
    private static func table(_ pins: [ConfigurationPlan.Pin]) -> String {
        let rows = pins.map { pin in
            let pools = pin.pools.map { "\($0.name) \(self.percent($0.sharePercent))" }
            return [
                .text(pin.name), .text(pin.match), .text(pools.joined(separator: ", ")),
                .text(pin.strict ? "held" : "as all others"),
            ] as [OutputValue]
        }
        return Table(columns: ["PIN", "MINERS", "POOLS", "WITHOUT THEM"], rows: rows).render()
    }

    private static func share(_ pool: ConfigurationPlan.Pool) -> OutputValue {
        guard pool.enabled else { return .text("disabled") }
        return .measure(pool.sharePercent, shown: self.percent(pool.sharePercent))
    }

    private static func percent(_ share: Double) -> String { String(format: "%.1f %%", share) }

    private static func identity(_ tls: ConfigurationPlan.TLS) -> String {
        switch tls {
        case .none: "no"
        case .verified: "verified"
        case .pinned: "by fingerprint"
        case .unverified: "NOT VERIFIED"
        }
    }
}
