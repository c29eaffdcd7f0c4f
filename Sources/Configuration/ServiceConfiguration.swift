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
    package var path: String
    /// Age at which single shares are dropped; nil keeps them for ever. Totals always stay.
    package var keepShares: Duration?

    package init(path: String = "/var/lib/router/ledger.sqlite", keepShares: Duration? = .seconds(30 * 86_400)) {
        self.path = path
        self.keepShares = keepShares
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
