import ArgumentParser
import Configuration
import Forecast
import Foundation
import Logging
import Persistence
import PoolPool
import Router
import Stratum
import Testing

@testable import RouterCLI

@Suite struct SimulateCommandTests {
    private static let hour: Int64 = 3_600_000
    /// A full hour, as reports count them.
    private static let start: Int64 = 1_769_850_000_000

    private static let route = RouteConfiguration(
        name: "btc",
        listeners: [],
        pools: ["primary", "backup"].enumerated().map { index, name in
            PoolConfiguration(
                name: name,
                endpoint: PoolEndpoint(transport: .tcp, host: "\(name).example.com", port: 3333),
                priority: index + 1
            )
        }
    )

    /// A folder of its own, removed at the end.
    private static func withFolder(_ body: (String) async throws -> Void) async throws {
        let folder = NSTemporaryDirectory() + "/simulate-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await body(folder)
    }

    /// Two workers: one mines for three hours, one in the first and the third. The primary was down for half an hour, and put
    /// aside for ten minutes.
    private static func makeLedger(in folder: String) async throws -> String {
        let path = folder + "/ledger.sqlite"
        let ledger = try Ledger(configuration: LedgerConfiguration(path: path), logger: Logger(label: "test"))
        let pool = ledger.pool("primary", route: "btc")
        let lane = ledger.makeLane()
        lane.record(.job(LedgerJob(id: 1, jobID: "a1", pool: pool, poolJobID: "1", poolDifficulty: 1_000_000)))
        var id: Int64 = 0
        for (name, hours) in [("farm.rig1", [0, 1, 2]), ("farm.rig2", [0, 2])] {
            let worker = ledger.worker(name, route: "btc")
            for hour in hours {
                for minute in 0..<60 {
                    id += 1
                    let share = LedgerShare(
                        id: id,
                        time: Self.start + Int64(hour) * Self.hour + Int64(minute) * 60_000 + 1_000,
                        session: 1,
                        worker: worker,
                        pool: pool,
                        job: 1,
                        difficulty: 1_000_000,
                        shareDifficulty: 1_000_000,
                        forwarded: false,
                        verdict: .counted,
                        extranonce2: LedgerExtranonce2(bytes: [0]),
                        ntime: 0,
                        nonce: UInt32(id),
                        versionBits: nil
                    )
                    lane.record(.share(share))
                }
            }
        }
        let events: [(minute: Int64, kind: LedgerPoolEventKind)] = [
            (30, .down), (60, .readmitted), (62, .up), (100, .ejected), (110, .readmitted),
        ]
        for (minute, kind) in events {
            let time = Self.start + minute * 60_000
            lane.record(.poolEvent(LedgerPoolEvent(time: time, kind: kind, pool: pool, cause: "test")))
        }
        await ledger.flush()
        return path
    }

    @Test func aLedgerIsReplayedWithItsHashratesAndOutages() async throws {
        try await Self.withFolder { folder in
            let path = try await Self.makeLedger(in: folder)
            let day = try RecordedDay.read(
                ledger: path, route: Self.route, period: LedgerPeriod(since: Self.start), hours: 3
            )
            #expect(day.duration == 3 * 3600)
            #expect(day.miners.map(\.login) == ["farm.rig1", "farm.rig2"])
            // A share of a million a minute is 71.6 TH/s.
            let expected = 1e6 * 4_294_967_296 / 60
            let first = try #require(day.miners.first)
            #expect(first.steps.map(\.time) == [0, 3600, 7200, 10_800])
            for step in first.steps.dropLast() { #expect(abs(step.hashrate / expected - 1) < 0.02, "\(step)") }
            #expect(first.steps.last?.hashrate == 0)
            let second = try #require(day.miners.last)
            #expect(second.steps.map(\.time) == [0, 3600, 7200, 10_800])
            #expect(second.steps.map { $0.hashrate > 0 } == [true, false, true, false])
            #expect(
                day.faults == [
                    ForecastFault(pool: "primary", kind: .down, start: 1_800, length: 1_800),
                    ForecastFault(pool: "primary", kind: .rejects(ratio: 0.5), start: 6_000, length: 600),
                ]
            )
            let report = Forecast.run(
                ForecastScenario(route: Self.route, miners: day.miners, faults: day.faults, duration: day.duration)
            )
            #expect(report.failovers.first?.pool == "primary")
            #expect(report.pools.allSatisfy { $0.work > 0 })
        }
    }

