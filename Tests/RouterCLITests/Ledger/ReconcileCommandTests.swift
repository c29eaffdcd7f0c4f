import ArgumentParser
import Foundation
import Logging
import Persistence
import Testing

@testable import RouterCLI

@Suite struct ReconcileCommandTests {
    /// A folder with a ledger, gone when the test is over.
    private final class Folder: Sendable {
        let path = NSTemporaryDirectory() + "/reconcile-\(UUID().uuidString)"
        var ledger: String { self.path + "/ledger.sqlite" }

        deinit { try? FileManager.default.removeItem(atPath: self.path) }

        func statement(_ text: String) throws -> String {
            let path = self.path + "/statement.csv"
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            return path
        }
    }

    /// 60 accepted shares of the difficulty 1,024 each of rig1 and rig2 on 2026-01-31, one a minute from midnight on.
    private static func makeLedger(_ describe: (Ledger) -> Void = { _ in }) async throws -> Folder {
        let folder = Folder()
        let configuration = LedgerConfiguration(path: folder.ledger)
        let ledger = try Ledger(configuration: configuration, logger: Logger(label: "test"))
        describe(ledger)
        let workers = ["farm.rig1", "farm.rig2"].map { ledger.worker($0, route: "btc") }
        let pool = ledger.pool("primary", route: "btc")
        let lane = ledger.makeLane()
        lane.record(.job(LedgerJob(id: 1, jobID: "a", pool: pool, poolJobID: "b", poolDifficulty: 1_024)))
        for id in 0..<120 as Range<Int64> {
            let share = LedgerShare(
                id: id + 1,
                time: 1_769_817_600_000 + id / 2 * 60_000,
                session: id % 2 + 1,
                worker: workers[Int(id % 2)],
                pool: pool,
                job: 1,
                difficulty: 1_024,
                shareDifficulty: 2_000,
                forwarded: true,
                verdict: .pending,
                extranonce2: LedgerExtranonce2(bytes: [0, 1, 2, 3]),
                ntime: 1,
                nonce: 2,
                versionBits: nil
            )
            lane.record(.share(share))
            lane.record(.settled(LedgerVerdict(id: id + 1, verdict: .accepted, latency: 1)))
        }
        await ledger.flush()
        return folder
    }

    private static func command(_ folder: Folder, _ statement: String, _ arguments: String...) throws
        -> ReconcileCommand
    {
        try ReconcileCommand.parse(
            ["--ledger", folder.ledger, "--pool", "primary", "--statement", try folder.statement(statement)] + arguments
        )
    }

    private static func compare(_ command: ReconcileCommand) throws -> StatementComparison {
        let rows = try command.rows()
        return try command.source.read { try command.compare(rows, with: $0) }
    }

    private static func exitCode(_ command: ReconcileCommand) async -> ExitCode {
        do {
            try await command.run()
            return .success
        } catch {
            return ReconcileCommand.exitCode(for: error)
        }
    }

