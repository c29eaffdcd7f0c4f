import PoolPool
import Router
import Stratum

/// A route while it is read.
struct RouteDraft: Sendable {
    var route = RouteConfiguration(name: "", listeners: [], pools: [])
    var protocolName = BitcoinDialect.name
    var options = DialectOptionDrafts()
    var mixedCoins = false
    var listeners: [ListenerDraft] = []
    var pools: [PoolDraft] = []
    var pins: [PinDraft] = []
    /// For the rules of the whole file.
    var places = Places(start: .start)

    /// The route with its listeners, pools and pins.
    var result: RouteConfiguration {
        var result = self.route
        result.listeners = self.listeners.map {
            ListenerConfiguration(
                host: $0.address.host, port: $0.address.port, tls: $0.tls, name: $0.name ?? ""
            )
        }
        result.pools = self.pools.map(\.pool)
        result.pins = self.pins.enumerated().map { index, pin in pin.rule(at: index) }
        return result
    }
}

/// A listener while it is read.
struct ListenerDraft: Sendable {
    var name: String?
    var address = HostAndPort(host: "", port: 0)
    var tls: ListenerConfiguration.TLS?
    /// For the rules of the whole file.
    var places = Places(start: .start)
}

extension Section where Target == RouteDraft {
    /// The keys of a route.
    static let route = Section(
        RouteDraft(),
        [
            .value(
                "name", \.route.name, .name, isRequired: true,
                "what commands, logs and the ledger call the route; unique in the file"
            ),
            .value("protocol", \.protocolName, .dialect, "what miners and pools of this route speak"),
            .list("listen", \.listeners, .listener, item: "listen", "addresses on which miners are awaited"),
            .list("pools", \.pools, .pool, item: "pool", "where the work goes"),
            .list(
                "pins", \.pins, .pin, item: "pin", absent: "none",
                "rules that send some miners to pools of their own; the first that matches decides"
            ),
            .section("balance", \.route.balance, .balance, "how miners are moved between pools of equal priority"),
            .section("vardiff", \.route.vardiff, .vardiff, "how the difficulty of each miner follows its hashrate"),
            .section("health", \.route.health, .health, "when a pool counts as suspect, down and recovered"),
            .value(
                "payout_guard", \.route.payoutGuard, .choice,
                "when a pool's coinbase pays somebody else than it may: log it, or put the pool aside as well"
            ),
            .section("limits", \.route.limits, .limits, "what a miner's connection may cost"),
            .value(
                "reply", \.route.reply, .choice([.verdict, .immediate]),
                "when a miner hears of its share: with the pool's verdict, or at once"
            ),
            .value(
                "miner_password", \.route.minerPassword, .password, absent: "any", "the password every miner must give"
            ),
            .value(
                "keep_alive", \.route.keepAlive, .duration(.seconds(1)...(.seconds(3600))),
                "without a job for this long, miners get the current one again as new work"
            ),
            .value(
                "mixed_coins", \.mixedCoins, .truth, "pools of the route may have different coins"
            ),
            .value("version_mask", \.route.versionMask, .versionMask, "bits of the block version that miners may roll"),
        ],
        options: (.route, \.options)
    ) { draft, places, reader in
        draft.places = places
        draft.configureDialect(&reader)
        draft.checkMixedCoins(&reader)
        if draft.route.keepAlive >= .seconds(60), places.areSound("keep_alive") {
            reader.warn(
                "keep_alive: some miners leave a pool that is silent for 60s; 40s is safe", at: places.of("keep_alive")
            )
        }
        if places.areSound("pools") { Self.checkShares(draft, at: places.of("pools"), &reader) }
        if draft.pools.count > Self.poolLimit {
            reader.report(
                "pools: \(draft.pools.count) are more than the \(Self.poolLimit) a route may have; "
                    + "put some into another route",
                at: places.of("pools")
            )
        }
        Self.checkListenerNames(draft.listeners, &reader)
        Self.checkCoins(draft.pools, &reader)
        if draft.route.payoutGuard == .off {
            for position in draft.pools.compactMap({ $0.places.values["payout"] }) {
                reader.warn("payout: has no effect: payout_guard of the route is off", at: position)
            }
        }
        draft.checkPins(at: places.of("pins"), &reader)
    }

    /// More than any route needs, and few enough to look at all of them for each miner.
    private static let poolLimit = 64

    private static func checkListenerNames(_ listeners: [ListenerDraft], _ reader: inout ConfigurationReader) {
        var known: [String: TextPosition] = [:]
        for listener in listeners {
            guard let name = listener.name else { continue }
            let position = listener.places.of("name")
            if let first = known[name] {
                reader.report(
                    "name: the listener in line \(first.line) is called \(quoted(name)) too; "
                        + "give each listener of the route its own name",
                    at: position
                )
            } else {
                known[name] = position
            }
        }
    }

    private static func checkCoins(_ pools: [PoolDraft], _ reader: inout ConfigurationReader) {
        var known: [String: (coin: String, position: TextPosition)] = [:]
        for pool in pools {
            guard let coin = pool.coin else { continue }
            let position = pool.places.of("coin")
            guard let first = known[coin.lowercased()] else {
                known[coin.lowercased()] = (coin, position)
                continue
            }
            if first.coin != coin {
                reader.warn(
                    "coin: \(quoted(coin)) is another coin than \(quoted(first.coin)) in line \(first.position.line); "
                        + "write both alike if they are one",
                    at: position
                )
            }
        }
    }