    @Test func aTimeWithoutSharesIsSaidToHaveNone() async throws {
        try await Self.withFolder { folder in
            let path = try await Self.makeLedger(in: folder)
            let later = LedgerPeriod(since: Self.start + 10 * Self.hour)
            #expect(throws: ExitStatus.no) {
                try RecordedDay.read(ledger: path, route: Self.route, period: later, hours: 3)
            }
            #expect(throws: ExitStatus.noInput) {
                try RecordedDay.read(ledger: folder + "/none", route: Self.route, period: later, hours: 3)
            }
        }
    }

    @Test func faultsAreReadAndTheirMistakesTold() async throws {
        try await Self.withFolder { folder in
            let path = folder + "/faults.yaml"
            func load(_ text: String) throws -> [PlannedFault] {
                try text.write(toFile: path, atomically: true, encoding: .utf8)
                return try ConfigurationLoader.loadFaults(path: path, pools: ["primary", "backup"])
            }
            let faults = try load(
                """
                faults:
                  - { pool: primary, kind: down, at: 1h, for: 10m }
                  - { pool: backup, kind: flapping, period: 5s }
                  - { pool: backup, kind: rejects, ratio: 30% }
                  - { pool: backup, kind: old_block, at: 90s }
                """
            ).map { ForecastFault($0) }
            #expect(
                faults == [
                    ForecastFault(pool: "primary", kind: .down, start: 3600, length: 600),
                    ForecastFault(pool: "backup", kind: .flapping(period: 5), start: 0, length: 600),
                    ForecastFault(pool: "backup", kind: .rejects(ratio: 0.3), start: 0, length: 600),
                    ForecastFault(pool: "backup", kind: .oldBlock, start: 90, length: 600),
                ]
            )
            let error = #expect(throws: ConfigurationErrors.self) {
                try load(
                    """
                    faults:
                      - { pool: primry, kind: down }
                      - { pool: primary, kind: dwn }
                      - { pool: primary, kind: slow, period: 3s }
                      - { kind: down, at: 5 }
                    """
                )
            }
            let lines = (error?.description ?? "").split(separator: "\n").map { $0.replacing(path + ":", with: "") }
            #expect(lines.contains { $0.hasPrefix("2:13: pool: the route has no pool \"primry\"") }, "\(lines)")
            #expect(lines.contains { $0.hasPrefix("3:28: kind: ") }, "\(lines)")
            #expect(lines.contains { $0.hasPrefix("4:42: period: belongs to flapping, not to slow") }, "\(lines)")
            #expect(lines.contains { $0.contains("pool is missing") }, "\(lines)")
            #expect(lines.contains { $0.contains("at: ") && $0.contains("is no duration") }, "\(lines)")
        }
    }

    @Test(arguments: [
        ("90", 90e12, 90e12), ("1-200", 1e12, 200e12), ("500k-2M", 500e3, 2e6), ("1.5G", 1.5e9, 1.5e9),
        ("3T", 3e12, 3e12),
    ])
    func hashratesHavePrefixes(text: String, low: Double, high: Double) throws {
        let range = try #require(HashrateRange(argument: text))
        #expect(range.low == low)
        #expect(range.high == high)
    }

    @Test(arguments: ["", "k", "-", "1-", "0", "2M-1M", "1x", "-5", "1-2-3", "nan", "inf", "1e30"])
    func hashratesThatAreNone(text: String) {
        #expect(HashrateRange(argument: text) == nil)
    }

    @Test func aSimulationIsInTheUnitOfItsProtocol() throws {
        var route = Self.route
        route.dialect = try ConfiguredDialect(EquihashDialect.self)
        let range = EquihashDialect.usualHashrates
        let miners = ForecastMiner.farm(10, from: range.lowerBound, to: range.upperBound)
        let fault = ForecastFault(pool: "primary", kind: .frozen, start: 1_800, length: 600)
        let scenario = ForecastScenario(route: route, miners: miners, faults: [fault], duration: 7_200)
        let report = Forecast.run(scenario)
        let lost = try #require(report.pools.first { $0.name == "primary" }).workLost * 8_192
        #expect(lost > 0)
        let text = SimulationText.render(report, scenario)
        let heading = "route btc (equihash): 2 h, 10 miners of 10.0 kSol/s to 840 kSol/s, seed 1\n"
        #expect(text.hasPrefix(heading), "\(text)")
        #expect(text.contains("WORK LOST"))
        let json = try JSONSerialization.jsonObject(with: Data(SimulationText.json(report, scenario).utf8))
        let pools = try #require((json as? [String: Any])?["pools"] as? [[String: Any]])
        let told = try #require(pools.first { $0["name"] as? String == "primary" }?["hashes_lost"] as? Double)
        #expect(abs(told / lost - 1) < 0.001)
    }

    @Test(arguments: [
        (["--hours", "0"], "--hours must be"), (["--miners", "0"], "--miners must be"),
        (["--since", "1h"], "go with --replay"), (["--replay", "x"], "needs --since"), (["--hashrate", "9-1"], "9-1"),
    ])
    func wrongOptionsAreTold(arguments: [String], message: String) {
        let error = #expect(throws: (any Error).self) { try SimulateCommand.parse(arguments) }
        #expect(error.map { SimulateCommand.message(for: $0) }?.contains(message) == true)
    }
}
