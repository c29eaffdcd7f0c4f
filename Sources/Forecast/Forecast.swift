import HeapModule
import NIOCore
import PoolPool
import Router
import Stratum

/// Runs a ``ForecastScenario``: the router's own decisions (`RoutePolicy`) between pools and miners that are numbers.
package struct Forecast: ~Copyable {
    private enum Event {
        case share(miner: Int, generation: Int)
        case verdict(pool: Int, session: Int64, miner: Int, latency: Double, isAccepted: Bool)
        case step(miner: Int, hashrate: Double)
        case churn
        case fault(Int, begins: Bool)
        case flap(Int, isUp: Bool)
        case detected(pool: Int, generation: Int, cause: String)
        case connect(pool: Int, generation: Int)
        case block
        case announcement(pool: Int, block: Int)
        case job
        case checkpoint
        case tick
    }

    private struct Entry: Comparable {
        var time: Double
        var number: Int
        var event: Event

        static func < (left: Self, right: Self) -> Bool { (left.time, left.number) < (right.time, right.number) }
        static func == (left: Self, right: Self) -> Bool { left.number == right.number }
    }

    private struct Miner {
        var model: ForecastMiner
        var session: Int64?
        var hashrate = 0.0
        var difficulty = 1.0
        /// Of its scheduled share; another one makes that void.
        var generation = 0
        var vardiff: VardiffController?
        var pool: Int?
        var workless: Double?
    }

    private struct Pool {
        var name: String
        var difficulty = 1.0
        var isConnected = false
        var isDown = false
        var isFrozen = false
        var rejects = 0.0
        var latency: Double?
        var keepsOldBlock = false
        var block = 0
        /// Of the connection; what was scheduled for another one is void.
        var generation = 0
        var backoff: Backoff
        var pending: [(session: Int64, work: Double)] = []
        var faultSince: Double?
        /// When it went down last, and whether it has carried load since.
        var failedAt: Double?
        var hasCarried = false
        var work = 0.0
        var expected = 0.0
        var accepted = 0
        var rejected = 0
        var lost = 0
        var workLost = 0.0
    }

    private let scenario: ForecastScenario
    private var policy: RoutePolicy
    private var random: RandomSource
    private var heap = Heap<Entry>()
    private var number = 0
    private var time = 0.0
    private var miners: [Miner]
    private var minerOf: [Int64: Int] = [:]
    private var pools: [Pool]
    private var nextSession: Int64 = 1
    private var block = 0
    private var ticks = 0
    private var report = ForecastReport()

    private static let tick = 1.0
    private static let roundTrip = 0.08

    package init(_ scenario: ForecastScenario) {
        self.scenario = scenario
        self.random = RandomSource(seed: scenario.seed)
        self.policy = RoutePolicy(configuration: scenario.route, now: Self.instant(0))
        self.miners = scenario.miners.map { Miner(model: $0) }
        let health = scenario.route.health
        let farm = scenario.miners.reduce(0) { $0 + ($1.steps.map(\.hashrate).max() ?? 0) }
        let difficulty = max(1e-9, farm * scenario.shareInterval / hashesPerDifficulty)
        self.pools = scenario.route.pools.map { pool in
            Pool(
                name: pool.name,
                difficulty: difficulty,
                backoff: Backoff(
                    initial: TimeAmount(health.reconnectInitial), maximum: TimeAmount(health.reconnectMaximum)
                )
            )
        }
        for pool in scenario.route.pools { self.policy.add(pool, now: Self.instant(0)) }
    }

    /// Everything, from beginning to end.
    package static func run(_ scenario: ForecastScenario) -> ForecastReport {
        var forecast = Forecast(scenario)
        return forecast.run()
    }

    private static func instant(_ time: Double) -> NIODeadline {
        // An hour before is there, too.
        .uptimeNanoseconds(3_600_000_000_000 + UInt64(max(0, time) * 1e9))
    }

    private var now: NIODeadline { Self.instant(self.time) }

    private mutating func at(_ time: Double, _ event: Event) {
        self.number += 1
        self.heap.insert(Entry(time: time, number: self.number, event: event))
    }

    private mutating func run() -> ForecastReport {
        for index in self.pools.indices { self.connected(index) }
        for (index, miner) in self.miners.enumerated() {
            for step in miner.model.steps { self.at(step.time, .step(miner: index, hashrate: step.hashrate)) }
        }
        for (index, fault) in self.scenario.faults.enumerated() {
            self.at(fault.start, .fault(index, begins: true))
            self.at(fault.start + fault.length, .fault(index, begins: false))
        }
        for time in self.scenario.checkpoints { self.at(time, .checkpoint) }
        self.at(0, .block)
        self.at(self.scenario.jobInterval, .job)
        self.at(Self.tick, .tick)
        if self.scenario.churn > 0 { self.scheduleChurn() }
        while let entry = self.heap.popMin(), entry.time <= self.scenario.duration {
            self.time = entry.time
            self.happen(entry.event)
        }
        self.time = self.scenario.duration
        return self.finish()
    }

    private mutating func happen(_ event: Event) {
        switch event {
        case .share(let miner, let generation): self.share(miner, generation)
        case .verdict(let pool, let session, let miner, let latency, let isAccepted):
            self.verdict(pool, session, miner, latency: latency, isAccepted)
        case .step(let miner, let hashrate): self.step(miner, hashrate)
        case .churn: self.churn()
        case .fault(let index, let begins): self.fault(self.scenario.faults[index], begins: begins, index: index)
        case .flap(let index, let isUp): self.flap(index, isUp: isUp)
        case .detected(let pool, let generation, let cause):
            if self.pools[pool].generation == generation { self.disconnected(pool, cause) }
        case .connect(let pool, let generation): self.connect(pool, generation)
        case .block: self.newBlock()
        case .announcement(let pool, let block): self.announce(pool, block)
        case .job: self.jobs()
        case .checkpoint: self.checkpoint()
        case .tick: self.tick()
        }
    }

    // MARK: Miners

    private mutating func step(_ index: Int, _ hashrate: Double) {
        self.miners[index].hashrate = hashrate
        if hashrate <= 0 {
            self.leave(index)
        } else if self.miners[index].session == nil {
            self.join(index)
        } else {
            self.scheduleShare(index)
        }
    }

    private mutating func join(_ index: Int) {
        let session = self.nextSession
        self.nextSession += 1
        let model = self.miners[index].model
        self.miners[index].session = session
        self.miners[index].vardiff = VardiffController(configuration: self.scenario.route.vardiff, now: self.now)
        self.miners[index].workless = self.time
        self.minerOf[session] = index
        self.policy.arrived(
            ArrivingSession(session: session, login: model.login, remote: model.remote, listener: model.listener)
        )
        self.place([session], failedPool: nil, cause: "")
        self.scheduleShare(index)
    }

    private mutating func leave(_ index: Int) {
        guard let session = self.miners[index].session else { return }
        self.endWait(index)
        self.policy.left(session)
        self.minerOf[session] = nil
        self.miners[index].session = nil
        self.miners[index].pool = nil
        self.miners[index].generation += 1
    }

    private mutating func scheduleChurn() {
        let perHour = self.scenario.churn * Double(max(1, self.miners.count))
        self.at(self.time + self.random.wait(mean: 3600 / perHour), .churn)
    }

    /// A miner leaves, and comes back in five minutes on average.
    private mutating func churn() {
        self.scheduleChurn()
        let count = self.miners.count
        let index = Int.random(in: 0..<count, using: &self.random)
        guard self.miners[index].session != nil else { return }
        let hashrate = self.miners[index].hashrate
        self.leave(index)
        let back = self.time + self.random.wait(mean: 300)
        self.at(back, .step(miner: index, hashrate: hashrate))
    }

    private mutating func scheduleShare(_ index: Int) {
        let hashrate = self.miners[index].hashrate
        guard hashrate > 0 else { return }
        let aim = Double(TimeAmount(self.scenario.route.vardiff.targetInterval).nanoseconds) / 1e9
        let poolDifficulty = self.miners[index].pool.map { self.pools[$0].difficulty } ?? .infinity
        let difficulty = min(poolDifficulty, hashrate * aim / hashesPerDifficulty)
        self.miners[index].difficulty = difficulty
        self.miners[index].generation += 1
        let wait = self.random.wait(mean: difficulty * hashesPerDifficulty / hashrate)
        self.at(self.time + wait, .share(miner: index, generation: self.miners[index].generation))
    }

    private mutating func share(_ index: Int, _ generation: Int) {
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

    private mutating func verdict(
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

    // MARK: Pools

    private mutating func fault(_ fault: ForecastFault, begins: Bool, index: Int) {
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

    private mutating func flap(_ index: Int, isUp: Bool) {
        let fault = self.scenario.faults[index]
        guard case .flapping(let period) = fault.kind, self.time < fault.start + fault.length,
            let pool = self.pools.firstIndex(where: { $0.name == fault.pool })
        else { return }
        self.setDown(pool, !isUp)
        self.pools[pool].faultSince = self.time
        self.at(self.time + period, .flap(index, isUp: !isUp))
    }

    private mutating func setDown(_ pool: Int, _ isDown: Bool) {
        self.pools[pool].isDown = isDown
        if isDown, self.pools[pool].isConnected { self.disconnected(pool, "closed") }
    }

    /// A pool that says nothing is found out by its unanswered shares, or by its silence.
    private mutating func scheduleDetection(_ pool: Int) {
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

    private mutating func disconnected(_ pool: Int, _ cause: String) {
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

    private mutating func retry(_ pool: Int) {
        let delay = self.pools[pool].backoff.next(using: &self.random)
        self.at(
            self.time + max(0.05, Double(delay.nanoseconds) / 1e9),
            .connect(pool: pool, generation: self.pools[pool].generation)
        )
    }

    private mutating func connect(_ pool: Int, _ generation: Int) {
        guard self.pools[pool].generation == generation, !self.pools[pool].isConnected else { return }
        guard !self.pools[pool].isDown, !self.pools[pool].isFrozen else {
            _ = self.policy.linksFailed(pool, "connect-failed", now: self.now)
            return self.retry(pool)
        }
        self.connected(pool)
    }

    private mutating func connected(_ pool: Int) {
        self.pools[pool].isConnected = true
        self.pools[pool].backoff.reset()
        let change = self.policy.linkReady(pool, now: self.now)
        self.announce(pool, self.pools[pool].keepsOldBlock ? self.pools[pool].block : self.block)
        self.apply(change, to: pool)
    }

    private mutating func newBlock() {
        self.block += 1
        self.at(self.time + self.random.wait(mean: self.scenario.blockInterval), .block)
        for pool in self.pools.indices {
            self.at(self.time + self.random.wait(mean: 0.7), .announcement(pool: pool, block: self.block))
        }
    }

    private mutating func announce(_ pool: Int, _ block: Int) {
        let state = self.pools[pool]
        guard state.isConnected, !state.isDown, !state.isFrozen, !state.keepsOldBlock || state.block == block else {
            return
        }
        self.pools[pool].block = block
        self.policy.jobReceived(pool, block: Self.tip(block), now: self.now)
        self.carryOut(self.policy.cleanJob(of: pool, now: self.now))
    }

    /// Blocks of the simulated chain are proven: nobody makes them up.
    private static func tip(_ block: Int) -> LagDetector.BlockTip {
        let bytes = (0..<32).map { UInt8(truncatingIfNeeded: $0 < 8 ? block >> ($0 * 8) : 0) }
        return LagDetector.BlockTip(hash: bytes, height: 900_000 + block, isProven: true)
    }

    private mutating func jobs() {
        self.at(self.time + self.scenario.jobInterval, .job)
        for pool in self.pools.indices where self.pools[pool].isConnected && !self.pools[pool].isFrozen {
            let tip = Self.tip(self.pools[pool].block)
            self.policy.jobReceived(pool, block: tip, now: self.now)
        }
    }

    // MARK: Decisions

    private mutating func tick() {
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

    private mutating func apply(_ change: PolicyChange?, to pool: Int) {
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

    private mutating func place(_ sessions: [Int64], failedPool: Int?, cause: String) {
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

    private mutating func carryOut(_ moves: [WorkBalancer.Move]) {
        for move in moves {
            guard let index = self.minerOf[move.session], self.pools[move.to].isConnected else { continue }
            self.report.moves += 1
            self.move(index, to: move.to)
        }
    }

    private mutating func move(_ index: Int, to pool: Int?) {
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

    private mutating func noteStart(_ pool: Int) {
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

    private mutating func endWait(_ index: Int) {
        guard let since = self.miners[index].workless else { return }
        self.miners[index].workless = nil
        self.report.idleSeconds += self.time - since
        self.report.longestWait = max(self.report.longestWait, self.time - since)
    }

    // MARK: The end

    private mutating func checkpoint() {
        let total = max(self.pools.reduce(0) { $0 + $1.work }, .leastNonzeroMagnitude)
        self.report.checkpoints.append(
            ForecastReport.Checkpoint(
                time: self.time,
                shares: self.pools.map { $0.work / total },
                targets: self.pools.map { $0.expected / total },
                work: self.pools.map(\.work),
                owed: self.pools.map(\.expected)
            )
        )
    }

    private mutating func finish() -> ForecastReport {
        for index in self.miners.indices { self.endWait(index) }
        let total = max(self.pools.reduce(0) { $0 + $1.work }, .leastNonzeroMagnitude)
        self.report.pools = self.pools.map { pool in
            ForecastReport.Pool(
                name: pool.name,
                work: pool.work,
                share: pool.work / total,
                target: pool.expected / total,
                accepted: pool.accepted,
                rejected: pool.rejected,
                lost: pool.lost,
                workLost: pool.workLost,
                failovers: self.report.failovers.filter { $0.pool == pool.name }.count
            )
        }
        return self.report
    }
}
