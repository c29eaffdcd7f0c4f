package import Foundation

/// A report as titles and cells, ready to be aligned and printed. Cells hold nothing that could disturb a terminal.
package struct ReportTable: Sendable, Equatable {
    package struct Column: Sendable, Equatable {
        package var title: String
        /// Aligned to the right.
        package var isNumber: Bool
    }

    package var columns: [Column]
    package var rows: [[String]]

    /// One column over rows of a kind: title, alignment and how its cell is made.
    private struct Cell<Row> {
        let column: Column
        let text: (Row) -> String

        static func text(_ title: String, limit: Int = 60, _ text: @escaping (Row) -> String?) -> Cell {
            Cell(column: Column(title: title, isNumber: false)) {
                text($0)?.printable(limit: limit) ?? HumanUnits.missing
            }
        }

        static func number(_ title: String, _ text: @escaping (Row) -> String?) -> Cell {
            Cell(column: Column(title: title, isNumber: true)) { text($0) ?? HumanUnits.missing }
        }
    }

    private init<Row>(_ rows: [Row], _ cells: [Cell<Row>]) {
        self.columns = cells.map(\.column)
        self.rows = rows.map { row in cells.map { $0.text(row) } }
    }

    package init(routes: [RouteReport]) {
        self.init(
            routes,
            [
                .text("ROUTE") { $0.name },
                .text("PROTOCOL") { $0.protocol },
                .text("LISTENERS") { $0.listeners.joined(separator: " ") },
                .number("SESSIONS") { HumanUnits.count($0.sessions) },
                .number("WORKERS") { HumanUnits.count($0.workers) },
                .number("HASHRATE") { HumanUnits.hashrate($0.hashrate, unit: $0.hashrateUnit) },
                .number("POOLS") { "\($0.poolsUsable)/\($0.poolsTotal)" },
                .text("ACTIVE") { $0.activePools.isEmpty ? nil : $0.activePools.joined(separator: " ") },
                .number("ACCEPTED") { HumanUnits.count($0.shares.accepted) },
                .number("COUNTED") { HumanUnits.count($0.shares.counted) },
                .number("STALE") { HumanUnits.count($0.shares.stale) },
                .number("REJECTED") { HumanUnits.count($0.shares.allRejected) },
                .number("LOST") { HumanUnits.count($0.shares.lost) },
                .number("PENDING") { HumanUnits.count($0.shares.pending) },
            ]
        )
    }

    /// - Parameter now: ages are told from it.
    package init(pools: [PoolReport], now: Date) {
        self.init(
            pools,
            [
                .text("POOL") { $0.name },
                .text("ROUTE") { $0.route },
                .text("STATE") { $0.state.rawValue },
                .number("FOR") { Self.age($0.since, now) },
                .number("PRIORITY") { "\($0.priority)" },
                .number("WEIGHT") { HumanUnits.scaled($0.weight) },
                .number("SHARE") { HumanUnits.percent($0.workShare) },
                .number("TARGET") { HumanUnits.percent($0.targetShare) },
                .number("HASHRATE") { HumanUnits.hashrate($0.hashrate, unit: $0.hashrateUnit) },
                .number("SESSIONS") { HumanUnits.count($0.sessions) },
                .number("LINKS") { HumanUnits.count($0.links) },
                .number("DIFFICULTY") { $0.difficulty.map(HumanUnits.scaled) },
                .number("JOB AGE") { $0.jobAgeSeconds.map(HumanUnits.duration(seconds:)) },
                .number("LAG") { $0.lagSeconds.map(HumanUnits.delay(seconds:)) },
                .number("ACCEPTED") { HumanUnits.count($0.accepted) },
                .number("REJECTED") { HumanUnits.count($0.rejected) },
                .number("LOST") { HumanUnits.count($0.lost) },
                .number("PENDING") { HumanUnits.count($0.pending) },
                .number("LATENCY") { $0.latencyMs.map { "\(HumanUnits.scaled($0.rounded())) ms" } },
                .text("CAUSE") { $0.cause },
            ]
        )
    }

    /// - Parameter now: ages are told from it.
    package init(workers: [WorkerReport], now: Date) {
        self.init(
            workers,
            [
                .text("WORKER") { $0.worker },
                .text("ROUTE") { $0.route },
                .number("SESSIONS") { HumanUnits.count($0.sessions) },
                .number("HASHRATE") {
                    HumanUnits.hashrate($0.hashrate, uncertainty: $0.hashrateUncertainty, unit: $0.hashrateUnit)
                },
                .number("DIFFICULTY") { $0.difficulty.map(HumanUnits.scaled) },
                .number("ACCEPTED") { HumanUnits.count($0.shares.accepted) },
                .number("COUNTED") { HumanUnits.count($0.shares.counted) },
                .number("STALE") { HumanUnits.count($0.shares.stale) },
                .number("REJECTED") { HumanUnits.count($0.shares.allRejected) },
                .number("LOST") { HumanUnits.count($0.shares.lost) },
                .number("LAST SHARE") { Self.age($0.lastShare, now) },
                .text("POOLS") { $0.pools.isEmpty ? nil : $0.pools.joined(separator: " ") },
            ]
        )
    }

    /// - Parameter now: ages are told from it.
    package init(sessions: [SessionReport], now: Date) {
        self.init(
            sessions,
            [
                .number("ID") { "\($0.id)" },
                .text("WORKER") { $0.worker },
                .text("ROUTE") { $0.route },
                .text("REMOTE") { $0.remote },
                .text("POOL") { $0.pool },
                .number("HASHRATE") {
                    HumanUnits.hashrate($0.hashrate, uncertainty: $0.hashrateUncertainty, unit: $0.hashrateUnit)
                },
                .number("DIFFICULTY") { $0.difficulty.map(HumanUnits.scaled) },
                .number("ACCEPTED") { HumanUnits.count($0.accepted) },
                .number("REJECTED") { HumanUnits.count($0.rejected) },
                .number("LAST SHARE") { Self.age($0.lastShare, now) },
                .number("CONNECTED") { Self.age($0.connected, now) },
                .text("USER AGENT") { $0.userAgent },
            ]
        )
    }

    /// The pools as the group of one session sees them.
    package init(explanation: ExplanationReport) {
        self.init(
            explanation.pools,
            [
                .text("POOL") { $0.name },
                .text("STATE") { $0.state.rawValue },
                .number("PRIORITY") { "\($0.priority)" },
                .number("WEIGHT") { HumanUnits.scaled($0.weight) },
                .number("TARGET") { HumanUnits.percent($0.targetShare) },
                .number("HAS") { HumanUnits.percent($0.loadShare) },
                .number("WORK") { HumanUnits.percent($0.workShare) },
                .number("LACKS") { HumanUnits.signedSeconds($0.lackSeconds) },
                .text("AGAINST IT", limit: 200) { $0.objection },
            ]
        )
    }

    private static func age(_ date: Date?, _ now: Date) -> String? {
        date.map { HumanUnits.duration(seconds: now.timeIntervalSince($0)) }
    }
}

