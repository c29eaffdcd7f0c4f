package import NIOCore
package import PoolPool
package import Stratum

/// Something that the policy has decided about a pool.
package enum PolicyChange: Sendable, Equatable {
    case health(HealthTracker.Change)
    /// Put aside; nil: until further notice.
    case ejected(reason: String, time: TimeAmount?)
    case readmitted(reason: String)
    /// It would be put aside, were it not the last one.
    case panic(reason: String)
    /// Two pools without a coin of their own work on different chains.
    case strangers(other: Int)
}

/// All decisions of a route, as a value: facts about pools and sessions go in, changes and moves come out. Knows no link, no
/// socket and no clock, so that a simulated day runs through the very same code as a real one.
package struct RoutePolicy: Sendable {
    package private(set) var configuration: RouteConfiguration
    /// Expected hashes of a share of difficulty 1.
    let hashesPerDifficulty: Double
    package internal(set) var pools: [PolicyPool] = []
    package internal(set) var groups: [PlacementGroup]
    var sessions = SessionTable()
    /// What a session of unknown hashrate is taken for, in H/s.
    var typicalHashrate = 1.0
    private var lag = LagDetector()
    private var lastJudged: NIODeadline
    /// Pairs of pools that were told to be strangers.
    private var strangers: Set<[String]> = []
    var lastBalance: NIODeadline
    /// Moves made since `movesSince`, for the limit.
    var moves = 0
    var movesSince: NIODeadline
    /// There was more to move than the limit allowed.
    var isMoving = false
    var memory = WorkerMemory()

    package init(configuration: RouteConfiguration, now: NIODeadline) {
        self.configuration = configuration
        self.hashesPerDifficulty = configuration.dialect.dialect.hashesPerDifficulty
        self.groups =
            [PlacementGroup(rule: nil, count: 0)] + configuration.pins.map { PlacementGroup(rule: $0, count: 0) }
        self.lastJudged = now
        self.lastBalance = now
        self.movesSince = now
    }

    // MARK: Pools

    package func index(of name: String) -> Int? { self.pools.firstIndex { $0.configuration.name == name } }

    package mutating func add(_ configuration: PoolConfiguration, now: NIODeadline) {
        let health = self.configuration.health
        self.pools.append(
            PolicyPool(
                configuration: configuration,
                health: HealthTracker(failbackAfter: TimeAmount(health.failbackAfter), now: now),
                outliers: OutlierDetector(configuration: health.outliers),
                administration: configuration.enabled ? .enabled : .disabled,
                administrationSince: now
            )
        )
        for index in self.groups.indices { self.groups[index].appendPool() }
        self.weigh(now: now)
    }

    /// A pool is gone; the indices above it move down by one.
    package mutating func remove(at index: Int, now: NIODeadline) {
        for group in self.groups.indices { self.settle(group, now: now) }
        self.pools.remove(at: index)
        self.lag.removed(pool: index)
        for group in self.groups.indices { self.groups[group].removePool(at: index) }
        let below = index < 64 ? (UInt64(1) << UInt64(index)) - 1 : .max
        self.sessions.changeAll { entry in
            entry.pool = entry.pool == index ? -1 : entry.pool > index ? entry.pool - 1 : entry.pool
            entry.barred = entry.barred & below | (entry.barred & ~below) >> 1 & ~below
        }
        self.weigh(now: now, settles: false)
    }

    /// Takes what a reload changed. Pools are changed one by one with ``update(_:to:now:)``.
    package mutating func update(_ configuration: RouteConfiguration, now: NIODeadline) {
        let pinsChanged = configuration.pins != self.configuration.pins
        self.configuration.health = configuration.health
        self.configuration.balance = configuration.balance
        self.configuration.payoutGuard = configuration.payoutGuard
        self.configuration.pools = configuration.pools
        self.configuration.pins = configuration.pins
        for index in self.pools.indices {
            self.pools[index].health.failbackAfter = TimeAmount(configuration.health.failbackAfter)
            self.pools[index].outliers.configuration = configuration.health.outliers
        }
        if pinsChanged { self.regroup() }
        self.weigh(now: now)
    }

    package mutating func update(_ index: Int, to configuration: PoolConfiguration, now: NIODeadline) {
        if self.pools[index].configuration.coin != configuration.coin { self.lag.left(pool: index) }
        self.pools[index].configuration = configuration
        self.weigh(now: now)
    }

    package mutating func administer(
        _ index: Int,
        _ administration: PolicyPool.Administration,
        drainBy: NIODeadline? = nil,
        now: NIODeadline
    ) {
        self.pools[index].administration = administration
        self.pools[index].administrationSince = now
        self.pools[index].drainBy = administration == .draining ? drainBy ?? now : nil
        if administration == .enabled { self.release(index, now: now) }
        if administration == .disabled { self.lag.left(pool: index) }
        self.weigh(now: now)
    }

    /// The pool is connected to anew as if for the first time.
    package mutating func resetHealth(_ index: Int, now: NIODeadline) {
        let failbackAfter = TimeAmount(self.configuration.health.failbackAfter)
        self.pools[index].health = HealthTracker(failbackAfter: failbackAfter, now: now)
        self.pools[index].rampSince = nil
        self.release(index, now: now)
        self.lag.left(pool: index)
        self.weigh(now: now)
    }

    /// Nothing speaks against the pool any more.
    private mutating func release(_ index: Int, now: NIODeadline) {
        self.pools[index].ejection.release(now: now)
        self.pools[index].hold = nil
        self.pools[index].panic = nil
        self.pools[index].outliers.reset(now: now)
    }

    // MARK: What links tell

    package mutating func linkReady(_ index: Int, now: NIODeadline) -> PolicyChange? {
        self.pools[index].lastGood = now
        return self.changed(index, self.pools[index].health.linkReady(now: now), now: now)
    }

    package mutating func linksFailed(_ index: Int, _ cause: String, now: NIODeadline) -> PolicyChange? {
        self.lag.left(pool: index)
        return self.changed(index, self.pools[index].health.linksFailed(cause, now: now), now: now)
    }

    package mutating func suspected(_ index: Int, _ reason: String?, now: NIODeadline) -> PolicyChange? {
        self.changed(index, self.pools[index].health.suspected(reason, now: now), now: now)
    }

    private mutating func changed(_ index: Int, _ change: HealthTracker.Change?, now: NIODeadline) -> PolicyChange? {
        guard let change else { return nil }
        switch change {
        case .recovered: self.pools[index].rampSince = now
        case .wentDown: self.pools[index].rampSince = nil
        case .cameUp, .becameSuspect, .cleared, .beganRecovery: break
        }
        self.weigh(now: now)
        return .health(change)
    }

    /// A new job has come. Returns how long after the first pool its block was announced, if it is a new one.
    @discardableResult
    package mutating func jobReceived(_ index: Int, block: BlockTip?, now: NIODeadline) -> TimeAmount? {
        self.pools[index].lastGood = now
        guard let block else { return nil }
        let coin = self.pools[index].configuration.coin
        guard let lag = self.lag.announced(pool: index, coin: coin, block: block, now: now) else { return nil }
        self.pools[index].lags.add(lag.nanoseconds / 1000)
        // A block that cost nothing excuses nothing, where that can be told.
        guard block.isProven || !block.isProvable else { return lag }
        for other in self.pools.indices where self.pools[other].configuration.coin == coin {
            self.pools[other].outliers.blockChanged(now: now)
        }
        return lag
    }

    /// The pool works on another block, of which nothing can be compared with the others.
    package mutating func blockChanged(_ index: Int, now: NIODeadline) {
        self.pools[index].outliers.blockChanged(now: now)
    }

    package mutating func accepted(
        _ index: Int, session: Int64, worker: Int32, work: Double, latency: TimeAmount, now: NIODeadline
    ) {
        self.pools[index].lastGood = now
        self.pools[index].outliers.accepted(worker: worker, latency: latency, now: now)
        // A session that is gone belongs to no group any more; its work is then neither done nor owed.
        guard let group = self.sessions.group(of: session) else { return }
        self.groups[group].account.accepted(pool: index, work: work)
    }

    package mutating func rejected(
        _ index: Int, _ rejection: Rejection, worker: Int32, latency: TimeAmount, now: NIODeadline
    ) -> PolicyChange? {
        self.pools[index].outliers.rejected(rejection, worker: worker, latency: latency, now: now)
        return self.judge(index, now: now)
    }

    /// Shares were given up for want of a verdict.
    package mutating func unanswered(_ index: Int, _ count: Int, now: NIODeadline) -> PolicyChange? {
        self.pools[index].outliers.unanswered(count, now: now)
        return self.judge(index, now: now)
    }

    /// The pool pays somebody else than it should, or wants what it may not want.
    package mutating func payoutDoubted(_ index: Int, _ reason: String, now: NIODeadline) -> PolicyChange? {
        guard self.configuration.payoutGuard == .eject, self.pools[index].hold != .payout else { return nil }
        return self.hold(index, .payout, reason, badness: 1, now: now)
    }

    /// What the pool leaves of its nonce space is enough for some miner, or for none: then it gets none. Told with the next
    /// ``tick(now:)`` that judges, so that a pool that changes its mind with every line is told of once a second.
    package mutating func noted(hasRoom: Bool, of index: Int, now: NIODeadline) {
        guard self.pools[index].hasRoom != hasRoom else { return }
        self.pools[index].hasRoom = hasRoom
        self.weigh(now: now)
    }

    // MARK: Judging

    /// Deadlines and whatever time brings. Call a few times a second.
    package mutating func tick(now: NIODeadline) -> [(pool: Int, change: PolicyChange)] {
        var changes: [(pool: Int, change: PolicyChange)] = []
        for index in self.pools.indices {
            let change = self.pools[index].health.tick(now: now)
            if let change = self.changed(index, change, now: now) { changes.append((index, change)) }
            if self.pools[index].ejection.tick(now: now) {
                changes.append((index, self.readmit(index, "its time is over", now: now)))
            }
        }
        guard now - self.lastJudged >= .seconds(1) else { return changes }
        self.lastJudged = now
        changes += self.judgeRooms(now: now)
        for index in self.pools.indices {
            if let change = self.judge(index, now: now) { changes.append((index, change)) }
            if let change = self.judgeLag(index, now: now) { changes.append((index, change)) }
        }
        changes += self.newStrangers()
        self.weigh(now: now)
        return changes
    }

    /// What ``noted(hasRoom:of:now:)`` left to tell. Part of ``tick(now:)``; to be called when there will be none any more.
    package mutating func judgeRooms(now: NIODeadline) -> [(pool: Int, change: PolicyChange)] {
        self.pools.indices.compactMap { index in self.judgeRoom(index, now: now).map { (index, $0) } }
    }

    private mutating func judgeRoom(_ index: Int, now: NIODeadline) -> PolicyChange? {
        let hasRoom = self.pools[index].hasRoom
        guard hasRoom != self.pools[index].toldRoom else { return nil }
        self.pools[index].toldRoom = hasRoom
        guard hasRoom else { return .ejected(reason: PolicyPool.noRoom, time: nil) }
        return self.readmit(index, "its nonce space can be shared", now: now)
    }

    private mutating func judge(_ index: Int, now: NIODeadline) -> PolicyChange? {
        guard self.pools[index].isUsable, !self.pools[index].ejection.isEjected else { return nil }
        guard let finding = self.pools[index].outliers.judge(now: now) else {
            if self.overdue(index, now: now) == nil { self.pools[index].panic = nil }
            return nil
        }
        guard self.mayEject(index) else { return self.panic(index, finding.reason) }
        let time = self.pools[index].ejection.eject(
            reason: finding.reason,
            badness: finding.badness,
            configuration: self.configuration.health.outliers,
            now: now
        )
        self.pools[index].outliers.reset(now: now)
        self.pools[index].panic = nil
        self.weigh(now: now)
        return .ejected(reason: finding.reason, time: time)
    }

    private mutating func judgeLag(_ index: Int, now: NIODeadline) -> PolicyChange? {
        if self.pools[index].hold == .lag {
            let isBehind = self.lag.behind(index) != nil
            guard !isBehind || self.configuration.health.lag == nil else { return nil }
            self.release(index, now: now)
            // Of a pool without a link nobody knows where it is; that it is down says enough.
            guard self.pools[index].isUsable else { return nil }
            return self.readmit(index, isBehind ? "health.lag is off" : "it has caught up", now: now)
        }
        guard let behind = self.overdue(index, now: now), self.pools[index].isUsable,
            !self.pools[index].ejection.isEjected
        else { return nil }
        let seconds = (now - behind.since).nanoseconds / 1_000_000_000
        let others = behind.others.map { self.pools[$0].configuration.name }.joined(separator: ", ")
        let reason = "works on an old block: \(others) moved on \(seconds) s ago"
        guard self.mayEject(index) else { return self.panic(index, reason) }
        return self.hold(index, .lag, reason, badness: 0.95, now: now)
    }

    /// Non-nil when the pool has been on an old block for too long.
    private func overdue(_ index: Int, now: NIODeadline) -> LagDetector.Behind? {
        guard let behind = self.lag.behind(index), let limit = self.configuration.health.lag else { return nil }
        return now - behind.since >= TimeAmount(limit) ? behind : nil
    }

    private mutating func hold(
        _ index: Int, _ hold: PolicyPool.Hold, _ reason: String, badness: Double, now: NIODeadline
    ) -> PolicyChange? {
        self.pools[index].hold = hold
        self.pools[index].panic = nil
        self.pools[index].ejection.hold(reason: reason, badness: badness, now: now)
        self.weigh(now: now)
        return .ejected(reason: reason, time: nil)
    }

    private mutating func readmit(_ index: Int, _ reason: String, now: NIODeadline) -> PolicyChange {
        self.pools[index].rampSince = now
        self.pools[index].outliers.reset(now: now)
        self.weigh(now: now)
        return .readmitted(reason: reason)
    }

    private mutating func panic(_ index: Int, _ reason: String) -> PolicyChange? {
        guard self.pools[index].panic == nil else { return nil }
        self.pools[index].panic = reason
        return .panic(reason: reason)
    }

    /// The last pool that gives work is never put aside.
    private func mayEject(_ index: Int) -> Bool {
        self.pools.indices.contains { $0 != index && self.pools[$0].isUsable }
    }

    private mutating func newStrangers() -> [(pool: Int, change: PolicyChange)] {
        self.lag.strangers().compactMap { first, second in
            let names = [self.pools[first].configuration.name, self.pools[second].configuration.name].sorted()
            guard self.strangers.insert(names).inserted else { return nil }
            return (second, .strangers(other: first))
        }
    }

    // MARK: Shares of the work

    /// Works out again which pool should have what. Called whenever something changes that it depends on.
    /// - Parameter settles: the work done so far is still to be booked, by the shares that held.
    mutating func weigh(now: NIODeadline, settles: Bool = true) {
        let slowStart = TimeAmount(self.configuration.health.slowStart)
        let ramps = self.pools.map { $0.ramp(slowStart: slowStart, now: now) }
        for index in self.pools.indices where ramps[index] >= 1 { self.pools[index].rampSince = nil }
        for index in self.groups.indices {
            let group = self.groups[index]
            let candidates = zip(self.pools, ramps).map { group.candidate($0, ramp: $1) }
            let tiers = PoolSelector.tiers(candidates)
            let shares = PoolSelector.shares(candidates, tiers: tiers)
            self.groups[index].candidates = candidates
            self.groups[index].tiers = tiers
            guard shares != group.shares else { continue }
            if settles { self.settle(index, now: now) }
            self.groups[index].shares = shares
        }
    }
}
