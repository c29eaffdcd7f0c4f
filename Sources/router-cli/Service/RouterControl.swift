import ControlAPI
import Foundation
import Persistence
import PoolPool
import Router
import Stratum
import Synchronization

/// The running router as the control socket and HTTP show it.
final class RouterControl: ControlTarget {
    private struct State {
        var run = RouterState.running
        var listeners: [String: [String]] = [:]
        var warnings: [String] = []
    }

    private let routes: [RouteService]
    private let ledger: Ledger
    private let ledgerPath: String
    private let started = Date()
    private let state = Mutex(State())

    init(routes: [RouteService], ledger: Ledger, ledgerPath: String) {
        self.routes = routes
        self.ledger = ledger
        self.ledgerPath = ledgerPath
    }

    func setListeners(_ listeners: [String: [String]]) {
        self.state.withLock { $0.listeners = listeners }
    }

    func setDraining() {
        self.state.withLock { $0.run = .draining }
    }

    /// What the operator should know until the next reload.
    func setWarnings(_ warnings: [String]) {
        self.state.withLock { $0.warnings = warnings }
    }

    func status() async -> StatusReport {
        var (run, listeners, configured) = self.state.withLock { ($0.run, $0.listeners, $0.warnings) }
        var warnings = configured
        var reports: [RouteReport] = []
        for route in self.routes {
            guard let (snapshot, shards) = await route.snapshot() else { continue }
            if run == .running, !snapshot.isOpen { run = .starting }
            let usable = snapshot.pools.filter(\.isUsable)
            if usable.isEmpty {
                warnings.append("route \(route.name): no usable pool")
            } else if snapshot.idleSessions > 0 {
                warnings.append(
                    "route \(route.name): \(snapshot.idleSessions) miners have no pool that they may use; explain says why"
                )
            }
            for pool in snapshot.pools where pool.administration == "enabled" {
                let name = pool.configuration.name
                warnings += Self.warnings(route.name, pool: name, ejection: pool.ejection, panic: pool.panic)
                if let payout = pool.payoutWarning, pool.ejection == nil {
                    warnings.append("route \(route.name): pool \(name): \(payout)")
                }
            }
            if route.refusedConnections > 0 {
                warnings.append("route \(route.name): \(route.refusedConnections) connections refused for a limit")
            }
            reports.append(RouteReport(route, listeners: listeners[route.name] ?? [], snapshot, shards))
        }
        let ledger = self.ledger.state
        var ledgerReport = LedgerReport(
            path: self.ledgerPath,
            queuedBytes: ledger.queuedBytes,
            rows: ledger.committedShares,
            gapShares: ledger.gapShares,
            lastError: ledger.lastError
        )
        if case .degraded(let reason) = ledger.health {
            ledgerReport.state = .degraded
            warnings.append("ledger: \(reason)")
        }
        if let damaged = ledger.damagedFile {
            warnings.append("ledger: it was damaged; what was written before is in \(damaged)")
        }
        return StatusReport(
            version: ProgramVersion.number,
            pid: Int(ProcessInfo.processInfo.processIdentifier),
            state: run,
            started: self.started,
            uptimeSeconds: Date().timeIntervalSince(self.started),
            routes: reports,
            ledger: ledgerReport,
            warnings: warnings
        )
    }

    /// What is to be said of a pool that is put aside, or would be: why it is, why it would be.
    static func warnings(_ route: String, pool: String, ejection: String?, panic: String?) -> [String] {
        if let ejection { return ["route \(route): pool \(pool) is put aside: \(ejection)"] }
        guard let panic else { return [] }
        return ["route \(route): pool \(pool) would be put aside, but it is the last usable one: \(panic)"]
    }

    func pools(route: String?) async -> [PoolReport] {
        var reports: [PoolReport] = []
        for service in self.selected(route) {
            guard let (snapshot, _) = await service.snapshot() else { continue }
            let work = snapshot.pools.reduce(0) { $0 + $1.tally.acceptedWork }
            for pool in snapshot.pools {
                var report = PoolReport(service, pool)
                report.workShare = work > 0 ? pool.tally.acceptedWork / work : 0
                report.targetShare = pool.targetShare
                reports.append(report)
            }
        }
        return reports
    }

    func workers(route: String?) async -> [WorkerReport] {
        var reports: [WorkerReport] = []
        for service in self.selected(route) {
            guard let (snapshot, shards) = await service.snapshot() else { continue }
            let names = snapshot.poolNames
            var byWorker: [String: WorkerReport] = [:]
            func fresh(_ worker: String) -> WorkerReport {
                WorkerReport(worker: worker, route: service.name, hashrateUnit: service.dialect.hashrateUnit)
            }
            for tally in shards.flatMap(\.tallies) {
                var report = byWorker[tally.user] ?? fresh(tally.user)
                report.shares.add(tally)
                let last = tally.lastShare.map { Date(milliseconds: $0) }
                report.lastShare = [report.lastShare, last].compactMap { $0 }.max()
                byWorker[tally.user] = report
            }
            for session in shards.flatMap(\.sessions) {
                var report = byWorker[session.worker] ?? fresh(session.worker)
                report.sessions += 1
                if let hashrate = session.hashrate {
                    report.add(hashrate: hashrate, uncertainty: session.uncertainty ?? 0)
                }
                report.difficulty = session.difficulty
                if let pool = session.link.flatMap({ names[$0] }), !report.pools.contains(pool) {
                    report.pools.append(pool)
                }
                byWorker[session.worker] = report
            }
            reports += byWorker.values.sorted { $0.worker < $1.worker }
        }
        return reports
    }

    func sessions(route: String?) async -> [SessionReport] {
        var reports: [SessionReport] = []
        for service in self.selected(route) {
            guard let (snapshot, shards) = await service.snapshot() else { continue }
            let names = snapshot.poolNames
            reports += shards.flatMap(\.sessions).sorted { $0.id < $1.id }.map { session in
                SessionReport(service, session, pool: session.link.flatMap { names[$0] })
            }
        }
        return reports
    }

    func explain(worker: String, route: String?) async -> [ExplanationReport] {
        var reports: [ExplanationReport] = []
        for service in self.selected(route) {
            let explanations = await service.explain(worker: worker)
            guard !explanations.isEmpty, let (_, shards) = await service.snapshot() else { continue }
            let sessions = shards.flatMap(\.sessions).filter { $0.worker == worker }
            reports += explanations.map { explanation in
                // The rules know addresses without their ports.
                let remote = sessions.first { $0.id == explanation.session }?.remote
                return ExplanationReport(service, remote: remote ?? explanation.remote, explanation)
            }
        }
        return reports
    }

    func setPool(_ name: String, _ action: PoolAction, within: Duration = .zero) async -> ControlOutcome {
        let directive: PoolDirective
        switch action {
        case .drain: directive = .drain
        case .enable: directive = .enable
        case .disable: directive = .disable
        }
        for route in self.routes {
            switch await route.command(directive, pool: name, within: within) {
            case .notFound: continue
            case .done(let text): return .done(text)
            case .refused(let reason): return .refused(reason)
            }
        }
        return .notFound
    }

    func kick(session: Int64) async -> ControlOutcome {
        for route in self.routes where await route.kick(session) { return .done("session \(session) is closed") }
        return .notFound
    }

    private func selected(_ name: String?) -> [RouteService] {
        self.routes.filter { name == nil || $0.name == name }
    }
}
