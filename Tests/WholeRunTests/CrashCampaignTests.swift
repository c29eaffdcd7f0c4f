import Foundation
import Persistence
import Simulation
import Testing

/// The program itself as a process of its own, killed again and again under load.
@Suite struct CrashCampaignTests {
    /// `ROUTER_CRASH_ROUNDS` of them; three if it is not set.
    private static let rounds = ProcessInfo.processInfo.environment["ROUTER_CRASH_ROUNDS"].flatMap { Int($0) } ?? 3
    /// Repeats a campaign with `ROUTER_CRASH_SEED`, as far as the machine allows.
    private static let seed =
        ProcessInfo.processInfo.environment["ROUTER_CRASH_SEED"].flatMap { UInt64($0) }
        ?? UInt64.random(in: 1...UInt64(UInt32.max))

    @Test func nothingAnsweredOrForwardedIsMissingOrTwiceHoweverOftenTheRouterIsKilled() async throws {
        print("crash campaign: \(Self.rounds) rounds, ROUTER_CRASH_SEED=\(Self.seed)")
        var chance = SeededGenerator(seed: Self.seed)
        let pools = [
            try await SmallWorld.pool("primary", seed: 1) { $0.difficulty = 2e-8 },
            try await SmallWorld.pool("second", seed: 2) { $0.difficulty = 2e-8 },
        ]
        let port = try PortReservation(host: "127.0.0.1", port: 0)
        let program = try RouterProgram(port: port.port, pools: pools)
        defer { program.kill() }
        try program.start()
        let farm = try await SmallWorld.farm(12, port: port.port, hashesPerSecond: 2_000)
        for round in 1...Self.rounds {
            // A number of shares is a random moment in the life of the next ones.
            let goal = farm.totals.accepted + Int.random(in: 10...150, using: &chance)
            do {
                try await farm.wait(
                    "shares in round \(round)",
                    until: { $0.reduce(0) { $0 + $1.accepted } >= goal },
                    timeout: .seconds(60)
                )
            } catch {
                print("crash campaign: round \(round) stands still: \(farm.totals), \(program.ledgerPath)")
                for pool in pools { print("\(pool.name) has seen \(pool.shareLog.count) shares") }
                throw error
            }
            program.kill()
            try program.start()
        }
        try await farm.mineOn(2)
        try await farm.rest()
        #expect(program.stop() == 0)
        let rows = try program.shares()
        #expect(rows.count > Self.rounds * 10)
        #expect(Set(rows.map(\.id)).count == rows.count)
        #expect(!rows.contains { $0.verdict == .pending })
        for pool in pools { Books.check(rows, against: pool, open: [.lost, .unknown]) }
        for miner in farm.miners { Books.check(rows, against: miner) }
        let unknown = rows.count { $0.verdict == .unknown }
        print("crash campaign: \(rows.count) shares, \(unknown) unknown, \(farm.totals.submitted) submitted")
        #expect(try program.run(["ledger", "verify", "--ledger", program.ledgerPath]) == 0)
        try await farm.stop()
        for pool in pools { try await pool.stop() }
        try program.removeFiles()
    }
}

/// `router-cli` with a configuration and a ledger in a folder of its own.
private final class RouterProgram {
    private let folder: URL
    private let binary: URL
    private var process: Process?

    var ledgerPath: String { self.folder.appending(path: "ledger.sqlite").path }

    init(port: Int, pools: [SimulatedPool]) throws {
        self.folder = FileManager.default.temporaryDirectory.appending(path: "crash-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: self.folder, withIntermediateDirectories: true)
        // The tests and the program are built into one folder.
        self.binary = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
            .appending(path: "router-cli")
        var text = """
            routes:
              - name: btc
                listen: [{ address: "127.0.0.1:\(port)" }]
                vardiff: { enabled: false }
                health: { reconnect_initial: 100ms, reconnect_maximum: 500ms, failback_after: 1s }
                pools:

            """
        for pool in pools {
            text += "      - { name: \(pool.name), url: \"stratum+tcp://127.0.0.1:\(pool.port)\", user: account }\n"
        }
        text += "ledger: { path: ledger.sqlite }\ncontrol: { socket: s }\nlog: { level: warning }\n"
        try text.write(to: self.folder.appending(path: "router.yaml"), atomically: true, encoding: .utf8)
    }

    func start() throws {
        let process = try self.makeProcess(["run", "--config", self.folder.appending(path: "router.yaml").path])
        try process.run()
        self.process = process
    }

    /// At once and for good; returns when it is gone.
    func kill() {
        guard let process else { return }
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// As an operator stops it.
    /// - Returns: The exit code.
    func stop() -> Int32 {
        guard let process else { return -1 }
        process.terminate()
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// - Returns: The exit code.
    func run(_ arguments: [String]) throws -> Int32 {
        let process = try self.makeProcess(arguments)
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }

    func shares() throws -> [LedgerShareRecord] {
        var rows: [LedgerShareRecord] = []
        try LedgerReader(path: self.ledgerPath).shares(LedgerShareFilter()) { rows.append($0) }
        return rows
    }

    func removeFiles() throws {
        try FileManager.default.removeItem(at: self.folder)
    }

    /// What it writes goes to a file: a pipe that a child holds open would keep the test run from ending.
    private func makeProcess(_ arguments: [String]) throws -> Process {
        let process = Process()
        let output = self.folder.appending(path: "output.txt")
        if !FileManager.default.fileExists(atPath: output.path) { try Data().write(to: output) }
        let handle = try FileHandle(forWritingTo: output)
        try handle.seekToEnd()
        process.standardOutput = handle
        process.standardError = handle
        process.executableURL = self.binary
        process.arguments = arguments
        return process
    }
}
