package import Router

/// Everything a configuration file says, checked and with defaults filled in.
package struct ServiceConfiguration: Sendable {
    package var routes: [RouteConfiguration]
    package var ledger: LedgerSettings
    package var control: ControlSettings
    package var log: LogSettings
    /// Event loops that carry miners and pools; nil: one for each core.
    package var threads: Int?
    /// What works but is probably not meant, sorted by place.
    package var warnings: [ConfigurationProblem]

    package init(
        routes: [RouteConfiguration],
        ledger: LedgerSettings = LedgerSettings(),
        control: ControlSettings = ControlSettings(),
        log: LogSettings = LogSettings(),
        threads: Int? = nil,
        warnings: [ConfigurationProblem] = []
    ) {
        self.routes = routes
        self.ledger = ledger
        self.control = control
        self.log = log
        self.threads = threads
        self.warnings = warnings
    }
}

/// Where shares are recorded and for how long.
package struct LedgerSettings: Sendable, Hashable {
    /// What a recorded share survives.
    package enum Durability: String, Sendable, Hashable, CaseIterable {
        /// The end of the process.
        case process
        /// A power failure as well, but for the latest moments.
        case power
    }

    package var path: String
    /// Age at which single shares are dropped; nil keeps them for ever.
    package var keepShares: Duration?
    /// Age at which totals and events are dropped; nil keeps them for ever.
    package var keepRollups: Duration?
    package var durability: Durability
    /// A segment of the book is sealed at this age at the latest.
    package var sealEvery: Duration
    /// Path of the private key that signs seals; nil: they are not signed.
    package var sealKey: String?

    package init(
        path: String = "/var/lib/router/ledger.sqlite",
        keepShares: Duration? = .seconds(30 * 86_400),
        keepRollups: Duration? = nil,
        durability: Durability = .process,
        sealEvery: Duration = .seconds(600),
        sealKey: String? = nil
    ) {
        self.path = path
        self.keepShares = keepShares
        self.keepRollups = keepRollups
        self.durability = durability
        self.sealEvery = sealEvery
        self.sealKey = sealKey
    }
}

/// How commands and monitoring reach the running router.
package struct ControlSettings: Sendable, Hashable {
    /// Address of the read-only HTTP interface.
    package struct HTTPSettings: Sendable, Hashable {
        package var host: String
        package var port: Int

        package init(host: String, port: Int) {
            self.host = host
            self.port = port
        }
    }

    /// Path of the Unix socket.
    package var socket: String
    /// nil: no HTTP.
    package var http: HTTPSettings?

    package init(socket: String = "/run/router/control.sock", http: HTTPSettings? = nil) {
        self.socket = socket
        self.http = http
    }
}

/// What is logged and in which form.
package struct LogSettings: Sendable, Hashable {
    /// The least severe message that is written.
    package enum Level: String, Sendable, Hashable, CaseIterable {
        case trace
        case debug
        case info
        case notice
        case warning
        case error
    }

    /// The form of a log line.
    package enum Format: String, Sendable, Hashable, CaseIterable {
        /// For people.
        case text
        /// One JSON object a line.
        case json
    }

    package var level: Level
    package var format: Format

    package init(level: Level = .info, format: Format = .text) {
        self.level = level
        self.format = format
    }
}
