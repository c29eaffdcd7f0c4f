import PoolPool
import Stratum

/// A pool while it is read.
struct PoolDraft: Sendable {
    var pool = PoolConfiguration(name: "", endpoint: PoolEndpoint(transport: .tcp, host: "", port: 0))
    var passwordFile: String?
    var coin: String?
    var protocolName: String?
    var options = DialectOptionDrafts()
    /// For the rules of the route.
    var places = Places(start: .start)
}

extension Section where Target == PoolDraft {
    /// The keys of a pool.
    static let pool = Section(
        PoolDraft(),
        [
            .value(
                "name", \.pool.name, .name, isRequired: true,
                "what commands, logs and the ledger call the pool; unique in the file"
            ),
            .value(
                "url", \.pool.endpoint, .poolURL, isRequired: true,
                "stratum+tcp://HOST:PORT, or stratum+ssl:// (also stratum+tls://, stratum+tcps://) for TLS"
            ),
            .value(
                "user", \.pool.user, .user,
                "the user the pool is told; {user} is the miner's login, {worker} its part after the first dot"
            ),
            .value("password", \.pool.password, .password, "the password the pool is told"),
            .value(
                "password_file", \.passwordFile, .path, absent: "none",
                "a file with the password in its only line, instead of password"
            ),
            .value(
                "priority", \.pool.priority, .whole(0...1_000_000),
                "the lowest number with a usable pool carries the load"
            ),
            .value(
                "weight", \.pool.weight, .weight,
                "share of the work among pools of equal priority; 0 drains: takes nothing new and gives away what it has"
            ),
            .value("enabled", \.pool.enabled, .truth, "false: not connected to until \"router-cli pool enable\""),
            .value(
                "standby", \.pool.standby, .choice([.one, .warm]),
                "links kept while the pool carries nothing: one, or (warm) one for each worker"
            ),
            .value("version_rolling", \.pool.versionRolling, .truth, "ask the pool for version rolling"),
            .value(
                "suggest_difficulty", \.pool.suggestDifficulty, .difficulty, absent: "none",
                "the difficulty the pool is asked for"
            ),
            .value(
                "coin", \.coin, .name, absent: "none", "the chain the pool works on; pools are compared within a coin"
            ),
            .value(
                "protocol", \.protocolName, .dialect, absent: "the route's",
                "what the pool speaks, to be sure: the same as its route"
            ),
            .list(
                "payout", \.pool.payoutScripts, of: .payout, absent: "any, as long as they stay the same",
                "whom the pool's coinbase may pay"
            ),
            .section("tls", \.pool.tls, .poolTLS, "how the certificate of a stratum+ssl:// pool is checked"),
        ],
        options: (.pool, \.options)
    ) { draft, places, reader in
        draft.places = places
        draft.pool.coin = draft.coin ?? ""
        Self.readPassword(&draft, places, &reader)
        Self.checkTLS(draft.pool, places, &reader)
        if draft.pool.standby == .warm, !draft.pool.isPerWorker, places.areSound("user") {
            reader.warn(
                "standby: warm has no effect: the user names neither {user} nor {worker}", at: places.of("standby")
            )
        }
    }

    private static func readPassword(_ draft: inout PoolDraft, _ places: Places, _ reader: inout ConfigurationReader) {
        guard let path = draft.passwordFile, let position = places.values["password_file"] else { return }
        guard places.values["password"] == nil else {
            reader.report("password_file: password is given too; keep one of them", at: position)
            return
        }
        guard let text = reader.text(ofFile: path, key: "password_file", at: position) else { return }
        let line = text.hasSuffix("\r\n") || text.hasSuffix("\n") ? String(text.dropLast()) : text
        do throws(ValueProblem) {
            draft.pool.password = try ValueType<String>.password.parse(line)
        } catch {
            reader.report("password_file: the file \(error.message)", at: position)
        }
    }

    private static func checkTLS(_ pool: PoolConfiguration, _ places: Places, _ reader: inout ConfigurationReader) {
        guard let position = places.values["tls"], places.areSound("tls", "url") else { return }
        if pool.endpoint.transport == .tcp {
            reader.report(
                "tls: the url says stratum+tcp://, without TLS; write stratum+ssl://, or remove tls", at: position
            )
        } else if pool.tls.fingerprint != nil {
            if !pool.tls.verify || pool.tls.certificateAuthority != nil {
                reader.warn("tls: with a fingerprint, verify and certificate_authority have no effect", at: position)
            }
        } else if !pool.tls.verify {
            reader.warn(
                "tls: verify: false accepts any certificate, also that of an attacker; set fingerprint instead",
                at: position
            )
        }
    }
}

extension Section where Target == PoolTLSConfiguration {
    /// The keys of a pool's TLS.
    static let poolTLS = Section(
        PoolTLSConfiguration(),
        [
            .value("verify", \.verify, .truth, "false accepts any certificate, also an attacker's"),
            .value(
                "fingerprint", \.fingerprint, .fingerprint, absent: "none",
                "SHA-256 of the pool's certificate: this one and no other is accepted"
            ),
            .value(
                "certificate_authority", \.certificateAuthority, .path, absent: "the system's",
                "a PEM file of authorities to trust"
            ),
        ]
    ) { tls, places, reader in
        tls.certificateAuthority = tls.certificateAuthority.map {
            reader.checkPEM($0, key: "certificate_authority", at: places.of("certificate_authority"))
        }
    }
}

