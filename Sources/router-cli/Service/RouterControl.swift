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
            let tallies = shards.flatMap(\.tallies)
            reports.append(
                RouteReport(
                    name: route.name,
                    protocol: route.dialect.name,
                    listeners: listeners[route.name] ?? [],
                    sessions: shards.reduce(0) { $0 + $1.sessions.count },
                    workers: Set(shards.flatMap { $0.sessions.map(\.worker) }).count,
                    poolsUsable: usable.count,
                    poolsTotal: snapshot.pools.count,
                    activePools: snapshot.pools.filter { $0.sessions > 0 }.map(\.configuration.name),
                    hashrate: shards.reduce(0) { $1.sessions.reduce($0) { $0 + ($1.hashrate ?? 0) } },
                    hashrateUnit: route.dialect.hashrateUnit,
                    shares: ShareCounts(tallies)
                )
            )
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
                SessionReport(
                    id: session.id,
                    route: service.name,
                    worker: session.worker,
                    remote: session.remote,
                    userAgent: session.userAgent,
                    connected: Date(milliseconds: session.connectedAt),
                    pool: session.link.flatMap { names[$0] },
                    difficulty: session.difficulty,
                    extranonce1: session.extranonce1.map { String(Int($0) | 0x100, radix: 16).dropFirst() }.joined(),
                    versionMask: session.versionMask == 0 ? nil : String(session.versionMask, radix: 16),
                    hashrate: session.hashrate ?? 0,
                    hashrateUnit: service.dialect.hashrateUnit,
                    hashrateUncertainty: session.uncertainty,
                    accepted: session.accepted,
                    rejected: session.refused,
                    lastShare: session.lastShare.map { Date(milliseconds: $0) }
                )
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

extension RouteSnapshot {
    /// Pool names by link.
    fileprivate var poolNames: [Int: String] {
        var names: [Int: String] = [:]
        for pool in self.pools { for link in pool.linkIDs { names[link] = pool.configuration.name } }
        return names
    }
}

extension PoolSnapshot {
    var isUsable: Bool {
        guard self.administration == "enabled", self.hasRoom else { return false }
        switch self.health {
        case .up, .recovering, .suspect: return true
        case .untested, .down: return false
        }
    }
}

extension PoolReport {
    fileprivate init(_ route: RouteService, _ pool: PoolSnapshot) {
        let state: PoolState
        var cause: String?
        switch (pool.administration, pool.health) {
        case ("draining", _): state = .draining
        case ("disabled", _): state = .disabled
        case (_, .up) where pool.ejection != nil, (_, .suspect) where pool.ejection != nil,
            (_, .recovering) where pool.ejection != nil:
            state = .ejected
            let rest = pool.ejectionRemaining.map { "for another \(HumanUnits.duration(seconds: $0.rounded(.up)))" }
            cause = "\(pool.ejection ?? ""), \(rest ?? "until further notice")"
        case (_, .untested): state = .connecting
        case (_, .up): state = pool.sessions > 0 ? .up : .standby
        case (_, .suspect(let reason)):
            state = .suspect
            cause = reason
        case (_, .down(let reason)):
            state = .down
            cause = reason
        case (_, .recovering):
            state = .standby
            cause = "back, not yet trusted"
        }
        if cause == nil, let panic = pool.panic { cause = "the last usable pool, or it were put aside: \(panic)" }
        self.init(
            route: route.name,
            protocol: route.dialect.name,
            name: pool.configuration.name,
            url: pool.configuration.endpoint.description,
            priority: pool.configuration.priority,
            weight: pool.configuration.weight,
            state: state,
            since: Date().addingTimeInterval(-pool.secondsInState),
            cause: cause,
            links: pool.links,
            sessions: pool.sessions,
            // What is left of a sum when all are gone is no hashrate.
            hashrate: pool.sessions > 0 ? max(0, pool.hashrate) : 0,
            hashrateUnit: route.dialect.hashrateUnit,
            difficulty: pool.difficulty,
            jobAgeSeconds: pool.jobAge,
            prevhashAgeSeconds: pool.previousHashAge,
            lagSeconds: pool.lag,
            forwarded: pool.tally.forwarded,
            accepted: pool.tally.accepted,
            rejected: pool.tally.rejected,
            lost: pool.tally.lost,
            pending: pool.pending,
            latencyMs: pool.tally.latencies.median.map { Double($0) / 1000 },
            reconnects: pool.reconnects,
            lastError: pool.lastFailure
        )
    }
}

extension ExplanationReport {
    fileprivate init(_ route: RouteService, remote: String, _ explanation: SessionExplanation) {
        self.init(
            session: explanation.session,
            route: route.name,
            worker: explanation.worker,
            remote: remote,
            rule: explanation.rule,
            strict: explanation.isStrict,
            pool: explanation.pool,
            link: explanation.link,
            hashrate: explanation.hashrate,
            hashrateUnit: route.dialect.hashrateUnit,
            hashrateUncertainty: explanation.uncertainty,
            reason: explanation.reason,
            movers: explanation.movers,
            pools: explanation.pools.map { pool in
                Pool(
                    name: pool.name,
                    state: State(pool.standing),
                    priority: pool.priority,
                    weight: pool.weight,
                    targetShare: pool.targetShare,
                    loadShare: pool.loadShare,
                    workShare: pool.workShare,
                    lackSeconds: pool.lack,
                    objection: pool.objection
                )
            }
        )
    }
}

extension ExplanationReport.State {
    fileprivate init(_ standing: PoolCandidate.Standing) {
        switch standing {
        case .good: self = .good
        case .recovering: self = .recovering
        case .suspect: self = .suspect
        case .ejected: self = .ejected
        case .unusable: self = .unusable
        }
    }
}

extension ShareCounts {
    fileprivate init(_ tallies: [WorkerTally]) {
        self.init()
        for tally in tallies { self.add(tally) }
    }

    fileprivate mutating func add(_ tally: WorkerTally) {
        self.accepted += tally.accepted
        self.counted += tally.counted
        self.lost += tally.lost
        self.pending += tally.pending
        for (kind, count) in tally.refused {
            switch kind {
            case .stale: self.stale += count
            case .duplicate: self.duplicate += count
            case .lowDifficulty: self.lowDifficulty += count
            case .unauthorized, .notSubscribed: self.unauthorized += count
            case .malformed: self.malformed += count
            case .other: self.rejected += count
            }
        }
    }
}

extension Date {
    fileprivate init(milliseconds: Int64) {
        self.init(timeIntervalSince1970: Double(milliseconds) / 1000)
    }
}
