import Configuration
import PoolPool
import Router
import Testing

/// What is wrong is told with its place and the remedy, all of it at once.
@Suite struct MistakeTests {
    @Test func allMistakesAreReportedAtOnceInOrder() {
        let text = """
            routes:
              - name: btc
                protocol: sha3
                listen:
                  - adress: 0.0.0.0:3333
                pools:
                  - name: primary
                    url: stratum+tcp://user:geheim@pool.example.com:3333
                    priority: high
                    weight: -1
                  - name: primary
                    url: stratum+tcp://pool.example.com
                    password: "${NOT_SET}"
                    weight: 1
                    weight: 2
                vardiff: { target_interval: 10, minimum: 8, maximum: 4 }
                health: { failbackAfter: 2m }
            log: [info]
            ledger:
              keep_shares: 0s
            threads: 0
            """
        let problems = Files().problems(text)
        #expect(
            problems == [
                #"3:15: protocol: "sha3" is not possible; write bitcoin or scrypt or equihash or cryptonote or ethash"#,
                #"5:9: listen: address is missing; address and port, as in 0.0.0.0:3333 or "[::]:3333""#,
                #"5:9: listen: unknown key "adress"; did you mean "address"?"#,
                "8:14: url: credentials in a URL are refused; write them as user: and password:",
                #"9:19: priority: "high" is no whole number from 0 to 1000000"#,
                #"10:17: weight: "-1" is no number, 0 to 1000000000"#,
                #"11:15: name: the pool in line 7 is called "primary" too; give each pool of the file its own name"#,
                #"12:14: url: "stratum+tcp://pool.example.com" has no port; the usual one would be :3333"#,
                "13:19: password: the environment variable NOT_SET is not set; set it, or write $${NOT_SET} for the text",
                "15:9: weight: stands here twice, first in line 14; keep one",
                #"16:33: target_interval: "10" is no duration; write a whole number and a unit, as in 500ms, 10s, 5m, 2h or 30d"#,
                "16:58: maximum: 4 is less than minimum, 8; make it at least that",
                #"17:15: health: unknown key "failbackAfter"; did you mean "failback_after"?"#,
                "18:6: log: keys and values are needed here, as in \"level: value\"",
                #"20:16: keep_shares: "0s" is out of range; 1h to 3650d is possible"#,
                #"21:10: threads: "0" is no whole number from 1 to 1024"#,
            ]
        )
        #expect(!problems.contains { $0.contains("geheim") })
    }

    @Test(arguments: [
        ("stratum://a.example:3333", "unknown scheme"),
        ("http://a.example:3333", "unknown scheme"),
        ("stratum2+tcp://a.example:3333", "Stratum V2"),
        ("a.example:3333", "no URL"),
        ("stratum+tcp://a.example", "no port"),
        ("stratum+tcp://a.example:0", "impossible port"),
        ("stratum+tcp://a.example:65536", "impossible port"),
        ("stratum+tcp://a.example:99999999999999999999", "impossible port"),
        ("'stratum+tcp://a.example:'", "impossible port"),
        ("stratum+tcp://a.example:33a", "impossible port"),
        ("stratum+tcp://:3333", "no proper host"),
        ("stratum+tcp://a..example:3333", "no proper host"),
        ("stratum+tcp://10.0.0.256:3333", "no proper host"),
        ("'stratum+tcp://a b:3333'", "no proper host"),
        ("stratum+tcp://2001:db8::1:3333", "several colons"),
        ("'stratum+tcp://[2001:db8::1:3333'", "lacks"),
        ("'stratum+tcp://[nonsense]:3333'", "no IPv6 address"),
        ("stratum+tcp://a.example:3333/path", "after the port"),
        ("stratum+tcp://a.example:3333?worker=1", "after the port"),
        ("stratum+tcp://a.example:3333#xnsub", "after the port"),
        ("stratum+tcp://account.worker:x@a.example:3333", "credentials"),
        ("account:x@a.example:3333", "credentials"),
    ])
    func poolURLIsRefused(url: String, remark: String) throws {
        let problems = Files().problems(document().replacing("stratum+ssl://pool.example.com:3333", with: url))
        #expect(problems.count == 1)
        let problem = try #require(problems.first)
        #expect(problem.hasPrefix("7:14: url: "))
        #expect(problem.contains(remark))
    }

    @Test(arguments: [
        ("3333", "only a port"), ("0.0.0.0", "no port"), ("''", "no proper host"), (":3333", "no proper host"),
        ("0.0.0.0:0", "impossible port"),
        ("'*:3333'", "no proper host"),
        ("'[::]'", "no port"), ("localhost", "no port"),
    ])
    func listenAddressIsRefused(address: String, remark: String) throws {
        let problems = Files().problems(document().replacing("0.0.0.0:3333", with: address))
        #expect(problems.count == 1)
        let problem = try #require(problems.first)
        #expect(problem.hasPrefix("4:18: address: "))
        #expect(problem.contains(remark))
    }

    @Test(arguments: [
        ("user: ''", "user: \"\" is empty"),
        ("user: \(String(repeating: "u", count: 256))", "longer than 255 bytes"),
        ("user: 'a.{wroker}'", "{wroker}, which means nothing"),
        (#"user: "a\tb""#, "control character"),
        (#"password: "geheim\n""#, "password: contains a control character"),
        ("password: [geheim]", "password: a single value is needed"),
        ("password: a\npassword_file: b", "password_file: password is given too"),
        ("password_file: b", "there is no file \"/etc/router/b\""),
        ("password_file: two-lines", "control character"),
        ("name: ' b'", "stands here twice"),
        ("enabled: 'yes'", "neither true nor false"),
        ("priority: 1.5", "no whole number"),
        ("priority: 99999999999999999999", "no whole number"),
        ("weight: nan", "no number"),
        ("weight: inf", "no number"),
        ("weight: 0x10", "no number"),
        ("weight: 1e999", "no number"),
        ("weight: 0", "every weight is 0"),
        ("suggest_difficulty: 0", "no number above 0"),
        ("standby: hot", "write one or warm"),
        ("coin: ''", "coin: \"\" is no name"),
        ("payout: script:51", "8:17: payout: a list is needed here, each item on a line that begins with \"- \""),
        ("payout: [script:5]", "8:18: payout: \"script:5\" is not an even number of hex digits"),
        ("payout: [script:51, [script:51]]", "8:29: payout: a single value is needed: address or script:HEX"),
        ("payout: [1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb]", "payout: \"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb\" has a wrong"),
        ("payout: [~]", "payout: \"~\" is "),
        // Private keys, which are shown to nobody; the second one has a slip in it.
        ("payout: [5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ]", "8:18: payout: the value is a private key"),
        ("payout: [5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTK]", "8:18: payout: the value has a wrong"),
        ("tls: { fingerprint: abcd }", "no SHA-256 fingerprint"),
        ("tls: { fingerprint: \(String(repeating: "zz", count: 32)) }", "no SHA-256 fingerprint"),
        ("tls: { certificate_authority: two-lines }", "is no PEM file"),
        ("<<: { priority: 2 }", "merge keys"),
        ("colour: red", "known here: name, url"),
        ("? [a]\n: b", "a key must be a plain word"),
    ])
    func poolKeyIsRefused(text: String, remark: String) {
        let files = Files(contents: ["/etc/router/two-lines": "one\ntwo\n"])
        let problems = files.problems(document(pool: text))
        #expect(problems.contains { $0.contains(remark) }, "\(problems)")
        #expect(!problems.contains { $0.contains("geheim") || $0.contains("5Hue") })
    }

    @Test(arguments: [
        ("version_mask: e0000000", "within 1fffffe0"),
        ("version_mask: 0x1fffe000", "within 1fffffe0"),
        ("reply: later", "write verdict or immediate"),
        ("keep_alive: 0s", "out of range"),
        ("keep_alive: 99999999999999999d", "too long"),
        ("keep_alive: 9223372036854775807d", "too long"),
        ("keep_alive: 10 s", "no duration"),
        ("keep_alive: -5s", "no duration"),
        ("vardiff: { initial: 4, minimum: 8 }", "initial: 4 is not between"),
        ("health: { verdict_suspect: 40s }", "verdict_suspect: 40s is more than verdict_down, 30s"),
        ("health: { verdict_deadline: 20s }", "verdict_down: 30s is more than verdict_deadline, 20s"),
        ("health: { reconnect_maximum: 500ms }", "reconnect_initial: 1s is more than reconnect_maximum, 500ms"),
        ("health: { lag: never }", "lag: \"never\" is no duration"),
        ("health: { lag: 0s }", "lag: \"0s\" is out of range; 1s to 24h is possible"),
        ("health: { slow_start: 25h }", "out of range; 0s to 24h"),
        ("health: { outliers: on }", "outliers: keys and values are needed here, as in \"enabled: value\""),
        ("health: { outliers: { window: 5s } }", "out of range; 10s to 10m"),
        (
            "health: { outliers: { reject_ratio: 0.25 } }",
            "reject_ratio: \"0.25\" is no percentage; write a number with a"
        ),
        ("health: { outliers: { reject_ratio: 0.9% } }", "out of range; 1% to 100% is possible"),
        ("health: { outliers: { reject_ratio: 101% } }", "out of range; 1% to 100% is possible"),
        ("health: { outliers: { reject_ratio: -5% } }", "no percentage"),
        ("health: { outliers: { reject_ratio: '5 %' } }", "no percentage"),
        ("health: { outliers: { reject_ratio: nan% } }", "no percentage"),
        ("health: { outliers: { reject_ratio: '%' } }", "no percentage"),
        ("health: { outliers: { ejection: 10m } }", "ejection: 10m is more than ejection_maximum, 300s"),
        ("health: { outliers: { ejection_maximum: 5s } }", "ejection: 30s is more than ejection_maximum, 5s"),
        ("balance: { moves_per_second: 0% }", "out of range; 0.1% to 100% is possible"),
        ("balance: { patience: 11m }", "out of range; 0s to 10m"),
        ("payout_guard: on", "payout_guard: \"on\" is not possible; write warn or eject or off"),
        ("limits: { line_length: 100 }", "out of range; 1KiB to 1MiB"),
        ("limits: { line_length: 16KB }", "no size"),
        ("limits: { line_length: 99999999999999GiB }", "out of range"),
        ("limits: { connections: 0 }", "no whole number"),
        ("name: -x", "is no name"),
    ])
    func routeKeyIsRefused(text: String, remark: String) {
        let base = text.hasPrefix("name") ? document().replacing("name: btc", with: text) : document(route: text)
        let problems = Files().problems(base)
        #expect(problems.count == 1)
        #expect(problems.allSatisfy { $0.contains(remark) }, "\(problems)")
    }

    @Test(arguments: [
        ("lgo", "log"), ("Log", "log"), ("leger", "ledger"), ("route", "routes"), ("controll", "control"),
        ("wholly-else", nil),
    ])
    func misspeltKeyIsRecognised(key: String, meant: String?) {
        let problems = Files().problems(document(rest: "\(key): {}"))
        let remedy = meant.map { "did you mean \"\($0)\"?" } ?? "known here: routes, ledger, control, log, threads"
        #expect(problems == ["8:1: the file: unknown key \"\(key)\"; \(remedy)"])
    }

    @Test func tlsOfAPlainPoolIsRefused() {
        let text = document(pool: "tls: { verify: true }").replacing("stratum+ssl", with: "stratum+tcp")
        #expect(Files().problems(text).map { $0.prefix(9) } == ["8:14: tls"])
    }

    @Test(arguments: [
        ("0.0.0.0:3333", "0.0.0.0:3333", true), ("0.0.0.0:3333", "10.0.0.1:3333", true),
        ("'[::]:3333'", "10.0.0.1:3333", true), ("10.0.0.1:3333", "'[::]:3333'", true),
        ("10.0.0.1:3333", "10.0.0.2:3333", false), ("0.0.0.0:3333", "0.0.0.0:3334", false),
        ("0.0.0.0:3333", "'[::1]:3333'", false),
    ])
    func addressesOfTwoRoutesMustNotOverlap(first: String, second: String, overlap: Bool) {
        let route =
            "\n  - { name: b, listen: [{ address: \(second) }], pools: [{ name: p, url: 'stratum+tcp://b.example:1' }] }"
        let text = document().replacing("0.0.0.0:3333", with: first).trimming() + route
        let problems = Files().problems(text)
        #expect(problems.count == (overlap ? 1 : 0), "\(problems)")
        #expect(problems.allSatisfy { $0.contains("is taken by") && $0.contains("in line 4") })
    }

    @Test func namesAreUniqueInTheFile() {
        let route =
            "\n  - { name: btc, listen: [{ address: 'a:1' }], pools: [{ name: primary, url: 'stratum+tcp://b.example:1' }] }"
        let problems = Files().problems(document().trimming() + route)
        #expect(problems.map { $0.prefix(11) } == ["8:13: name:", "8:64: name:"])
    }

    @Test func httpMustNotTakeAMinersAddress() {
        let problems = Files().problems(document(rest: "control: { http: { address: '127.0.0.1:3333' } }"))
        #expect(problems.map { $0.prefix(14) } == ["4:18: address:"])
    }

    @Test(arguments: [
        ("password: $abc$", [:], "$abc$"),
        ("password: a$$b", [:], "a$b"),
        ("password: $${A}", ["A": "1"], "${A}"),
        ("password: '${A}'", ["A": "1"], "1"),
        ("password: 'x${A}y${_B2}z'", ["A": "1", "_B2": "$${A}"], "x1y$${A}z"),
        ("password: '${A}'", ["A": ""], ""),
    ])
    func environmentIsFilledIn(pool: String, environment: [String: String], password: String) throws {
        let service = try Files().load(document(pool: pool), environment: environment)
        #expect(service.routes.first?.pools.first?.password == password)
    }

    @Test func environmentServesEveryKindOfValue() throws {
        let files = Files(contents: ["/run/credentials/pool": "p"])
        let service = try files.load(
            document(
                pool: "weight: ${W}\npassword_file: ${CREDENTIALS_DIRECTORY}/pool", rest: "log: { level: '${LEVEL}' }"
            ),
            environment: ["W": "3", "LEVEL": "error", "CREDENTIALS_DIRECTORY": "/run/credentials"]
        )
        #expect(service.routes.first?.pools.first?.weight == 3)
        #expect(service.routes.first?.pools.first?.password == "p")
        #expect(service.log.level == .error)
    }

    @Test(arguments: ["'${A'", "'${}'", "'${1A}'", "'${A-b}'", "'${'"])
    func brokenPlaceholderIsRefused(value: String) {
        let problems = Files().problems(document(pool: "user: \(value)"), environment: ["A": "1"])
        #expect(problems.map { $0.prefix(10) } == ["8:15: user"])
    }

    @Test func valueFromTheEnvironmentIsNotShown() {
        let problems = Files().problems(document(pool: "weight: '${SECRET}'"), environment: ["SECRET": "geheim"])
        #expect(problems == [#"8:17: weight: "${SECRET}" is no number, 0 to 1000000000"#])
    }

    @Test(arguments: [
        ("tls: { verify: false }", "8:14: tls: verify: false"),
        ("tls: { fingerprint: \(String(repeating: "0", count: 64)), verify: false }", "8:14: tls: with a fingerprint"),
        ("weight: 80", "8:17: weight: has no effect"),
        ("user: fixed\nstandby: warm", "9:18: standby: warm has no effect"),
        ("enabled: false", "6:7: pools: none is enabled"),
    ])
    func doubtfulValueIsAWarning(pool: String, warning: String) throws {
        let warnings = try Files().load(document(pool: pool)).warnings
        #expect(warnings.count == 1)
        #expect(warnings.first?.description.hasPrefix("/etc/router/test.yaml:\(warning)") == true, "\(warnings)")
    }

    @Test func payoutWithoutGuardIsAWarning() throws {
        let text = document(route: "payout_guard: off", pool: "payout: [script:51]")
        #expect(
            try Files().load(text).warnings.map(\.description) == [
                "/etc/router/test.yaml:8:17: payout: has no effect: payout_guard of the route is off"
            ]
        )
    }

    @Test func coinsThatDifferOnlyInCaseAreAWarning() throws {
        let others = ["btc", "BTC"].map {
            "\n  - { name: \($0), url: 'stratum+tcp://b.example:1', coin: \($0) }"
        }
        let text = document(pool: "coin: btc") + others.joined().replacing("\n", with: "\n    ")
        #expect(
            try Files().load(text).warnings.map(\.description) == [
                "/etc/router/test.yaml:11:62: coin: \"BTC\" is another coin than \"btc\" in line 8; "
                    + "write both alike if they are one"
            ]
        )
    }

    @Test(arguments: [(64, false), (65, true)])
    func routeHasAtMost64Pools(count: Int, isTooMuch: Bool) {
        let pools = (2...count).map { "\n      - { name: p\($0), url: 'stratum+tcp://b.example:1' }" }.joined()
        let problems = Files().problems(document().trimming() + pools)
        #expect(
            problems
                == (isTooMuch
                    ? ["6:7: pools: 65 are more than the 64 a route may have; put some into another route"] : [])
        )
    }

    @Test func listenersOfARouteHaveDifferentNames() {
        let listen = "- { address: 'a:1', name: asic }\n      - { address: 'a:2', name: asic }"
        let problems = Files().problems(document().replacing("- address: 0.0.0.0:3333", with: listen))
        #expect(
            problems == [
                "5:33: name: the listener in line 4 is called \"asic\" too; give each listener of the route its own name"
            ]
        )
    }

    @Test func openHTTPAndLongKeepAliveAreWarnings() throws {
        let text = document(route: "keep_alive: 60s", rest: "control: { http: { address: '0.0.0.0:80' } }")
        #expect(try Files().load(text).warnings.map(\.position?.line) == [8, 9])
    }
}

extension String {
    /// Without line ends at the end.
    func trimming() -> String { String(self.reversed().drop { $0.isWhitespace }.reversed()) }
}
