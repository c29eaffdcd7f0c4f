import NIOCore
import PoolPool
import Router
import Stratum

// What the policy decides, carried out.
extension Forecast {
    mutating func tick() {
        self.at(self.time + Self.tick, .tick)
        self.ticks += 1
        if self.ticks.isMultiple(of: 10) {
            for miner in self.miners {
                guard let session = miner.session, let estimate = miner.vardiff?.estimate(now: self.now) else {
                    continue
                }
                self.policy.measured(session, estimate)
            }
        }
        for (pool, change) in self.policy.tick(now: self.now) { self.apply(change, to: pool) }
        self.carryOut(self.policy.balance(now: self.now))
        if self.pools.contains(where: \.isConnected) {
            let idle = self.miners.filter { $0.session != nil && $0.pool == nil }.count
            self.report.needlessIdleSeconds += Double(idle) * Self.tick
        }
        self.report.sessionHours += Double(self.policy.sessionCount) * Self.tick / 3600
    }

    mutating func apply(_ change: PolicyChange?, to pool: Int) {
        guard let change else { return }
        let sessions = self.minerOf.keys.sorted()
        switch change {
        case .health(.wentDown(let cause)): self.place(sessions, failedPool: pool, cause: cause)
        case .ejected(let reason, _):
            self.report.ejections += 1
            self.place(sessions, failedPool: pool, cause: reason)
        case .health, .readmitted: self.place(sessions, failedPool: nil, cause: "")
        case .panic, .strangers: break
        }
    }

    mutating func place(_ sessions: [Int64], failedPool: Int?, cause: String) {
        var moved = 0
        for session in sessions {
            guard let index = self.minerOf[session] else { continue }
            let former = self.miners[index].pool
            if let former, self.pools[former].isConnected, self.policy.mayStay(session, at: former, now: self.now) {
                continue
            }
            let target = self.policy.walk(session).first { self.pools[$0].isConnected }
            if target == nil, let former, self.pools[former].isConnected { continue }
            guard target != former else { continue }
            if former != nil { moved += 1 }
            self.move(index, to: target)
        }
        self.report.forcedMoves += moved
        guard let failedPool, moved > 0 else { return }
        self.report.failovers.append(
            ForecastReport.Failover(
                time: self.time,
                pool: self.pools[failedPool].name,
                cause: cause,
                sessions: moved,
                detection: self.pools[failedPool].faultSince.map { self.time - $0 }
            )
        )
    }

    mutating func carryOut(_ moves: [WorkBalancer.Move]) {
        for move in moves {
            guard let index = self.minerOf[move.session], self.pools[move.to].isConnected else { continue }
            self.report.moves += 1
            self.move(index, to: move.to)
        }
    }

    mutating func move(_ index: Int, to pool: Int?) {
        guard let session = self.miners[index].session else { return }
        if let pool { self.noteStart(pool) }
        self.miners[index].pool = pool
        self.policy.assigned(session, to: pool)
        if pool == nil {
            if self.miners[index].workless == nil { self.miners[index].workless = self.time }
        } else {
            self.endWait(index)
        }
        self.scheduleShare(index)
    }

    mutating func noteStart(_ pool: Int) {
        guard !self.pools[pool].hasCarried else { return }
        self.pools[pool].hasCarried = true
        let others = self.policy.pools.indices.filter { $0 != pool }
        self.report.starts.append(
            ForecastReport.Start(
                time: self.time,
                pool: self.pools[pool].name,
                sinceFailure: self.pools[pool].failedAt.map { self.time - $0 },
                hadAlternative: others.contains {
                    self.policy.pools[$0].standing == .good && self.pools[$0].isConnected
                }
            )
        )
    }

    mutating func endWait(_ index: Int) {
        guard let since = self.miners[index].workless else { return }
        self.miners[index].workless = nil
        self.report.idleSeconds += self.time - since
        self.report.longestWait = max(self.report.longestWait, self.time - since)
    }
}
