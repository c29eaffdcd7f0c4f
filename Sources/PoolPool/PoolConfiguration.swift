import NIOCore
package import Stratum

/// Where a pool listens and how to reach it.
package struct PoolEndpoint: Sendable, Hashable, CustomStringConvertible {
    /// How bytes travel to the pool.
    package enum Transport: String, Sendable, Hashable {
        case tcp
        case tls
    }

    package var transport: Transport
    package var host: String
    package var port: Int

    package init(transport: Transport, host: String, port: Int) {
        self.transport = transport
        self.host = host
        self.port = port
    }

    /// The URL as the configuration writes it, without credentials.
    package var description: String {
        let scheme = self.transport == .tls ? "stratum+ssl" : "stratum+tcp"
        let host = self.host.contains(":") ? "[\(self.host)]" : self.host
        return "\(scheme)://\(host):\(self.port)"
    }
}

/// How the certificate of a TLS pool is checked.
package struct PoolTLSConfiguration: Sendable, Hashable {
    /// False accepts any certificate. Logged as a warning at every start.
    package var verify: Bool
    /// SHA-256 of the pool's leaf certificate in DER form (32 bytes). When set, this certificate and no other is
    /// accepted, whoever signed it and whatever name it bears.
    package var fingerprint: [UInt8]?
    /// A file of PEM certificates to trust instead of the system's roots.
    package var certificateAuthority: String?

    package init(verify: Bool = true, fingerprint: [UInt8]? = nil, certificateAuthority: String? = nil) {
        self.verify = verify
        self.fingerprint = fingerprint
        self.certificateAuthority = certificateAuthority
    }
}

/// One configured upstream: address, credentials, and its place among its route's pools.
package struct PoolConfiguration: Sendable, Hashable {
    /// Which links a pool with `{worker}` or `{user}` in its user keeps while it carries nothing.
    package enum Standby: String, Sendable, Hashable {
        /// One link shows that the pool is alive; the others are opened when sessions move here.
        case one
        /// A link for every worker at all times.
        case warm
    }

    /// Unique within the route; what the ledger and every command call this pool.
    package var name: String
    package var endpoint: PoolEndpoint
    /// The upstream user, with `{user}` and `{worker}` still in it.
    package var user: String
    package var password: String
    /// The lowest number with a usable pool carries the load.
    package var priority: Int
    /// Share of the work among pools of equal priority. 0 takes nothing new.
    package var weight: Double
    /// False: not connected to until `pool enable`.
    package var enabled: Bool
    package var tls: PoolTLSConfiguration
    package var standby: Standby
    /// Ask the pool for version rolling, where the protocol has that. Remembered as refused when a pool closes on it.
    package var versionRolling: Bool
    /// Suggested to the pool after authorising; nil: nothing is.
    package var suggestDifficulty: Double?
    /// The chain it works on: pools are compared with each other within a coin. Empty: that of all others without a name.
    package var coin: String
    /// Scripts that the pool's coinbase may pay; empty: any, as long as they stay the same.
    package var payoutScripts: [[UInt8]]
    /// Its own options of the route's dialect.
    package var options: DialectOptions

    package init(
        name: String,
        endpoint: PoolEndpoint,
        user: String = "{user}",
        password: String = "x",
        priority: Int = 1,
        weight: Double = 1,
        enabled: Bool = true,
        tls: PoolTLSConfiguration = PoolTLSConfiguration(),
        standby: Standby = .one,
        versionRolling: Bool = true,
        suggestDifficulty: Double? = nil,
        coin: String = "",
        payoutScripts: [[UInt8]] = [],
        options: DialectOptions = DialectOptions()
    ) {
        self.name = name
        self.endpoint = endpoint
        self.user = user
        self.password = password
        self.priority = priority
        self.weight = weight
        self.enabled = enabled
        self.tls = tls
        self.standby = standby
        self.versionRolling = versionRolling
        self.suggestDifficulty = suggestDifficulty
        self.coin = coin
        self.payoutScripts = payoutScripts
        self.options = options
    }

    /// True when each worker needs an upstream link of its own.
    package var isPerWorker: Bool {
        // Most have no placeholder at all, and this is asked for every session that is placed.
        guard self.user.utf8.contains(UInt8(ascii: "{")) else { return false }
        return self.user.contains("{user}") || self.user.contains("{worker}")
    }

    /// The upstream user for a miner that logged in as `login`. `{user}` is the login as it came; `{worker}` is its part
    /// after the first dot, or all of it if there is none.
    package func upstreamUser(login: String) -> String {
        guard self.isPerWorker else { return self.user }
        let worker = login.firstIndex(of: ".").map { String(login[login.index(after: $0)...]) } ?? login
        // One pass, so that a login that contains a placeholder is not expanded again.
        var result = ""
        var rest = self.user[...]
        while let open = rest.firstIndex(of: "{") {
            result += rest[..<open]
            rest = rest[open...]
            if rest.hasPrefix("{user}") {
                result += login
                rest = rest.dropFirst("{user}".count)
            } else if rest.hasPrefix("{worker}") {
                result += worker
                rest = rest.dropFirst("{worker}".count)
            } else {
                result += "{"
                rest = rest.dropFirst()
            }
        }
        return result + rest
    }
}

