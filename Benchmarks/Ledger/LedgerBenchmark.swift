import Foundation
import Logging
import Persistence

/// `ledger-benchmark FOLDER [shares] [workers]`: fills a ledger and says how fast, how large, how quick it answers, and how
/// long dropping old shares holds the writer up.
@main
struct LedgerBenchmark {
    private static let clock = ContinuousClock()
    private static let start: Int64 = 1_790_000_000_000

    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 2 else {
            say("usage: ledger-benchmark FOLDER [shares, 1000000 if not given] [workers, 1000 if not given]")
            exit(64)
        }
        let shares = arguments.count > 2 ? Int(arguments[2]) ?? 1_000_000 : 1_000_000
        let workers = arguments.count > 3 ? Int(arguments[3]) ?? 1_000 : 1_000
        let path = "\(arguments[1])/ledger-benchmark-\(shares)-\(workers).sqlite"
        var farm = SimulatedShares(workers: workers, seed: 1, start: Self.start)
        try await Self.fill(path, shares, &farm)
        try Self.ask(path)
        try await Self.prune(path, shares, &farm)
    }

    private static func open(_ path: String, keepShares: Int64? = nil) throws -> Ledger {
        var logger = Logger(label: "benchmark")
        logger.logLevel = .warning
        return try Ledger(configuration: LedgerConfiguration(path: path, keepShares: keepShares), logger: logger)
    }

    /// Records in pieces and lets the writer finish each, so that its time is told apart.
    private static func fill(_ path: String, _ shares: Int, _ farm: inout SimulatedShares) async throws {
        let ledger = try Self.open(path)
        let lane = ledger.makeLane()
        farm.begin(ledger, lane)
        var recording = Duration.zero
        var writing = Duration.zero
        for first in stride(from: 0, to: shares, by: 100_000) {
            recording += Self.clock.measure {
                for _ in 0..<min(100_000, shares - first) { farm.step(lane) }
            }
            writing += await Self.clock.measure { await ledger.flush() }
        }
        farm.finish(lane)
        writing += await Self.clock.measure { await ledger.flush() }
        try await Self.close(ledger)
        let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
        say("shares: \(shares), workers: \(farm.workers), simulated: \((farm.time - Self.start) / 60_000) min")
        say("recorded: \(Self.rate(shares, recording)) shares/s (the simulation's own time included)")
        say("written and sealed: \(Self.rate(shares, writing)) rows/s")
        say("file: \(size) bytes, \(Double(size * 100 / shares) / 100) a share")
        let state = ledger.state
        if state.gapShares + state.contradictions > 0 { say("NOT ALL WRITTEN: \(state)") }
    }

    private static func ask(_ path: String) throws {
        let reader = try LedgerReader(path: path)
        let now = Int64(Date().timeIntervalSince1970 * 1_000)
        var filter = LedgerShareFilter()
        filter.workers = ["account.rig7"]
        filter.limit = 100
        var refused = LedgerShareFilter()
        refused.verdicts = [.rejected]
        refused.limit = 100
        for _ in 0..<2 {
            Self.tell("report by worker, day") {
                _ = try reader.report(by: [.worker, .day], period: LedgerPeriod(), now: now)
            }
            Self.tell("shares of a worker, newest 100") { try reader.shares(filter) { _ in } }
            Self.tell("rejected shares, newest 100") { try reader.shares(refused) { _ in } }
        }
        Self.tell("verify all") { _ = try reader.verify() }
    }

    /// Drops the first fill while a thousand shares at a time are written: the writer's longest waits, before and meanwhile.
    private static func prune(_ path: String, _ shares: Int, _ farm: inout SimulatedShares) async throws {
        // Shares of the simulation's years are older than an hour. A commit is followed by one step of the pruning.
        for (keep, commits) in [(nil, 500), (Int64(3_600_000), 500 + shares / 4_000)] {
            let ledger = try Self.open(path, keepShares: keep)
            let lane = ledger.makeLane()
            farm.resume(ledger)
            var times: [Duration] = []
            for _ in 0..<commits {
                for _ in 0..<1_000 { farm.step(lane) }
                times.append(await Self.clock.measure { await ledger.flush() })
            }
            farm.finish(lane)
            try await Self.close(ledger)
            times.sort()
            let dropped = try LedgerReader(path: path).statistics().sharesWithoutDetail
            let quantiles = [times[times.count / 2], times[times.count * 99 / 100], times[times.count - 1]]
            say(
                "commits of 1,000 shares \(keep == nil ? "alone" : "while \(dropped) shares are dropped"): "
                    + "p50, p99, longest of \(commits): \(quantiles)"
            )
        }
    }

    private static func tell(_ what: String, _ body: () throws -> Void) {
        do {
            say("\(what): \(try Self.clock.measure(body))")
        } catch {
            say("\(what): \(error)")
        }
    }

    private static func close(_ ledger: Ledger) async throws {
        let task = Task { try await ledger.run() }
        task.cancel()
        try await task.value
    }

    private static func rate(_ count: Int, _ duration: Duration) -> Int {
        Int(Double(count) / (duration / .seconds(1)))
    }
}

/// At once, also into a pipe.
private func say(_ line: String) {
    try? FileHandle.standardOutput.write(contentsOf: Data("\(line)\n".utf8))
}
