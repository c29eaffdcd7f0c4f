import ControlAPI
import Foundation
import PoolPool
import Router
import Stratum

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
    /// A pool as it is now.
    init(_ route: RouteService, _ pool: PoolSnapshot) {
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
