import ArgumentParser
import Foundation
import Logging
import Persistence
import Testing

@testable import RouterCLI

@Suite struct LedgerCommandTests {
    /// A ledger with two shares and two events in a folder of its own.
    private static func makeLedger() async throws -> String {
        let path = NSTemporaryDirectory() + "/ledger-command-\(UUID().uuidString)/ledger.sqlite"
        let ledger = try Ledger(configuration: LedgerConfiguration(path: path), logger: Logger(label: "test"))
        let worker = ledger.worker("farm.rig1", route: "btc")
        let pool = ledger.pool("primary", route: "btc")
        let lane = ledger.makeLane()
        let time: Int64 = 1_769_850_300_250
        lane.record(
            .sessionOpened(LedgerSession(id: 5, time: time, worker: worker, remote: "10.0.0.9:4000", userAgent: "x")))
        lane.record(.job(LedgerJob(id: 3, jobID: "a1", pool: pool, poolJobID: "17c", poolDifficulty: 2_048)))
        for (id, verdict) in [(1, .pending), (2, .stale)] as [(Int64, LedgerVerdictKind)] {
            let share = LedgerShare(
                id: id,
                time: time + id * 1_000,
                session: 5,
                worker: worker,
                pool: pool,
                job: 3,
                difficulty: 512,
                shareDifficulty: 4_096.5,
                forwarded: verdict == .pending,
                verdict: verdict,
                reason: verdict == .stale ? ledger.reason("Stale") : 0,
                reasonCode: verdict == .stale ? 21 : nil,
                extranonce2: LedgerExtranonce2(bytes: [0, 1, 0xFE, 0xFF]),
                ntime: 0x697D_C1BC,
                nonce: 0xBEEF,
                versionBits: verdict == .pending ? 0x00FF_E000 : nil
            )
            lane.record(.share(share))
        }
        lane.record(.settled(LedgerVerdict(id: 1, verdict: .accepted, latency: 41_500)))
        lane.record(
            .poolEvent(LedgerPoolEvent(time: time + 9_000, kind: .down, pool: pool, cause: "closed", detection: 12)))
        await ledger.flush()
        return path
    }

    private static func json(_ columns: [String], _ values: [OutputValue]) throws -> String {
        var text = ""
        var printer = try RowPrinter(format: .json, columns: columns) { text += $0 }
        try printer.add(values)
        try printer.finish()
        return text
    }

    @Test func sharesHaveTheFieldsUsersRelyOn() async throws {
        let path = try await Self.makeLedger()
        defer { try? FileManager.default.removeItem(atPath: (path as NSString).deletingLastPathComponent) }
        var lines = ""
        try LedgerReader(path: path).shares(LedgerShareFilter()) {
            lines += try Self.json(ShareColumns.names(.json), ShareColumns.values(of: $0, .json))
        }
        let first = """
            {"id":1,"time":"2026-01-31T09:05:01.250Z","route":"btc","worker":"farm.rig1","session":5,\
            "remote":"10.0.0.9:4000","pool":"primary","job":"a1","pool_job":"17c","difficulty":512,\
            "pool_difficulty":2048,"share_difficulty":4096.5,"forwarded":true,"verdict":"accepted","reason":null,\
            "latency_ms":41.5,"extranonce2":"0001feff","ntime":"697dc1bc","nonce":"0000beef","version_bits":"00ffe000",\
            "immediate_reply":false,"late_verdict":null,"protocol":"bitcoin"}

            """
        let second = """
            {"id":2,"time":"2026-01-31T09:05:02.250Z","route":"btc","worker":"farm.rig1","session":5,\
            "remote":"10.0.0.9:4000","pool":"primary","job":"a1","pool_job":"17c","difficulty":512,\
            "pool_difficulty":2048,"share_difficulty":4096.5,"forwarded":false,"verdict":"stale","reason":"21 Stale",\
            "latency_ms":null,"extranonce2":"0001feff","ntime":"697dc1bc","nonce":"0000beef","version_bits":null,\
            "immediate_reply":false,"late_verdict":null,"protocol":"bitcoin"}

            """
        #expect(lines == first + second)
    }

