import Configuration
import PoolPool
import Router
import Testing

/// Every key, with a value it takes and one that it does not.
@Suite struct KeyTests {
    private let files = Files(contents: [
        "/etc/router/secret": "s3cret\n", "/etc/ca.pem": "-----BEGIN CERTIFICATE-----\n",
        "/etc/router/key.pem": "-----BEGIN PRIVATE KEY-----\n",
    ])

    @Test func onlyNameListenAndPoolsAreRequired() throws {
        let service = try self.files.load(document())
        let route = try #require(service.routes.first)
        let expected = RouteConfiguration(
            name: "btc",
            listeners: [ListenerConfiguration(host: "0.0.0.0", port: 3333)],
            pools: [
                PoolConfiguration(
                    name: "primary",
                    endpoint: PoolEndpoint(transport: .tls, host: "pool.example.com", port: 3333)
                )
            ]
        )
        #expect(service.routes.count == 1)
        #expect(route == expected)
        #expect(service.ledger == LedgerSettings())
        #expect(service.control == ControlSettings())
        #expect(service.log == LogSettings())
        #expect(service.threads == nil)
        #expect(service.warnings.isEmpty)
    }

    @Test(arguments: [
        PoolRow("user: 'acc.{worker}'") { $0.user == "acc.{worker}" },
        PoolRow("user: 12345") { $0.user == "12345" },
        PoolRow("user: ~") { $0.user == "{user}" },
        PoolRow("password: hunter2") { $0.password == "hunter2" },
        PoolRow("password: ''") { $0.password.isEmpty },
        PoolRow("password_file: secret") { $0.password == "s3cret" },
        PoolRow("password_file: /etc/router/secret") { $0.password == "s3cret" },
        PoolRow("priority: 0") { $0.priority == 0 },
        PoolRow("weight: 2.5") { $0.weight == 2.5 },
        PoolRow("enabled: false") { !$0.enabled },
        PoolRow("user: '{user}'\nstandby: warm") { $0.standby == .warm },
        PoolRow("version_rolling: false") { !$0.versionRolling },
        PoolRow("suggest_difficulty: 65536") { $0.suggestDifficulty == 65536 },
        PoolRow("coin: bch") { $0.coin == "bch" },
        PoolRow("payout: [1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa]") {
            $0.payoutScripts == [
                [0x76, 0xa9, 20] + [
                    0x62, 0xe9, 0x07, 0xb1, 0x5c, 0xbf, 0x27, 0xd5, 0x42, 0x53, 0x99, 0xeb, 0xf6, 0xf0, 0xfb, 0x50,
                    0xeb, 0xb8, 0x8f, 0x18,
                ] + [0x88, 0xac]
            ]
        },
        PoolRow("payout:\n  - script:6A00\n  - 'script:51'") { $0.payoutScripts == [[0x6a, 0], [0x51]] },
        PoolRow("payout: [&a script:51, *a]") { $0.payoutScripts == [[0x51], [0x51]] },
        PoolRow("payout: []") { $0.payoutScripts.isEmpty },
        PoolRow("tls: { verify: false }") { !$0.tls.verify },
        PoolRow("tls: { certificate_authority: ../ca.pem }", file: "/etc/router/../ca.pem") {
            $0.tls.certificateAuthority == "/etc/router/../ca.pem"
        },
        PoolRow("tls: { fingerprint: \(String(repeating: "aB:", count: 31))ab }") {
            $0.tls.fingerprint == [UInt8](repeating: 0xab, count: 32)
        },
    ])
    func poolKeyIsRead(row: PoolRow) throws {
        var files = self.files
        if let file = row.file { files.contents[file] = "-----BEGIN CERTIFICATE-----" }
        let service = try files.load(document(pool: row.text))
        let pool = try #require(service.routes.first?.pools.first)
        #expect(row.isRight(pool), "\(row.text): \(pool)")
    }

