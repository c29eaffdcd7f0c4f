import ControlAPI
import Forecast
import Foundation
import Router
import Stratum

/// What a simulation came to, for people and for programs.
enum SimulationText {
    /// Failovers that a table shows.
    private static let shown = 20

    static func render(_ report: ForecastReport, _ scenario: ForecastScenario) -> String {
        let dialect = scenario.route.dialect
        func hashes(_ work: Double) -> Double { work * dialect.dialect.hashesPerDifficulty }
        let lost = dialect.hashrateUnit == HumanUnits.hashrateUnit ? "HASHES LOST" : "WORK LOST"
        let pools = Table(
            columns: [
                "POOL", "SHARE", "TARGET", "DEVIATION", "ACCEPTED", "REJECTED", "LOST", lost, "FAILOVERS",
            ],
            rows: report.pools.map { pool in
                [
                    .text(pool.name), self.percent(pool.share), self.percent(pool.target), self.percent(pool.deviation),
                    .integer(Int64(pool.accepted)), .integer(Int64(pool.rejected)), .integer(Int64(pool.lost)),
                    .measure(hashes(pool.workLost), shown: HumanUnits.scaled(hashes(pool.workLost))),
                    .integer(Int64(pool.failovers)),
                ]
            }
        )
        var text = """
            route \(Table.harmless(scenario.route.name)) (\(dialect.name)): \(self.hours(scenario.duration)), \
            \(scenario.miners.count) miners\(self.speeds(scenario)), seed \(scenario.seed)


            """
        text += pools.render() + "\n"
        for checkpoint in report.checkpoints {
            text +=
                "after \(self.hours(checkpoint.time)): largest deviation \(self.plainPercent(checkpoint.deviation))\n"
        }
        text += """
            moves: \(report.moves), \(String(format: "%.2f", report.movesPerSessionHour)) for each session and hour; \
            forced moves: \(report.forcedMoves)
            failovers: \(report.failovers.count), pools put aside: \(report.ejections)
            without a pool: \(String(format: "%.0f", report.idleSeconds)) s of all sessions together, \
            \(String(format: "%.1f", report.longestWait)) s at a time at most

            """
        guard !report.failovers.isEmpty else { return text }
        let table = Table(
            columns: ["AT", "POOL", "DETECTION", "SESSIONS", "CAUSE"],
            rows: report.failovers.prefix(self.shown).map { failover in
                [
                    .text(self.clock(failover.time)), .text(failover.pool),
                    failover.detection.map { .measure($0, shown: String(format: "%.1f s", $0)) } ?? .null,
                    .integer(Int64(failover.sessions)), .text(failover.cause),
                ]
            }
        )
        text += "\n" + table.render()
        let rest = report.failovers.count - self.shown
        if rest > 0 { text += "and \(rest) more; --format json has them all\n" }
        return text
    }

    /// One object.
    static func json(_ report: ForecastReport, _ scenario: ForecastScenario) throws -> String {
        let hashesPerDifficulty = scenario.route.dialect.dialect.hashesPerDifficulty
        let result = Result(
            route: scenario.route.name,
            hours: scenario.duration / 3600,
            miners: scenario.miners.count,
            seed: scenario.seed,
            pools: report.pools.map { pool in
                Result.Pool(
                    name: pool.name, share: pool.share, target: pool.target, accepted: pool.accepted,
                    rejected: pool.rejected, lost: pool.lost, hashesLost: pool.workLost * hashesPerDifficulty,
                    failovers: pool.failovers
                )
            },
            checkpoints: report.checkpoints.map { .init(hours: $0.time / 3600, deviation: $0.deviation) },
            moves: report.moves,
            movesPerSessionHour: report.movesPerSessionHour,
            forcedMoves: report.forcedMoves,
            ejections: report.ejections,
            idleSeconds: report.idleSeconds,
            longestWaitSeconds: report.longestWait,
            failovers: report.failovers.map {
                .init(seconds: $0.time, pool: $0.pool, cause: $0.cause, sessions: $0.sessions, detection: $0.detection)
            }
        )
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(result), as: UTF8.self) + "\n"
    }

    private struct Result: Encodable {
        struct Pool: Encodable {
            var name: String
            var share: Double
            var target: Double
            var accepted: Int
            var rejected: Int
            var lost: Int
            var hashesLost: Double
            var failovers: Int
        }

        struct Checkpoint: Encodable {
            var hours: Double
            var deviation: Double
        }

        struct Failover: Encodable {
            var seconds: Double
            var pool: String
            var cause: String
            var sessions: Int
            var detection: Double?
        }

        var route: String
        var hours: Double
        var miners: Int
        var seed: UInt64
        var pools: [Pool]
        var checkpoints: [Checkpoint]
        var moves: Int
        var movesPerSessionHour: Double
        var forcedMoves: Int
        var ejections: Int
        var idleSeconds: Double
        var longestWaitSeconds: Double
        var failovers: [Failover]
    }

    /// ` of 1 TH/s to 200 TH/s`, by what each is capable of.
    private static func speeds(_ scenario: ForecastScenario) -> String {
        let unit = scenario.route.dialect.hashrateUnit
        let speeds = scenario.miners.compactMap { $0.steps.map(\.hashrate).max() }
        guard let low = speeds.min(), let high = speeds.max() else { return "" }
        let texts = [low, high].map { HumanUnits.hashrate($0, unit: unit) }
        return low == high ? " of \(texts[0])" : " of \(texts[0]) to \(texts[1])"
    }

    private static func percent(_ part: Double) -> OutputValue {
        .measure(part * 100, shown: self.plainPercent(part))
    }

    private static func plainPercent(_ part: Double) -> String { String(format: "%.2f %%", part * 100) }

    private static func hours(_ seconds: Double) -> String { String(format: "%g h", (seconds / 36).rounded() / 100) }

    private static func clock(_ seconds: Double) -> String {
        let whole = Int(seconds)
        return String(format: "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60)
    }
}