    /// Rules on priority and weight.
    private static func checkShares(
        _ draft: RouteDraft, at position: TextPosition, _ reader: inout ConfigurationReader
    ) {
        let pools = draft.pools
        // These have miners of their own, whatever their weight.
        let pinned = Set(draft.pins.flatMap(\.pools).map(\.share).filter { $0.weight > 0 }.map(\.pool))
        guard pools.contains(where: { $0.pool.weight > 0 }) else {
            return reader.report(
                "pools: every weight is 0, so no pool takes work; give one of them a weight", at: position
            )
        }
        let enabled = pools.filter(\.pool.enabled)
        if enabled.isEmpty {
            reader.warn("pools: none is enabled; miners wait until \"router-cli pool enable\"", at: position)
        }
        for (priority, level) in Dictionary(grouping: enabled, by: \.pool.priority) {
            if level.allSatisfy({ $0.pool.weight == 0 }) {
                guard let first = level.first, !level.contains(where: { pinned.contains($0.pool.name) }) else {
                    continue
                }
                reader.warn(
                    "weight: all pools of priority \(priority) have 0 and take no work", at: first.places.of("weight")
                )
            } else if level.count == 1, let only = level.first, let weight = only.places.values["weight"] {
                reader.warn(
                    "weight: has no effect: \(quoted(only.pool.name)) is the only enabled pool of priority \(priority)",
                    at: weight
                )
            }
        }
    }
}

extension Section where Target == ListenerDraft {
    /// The keys of a listener.
    static let listener = Section(
        ListenerDraft(),
        [
            .value(
                "address", \.address, .address(hint: 3333), isRequired: true,
                "address and port, as in 0.0.0.0:3333 or \"[::]:3333\""
            ),
            .value(
                "name", \.name, .name, absent: "none", "what pins of the route call this listener; unique in the route"
            ),
            .section("tls", \.tls, .listenerTLS, absent: "no TLS", "speak TLS with miners on this address"),
        ]
    ) { draft, places, _ in
        draft.places = places
    }
}

extension Section where Target == ListenerConfiguration.TLS {
    /// The keys of a listener's TLS.
    static let listenerTLS = Section(
        ListenerConfiguration.TLS(certificate: "", key: ""),
        [
            .value(
                "certificate", \.certificate, .path, isRequired: true,
                "a PEM file: the certificate and those that lead to its authority"
            ),
            .value("key", \.key, .path, isRequired: true, "a PEM file: the private key"),
        ]
    ) { tls, places, reader in
        if let position = places.values["certificate"], places.areSound("certificate") {
            tls.certificate = reader.checkPEM(tls.certificate, key: "certificate", at: position)
        }
        if let position = places.values["key"], places.areSound("key") {
            tls.key = reader.checkPEM(tls.key, key: "key", at: position)
        }
    }
}

extension Section where Target == BalanceConfiguration {
    /// The keys of balancing.
    static let balance = Section(
        BalanceConfiguration(),
        [
            .value(
                "moves_per_second", \.movesPerSecond, .percentage(0.1...100),
                "the largest part of the route's miners that is moved within a second where nothing forces it; at least one miner"
            ),
            .value(
                "patience", \.patience, .duration(.zero...(.seconds(600))),
                "a move that is not urgent waits at most this long for a clean job of the pool it leads to"
            ),
        ]
    )
}

extension Section where Target == VardiffConfiguration {
    /// The keys of difficulty.
    static let vardiff = Section(
        VardiffConfiguration(),
        [
            .value(
                "target_interval", \.targetInterval, .duration(.milliseconds(100)...(.seconds(600))),
                "aim: one share of each session in this time"
            ),
            .value(
                "minimum", \.minimum, .difficulty,
                "lowest difficulty; the pool's own is always the upper bound, also below this"
            ),
            .value("maximum", \.maximum, .difficulty, absent: "none", "highest difficulty beside the pool's"),
            .value(
                "initial", \.initial, .difficulty, absent: "the pool's, at most 1048576", "difficulty of a new session"
            ),
            .value(
                "retarget_interval", \.retargetInterval, .duration(.seconds(1)...(.seconds(3600))),
                "changes are at least this far apart, the first minute excepted"
            ),
            .value("enabled", \.enabled, .truth, "false: every session mines at its pool's difficulty"),
        ]
    ) { vardiff, places, reader in
        let format = ValueType<Double>.difficulty.format
        if let maximum = vardiff.maximum, maximum < vardiff.minimum, places.areSound("minimum", "maximum") {
            reader.report(
                "maximum: \(format(maximum)) is less than minimum, \(format(vardiff.minimum)); make it at least that",
                at: places.of("maximum")
            )
        } else if let initial = vardiff.initial, places.areSound("minimum", "maximum", "initial"),
            initial < vardiff.minimum || initial > vardiff.maximum ?? .infinity
        {
            reader.report("initial: \(format(initial)) is not between minimum and maximum", at: places.of("initial"))
        }
    }
}

extension Section where Target == LimitConfiguration {
    /// The keys of limits.
    static let limits = Section(
        LimitConfiguration(),
        [
            .value("line_length", \.lineLength, .size(1024...(1 << 20)), "longest line accepted from a miner"),
            .value(
                "lines_per_second", \.linesPerSecond, .whole(1...1_000_000),
                "lines a session may send in any one second"
            ),
            .value("connections", \.connections, .whole(1...1_000_000), "connections of the whole route"),
            .value(
                "connections_per_address", \.connectionsPerAddress, .whole(1...1_000_000),
                "connections from one IP address"
            ),
            .value(
                "handshake_timeout", \.handshakeTimeout, .duration(.seconds(1)...(.seconds(3600))),
                "a miner that has not authorised within this is closed"
            ),
            .value(
                "invalid_shares_in_a_row", \.invalidSharesInARow, .whole(1...1_000_000),
                "a session without a valid share among this many is closed"
            ),
            .value(
                "output_buffer", \.outputBuffer, .size(4096...(1 << 30)),
                "bytes waiting for a slow miner before it is closed"
            ),
        ]
    )
}