    @Test(arguments: [
        RouteRow("protocol: bitcoin") { $0.name == "btc" },
        RouteRow("reply: immediate") { $0.reply == .immediate },
        RouteRow("miner_password: let-me-in") { $0.minerPassword == "let-me-in" },
        RouteRow("keep_alive: 30s") { $0.keepAlive == .seconds(30) },
        RouteRow("version_mask: 00000fe0") { $0.versionMask == 0xfe0 },
        RouteRow("vardiff:") { $0.vardiff == VardiffConfiguration() },
        RouteRow("vardiff: { target_interval: 5s }") { $0.vardiff.targetInterval == .seconds(5) },
        RouteRow("vardiff: { minimum: 0.001 }") { $0.vardiff.minimum == 0.001 },
        RouteRow("vardiff: { maximum: 1e6 }") { $0.vardiff.maximum == 1e6 },
        RouteRow("vardiff: { initial: 512 }") { $0.vardiff.initial == 512 },
        RouteRow("vardiff: { retarget_interval: 1m }") { $0.vardiff.retargetInterval == .seconds(60) },
        RouteRow("vardiff: { enabled: false }") { !$0.vardiff.enabled },
        RouteRow("health: { silence: auto }") { $0.health.silence == .auto },
        RouteRow("health: { silence: 2m }") { $0.health.silence == .after(.seconds(120)) },
        RouteRow("health: { connect_timeout: 500ms }") { $0.health.connectTimeout == .milliseconds(500) },
        RouteRow("health: { handshake_timeout: 7s }") { $0.health.handshakeTimeout == .seconds(7) },
        RouteRow("health: { verdict_suspect: 3s }") { $0.health.verdictSuspect == .seconds(3) },
        RouteRow("health: { verdict_down: 20s }") { $0.health.verdictDown == .seconds(20) },
        RouteRow("health: { verdict_minimum_pending: 5 }") { $0.health.verdictMinimumPending == 5 },
        RouteRow("health: { verdict_deadline: 90s }") { $0.health.verdictDeadline == .seconds(90) },
        RouteRow("health: { reconnect_initial: 2s }") { $0.health.reconnectInitial == .seconds(2) },
        RouteRow("health: { reconnect_maximum: 5m }") { $0.health.reconnectMaximum == .seconds(300) },
        RouteRow("health: { failback_after: 0s }") { $0.health.failbackAfter == .zero },
        RouteRow("health: { slow_start: 0s }") { $0.health.slowStart == .zero },
        RouteRow("health: { hold: 1h }") { $0.health.hold == .seconds(3600) },
        RouteRow("health: { lag: 2m }") { $0.health.lag == .seconds(120) },
        RouteRow("health: { lag: off }") { $0.health.lag == nil },
        RouteRow("health: { outliers: { enabled: false } }") { !$0.health.outliers.enabled },
        RouteRow("health: { outliers: { window: 2m } }") { $0.health.outliers.window == .seconds(120) },
        RouteRow("health: { outliers: { minimum_shares: 7 } }") { $0.health.outliers.minimumShares == 7 },
        RouteRow("health: { outliers: { reject_ratio: 50% } }") { $0.health.outliers.rejectRatio == 0.5 },
        RouteRow("health: { outliers: { consecutive_rejects: 3 } }") { $0.health.outliers.consecutiveRejects == 3 },
        RouteRow("health: { outliers: { latency: 500ms } }") { $0.health.outliers.latency == .milliseconds(500) },
        RouteRow("health: { outliers: { stale_grace: 0s } }") { $0.health.outliers.staleGrace == .zero },
        RouteRow("health: { outliers: { ejection: 1m } }") { $0.health.outliers.ejection == .seconds(60) },
        RouteRow("health: { outliers: { ejection_maximum: 1h } }") {
            $0.health.outliers.ejectionMaximum == .seconds(3600)
        },
        RouteRow("balance: { moves_per_second: 0.5% }") { $0.balance.movesPerSecond == 0.005 },
        RouteRow("balance: { moves_per_second: 100% }") { $0.balance.movesPerSecond == 1 },
        RouteRow("balance: { patience: 0s }") { $0.balance.patience == .zero },
        RouteRow("payout_guard: eject") { $0.payoutGuard == .eject },
        RouteRow("payout_guard: off") { $0.payoutGuard == .off },
        RouteRow("pins: []") { $0.pins.isEmpty },
        RouteRow("limits: { line_length: 64KiB }") { $0.limits.lineLength == 65536 },
        RouteRow("limits: { lines_per_second: 50 }") { $0.limits.linesPerSecond == 50 },
        RouteRow("limits: { connections: 7 }") { $0.limits.connections == 7 },
        RouteRow("limits: { connections_per_address: 8 }") { $0.limits.connectionsPerAddress == 8 },
        RouteRow("limits: { handshake_timeout: 15s }") { $0.limits.handshakeTimeout == .seconds(15) },
        RouteRow("limits: { invalid_shares_in_a_row: 9 }") { $0.limits.invalidSharesInARow == 9 },
        RouteRow("limits: { output_buffer: 1MiB }") { $0.limits.outputBuffer == 1 << 20 },
    ])
    func routeKeyIsRead(row: RouteRow) throws {
        let service = try self.files.load(document(route: row.text))
        let route = try #require(service.routes.first)
        #expect(row.isRight(route), "\(row.text): \(route)")
    }

