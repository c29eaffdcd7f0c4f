import PoolPool
import Router

/// The file while it is read.
struct ServiceDraft: Sendable {
    var service = ServiceConfiguration(routes: [])
    var routes: [RouteDraft] = []
}

extension Section where Target == ServiceDraft {
    /// The keys of the file.
    static let service = Section(
        ServiceDraft(),
        [
            .list("routes", \.routes, .route, item: "route", "listeners and the pools that their miners work for"),
            .section("ledger", \.service.ledger, .ledger, "where shares are recorded"),
            .section("control", \.service.control, .control, "how commands and monitoring reach the running router"),
            .section("log", \.service.log, .log, "what is written to standard error"),
            .value(
                "threads", \.service.threads, .automatic(or: .whole(1...1024)),
                "event loops that carry miners and pools; auto: one for each core, eight at most"
            ),
        ]
    ) { draft, _, reader in
        Self.checkNames(draft.routes, &reader)
        Self.checkAddresses(draft, &reader)
        draft.service.routes = draft.routes.map(\.result)
    }

    private static func checkNames(_ routes: [RouteDraft], _ reader: inout ConfigurationReader) {
        var routeNames: [String: TextPosition] = [:]
        var poolNames: [String: TextPosition] = [:]
        for route in routes {
            Self.checkName(route.route.name, route.places, "route", &routeNames, &reader)
            for pool in route.pools {
                Self.checkName(pool.pool.name, pool.places, "pool", &poolNames, &reader)
            }
        }
    }

    private static func checkName(
        _ name: String,
        _ places: Places,
        _ kind: String,
        _ known: inout [String: TextPosition],
        _ reader: inout ConfigurationReader
    ) {
        guard places.areSound("name") else { return }
        if let first = known[name] {
            reader.report(
                "name: the \(kind) in line \(first.line) is called \(quoted(name)) too; give each \(kind) of the file its own name",
                at: places.of("name")
            )
        } else {
            known[name] = places.of("name")
        }
    }

    private static func checkAddresses(_ draft: ServiceDraft, _ reader: inout ConfigurationReader) {
        // By port, since only addresses of one port can be in each other's way.
        var known: [Int: [(address: HostAndPort, position: TextPosition)]] = [:]
        for listener in draft.routes.flatMap(\.listeners) where listener.places.areSound("address") {
            let position = listener.places.of("address")
            if let first = known[listener.address.port]?.first(where: { $0.address.overlaps(listener.address) }) {
                reader.report(
                    "address: \(listener.address) is taken by \(first.address) in line \(first.position.line); "
                        + "choose another port",
                    at: position
                )
            } else {
                known[listener.address.port, default: []].append((listener.address, position))
            }
        }
        guard let http = draft.service.control.http else { return }
        let address = HostAndPort(host: http.host, port: http.port)
        if let first = known[http.port]?.first(where: { $0.address.overlaps(address) }) {
            reader.report(
                "address: miners are awaited on \(first.address) here; choose another port than control.http.address",
                at: first.position
            )
        }
    }
}

extension Section where Target == LedgerSettings {
    /// The keys of the ledger.
    static let ledger = Section(
        LedgerSettings(),
        [
            .value("path", \.path, .path, "the SQLite file"),
            .value(
                "keep_shares", \.keepShares, .duration(.seconds(3600)...(.seconds(3650 * 86_400)), orNone: "forever"),
                "age at which single shares are dropped; their totals stay"
            ),
            .value(
                "keep_rollups", \.keepRollups,
                .duration(.seconds(3600)...(.seconds(36_500 * 86_400)), orNone: "forever"),
                "age at which totals and events are dropped as well; at least keep_shares"
            ),
            .value(
                "durability", \.durability, .choice,
                "what a recorded share survives: the end of the process, or a power failure as well (a disk write every 50 ms)"
            ),
            .value(
                "seal_every", \.sealEvery, .duration(.seconds(60)...(.seconds(86_400))),
                "the book is sealed against changes at least this often, and every 50000 to 262144 shares"
            ),
            .value(
                "seal_key", \.sealKey, .path, absent: "seals are not signed",
                "an Ed25519 private key that signs seals, as \"openssl genpkey -algorithm ed25519\" writes it"
            ),
        ]
    ) { ledger, places, reader in
        ledger.path = reader.resolve(path: ledger.path)
        ledger.sealKey = ledger.sealKey.map { reader.resolve(path: $0) }
        if let rollups = ledger.keepRollups, rollups < ledger.keepShares ?? .seconds(Int64.max / 2) {
            reader.report(
                "keep_rollups: totals would go before the shares they sum up; at least keep_shares is possible",
                at: places.of("keep_rollups")
            )
        }
    }
}

extension Section where Target == ControlSettings {
    /// The keys of control.
    static let control = Section(
        ControlSettings(),
        [
            .value("socket", \.socket, .socketPath, "the Unix socket that the commands use"),
            .section("http", \.http, .http, absent: "no HTTP", "read-only status and metrics over HTTP"),
        ]
    ) { control, _, reader in
        control.socket = reader.resolve(path: control.socket)
    }
}

extension Section where Target == ControlSettings.HTTPSettings {
    /// The keys of the HTTP interface.
    static let http = Section(
        ControlSettings.HTTPSettings(host: "", port: 0),
        [
            .value(
                "address", \.address, .address(hint: 8080), isRequired: true,
                "address and port; anyone who reaches it can read the status"
            )
        ]
    ) { http, places, reader in
        guard places.areSound("address"), !http.isLocal else { return }
        reader.warn(
            "address: \(http.address) is not only for this machine, and there is no login; 127.0.0.1 would be",
            at: places.of("address")
        )
    }
}

extension ControlSettings.HTTPSettings {
    fileprivate var address: HostAndPort {
        get { HostAndPort(host: self.host, port: self.port) }
        set { self = Self(host: newValue.host, port: newValue.port) }
    }

    fileprivate var isLocal: Bool {
        self.host == "localhost" || self.host == "::1" || self.host.hasPrefix("127.")
    }
}

extension Section where Target == LogSettings {
    /// The keys of the log.
    static let log = Section(
        LogSettings(),
        [
            .value("level", \.level, .choice, "the least severe message that is written"),
            .value("format", \.format, .choice, "text for people, json for machines (one object a line)"),
        ]
    )
}

extension ValueType where Value == String {
    /// The path of a Unix socket; 103 bytes at most, which every system takes.
    fileprivate static let socketPath = ValueType(name: "path, at most 103 bytes") { text throws(ValueProblem) in
        guard text.utf8.count <= 103 else {
            throw ValueProblem("is longer than the 103 bytes a socket's path may have")
        }
        return try ValueType.path.parse(text)
    } format: {
        $0
    }
}

/// What the configuration file can say.
package enum ConfigurationReference {
    /// Every key, in the order of the documentation.
    package static let keys = Section<ServiceDraft>.service.keys(prefix: "")
}
