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
                "ACCEPTED→1000", "REJECTED→4", "LOST→1", "PENDING→5", "LATENCY→42 ms", "CAUSE=connected",
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
                "HASHRATE→110 TH/s", "DIFFICULTY→8.19 k", "ACCEPTED→100", "REJECTED→1", "LAST SHARE→1m30s",
                "CONNECTED→1m30s", "USER AGENT=-",
            ]
        )
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
