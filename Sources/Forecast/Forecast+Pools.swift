import NIOCore
import PoolPool
import Router
import Stratum

// Pools that fail, come back, and announce blocks.
extension Forecast {
    mutating func fault(_ fault: ForecastFault, begins: Bool, index: Int) {
        guard let pool = self.pools.firstIndex(where: { $0.name == fault.pool }) else { return }
        self.pools[pool].faultSince = begins ? self.time : nil
        switch fault.kind {
        case .down: self.setDown(pool, begins)
        case .frozen:
            self.pools[pool].isFrozen = begins
            if begins { self.scheduleDetection(pool) } else { self.pools[pool].pending = [] }
        case .flapping: if begins { self.flap(index, isUp: false) } else { self.setDown(pool, false) }
        case .rejects(let ratio): self.pools[pool].rejects = begins ? ratio : 0
        case .slow(let latency): self.pools[pool].latency = begins ? latency : nil
        case .oldBlock:
            self.pools[pool].keepsOldBlock = begins
            if !begins { self.at(self.time, .announcement(pool: pool, block: self.block)) }
        }
    }

    mutating func flap(_ index: Int, isUp: Bool) {
        let fault = self.scenario.faults[index]
        guard case .flapping(let period) = fault.kind, self.time < fault.start + fault.length,
            let pool = self.pools.firstIndex(where: { $0.name == fault.pool })
        else { return }
        self.setDown(pool, !isUp)
        self.pools[pool].faultSince = self.time
        self.at(self.time + period, .flap(index, isUp: !isUp))
    }

    mutating func setDown(_ pool: Int, _ isDown: Bool) {
        self.pools[pool].isDown = isDown
        if isDown, self.pools[pool].isConnected { self.disconnected(pool, "closed") }
    }

    /// A pool that says nothing is found out by its unanswered shares, or by its silence.
    mutating func scheduleDetection(_ pool: Int) {
        let health = self.scenario.route.health
        let byShares = Double(TimeAmount(health.verdictDown).nanoseconds) / 1e9
        let bySilence = max(45, 2 * self.scenario.jobInterval)
        let carries = self.miners.contains { $0.pool == pool }
        let delay = carries ? min(byShares + self.scenario.shareInterval, bySilence) : bySilence
        let cause = carries ? "unanswered" : "silence"
        self.at(
            self.time + delay, .detected(pool: pool, generation: self.pools[pool].generation, cause: cause)
        )
    }

    mutating func disconnected(_ pool: Int, _ cause: String) {
        guard self.pools[pool].isConnected, self.pools[pool].isDown || self.pools[pool].isFrozen else { return }
        self.pools[pool].isConnected = false
        self.pools[pool].failedAt = self.time
        self.pools[pool].hasCarried = false
        self.pools[pool].generation += 1
        let lost = self.pools[pool].pending
        self.pools[pool].pending = []
        self.pools[pool].lost += lost.count
        self.pools[pool].workLost += lost.reduce(0) { $0 + $1.work }
        self.apply(self.policy.linksFailed(pool, cause, now: self.now), to: pool)
        self.retry(pool)
    }

    mutating func retry(_ pool: Int) {
        let delay = self.pools[pool].backoff.next(using: &self.random)
        self.at(
            self.time + max(0.05, Double(delay.nanoseconds) / 1e9),
            .connect(pool: pool, generation: self.pools[pool].generation)
        )
    }

    mutating func connect(_ pool: Int, _ generation: Int) {
        guard self.pools[pool].generation == generation, !self.pools[pool].isConnected else { return }
        guard !self.pools[pool].isDown, !self.pools[pool].isFrozen else {
            _ = self.policy.linksFailed(pool, "connect-failed", now: self.now)
            return self.retry(pool)
        }
        self.connected(pool)
    }

    mutating func connected(_ pool: Int) {
        self.pools[pool].isConnected = true
        self.pools[pool].backoff.reset()
        let change = self.policy.linkReady(pool, now: self.now)
        self.announce(pool, self.pools[pool].keepsOldBlock ? self.pools[pool].block : self.block)
        self.apply(change, to: pool)
    }

    mutating func newBlock() {
        self.block += 1
        self.at(self.time + self.random.wait(mean: self.scenario.blockInterval), .block)
        for pool in self.pools.indices {
            self.at(self.time + self.random.wait(mean: 0.7), .announcement(pool: pool, block: self.block))
        }
    }

    mutating func announce(_ pool: Int, _ block: Int) {
        let state = self.pools[pool]
        guard state.isConnected, !state.isDown, !state.isFrozen, !state.keepsOldBlock || state.block == block else {
            return
        }
        self.pools[pool].block = block
        self.policy.jobReceived(pool, block: Self.tip(block), now: self.now)
        self.carryOut(self.policy.cleanJob(of: pool, now: self.now))
    }

    /// Blocks of the simulated chain are proven: nobody makes them up.
    static func tip(_ block: Int) -> BlockTip {
        let bytes = (0..<32).map { UInt8(truncatingIfNeeded: $0 < 8 ? block >> ($0 * 8) : 0) }
        return BlockTip(hash: bytes, height: 900_000 + block, isProven: true)
    }

    mutating func jobs() {
        self.at(self.time + self.scenario.jobInterval, .job)
        for pool in self.pools.indices where self.pools[pool].isConnected && !self.pools[pool].isFrozen {
            let tip = Self.tip(self.pools[pool].block)
            self.policy.jobReceived(pool, block: tip, now: self.now)
        }
    }
}
