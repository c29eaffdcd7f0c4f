import Foundation
import Testing

@testable import ControlAPI

@Suite struct OutputTests {
    @Test(
        arguments: [
            (0, "0 H/s"), (1, "1 H/s"), (0.25, "0.25 H/s"), (999, "999 H/s"), (999.6, "1.00 kH/s"), (1000, "1.00 kH/s"),
            (1.234e12, "1.23 TH/s"), (9.996e12, "10.0 TH/s"), (99.96e12, "100 TH/s"), (999.4e12, "999 TH/s"),
            (999.6e12, "1.00 PH/s"), (1.5e21, "1.50 ZH/s"), (1e30, "1000000000 ZH/s"), (.nan, "-"), (.infinity, "-"),
        ] as [(Double, String)])
    func hashrateHasThreeDigits(value: Double, text: String) {
        #expect(HumanUnits.hashrate(value) == text)
    }

    @Test(
        arguments: [
            (1.234e12, nil, "1.23 TH/s"), (1.234e12, 0.084, "1.23 TH/s ±8 %"), (1.234e12, 1, "1.23 TH/s ±100 %"),
            (1.234e12, 0.001, "1.23 TH/s ±1 %"), (1.234e12, 1e300, "1.23 TH/s ±999 %"), (1.234e12, .nan, "1.23 TH/s"),
            (0, 0.5, "0 H/s"), (.infinity, 0.5, "-"),
        ] as [(Double, Double?, String)])
    func hashrateSaysHowFarItCanBeTrusted(value: Double, uncertainty: Double?, text: String) {
        #expect(HumanUnits.hashrate(value, uncertainty: uncertainty) == text)
    }

    @Test(
        arguments: [
            (-1, "0 ms"), (0, "0 ms"), (0.25, "250 ms"), (0.9994, "999 ms"), (0.9996, "1.0 s"), (2.54, "2.5 s"),
            (59.96, "59s"), (60, "1m00s"), (.nan, "-"),
        ] as [(Double, String)])
    func delayHasPartsOfASecond(seconds: Double, text: String) {
        #expect(HumanUnits.delay(seconds: seconds) == text)
    }

    @Test(
        arguments: [
            (12.4, "+12 s"), (-3.2, "-3 s"), (0.4, "0 s"), (-0.4, "0 s"), (9999, "+9999 s"), (123_456, "+123 k s"),
            (-1e300, "-1.00 T s"), (.nan, "-"),
        ] as [(Double, String)])
    func secondsHaveTheirSign(value: Double, text: String) {
        #expect(HumanUnits.signedSeconds(value) == text)
    }

    @Test(arguments: [
        (0, "0"), (9999, "9999"), (10_000, "10.0 k"), (1_234_567, "1.23 M"), (-5, "-5"), (Int.max, "9.22 E"),
        (Int.min, "-9.22 E"),
    ])
    func countIsExactWhileSmall(value: Int, text: String) {
        #expect(HumanUnits.count(value) == text)
    }

    @Test(
        arguments: [
            (-1, "0s"), (0.9, "0s"), (59.9, "59s"), (60, "1m00s"), (192, "3m12s"), (3599, "59m59s"), (3600, "1h00m"),
            (7500, "2h05m"), (86_399, "23h59m"), (86_400, "1d00h"), (356_400, "4d03h"), (1e300, "11574074d01h"),
            (.nan, "-"), (.infinity, "-"),
        ] as [(Double, String)])
    func durationHasTwoUnits(seconds: Double, text: String) {
        #expect(HumanUnits.duration(seconds: seconds) == text)
    }

    @Test(arguments: [
        ("rig-1", "rig-1"), ("é 矿机 😀", "é 矿机 😀"), ("a\u{1b}[31mb", "a\\u{1b}[31mb"), ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
        ("\u{202e}evil", "\\u{202e}evil"), ("\u{9b}", "\\u{9b}"), ("a\u{2028}b", "a\\u{2028}b"), ("\\n", "\\\\n"),
        ("\u{0}", "\\u{0}"), ("\r\n", "\\r\\n"),
    ])
    func textCannotDisturbATerminal(text: String, printable: String) {
        #expect(text.printable() == printable)
    }