extension ShareCounts {
    /// All that were answered no, but for the stale ones.
    fileprivate var allRejected: Int {
        [self.duplicate, self.lowDifficulty, self.malformed, self.unauthorized].reduce(self.rejected, &+)
    }
}

extension StatusReport {
    /// What a person reads above the table of routes.
    package var heading: String {
        let uptime = HumanUnits.duration(seconds: self.uptimeSeconds)
        return """
            router \(self.version.printable()), \(self.state.rawValue), up \(uptime), \
            pid \(self.pid), started \(ControlCoding.time(self.started))
            """
    }

    /// What a person reads below it, a line each.
    package var footing: [String] {
        let ledger = self.ledger
        var lines = [
            """
            ledger \(ledger.path.printable()): \(ledger.state.rawValue), \(HumanUnits.count(ledger.rows)) rows, \
            \(HumanUnits.count(ledger.queuedBytes)) queued, \(HumanUnits.count(ledger.gapShares)) gaps
            """
        ]
        if let error = ledger.lastError { lines.append("ledger error: \(error.printable())") }
        return lines + self.warnings.map { "warning: \($0.printable())" }
    }
}

extension ExplanationReport {
    /// What a person reads above the table of pools, a line each.
    package var heading: [String] {
        let hashrate = HumanUnits.hashrate(
            self.hashrate, uncertainty: self.hashrateUncertainty, unit: self.hashrateUnit
        )
        let miner = "\(self.worker.printable(limit: 80)) (\(self.remote.printable(limit: 60)))"
        return [
            "session \(self.session) of \(miner), about \(hashrate): \(self.place).",
            "Why: \(self.reason.printable()).",
        ]
    }

    /// What a person reads below it, a line each.
    package var footing: [String] {
        self.movers.isEmpty ? [] : ["What would move it:"] + self.movers.map { "- \($0.printable())" }
    }

    private var place: String {
        switch (self.pool?.printable(), self.link?.printable()) {
        case (.some(let pool), .some(let link)) where pool == link: "mines at \(pool)"
        case (.some(let pool), .some(let link)): "mines at \(link) until its link to \(pool) is ready"
        case (.some(let pool), .none): "was given to \(pool) and waits for its first job"
        case (.none, .some(let link)): "mines at \(link), and no pool can have it"
        case (.none, .none): "waits for a pool"
        }
    }
}
