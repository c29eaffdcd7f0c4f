import NIOCore
import PoolPool
import Router
import Stratum

// Miners that come, find shares and go.
extension Forecast {
    mutating func step(_ index: Int, _ hashrate: Double) {
        self.miners[index].hashrate = hashrate
        if hashrate <= 0 {
            self.leave(index)
        } else if self.miners[index].session == nil {
            self.join(index)
        } else {
            self.scheduleShare(index)
        }
    }

    mutating func join(_ index: Int) {
        let session = self.nextSession
        self.nextSession += 1
        let model = self.miners[index].model
        self.miners[index].session = session
        self.miners[index].vardiff = VardiffController(
            configuration: self.scenario.route.vardiff, dialect: self.dialect, now: self.now)
        self.miners[index].workless = self.time
        self.minerOf[session] = index
        self.policy.arrived(
            ArrivingSession(
                session: session,
                identity: SessionIdentity(login: model.login, remote: model.remote, listener: model.listener)
            )
        )
        self.place([session], failedPool: nil, cause: "")
        self.scheduleShare(index)
    }

    mutating func leave(_ index: Int) {
        guard let session = self.miners[index].session else { return }
        self.endWait(index)
        self.policy.left(session)
        self.minerOf[session] = nil
        self.miners[index].session = nil
        self.miners[index].pool = nil
        self.miners[index].generation += 1
    }

    mutating func scheduleChurn() {
        let perHour = self.scenario.churn * Double(max(1, self.miners.count))
        self.at(self.time + self.random.wait(mean: 3600 / perHour), .churn)
    }

    /// A miner leaves, and comes back in five minutes on average.
    mutating func churn() {
        self.scheduleChurn()
        let count = self.miners.count
        let index = Int.random(in: 0..<count, using: &self.random)
        guard self.miners[index].session != nil else { return }
        let hashrate = self.miners[index].hashrate
        self.leave(index)
        let back = self.time + self.random.wait(mean: 300)
        self.at(back, .step(miner: index, hashrate: hashrate))
    }

    mutating func scheduleShare(_ index: Int) {
        let hashrate = self.miners[index].hashrate
        guard hashrate > 0 else { return }
        let aim = Double(TimeAmount(self.scenario.route.vardiff.targetInterval).nanoseconds) / 1e9
        let poolDifficulty = self.miners[index].pool.map { self.pools[$0].difficulty } ?? .infinity
        let ownDifficulty = hashrate * aim / self.dialect.hashesPerDifficulty
        // Without vardiff, and where the router cannot tell what a share is worth, sessions mine at their pool's difficulty.
        let isOwn = self.scenario.route.vardiff.enabled && self.dialect.knowsShareDifficulty
        let difficulty = isOwn || poolDifficulty.isInfinite ? min(poolDifficulty, ownDifficulty) : poolDifficulty
        self.miners[index].difficulty = difficulty
        self.miners[index].generation += 1
        let wait = self.random.wait(mean: difficulty * self.dialect.hashesPerDifficulty / hashrate)
        self.at(self.time + wait, .share(miner: index, generation: self.miners[index].generation))
    }

    mutating func share(_ index: Int, _ generation: Int) {
        guard self.miners[index].generation == generation, let session = self.miners[index].session else { return }
        defer { self.scheduleShare(index) }
        let difficulty = self.miners[index].difficulty
        let now = self.now
        self.miners[index].vardiff?.shareReceived(difficulty: difficulty, now: now)
        guard let pool = self.miners[index].pool else { return }
        guard self.random.unit() < difficulty / self.pools[pool].difficulty else { return }
        let state = self.pools[pool]
        if state.isDown || state.isFrozen || !state.isConnected {
            self.pools[pool].pending.append((session, state.difficulty))
            return
        }
        let latency = state.latency ?? Self.roundTrip * (0.5 + self.random.unit())
        let isAccepted = self.random.unit() >= max(state.rejects, self.scenario.rejectRatio)
        self.at(
            self.time + latency,
            .verdict(pool: pool, session: session, miner: index, latency: latency, isAccepted: isAccepted)
        )
    }

    mutating func verdict(
        _ pool: Int, _ session: Int64, _ miner: Int, latency: Double, _ isAccepted: Bool
    ) {
        let amount = TimeAmount.nanoseconds(Int64(latency * 1e9))
        guard isAccepted else {
            self.pools[pool].rejected += 1
            let rejection = Rejection(code: 23, message: "Above target")
            let change = self.policy.rejected(
                pool, rejection, worker: Int32(clamping: miner), latency: amount, now: self.now
            )
            return self.apply(change, to: pool)
        }
        let work = self.pools[pool].difficulty
        self.pools[pool].accepted += 1
        self.pools[pool].work += work
        let group = self.policy.group(of: session)
        for (other, share) in group.shares.enumerated() { self.pools[other].expected += share * work }
        self.policy.accepted(
            pool, session: session, worker: Int32(clamping: miner), work: work, latency: amount, now: self.now
        )
    }
}