    @Test func linesHaveTheFieldsUsersRelyOn() async throws {
        let folder = try await Self.makeLedger()
        let text = """
            worker,time,difficulty
            acc.rig1,2026-01-31,61440
            acc.rig2,2026-01-31,46080
            acc.rig9,2026-01-31,5

            """
        let command = try Self.command(
            folder, text, "--model", "exact", "--period", "1d", "--worker-prefix", "acc.", "--edge", "0s")
        let comparison = try Self.compare(command)
        var lines = ""
        var printer = try RowPrinter(format: .csv, columns: ReconcileColumns.names) { lines += $0 }
        for row in ReconcileColumns.rows(of: comparison) { try printer.add(row) }
        try printer.finish()
        let day = "2026-01-31T00:00:00.000Z,2026-02-01T00:00:00.000Z"
        #expect(
            lines.split(separator: "\r\n") == [
                """
                line,worker,since,until,shares,accepted_work,credited_work,difference_percent,low_percent,high_percent,\
                verdict,shares_needed
                """,
                "stated,rig1,\(day),60,61440,61440,0,0,0,consistent,1",
                "stated,rig2,\(day),60,61440,46080,-25,-25,-25,under-credited,1",
                "unknown_worker,rig9,,,,,5,,,,,",
                "total,,\(day),120,122880,107520,-12.5,-12.5,-12.5,under-credited,1",
            ]
        )
        #expect(
            ReconcileWords(comparison, pool: "primary", with: command.reconciliation).lines == [
                "left out, because the ledger knows no such workers: rig9 (line 4)",
                "lines that chance does not explain: rig2 (2026-01-31T00:00:00.000Z)",
                "primary: under-credited by 12.50 % (95 % interval 12.50 % to 12.50 %)",
                "a shortfall of 1 % shows, however few the shares; there are 120",
            ]
        )
        #expect(await Self.exitCode(command) == ExitStatus.no)
    }

    @Test func sampledModelAllowsForChance() async throws {
        let folder = try await Self.makeLedger()
        let text = "date,shares\n2026-01-31,110\n"
        let options = ["--unit", "shares", "--share-difficulty", "1024", "--period", "1d"]
        let command = try ReconcileCommand.parse(
            ["--ledger", folder.ledger, "--pool", "primary", "--statement", try folder.statement(text)] + options
        )
        let comparison = try Self.compare(command)
        #expect(comparison.total?.finding.verdict == .notEnough)
        #expect(comparison.total?.finding.sharesNeeded == 104_759)
        #expect(
            ReconcileWords(comparison, pool: "primary", with: command.reconciliation).lines == [
                "primary: not enough shares: difference -8.33 % (95 % interval -24.66 % to 10.48 %)",
                "to see a shortfall of 1 % with 90 % probability, 104759 shares like these are enough; there are 120",
            ]
        )
        #expect(await Self.exitCode(command) == .success)
        let half = try Self.command(
            folder, "date,shares\n2026-01-31,60\n", "--unit", "shares", "--share-difficulty", "1024", "--period", "1d",
            "--shortfall", "50")
        #expect(try Self.compare(half).total?.finding.verdict == .underCredited)
        #expect(await Self.exitCode(half) == ExitStatus.no)
    }

    @Test func hashratesAreTakenOverThePeriod() async throws {
        let folder = try await Self.makeLedger()
        // 122,880 × 2^32 hashes in an hour.
        let text = "time;end;hashrate\n2026-01-31T00:00:00Z;2026-01-31T01:00:00Z;0.1466\n"
        let command = try Self.command(folder, text, "--unit", "ths", "--model", "exact", "--edge", "0s")
        #expect(try Self.compare(command).total?.finding.verdict == .consistent)
        let less = try Self.command(
            folder, text.replacing("0.1466", with: "0.1464"), "--unit", "ths", "--model", "exact", "--edge", "0s")
        #expect(try Self.compare(less).total?.finding.verdict == .underCredited)
        let atEdges = try Self.command(
            folder, text.replacing("0.1466", with: "0.1464"), "--unit", "ths", "--model", "exact")
        #expect(try Self.compare(atEdges).total?.finding.verdict == .notEnough)
    }

    @Test func hashesAreTakenInTheUnitOfThePoolsRoute() async throws {
        let folder = try await Self.makeLedger {
            $0.describe(route: "btc", protocol: "equihash", hashesPerDifficulty: 8_192)
            _ = $0.pool("primary", route: "other")
        }
        let options = ["--unit", "hashes", "--model", "exact", "--edge", "0s", "--period", "1d"]
        let text = "date,hashes\n2026-01-31,1006632960\n"
        let statement = try folder.statement(text)
        func command(_ more: String...) throws -> ReconcileCommand {
            try ReconcileCommand.parse(
                ["--ledger", folder.ledger, "--pool", "primary", "--statement", statement] + options + more
            )
        }
        // 122,880 × 8,192.
        let total = try Self.compare(try command("--route", "btc")).total
        #expect(total?.amounts.credited == 122_880)
        #expect(total?.finding.verdict == .consistent)
        // At the other route it would be Bitcoin's.
        #expect(throws: ExitStatus.usage) { try command().rows() }
        #expect(try command("--route", "other").rows().rows.map(\.credited) == [1_006_632_960 / 4_294_967_296])
    }

    @Test func rowsOutsideOfThePeriodAreLeftOut() async throws {
        let folder = try await Self.makeLedger()
        let text = "date,work\n2026-01-30,5\n2026-01-31,122880\n"
        let command = try Self.command(folder, text, "--model", "exact", "--edge", "0s", "--since", "2026-01-31")
        let comparison = try Self.compare(command)
        #expect(comparison.lines.count == 1)
        #expect(comparison.total?.finding.verdict == .consistent)
        #expect(await Self.exitCode(command) == .success)
    }

    @Test func whatIsWrongWithTheInputHasItsExitCode() async throws {
        let folder = try await Self.makeLedger()
        #expect(await Self.exitCode(try Self.command(folder, "date,work\n2026-01-31,x\n")) == ExitStatus.usage)
        #expect(await Self.exitCode(try Self.command(folder, "date,work\n")) == ExitStatus.usage)
        let statement = try folder.statement("date,work\n2026-01-31,1\n")
        let unknown = try ReconcileCommand.parse(
            ["--ledger", folder.ledger, "--pool", "x", "--statement", statement, "--period", "1d"]
        )
        #expect(await Self.exitCode(unknown) == ExitStatus.usage)
        let missing = try ReconcileCommand.parse(
            ["--ledger", folder.ledger, "--pool", "primary", "--statement", "/nowhere/statement.csv"])
        #expect(await Self.exitCode(missing) == ExitStatus.noInput)
    }

    @Test(arguments: [
        ["--unit", "furlongs"], ["--period", "0s"], ["--period", "soon"], ["--period", "1969-12-31"],
        ["--edge", "-1s"],
        ["--shortfall", "0"], ["--shortfall", "nan"], ["--confidence", "100"], ["--share-difficulty", "-1"],
        ["--model", "guess"], ["--separator", "x"], ["--by", "colour"],
    ])
    func nonsenseIsAUsageError(arguments: [String]) {
        #expect {
            try ReconcileCommand.parse(["--ledger", "l", "--pool", "p", "--statement", "s"] + arguments)
        } throws: { error in
            ReconcileCommand.exitCode(for: error) == ExitStatus.usage
        }
    }
}
