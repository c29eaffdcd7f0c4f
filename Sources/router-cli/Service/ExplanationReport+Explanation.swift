import ControlAPI
import PoolPool
import Router
import Stratum

extension ExplanationReport {
    /// - Parameter remote: the miner's address, with its port if that is known.
    init(_ route: RouteService, remote: String, _ explanation: SessionExplanation) {
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
