import Foundation

/// Which configuration file a command means.
package enum ConfigurationPath {
    /// The path when neither an option nor the environment names one.
    package static let standard = "/etc/router/router.yaml"

    /// `explicit` if given, else `ROUTER_CONFIG`, else ``standard``.
    package static func resolve(
        explicit: String?,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> String {
        if let explicit { return explicit }
        if let path = environment["ROUTER_CONFIG"], !path.isEmpty { return path }
        return self.standard
    }
}

/// Finds the ledger for commands that need nothing else from the configuration.
package enum LedgerLocator {
    /// The ledger's path according to `configFile`. Only the `ledger` section has to be valid.
    ///
    /// - Throws: ``ConfigurationErrors``.
    package static func path(
        configFile: String,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(ConfigurationErrors) -> String {
        try ConfigurationLoader.loadSection("ledger", .ledger, path: configFile, environment: environment).path
    }
}

/// Finds the control socket for commands that need nothing else from the configuration.
package enum ControlLocator {
    /// The socket's path according to `configFile`. Only the `control` section has to be valid.
    ///
    /// - Throws: ``ConfigurationErrors``.
    package static func path(
        configFile: String,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(ConfigurationErrors) -> String {
        try ConfigurationLoader.loadSection("control", .control, path: configFile, environment: environment).socket
    }
}