/// When a pool counts as suspect, down, recovered. Defaults: design decision D3.
package struct HealthConfiguration: Sendable, Hashable {
    /// How long a pool may send no job.
    package enum Silence: Sendable, Hashable {
        /// Twice the learned interval between jobs, never less than 45 s; 90 s before anything is learned.
        case auto
        case after(Duration)
    }

    /// TCP (and TLS) connection established within this.
    package var connectTimeout: Duration
    /// From the connection to the first job received.
    package var handshakeTimeout: Duration
    package var silence: Silence
    /// A share without a verdict for this long makes the pool suspect.
    package var verdictSuspect: Duration
    /// With at least ``verdictMinimumPending`` shares waiting, the oldest for this long: down.
    package var verdictDown: Duration
    package var verdictMinimumPending: Int
    /// A share that has no verdict after this is settled as lost.
    package var verdictDeadline: Duration
    /// Reconnect delays: `reconnectInitial × 2ⁿ`, at most `reconnectMaximum`, full jitter.
    package var reconnectInitial: Duration
    package var reconnectMaximum: Duration
    /// A pool that was down carries load again after it was stable, with fresh jobs, for this long.
    package var failbackAfter: Duration
    /// A pool that carries load again begins with none and has its full share after this.
    package var slowStart: Duration
    /// With no usable pool, sessions are kept for this long, then closed so that the firmware's own failover can act.
    package var hold: Duration
    package var outliers: OutlierConfiguration
    /// A pool that stays on an old block for this long after the others moved is ejected; nil: never.
    package var lag: Duration?

    package init(
        connectTimeout: Duration = .seconds(5),
        handshakeTimeout: Duration = .seconds(10),
        silence: Silence = .auto,
        verdictSuspect: Duration = .seconds(10),
        verdictDown: Duration = .seconds(30),
        verdictMinimumPending: Int = 3,
        verdictDeadline: Duration = .seconds(60),
        reconnectInitial: Duration = .seconds(1),
        reconnectMaximum: Duration = .seconds(60),
        failbackAfter: Duration = .seconds(120),
        slowStart: Duration = .seconds(60),
        hold: Duration = .seconds(60),
        outliers: OutlierConfiguration = OutlierConfiguration(),
        lag: Duration? = .seconds(30)
    ) {
        self.connectTimeout = connectTimeout
        self.handshakeTimeout = handshakeTimeout
        self.silence = silence
        self.verdictSuspect = verdictSuspect
        self.verdictDown = verdictDown
        self.verdictMinimumPending = verdictMinimumPending
        self.verdictDeadline = verdictDeadline
        self.reconnectInitial = reconnectInitial
        self.reconnectMaximum = reconnectMaximum
        self.failbackAfter = failbackAfter
        self.slowStart = slowStart
        self.hold = hold
        self.outliers = outliers
        self.lag = lag
    }
}

/// When a pool is put aside for what it answers. Defaults: design decision D3.
package struct OutlierConfiguration: Sendable, Hashable {
    /// False: what a pool answers never puts it aside.
    package var enabled: Bool
    /// Verdicts of this long are looked at.
    package var window: Duration
    /// Fewer verdicts than this in the window say nothing.
    package var minimumShares: Int
    /// A pool that refuses more than this part of them is ejected.
    package var rejectRatio: Double
    /// So many refusals in a row eject as well.
    package var consecutiveRejects: Int
    /// Verdicts that take longer than this are slow; a pool whose verdicts are mostly slow is ejected.
    package var latency: Duration
    /// Refusals as stale this long before and after a new block are nobody's fault.
    package var staleGrace: Duration
    /// Put aside for this long × the number of ejections in memory.
    package var ejection: Duration
    package var ejectionMaximum: Duration

    package init(
        enabled: Bool = true,
        window: Duration = .seconds(60),
        minimumShares: Int = 20,
        rejectRatio: Double = 0.25,
        consecutiveRejects: Int = 10,
        latency: Duration = .seconds(10),
        staleGrace: Duration = .seconds(10),
        ejection: Duration = .seconds(30),
        ejectionMaximum: Duration = .seconds(300)
    ) {
        self.enabled = enabled
        self.window = window
        self.minimumShares = minimumShares
        self.rejectRatio = rejectRatio
        self.consecutiveRejects = consecutiveRejects
        self.latency = latency
        self.staleGrace = staleGrace
        self.ejection = ejection
        self.ejectionMaximum = ejectionMaximum
    }
}

/// How the work is spread over pools of equal priority. See ``WorkBalancer``.
package struct BalanceConfiguration: Sendable, Hashable {
    /// The largest part of all sessions that is moved within a second, where nothing forces it; at least one session.
    package var movesPerSecond: Double
    /// A move that is not urgent waits this long for a clean job of the pool it leads to.
    package var patience: Duration

    package init(movesPerSecond: Double = 0.05, patience: Duration = .seconds(30)) {
        self.movesPerSecond = movesPerSecond
        self.patience = patience
    }
}

/// What happens when a pool's coinbase pays somebody else than before, or it asks for what a pool may not ask for.
package enum PayoutGuardMode: String, Sendable, Hashable, CaseIterable {
    case warn
    /// As `warn`, and the pool is put aside until an operator enables it again.
    case eject
    case off
}

extension PoolDialogueSettings {
    /// What a connection to a configured pool begins with.
    init(
        _ configuration: PoolConfiguration,
        user: String?,
        userAgent: String,
        asksFirst: Bool,
        versionMask: UInt32,
        sessionID: String?,
        health: HealthConfiguration
    ) {
        let handshakeTimeout = TimeAmount(health.handshakeTimeout)
        self.init(
            user: user,
            password: configuration.password,
            userAgent: userAgent,
            asksFirst: asksFirst && configuration.versionRolling,
            versionMask: versionMask,
            sessionID: sessionID,
            suggestDifficulty: configuration.suggestDifficulty,
            handshakeTimeout: handshakeTimeout,
            questionTimeout: .nanoseconds(handshakeTimeout.nanoseconds / 2),
            options: configuration.options
        )
    }
}