    @Test func reportHasTheFieldsUsersRelyOn() async throws {
        let path = try await Self.makeLedger()
        defer { try? FileManager.default.removeItem(atPath: (path as NSString).deletingLastPathComponent) }
        let keys = try ReportColumns.keys(in: "route,worker,pool,hour")
        let rows = try LedgerReader(path: path).report(by: keys, period: LedgerPeriod(), now: 1_769_850_400_000)
        let range = try #require(rows.first?.hashrateRange)
        let (low, high) = (OutputValue.number(range.lowerBound).json, OutputValue.number(range.upperBound).json)
        let lines = try rows.map { try Self.json(ReportColumns.names(keys), ReportColumns.values(of: $0, keys)) }
        #expect(
            lines == [
                """
                {"route":"btc","worker":"farm.rig1","pool":"primary","hour":"2026-01-31T09:00:00.000Z","shares":2,\
                "forwarded":1,"accepted":1,"rejected":0,"stale":1,"duplicate":0,"low_difficulty":0,"malformed":0,\
                "unauthorized":0,"counted":0,"lost":0,"unknown":0,"pending":0,"accepted_work":2048,"session_work":512,\
                "reject_percent":50,"hashrate":2199023255552,"hashrate_low":\(low),"hashrate_high":\(high),\
                "session_hashes":2199023255552,"accepted_hashes":8796093022208,"in_gaps":0,"from_rollups":0,\
                "protocol":"bitcoin"}

                """
            ]
        )
    }

    @Test func tablesAndExportsOfSharesHaveNoProtocol() async throws {
        let path = try await Self.makeLedger()
        defer { try? FileManager.default.removeItem(atPath: (path as NSString).deletingLastPathComponent) }
        #expect(ShareColumns.names(.csv) == ShareColumns.names(.table) + ["protocol"])
        #expect(!ExportColumns.names.contains("protocol"))
        try LedgerReader(path: path).shares(LedgerShareFilter()) {
            #expect(ShareColumns.values(of: $0, .table).count == ShareColumns.names(.table).count)
            #expect(ShareColumns.values(of: $0, .csv).last == .text("bitcoin"))
            #expect(ExportColumns.values(of: $0).count == ExportColumns.names.count)
        }
    }

    @Test func reportOfOneUnitSaysNothingAboutUnits() async throws {
        let path = try await Self.makeLedger()
        defer { try? FileManager.default.removeItem(atPath: (path as NSString).deletingLastPathComponent) }
        let reader = try LedgerReader(path: path)
        #expect(ReportNotes.lines(about: try reader.report(by: [], LedgerReportFilter(), now: 0)) == [])
    }

    @Test func reportOverSeveralUnitsSaysSo() async throws {
        let path = NSTemporaryDirectory() + "/ledger-command-\(UUID().uuidString)/ledger.sqlite"
        defer { try? FileManager.default.removeItem(atPath: (path as NSString).deletingLastPathComponent) }
        let ledger = try Ledger(configuration: LedgerConfiguration(path: path), logger: Logger(label: "test"))
        ledger.describe(route: "xmr", protocol: "cryptonote", hashesPerDifficulty: 1)
        let lane = ledger.makeLane()
        for (id, route) in [(1, "btc"), (2, "xmr")] as [(Int64, String)] {
            let share = LedgerShare(
                id: id,
                time: 1_769_850_300_250,
                session: 1,
                worker: ledger.worker("rig", route: route),
                pool: 0,
                job: 0,
                difficulty: 512,
                shareDifficulty: 600,
                forwarded: false,
                verdict: .counted,
                extranonce2: LedgerExtranonce2(bytes: 1...32),
                ntime: 0,
                nonce: 1,
                versionBits: nil
            )
            lane.record(.share(share))
        }
        await ledger.flush()
        let reader = try LedgerReader(path: path)
        func report(_ keys: [LedgerReportKey]) throws -> LedgerReportTable {
            try reader.report(by: keys, LedgerReportFilter(), now: 1_769_850_400_000)
        }
        let note = "accepted_work and session_work add up difficulties of several units: see hashes, or --by route"
        #expect(ReportNotes.lines(about: try report([])) == [note])
        #expect(ReportNotes.lines(about: try report([.worker])) == [note])
        #expect(ReportNotes.lines(about: try report([.route, .worker])) == [])
        #expect(!ReportColumns.names([.worker]).contains("protocol"))
        let lines = try report([.route]).rows.map {
            try Self.json(ReportColumns.names([.route]), ReportColumns.values(of: $0, [.route]))
        }
        #expect(lines.map { $0.contains(#""session_hashes":2199023255552,"#) } == [true, false])
        #expect(lines.map { $0.contains(#""session_hashes":512,"#) } == [false, true])
        #expect(lines.map { $0.contains(#""protocol":"bitcoin"}"#) } == [true, false])
        #expect(lines.map { $0.contains(#""protocol":"cryptonote"}"#) } == [false, true])
    }

    @Test func eventsHaveTheFieldsUsersRelyOn() async throws {
        let path = try await Self.makeLedger()
        defer { try? FileManager.default.removeItem(atPath: (path as NSString).deletingLastPathComponent) }
        let events = try LedgerReader(path: path).events(LedgerEventFilter())
        #expect(events.map(\.kind) == ["session_opened", "down"])
        #expect(
            try Self.json(EventColumns.names, EventColumns.values(of: try #require(events.last))) == """
                {"time":"2026-01-31T09:05:09.250Z","kind":"down","route":"btc","pool":"primary","from_pool":null,\
                "to_pool":null,"session":null,"worker":null,"remote":null,"cause":"closed","detection_ms":12,\
                "sessions_moved":null,"shares_lost":null,"detail":"","last_good":null,"completion_ms":null,\
                "sessions_waiting":null,"work_lost":null,"hashes_lost":null,"sessions_closed":null}

                """
        )
    }

    /// What `events` shows of a ledger with a failover that has a receipt.
    private static func failover(_ receipt: LedgerEventDetail, _ format: OutputFormat) async throws -> String {
        let path = NSTemporaryDirectory() + "/ledger-command-\(UUID().uuidString)/ledger.sqlite"
        defer { try? FileManager.default.removeItem(atPath: (path as NSString).deletingLastPathComponent) }
        let ledger = try Ledger(configuration: LedgerConfiguration(path: path), logger: Logger(label: "test"))
        let (first, second) = (ledger.pool("first", route: "btc"), ledger.pool("second", route: "btc"))
        let failover = LedgerPoolEvent(
            time: 1_769_850_300_250,
            kind: .failover,
            pool: first,
            cause: "closed",
            detection: 12,
            sessionsMoved: 5,
            sharesLost: 2,
            fromPool: first,
            toPool: second,
            detail: receipt.text
        )
        ledger.makeLane().record(.poolEvent(failover))
        await ledger.flush()
        var text = ""
        var printer = try RowPrinter(format: format, columns: EventColumns.names, leavesOutEmpty: true) { text += $0 }
        for event in try LedgerReader(path: path).events(LedgerEventFilter()) {
            try printer.add(EventColumns.values(of: event))
        }
        try printer.finish()
        return text
    }

    private static let receipt = LedgerEventDetail(
        lastGood: 1_769_850_298_125,
        completion: 480,
        sessionsWaiting: 0,
        sessionsClosed: 1,
        workLost: 4_096.5,
        hashesLost: 17_594_333_528_064
    )

    @Test func failoverHasItsReceipt() async throws {
        #expect(
            try await Self.failover(Self.receipt, .json) == """
                {"time":"2026-01-31T09:05:00.250Z","kind":"failover","route":"btc","pool":"first","from_pool":"first",\
                "to_pool":"second","session":null,"worker":null,"remote":null,"cause":"closed","detection_ms":12,\
                "sessions_moved":5,"shares_lost":2,"detail":null,"last_good":"2026-01-31T09:04:58.125Z",\
                "completion_ms":480,"sessions_waiting":0,"work_lost":4096.5,"hashes_lost":17594333528064,\
                "sessions_closed":1}

                """
        )
        #expect(
            try await Self.failover(Self.receipt, .csv).split(separator: "\r\n") == [
                """
                time,kind,route,pool,from_pool,to_pool,session,worker,remote,cause,detection_ms,sessions_moved,\
                shares_lost,detail,last_good,completion_ms,sessions_waiting,work_lost,hashes_lost,\
                sessions_closed
                """,
                """
                2026-01-31T09:05:00.250Z,failover,btc,first,first,second,,,,closed,12,5,2,,\
                2026-01-31T09:04:58.125Z,480,0,4096.5,17594333528064,1
                """,
            ]
        )
    }

    @Test func failoverThatNeverEndedHasNoTimes() async throws {
        var receipt = Self.receipt
        receipt.lastGood = nil
        receipt.completion = nil
        receipt.sessionsWaiting = 3
        let line = try await Self.failover(receipt, .json)
        #expect(line.contains(#""detail":null,"last_good":null,"completion_ms":null,"sessions_waiting":3,"#))
    }

    @Test func tableOfEventsHasNoEmptyColumns() async throws {
        #expect(
            try await Self.failover(Self.receipt, .table) == """
                time                      kind      route  pool   from_pool  to_pool  cause   detection_ms  \
                sessions_moved  shares_lost  last_good                 completion_ms  sessions_waiting  work_lost  \
                hashes_lost  sessions_closed
                2026-01-31T09:05:00.250Z  failover  btc    first  first      second   closed            12  \
                             5            2  2026-01-31T09:04:58.125Z            480                 0     4.10 k  \
                     17.6 T                1

                """
        )
    }

    @Test func receiptOfAnEarlierVersionIsRead() throws {
        let old = #"{"completion_ms":480,"hashes_lost":0,"last_good":1,"sessions_waiting":0,"work_lost":0}"#
        let detail = try #require(LedgerEventDetail(text: old))
        #expect(detail.completion == 480 && detail.sessionsClosed == nil)
    }

    @Test(arguments: ["", "{", "{}", "[]", "rows 1 to 5", #"{"last_good":1}"#, #"{"sessions_waiting":"many"}"#])
    func detailThatIsNoReceiptStaysText(text: String) {
        #expect(LedgerEventDetail(text: text) == nil)
    }

    @Test func optionsAreUnderstood() throws {
        let shares = try SharesCommand.parse([
            "--ledger", "x", "--worker", "a", "--worker", "b", "--verdict", "low_difficulty", "--since", "2h",
            "--limit",
            "5", "--format", "csv",
        ])
        #expect(shares.worker == ["a", "b"])
        #expect(shares.verdict == [.lowDifficulty])
        #expect(shares.format == .csv)
        #expect(try ReportCommand.parse(["--by", "worker,day"]).by == [.worker, .day])
        #expect(try EventsCommand.parse(["--kind", "failover"]).kind == ["failover"])
    }

    @Test(arguments: [
        ["--verdict", "fine"], ["--since", "soon"], ["--since", "1h", "--until", "2h"], ["--limit", "-1"],
        ["--limit", "many"], ["--ledger", "a", "--config", "b"], ["--format", "xml"],
    ])
    func nonsenseIsAUsageError(arguments: [String]) {
        #expect { try SharesCommand.parse(arguments) } throws: { error in
            SharesCommand.exitCode(for: error) == ExitStatus.usage
        }
    }

    @Test(arguments: [["--by", "colour"], ["--by", "worker,"]]) func unknownKeyIsAUsageError(arguments: [String]) {
        #expect { try ReportCommand.parse(arguments) } throws: { error in
            ReportCommand.exitCode(for: error) == ExitStatus.usage
        }
    }

    @Test func missingLedgerIsNoSuchFile() throws {
        let options = try LedgerOptions.parse(["--ledger", "/nowhere/ledger.sqlite"])
        #expect(throws: ExitStatus.noInput) { try options.read { _ in } }
    }

    @Test func foreignFileIsAConfigurationError() throws {
        let path = NSTemporaryDirectory() + "/ledger-command-\(UUID().uuidString)"
        try String(repeating: "no database ", count: 100).write(toFile: path, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let options = try LedgerOptions.parse(["--ledger", path])
        #expect(throws: ExitStatus.configuration) { try options.read { _ in } }
    }
}