    @Test func longTextIsCut() {
        #expect("abcdef".printable(limit: 6) == "abcdef")
        #expect("abcdefg".printable(limit: 6) == "abcdef…")
    }

    private func cells(_ table: ReportTable, row: Int = 0) -> [String] {
        zip(table.columns, table.rows[row]).map { "\($0.title)\($0.isNumber ? "→" : "=")\($1)" }
    }

    @Test func routesTableIsAsPromised() {
        #expect(
            self.cells(ReportTable(routes: StatusReport.sample.routes)) == [
                "ROUTE=btc", "PROTOCOL=bitcoin", "LISTENERS=0.0.0.0:3333", "SESSIONS→12", "WORKERS→9",
                "HASHRATE→1.23 PH/s", "POOLS→2/3", "ACTIVE=primary", "ACCEPTED→1.23 M", "COUNTED→50", "STALE→3",
                "REJECTED→9", "LOST→6", "PENDING→7",
            ]
        )
    }

    @Test func poolsTableIsAsPromised() {
        let table = ReportTable(pools: [.primary, .backup], now: .start.addingTimeInterval(192))
        #expect(
            self.cells(table) == [
                "POOL=primary", "ROUTE=btc", "STATE=up", "FOR→3m12s", "PRIORITY→1", "WEIGHT→80", "SHARE→79.8 %",
                "TARGET→80.0 %", "HASHRATE→1.23 PH/s", "SESSIONS→12", "LINKS→1", "DIFFICULTY→65.5 k", "JOB AGE→12s",
                "LAG→250 ms", "ACCEPTED→1000", "REJECTED→4", "LOST→1", "PENDING→5", "LATENCY→42 ms", "CAUSE=connected",
            ]
        )
        #expect(table.rows[1].suffix(2) == ["-", "silent"])
    }

    @Test func workersTableIsAsPromised() {
        #expect(
            self.cells(ReportTable(workers: [.sample], now: .start.addingTimeInterval(5))) == [
                "WORKER=farm.rig1", "ROUTE=btc", "SESSIONS→1", "HASHRATE→110 TH/s", "DIFFICULTY→8.19 k", "ACCEPTED→100",
                "COUNTED→0", "STALE→2", "REJECTED→4", "LOST→0", "LAST SHARE→5s", "POOLS=primary",
            ]
        )
    }

    @Test func sessionsTableEscapesWhatTheMinerChose() {
        var session = SessionReport.sample
        session.worker = "rig\u{1b}[2J"
        session.userAgent = nil
        #expect(
            self.cells(ReportTable(sessions: [session], now: .start.addingTimeInterval(90))) == [
                "ID→17", "WORKER=rig\\u{1b}[2J", "ROUTE=btc", "REMOTE=192.0.2.7:40000", "POOL=primary",
                "HASHRATE→110 TH/s ±8 %", "DIFFICULTY→8.19 k", "ACCEPTED→100", "REJECTED→1", "LAST SHARE→1m30s",
                "CONNECTED→1m30s", "USER AGENT=-",
            ]
        )
    }

    @Test func hashratesAreInTheUnitOfTheirProtocol() {
        #expect(HumanUnits.hashrate(1_234, unit: "Sol/s") == "1.23 kSol/s")
        #expect(HumanUnits.hashrate(12, uncertainty: 0.1, unit: "Sol/s") == "12 Sol/s ±10 %")
        var route = RouteReport(name: "zec", protocol: "equihash", hashrate: 5e6, hashrateUnit: "Sol/s")
        #expect(self.cells(ReportTable(routes: [route])).contains("HASHRATE→5.00 MSol/s"))
        route.hashrateUnit = "\u{1b}"
        #expect(self.cells(ReportTable(routes: [route])).contains("HASHRATE→5.00 M\\u{1b}"))
        var pool = PoolReport.primary
        pool.hashrateUnit = "Sol/s"
        #expect(self.cells(ReportTable(pools: [pool], now: .start)).contains { $0.hasSuffix("Sol/s") })
        var worker = WorkerReport.sample
        worker.hashrateUnit = "Sol/s"
        #expect(self.cells(ReportTable(workers: [worker], now: .start)).contains { $0.hasSuffix("Sol/s") })
        var session = SessionReport.sample
        session.hashrateUnit = "Sol/s"
        #expect(self.cells(ReportTable(sessions: [session], now: .start)).contains { $0.hasSuffix("Sol/s ±8 %") })
        var explanation = ExplanationReport.sample
        explanation.hashrateUnit = "Sol/s"
        #expect(explanation.heading.first?.contains("TSol/s ±8 %") == true)
    }

    @Test func workersHashrateIsTheSumOfItsSessions() {
        var worker = WorkerReport(worker: "a", route: "btc")
        worker.add(hashrate: 0, uncertainty: 1)
        #expect(worker.hashrate == 0)
        #expect(worker.hashrateUncertainty == nil)
        worker.add(hashrate: 3e12, uncertainty: 0.1)
        #expect(worker.hashrateUncertainty == 0.1)
        // Deviations of 0.3 and 0.4 TH/s come to 0.5 TH/s in 5 TH/s.
        worker.add(hashrate: 2e12, uncertainty: 0.2)
        #expect(worker.hashrate == 5e12)
        #expect(abs((worker.hashrateUncertainty ?? 0) - 0.1) < 1e-9)
        #expect(self.cells(ReportTable(workers: [worker], now: .start)).contains("HASHRATE→5.00 TH/s ±10 %"))
    }

    @Test func explanationIsAsPromised() {
        let explanation = ExplanationReport.sample
        #expect(
            explanation.heading == [
                """
                session 17 of farm.rig1 (192.0.2.7:40000), about 110 TH/s ±8 %: mines at primary until its link to \
                backup is ready.
                """,
                "Why: backup is to have 60 % of the work.",
            ]
        )
        let table = ReportTable(explanation: explanation)
        #expect(
            self.cells(table) == [
                "POOL=primary", "STATE=good", "PRIORITY→1", "WEIGHT→80", "TARGET→40.0 %", "HAS→50.0 %", "WORK→25.0 %",
                "LACKS→-3 s", "AGAINST IT=-",
            ]
        )
        #expect(table.rows[1].suffix(2) == ["+12 s", "put aside: too many refused"])
        #expect(explanation.footing == ["What would move it:", "- backup failing", "- the balance"])
    }

    @Test(
        arguments: [
            ("a", "a", "mines at a"), ("a", "b", "mines at b until its link to a is ready"),
            ("a", nil, "was given to a and waits for its first job"), (nil, "b", "mines at b, and no pool can have it"),
            (nil, nil, "waits for a pool"),
        ] as [(String?, String?, String)])
    func explanationSaysWhereTheSessionIs(pool: String?, link: String?, place: String) {
        var explanation = ExplanationReport.sample
        explanation.pool = pool
        explanation.link = link
        explanation.movers = []
        #expect(explanation.heading.first?.hasSuffix(": \(place).") == true)
        #expect(explanation.footing.isEmpty)
    }

    @Test func explanationEscapesWhatStrangersChose() {
        var explanation = ExplanationReport.sample
        explanation.worker = "rig\u{1b}[2J\n"
        explanation.reason = "a\u{1b}b"
        explanation.movers = ["c\nd"]
        explanation.pools[0].objection = "e\u{1b}f"
        #expect(explanation.heading.first?.hasPrefix("session 17 of rig\\u{1b}[2J\\n (") == true)
        #expect(explanation.heading.last == "Why: a\\u{1b}b.")
        #expect(explanation.footing.last == "- c\\nd")
        #expect(ReportTable(explanation: explanation).rows[0].last == "e\\u{1b}f")
    }

    @Test func statusSaysWhatIsAroundTheTable() {
        var status = StatusReport.sample
        status.ledger.lastError = "disk\nfull"
        #expect(status.heading == "router 1.2.3, running, up 3m12s, pid 42, started 2026-01-02T03:04:05.678Z")
        #expect(
            status.footing == [
                "ledger /var/lib/router/ledger.sqlite: healthy, 1.23 M rows, 3 queued, 0 gaps",
                "ledger error: disk\\nfull",
                "warning: pool second: certificate is not checked",
            ]
        )
    }
}
