import HeapModule
import NIOCore
import PoolPool
import Router
import Stratum

/// Runs a ``ForecastScenario``: the router's own decisions (`RoutePolicy`) between pools and miners that are numbers.
package struct Forecast: ~Copyable {
    enum Event {
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

    struct Entry: Comparable {
        var time: Double
        var number: Int
        var event: Event

        static func < (left: Self, right: Self) -> Bool { (left.time, left.number) < (right.time, right.number) }
        static func == (left: Self, right: Self) -> Bool { left.number == right.number }
    }

    struct Miner {
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

    struct Pool {
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

    let scenario: ForecastScenario
    var policy: RoutePolicy
    var random: RandomSource
    var heap = Heap<Entry>()
    var number = 0
    var time = 0.0
    var miners: [Miner]
    var minerOf: [Int64: Int] = [:]
    var pools: [Pool]
    var nextSession: Int64 = 1
    var block = 0
    var ticks = 0
    var report = ForecastReport()
    /// What the route speaks.
    var dialect: any Dialect { self.scenario.route.dialect.dialect }

    static let tick = 1.0
    static let roundTrip = 0.08

    package init(_ scenario: ForecastScenario) {
        self.scenario = scenario
        self.random = RandomSource(seed: scenario.seed)
        self.policy = RoutePolicy(configuration: scenario.route, now: Self.instant(0))
        self.miners = scenario.miners.map { Miner(model: $0) }
        let health = scenario.route.health
        let farm = scenario.miners.reduce(0) { $0 + ($1.steps.map(\.hashrate).max() ?? 0) }
        let difficulty = max(1e-9, farm * scenario.shareInterval / scenario.route.dialect.dialect.hashesPerDifficulty)
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

    static func instant(_ time: Double) -> NIODeadline {
        // An hour before is there, too.
        .uptimeNanoseconds(3_600_000_000_000 + UInt64(max(0, time) * 1e9))
    }

    var now: NIODeadline { Self.instant(self.time) }

    mutating func at(_ time: Double, _ event: Event) {
        self.number += 1
        self.heap.insert(Entry(time: time, number: self.number, event: event))
    }

    mutating func run() -> ForecastReport {
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

    mutating func happen(_ event: Event) {
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

    mutating func checkpoint() {
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

    mutating func finish() -> ForecastReport {
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
