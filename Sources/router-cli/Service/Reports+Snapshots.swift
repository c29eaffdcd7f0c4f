import ControlAPI
import Foundation
import PoolPool
import Router
import Stratum

extension RouteReport {
    /// A route as it is now.
    init(_ route: RouteService, listeners: [String], _ snapshot: RouteSnapshot, _ shards: [ShardSnapshot]) {
        self.init(
            name: route.name,
            protocol: route.dialect.name,
            listeners: listeners,
            sessions: shards.reduce(0) { $0 + $1.sessions.count },
            workers: Set(shards.flatMap { $0.sessions.map(\.worker) }).count,
            poolsUsable: snapshot.pools.filter(\.isUsable).count,
            poolsTotal: snapshot.pools.count,
            activePools: snapshot.pools.filter { $0.sessions > 0 }.map(\.configuration.name),
            hashrate: shards.reduce(0) { $1.sessions.reduce($0) { $0 + ($1.hashrate ?? 0) } },
            hashrateUnit: route.dialect.hashrateUnit,
            shares: ShareCounts(shards.flatMap(\.tallies))
        )
    }
}

extension SessionReport {
    /// - Parameter pool: the name of the pool that it mines at; nil: at none.
    init(_ route: RouteService, _ session: SessionSnapshot, pool: String?) {
        self.init(
            id: session.id,
            route: route.name,
            worker: session.worker,
            remote: session.remote,
            userAgent: session.userAgent,
            connected: Date(milliseconds: session.connectedAt),
            pool: pool,
            difficulty: session.difficulty,
            extranonce1: session.extranonce1.map { String(Int($0) | 0x100, radix: 16).dropFirst() }.joined(),
            versionMask: session.versionMask == 0 ? nil : String(session.versionMask, radix: 16),
            hashrate: session.hashrate ?? 0,
            hashrateUnit: route.dialect.hashrateUnit,
            hashrateUncertainty: session.uncertainty,
            accepted: session.accepted,
            rejected: session.refused,
            lastShare: session.lastShare.map { Date(milliseconds: $0) }
        )
    }
}

extension RouteSnapshot {
    /// Pool names by link.
    var poolNames: [Int: String] {
        var names: [Int: String] = [:]
        for pool in self.pools { for link in pool.linkIDs { names[link] = pool.configuration.name } }
        return names
    }
}

extension ShareCounts {
    /// The sum of these.
    init(_ tallies: [WorkerTally]) {
        self.init()
        for tally in tallies { self.add(tally) }
    }

    /// Adds a worker's shares.
    mutating func add(_ tally: WorkerTally) {
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
    /// From milliseconds since 1970, UTC.
    init(milliseconds: Int64) {
        self.init(timeIntervalSince1970: Double(milliseconds) / 1000)
    }
}
