import ArgumentParser
import Foundation
import Logging
import Persistence
import Testing

@testable import RouterCLI

@Suite struct LedgerCareCommandTests {
    private static func withLedger(_ body: (String) async throws -> Void) async throws {
        let folder = NSTemporaryDirectory() + "/ledger-care-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/ledger.sqlite"
        let ledger = try Ledger(configuration: LedgerConfiguration(path: path), logger: Logger(label: "test"))
        _ = ledger.worker("a", route: "btc")
        await ledger.flush()
        try await body(path)
    }

    @Test func statisticsHaveTheFieldsUsersRelyOn() throws {
        var statistics = LedgerStatistics()
        statistics.fileBytes = 3_000
        statistics.freeBytes = 1_000
        statistics.openShares = 20
        #expect(
            try StatisticsColumns.text(statistics, path: "x", format: .json) == """
                {"path":"x","file_bytes":3000,"wal_bytes":0,"journal_bytes":0,"free_bytes":1000,"schema":0,"segments":0,\
                "sealed_shares":0,"open_shares":20,"pending_shares":0,"bytes_per_share":100,"oldest_share":null,\
                "newest_share":null,"rollups":0,"workers":0,"pools":0,"sessions":0,"gap_shares":0,\
                "shares_without_detail":0,"dropped_shares":0,"seal_segment":null,"seal_time":null,\
                "seal_hash":null,"seal_signed":null}

                """
        )
        let lines = try StatisticsColumns.text(statistics, path: "x", format: .table).split(separator: "\n")
        #expect(lines.count == StatisticsColumns.names.count)
        #expect(lines.contains("file_bytes             2.9 KiB"))
    }

    @Test func backupRefusesAnExistingFile() async throws {
        try await Self.withLedger { path in
            let command = try LedgerBackupCommand.parse([path, "--ledger", path])
            await #expect(throws: ExitStatus.usage) { try await command.run() }
            try await LedgerBackupCommand.parse([path + ".copy", "--ledger", path]).run()
            #expect(FileManager.default.fileExists(atPath: path + ".copy"))
        }
    }

    @Test func soundLedgerHasIntegrity() async throws {
        try await Self.withLedger { path in
            try await LedgerIntegrityCommand.parse(["--ledger", path]).run()
        }
    }

    @Test func whatIsNotSealedYetIsNotCalledGood() async throws {
        try await Self.withLedger { path in
            var result = try LedgerReader(path: path).verify()
            #expect(VerificationColumns.values(of: result).first == .text("nothing sealed yet"))
            result.segments = 1
            #expect(VerificationColumns.values(of: result).first == .text("good"))
        }
    }

    @Test func missingLedgerIsNoSuchFile() async throws {
        let arguments = ["--ledger", "/nowhere/ledger.sqlite"]
        await #expect(throws: ExitStatus.noInput) { try await LedgerStatsCommand.parse(arguments).run() }
        await #expect(throws: ExitStatus.noInput) { try await LedgerIntegrityCommand.parse(arguments).run() }
        await #expect(throws: ExitStatus.noInput) { try await LedgerBackupCommand.parse(["/tmp/x"] + arguments).run() }
        await #expect(throws: ExitStatus.noInput) {
            try await LedgerExportCommand.parse(["--format", "csv"] + arguments).run()
        }
    }

    @Test(arguments: [(0, "0 B"), (1_023, "1023 B"), (1_536, "1.5 KiB"), (5 << 30, "5.0 GiB"), (.max, "8388608.0 TiB")])
    func sizesAreReadable(count: Int64, text: String) {
        #expect(ByteCount.text(count) == text)
    }

    @Test func followedTablesHaveColumnsOfFixedWidth() {
        let table = StreamedTable(columns: ["id", "worker", "latency_ms", "verdict"])
        #expect(table.header == "       id  worker                latency_ms  verdict\n")
        let line = table.line([.integer(12), .text("a\u{1B}"), .null, .text("accepted")])
        #expect(line == "       12  a\\u{1b}                        -  accepted\n")
    }

    @Test(arguments: [OutputFormat.table, .csv]) func followedRowsComeAfterOneHeader(format: OutputFormat) throws {
        var printer = FollowPrinter(format: format, columns: ["id", "time"])
        #expect(try printer.next([]).hasPrefix(format == .csv ? "id,time\r\n" : "       id  time"))
        #expect(try printer.next([]) == "")
        #expect(try printer.next([[.integer(1), .text("x")]]) == (format == .csv ? "1,x\r\n" : "        1  x\n"))
    }

    @Test(arguments: [["--follow", "--until", "today"], ["--follow", "--limit", "-1"]])
    func followingHasNoEnd(arguments: [String]) {
        #expect(throws: (any Error).self) { try SharesCommand.parse(arguments) }
        #expect(throws: (any Error).self) { try EventsCommand.parse(arguments) }
    }
}
