import Foundation
import Synchronization

@testable import ControlAPI

/// A router made of fixed reports that notes what it was told to do.
final class FakeTarget: ControlTarget {
    let report: StatusReport
    let poolReports: [PoolReport]
    let workerReports: [WorkerReport]
    let sessionReports: [SessionReport]
    let explanations: [ExplanationReport]
    private let log = Mutex<[String]>([])

    init(
        status: StatusReport = .sample,
        pools: [PoolReport] = [.primary, .backup],
        workers: [WorkerReport] = [.sample],
        sessions: [SessionReport] = [.sample],
        explanations: [ExplanationReport] = [.sample]
    ) {
        self.report = status
        self.poolReports = pools
        self.workerReports = workers
        self.sessionReports = sessions
        self.explanations = explanations
    }

    /// Commands that came, in order.
    var commands: [String] { self.log.withLock { $0 } }

    func status() async -> StatusReport { self.report }

    func pools(route: String?) async -> [PoolReport] {
        self.poolReports.filter { route == nil || $0.route == route }
    }

    func workers(route: String?) async -> [WorkerReport] {
        self.workerReports.filter { route == nil || $0.route == route }
    }

    func sessions(route: String?) async -> [SessionReport] {
        self.sessionReports.filter { route == nil || $0.route == route }
    }

    func explain(worker: String, route: String?) async -> [ExplanationReport] {
        self.explanations.filter { $0.worker == worker && (route == nil || $0.route == route) }
    }

    func setPool(_ name: String, _ action: PoolAction, within: Duration) async -> ControlOutcome {
        self.log.withLock { $0.append("\(action) \(name)" + (action == .drain ? " within \(within)" : "")) }
        guard self.poolReports.contains(where: { $0.name == name }) else { return .notFound }
        return name == "backup" && action == .disable
            ? .refused("backup is the only pool left")
            : .done("\(name): \(action)")
    }

    func kick(session: Int64) async -> ControlOutcome {
        self.log.withLock { $0.append("kick \(session)") }
        return session == 17 ? .done("session 17 is closed") : .notFound
    }
}

extension Date {
    /// 2026-01-02T03:04:05.678Z.
    static let start = Date(timeIntervalSince1970: 1_767_323_045.678)
}

extension StatusReport {
    static let sample = StatusReport(
        version: "1.2.3",
        pid: 42,
        state: .running,
        started: .start,
        uptimeSeconds: 192.5,
        routes: [
            RouteReport(
                name: "btc",
                listeners: ["0.0.0.0:3333"],
                sessions: 12,
                workers: 9,
                poolsUsable: 2,
                poolsTotal: 3,
                activePools: ["primary"],
                hashrate: 1.234e15,
                shares: ShareCounts(
                    accepted: 1_234_567,
                    rejected: 4,
                    stale: 3,
                    duplicate: 2,
                    lowDifficulty: 1,
                    malformed: 1,
                    unauthorized: 1,
                    counted: 50,
                    lost: 6,
                    pending: 7
                )
            )
        ],
        ledger: LedgerReport(path: "/var/lib/router/ledger.sqlite", queuedBytes: 3, rows: 1_234_642),
        warnings: ["pool second: certificate is not checked"]
    )
}

extension PoolReport {
    static let primary = PoolReport(
        route: "btc",
        name: "primary",
        url: "stratum+tcp://pool.example.com:3333",
        priority: 1,
        weight: 80,
        state: .up,
        since: .start,
        cause: "connected",
        links: 1,
        sessions: 12,
        hashrate: 1.234e15,
        workShare: 0.798,
        targetShare: 0.8,
        difficulty: 65_536,
        jobAgeSeconds: 12.5,
        prevhashAgeSeconds: 300,
        lagSeconds: 0.25,
        forwarded: 1010,
        accepted: 1000,
        rejected: 4,
        lost: 1,
        pending: 5,
        latencyMs: 41.5,
        reconnects: 2
    )
    static let backup = PoolReport(
        route: "btc",
        name: "backup",
        url: "stratum+ssl://backup.example.com:3443",
        priority: 2,
        weight: 1,
        state: .down,
        since: .start,
        cause: "silent",
        lastError: "no job for 91 s"
    )
}

extension WorkerReport {
    static let sample = WorkerReport(
        worker: "farm.rig1",
        route: "btc",
        sessions: 1,
        hashrate: 1.1e14,
        shares: ShareCounts(accepted: 100, rejected: 1, stale: 2, duplicate: 3),
        lastShare: .start,
        difficulty: 8192,
        pools: ["primary"]
    )
}

extension SessionReport {
    static let sample = SessionReport(
        id: 17,
        route: "btc",
        worker: "farm.rig1",
        remote: "192.0.2.7:40000",
        userAgent: "cgminer/4.12",
        connected: .start,
        pool: "primary",
        difficulty: 8192,
        extranonce1: "00a1b2c3",
        versionMask: "1fffe000",
        hashrate: 1.1e14,
        hashrateUncertainty: 0.08,
        accepted: 100,
        rejected: 1,
        lastShare: .start
    )
}

extension ExplanationReport {
    static let sample = ExplanationReport(
        session: 17,
        route: "btc",
        worker: "farm.rig1",
        remote: "192.0.2.7:40000",
        rule: "east",
        pool: "backup",
        link: "primary",
        hashrate: 1.1e14,
        hashrateUncertainty: 0.08,
        reason: "backup is to have 60 % of the work",
        movers: ["backup failing", "the balance"],
        pools: [
            Pool(
                name: "primary",
                state: .good,
                priority: 1,
                weight: 80,
                targetShare: 0.4,
                loadShare: 0.5,
                workShare: 0.25,
                lackSeconds: -3.2
            ),
            Pool(
                name: "backup",
                state: .ejected,
                priority: 2,
                weight: 1,
                targetShare: 0.6,
                loadShare: 0.5,
                workShare: 0.75,
                lackSeconds: 12.4,
                objection: "put aside: too many refused"
            ),
        ]
    )
}
