import Stratum

/// What all sessions have in common that began under one configuration of their route: kept once, not in each of them.
package final class SessionSettings: Sendable {
    let dialect: any Dialect
    let vardiff: VardiffRule
    let limits: LimitConfiguration
    let reply: RouteConfiguration.Reply
    /// nil accepts any.
    let minerPassword: String?
    /// Bits of the block version that miners may roll.
    let versionMask: UInt32

    package init(_ configuration: RouteConfiguration) {
        self.dialect = configuration.dialect.dialect
        self.vardiff = VardiffRule(configuration.vardiff, dialect: configuration.dialect.dialect)
        self.limits = configuration.limits
        self.reply = configuration.reply
        self.minerPassword = configuration.minerPassword
        self.versionMask = configuration.versionMask
    }
}