    @Test(arguments: [
        ServiceRow("threads: 4") { $0.threads == 4 },
        ServiceRow("threads: auto") { $0.threads == nil },
        ServiceRow("ledger: { path: /data/l.sqlite }") { $0.ledger.path == "/data/l.sqlite" },
        ServiceRow("ledger: { path: l.sqlite }") { $0.ledger.path == "/etc/router/l.sqlite" },
        ServiceRow("ledger: { keep_shares: 2h }") { $0.ledger.keepShares == .seconds(7200) },
        ServiceRow("ledger: { keep_shares: forever }") { $0.ledger.keepShares == nil },
        ServiceRow("ledger: { keep_rollups: 60d }") { $0.ledger.keepRollups == .seconds(60 * 86_400) },
        ServiceRow("ledger: { durability: power }") { $0.ledger.durability == .power },
        ServiceRow("ledger: { seal_every: 5m }") { $0.ledger.sealEvery == .seconds(300) },
        ServiceRow("ledger: { seal_key: seal.pem }") { $0.ledger.sealKey == "/etc/router/seal.pem" },
        ServiceRow("control: { socket: /tmp/r.sock }") { $0.control.socket == "/tmp/r.sock" },
        ServiceRow("control: { http: { address: '127.0.0.1:8080' } }") {
            $0.control.http == ControlSettings.HTTPSettings(host: "127.0.0.1", port: 8080)
        },
        ServiceRow("log: { level: debug }") { $0.log.level == .debug },
        ServiceRow("log: { format: json }") { $0.log.format == .json },
    ])
    func serviceKeyIsRead(row: ServiceRow) throws {
        let service = try self.files.load(document(rest: row.text))
        #expect(row.isRight(service), "\(row.text): \(service)")
    }

    @Test func listenerHasAName() throws {
        let text = document().replacing("- address: 0.0.0.0:3333", with: "- { address: '[::]:3333', name: asic }")
        #expect(try self.files.load(text).routes.first?.listeners.map(\.name) == ["asic"])
    }

    @Test func listenerTakesIPv6AndTLS() throws {
        var files = self.files
        files.contents["/etc/router/chain.pem"] = "-----BEGIN CERTIFICATE-----\n"
        let text = document().replacing(
            "- address: 0.0.0.0:3333",
            with: "- { address: '[::]:3333', tls: { certificate: chain.pem, key: key.pem } }"
        )
        let tls = ListenerConfiguration.TLS(certificate: "/etc/router/chain.pem", key: "/etc/router/key.pem")
        #expect(
            try files.load(text).routes.first?.listeners == [ListenerConfiguration(host: "::", port: 3333, tls: tls)]
        )
    }

    @Test(arguments: [
        ("stratum+tcp://a.example:1", PoolEndpoint(transport: .tcp, host: "a.example", port: 1)),
        ("STRATUM+TCP://A.Example:65535/", PoolEndpoint(transport: .tcp, host: "a.example", port: 65535)),
        ("stratum+ssl://10.0.0.1:443", PoolEndpoint(transport: .tls, host: "10.0.0.1", port: 443)),
        ("stratum+tls://a_b.example:443", PoolEndpoint(transport: .tls, host: "a_b.example", port: 443)),
        ("stratum+tcps://localhost:443", PoolEndpoint(transport: .tls, host: "localhost", port: 443)),
        ("'stratum+tcp://[2001:db8::1]:3333'", PoolEndpoint(transport: .tcp, host: "2001:db8::1", port: 3333)),
    ])
    func poolURLIsRead(url: String, endpoint: PoolEndpoint) throws {
        let text = document().replacing("stratum+ssl://pool.example.com:3333", with: url)
        #expect(try self.files.load(text).routes.first?.pools.first?.endpoint == endpoint)
    }

    @Test func everyKeyRefusesAWrongType() {
        for key in ConfigurationReference.keys {
            let text = wrongDocument(for: key)
            let problems = self.files.problems(text)
            let name = key.path.split(separator: ".").last.map { $0.replacing("[]", with: "") } ?? ""
            #expect(problems.contains { $0.contains("\(name): ") }, "\(key.path): \(problems)")
        }
    }

    /// A document in which `key` has a value of a type that no key has.
    private func wrongDocument(for key: ConfigurationKey) -> String {
        var value = key.type == "list" || key.type == "section" ? "text" : "[1]"
        for part in key.path.split(separator: ".").reversed() {
            let isList = part.hasSuffix("[]")
            value = isList ? "{ \(part.dropLast(2)): [\(value)] }" : "{ \(part): \(value) }"
        }
        return value
    }
}

/// A text and what must come of it.
struct Row<Value>: Sendable, CustomTestStringConvertible {
    let text: String
    let file: String?
    let isRight: @Sendable (Value) -> Bool

    init(_ text: String, file: String? = nil, isRight: @escaping @Sendable (Value) -> Bool) {
        self.text = text
        self.file = file
        self.isRight = isRight
    }

    var testDescription: String { self.text }
}

typealias PoolRow = Row<PoolConfiguration>
typealias RouteRow = Row<RouteConfiguration>
typealias ServiceRow = Row<ServiceConfiguration>