extension Section where Target == HealthConfiguration {
    /// The keys that decide when a pool is used.
    static let health = Section(
        HealthConfiguration(),
        [
            .value(
                "silence", \.silence, .silence,
                "how long a pool may send no job; auto: twice its learned interval, at least 45 s"
            ),
            .value(
                "connect_timeout", \.connectTimeout, .duration(.milliseconds(100)...(.seconds(600))),
                "for the connection, with TLS"
            ),
            .value(
                "handshake_timeout", \.handshakeTimeout, .duration(.milliseconds(100)...(.seconds(600))),
                "from the connection to the first job"
            ),
            .value(
                "verdict_suspect", \.verdictSuspect, .duration(.milliseconds(100)...(.seconds(3600))),
                "a share without a verdict for this long makes the pool suspect"
            ),
            .value(
                "verdict_down", \.verdictDown, .duration(.milliseconds(100)...(.seconds(3600))),
                "shares without a verdict for this long take the pool out of use"
            ),
            .value(
                "verdict_minimum_pending", \.verdictMinimumPending, .whole(1...100_000),
                "shares that must be waiting for verdict_down to apply"
            ),
            .value(
                "verdict_deadline", \.verdictDeadline, .duration(.milliseconds(100)...(.seconds(3600))),
                "a share without a verdict for this long is settled as lost"
            ),
            .value(
                "reconnect_initial", \.reconnectInitial, .duration(.milliseconds(100)...(.seconds(3600))),
                "delay before the first attempt to reconnect; doubles with each"
            ),
            .value(
                "reconnect_maximum", \.reconnectMaximum, .duration(.milliseconds(100)...(.seconds(86_400))),
                "the longest delay between attempts"
            ),
            .value(
                "failback_after", \.failbackAfter, .duration(.zero...(.seconds(86_400))),
                "how long a pool that was down must be well before it carries load again"
            ),
            .value(
                "slow_start", \.slowStart, .duration(.zero...(.seconds(86_400))),
                "a pool that carries load again has its full share after this"
            ),
            .value(
                "hold", \.hold, .duration(.zero...(.seconds(86_400))),
                "how long miners are kept while no pool is usable"
            ),
            .value(
                "lag", \.lag, .duration(.seconds(1)...(.seconds(86_400)), orNone: "off"),
                "a pool that stays on an old block for this long after the others moved is put aside"
            ),
            .section("outliers", \.outliers, .outliers, "when a pool is put aside for what it answers"),
        ]
    ) { health, places, reader in
        reader.checkOrder(
            [
                ("verdict_suspect", health.verdictSuspect, "verdict_down", health.verdictDown),
                ("verdict_down", health.verdictDown, "verdict_deadline", health.verdictDeadline),
                ("reconnect_initial", health.reconnectInitial, "reconnect_maximum", health.reconnectMaximum),
            ], places
        )
    }
}

extension Section where Target == OutlierConfiguration {
    /// The keys that decide when a pool is put aside for what it answers.
    static let outliers = Section(
        OutlierConfiguration(),
        [
            .value("enabled", \.enabled, .truth, "false: what a pool answers never puts it aside"),
            .value(
                "window", \.window, .duration(.seconds(10)...(.seconds(600))), "verdicts of this long are looked at"
            ),
            .value(
                "minimum_shares", \.minimumShares, .whole(1...100_000),
                "fewer verdicts than this in the window say nothing"
            ),
            .value(
                "reject_ratio", \.rejectRatio, .percentage(1...100),
                "a pool that refuses more than this part of them is put aside"
            ),
            .value(
                "consecutive_rejects", \.consecutiveRejects, .whole(1...100_000),
                "so many refusals in a row put a pool aside as well"
            ),
            .value(
                "latency", \.latency, .duration(.milliseconds(100)...(.seconds(600))),
                "a verdict that takes longer is slow; a pool whose verdicts are mostly slow is put aside"
            ),
            .value(
                "stale_grace", \.staleGrace, .duration(.zero...(.seconds(600))),
                "refusals as stale this long before and after a new block do not count"
            ),
            .value(
                "ejection", \.ejection, .duration(.seconds(1)...(.seconds(86_400))),
                "how long a pool is put aside the first time; longer with each time that is remembered"
            ),
            .value(
                "ejection_maximum", \.ejectionMaximum, .duration(.seconds(1)...(.seconds(86_400))),
                "the longest time a pool is put aside"
            ),
        ]
    ) { outliers, places, reader in
        reader.checkOrder(
            [("ejection", outliers.ejection, "ejection_maximum", outliers.ejectionMaximum)], places
        )
    }
}

extension ConfigurationReader {
    /// Reports each pair of durations of which the one that should be lower is not.
    fileprivate mutating func checkOrder(
        _ ordered: [(low: String, lowValue: Duration, high: String, highValue: Duration)],
        _ places: Places
    ) {
        for (low, lowValue, high, highValue) in ordered where lowValue > highValue && places.areSound(low, high) {
            self.report(
                "\(low): \(DurationText.format(lowValue)) is more than \(high), \(DurationText.format(highValue)); "
                    + "make it at most that",
                at: places.values[low] ?? places.of(high)
            )
        }
    }
}

extension ValueType where Value == HealthConfiguration.Silence {
    /// `auto` or a duration.
    static let silence: Self = {
        let type = ValueType<Duration>.duration(.seconds(1)...(.seconds(86_400)))
        return ValueType(name: "auto, or \(type.name)") { text throws(ValueProblem) in
            text == "auto" ? .auto : .after(try type.parse(text))
        } format: { silence in
            switch silence {
            case .auto: "auto"
            case .after(let duration): type.format(duration)
            }
        }
    }()
}
