package import PoolPool
package import Stratum

/// One address on which a route waits for miners.
package struct ListenerConfiguration: Sendable, Hashable {
    /// Certificate chain and private key, both PEM files.
    package struct TLS: Sendable, Hashable {
        package var certificate: String
        package var key: String

        package init(certificate: String, key: String) {
            self.certificate = certificate
            self.key = key
        }
    }

    package var host: String
    /// 0 lets the system choose (tests).
    package var port: Int
    package var tls: TLS?
    /// What pinning rules call it; empty: nothing.
    package var name: String

    package init(host: String, port: Int, tls: TLS? = nil, name: String = "") {
        self.host = host
        self.port = port
        self.tls = tls
        self.name = name
    }
}

/// How the difficulty of each session follows its hashrate.
package struct VardiffConfiguration: Sendable, Hashable {
    /// Aim: one share per session in this time.
    package var targetInterval: Duration
    /// Lower bound; a pool's own difficulty is always the upper one, also below this.
    package var minimum: Double
    /// Upper bound beside the pool's difficulty; nil: none.
    package var maximum: Double?
    /// Difficulty of a new session before anything is known of it; nil: the pool's, at most 2²⁰.
    package var initial: Double?
    /// After the first minute, changes are at least this far apart.
    package var retargetInterval: Duration
    /// False: each session mines at its pool's difficulty.
    package var enabled: Bool

    package init(
        targetInterval: Duration = .seconds(10),
        minimum: Double = 1,
        maximum: Double? = nil,
        initial: Double? = nil,
        retargetInterval: Duration = .seconds(30),
        enabled: Bool = true
    ) {
        self.targetInterval = targetInterval
        self.minimum = minimum
        self.maximum = maximum
        self.initial = initial
        self.retargetInterval = retargetInterval
        self.enabled = enabled
    }
}

/// What a miner's connection may cost.
package struct LimitConfiguration: Sendable, Hashable {
    /// Longest line accepted from a miner, in bytes, without the line feed.
    package var lineLength: Int
    /// Lines a session may send in any one second.
    package var linesPerSecond: Int
    package var connectionsPerAddress: Int
    /// A connection that has not subscribed and authorised within this is closed.
    package var handshakeTimeout: Duration
    /// A session that sent no valid share among this many in a row is closed.
    package var invalidSharesInARow: Int
    /// Unsent bytes held for one session before it is dropped as too slow.
    package var outputBuffer: Int
    /// Sessions of the whole route.
    package var connections: Int

    package init(
        lineLength: Int = 16 * 1024,
        linesPerSecond: Int = 1000,
        connectionsPerAddress: Int = 20_000,
        handshakeTimeout: Duration = .seconds(60),
        invalidSharesInARow: Int = 500,
        outputBuffer: Int = 256 * 1024,
        connections: Int = 19_000
    ) {
        self.lineLength = lineLength
        self.linesPerSecond = linesPerSecond
        self.connectionsPerAddress = connectionsPerAddress
        self.handshakeTimeout = handshakeTimeout
        self.invalidSharesInARow = invalidSharesInARow
        self.outputBuffer = outputBuffer
        self.connections = connections
    }
}

/// One route: the listeners miners connect to and the pools their work goes to.
package struct RouteConfiguration: Sendable, Hashable {
    /// When a miner hears the verdict on its share.
    package enum Reply: String, Sendable, Hashable {
        /// When the pool has spoken, with the pool's own words.
        case verdict
        /// At once, `true`, before the pool has spoken. The ledger keeps the pool's verdict.
        case immediate
    }

    package var name: String
    /// What its miners and its pools speak.
    package var dialect: ConfiguredDialect
    package var listeners: [ListenerConfiguration]
    package var pools: [PoolConfiguration]
    /// Sends some miners to pools of their own; the first rule that matches decides.
    package var pins: [PinRule]
    package var vardiff: VardiffConfiguration
    package var health: HealthConfiguration
    package var balance: BalanceConfiguration
    package var payoutGuard: PayoutGuardMode
    package var limits: LimitConfiguration
    package var reply: Reply
    /// Password every miner must give; nil accepts any.
    package var minerPassword: String?
    /// Without a job from the pool for this long, miners get the current one again as new work (they leave a pool that
    /// is silent for 60 to 90 s).
    package var keepAlive: Duration
    /// Bits of the block version miners may roll (BIP 320: 0x1fffe000).
    package var versionMask: UInt32

    package init(
        name: String,
        dialect: ConfiguredDialect = .standard,
        listeners: [ListenerConfiguration],
        pools: [PoolConfiguration],
        pins: [PinRule] = [],
        vardiff: VardiffConfiguration = VardiffConfiguration(),
        health: HealthConfiguration = HealthConfiguration(),
        balance: BalanceConfiguration = BalanceConfiguration(),
        payoutGuard: PayoutGuardMode = .warn,
        limits: LimitConfiguration = LimitConfiguration(),
        reply: Reply = .verdict,
        minerPassword: String? = nil,
        keepAlive: Duration = .seconds(40),
        versionMask: UInt32 = 0x1fff_e000
    ) {
        self.name = name
        self.dialect = dialect
        self.listeners = listeners
        self.pools = pools
        self.pins = pins
        self.vardiff = vardiff
        self.health = health
        self.balance = balance
        self.payoutGuard = payoutGuard
        self.limits = limits
        self.reply = reply
        self.minerPassword = minerPassword
        self.keepAlive = keepAlive
        self.versionMask = versionMask
    }
}
