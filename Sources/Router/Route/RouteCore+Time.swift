import Logging
import NIOCore
import PoolPool
import Stratum

// What time brings: deadlines, keep-alive, links to open and to close, balance.
extension RouteCore {
    /// Connections to per-worker pools opened in one tick.
    private static let opensPerTick = 25
    static let idleLinkTime = TimeAmount.seconds(60)

    /// Deadlines of all kinds. Call a few times a second.
    package func tick() {
        let now = self.now
        for entry in Array(self.links.values) { entry.link.tick(now: now) }
        for (index, change) in self.policy.tick(now: now) { self.apply(change, to: index) }
        self.keepAlive(now: now)
        self.openSome()
        self.answerOffers()
        self.finishDrains()
        if !self.facts.isOpen { self.updateFacts() }
        if now - self.lastSlowTick >= .seconds(1) {
            self.lastSlowTick = now
            self.tickSlowly(now: now)
            self.closeIdleLinks(now: now)
            self.closeIdleSpaces(now: now)
            self.reservations.tick(now: now)
            self.endHolds(now: now)
            self.registry.tick(now: now)
            self.reuseNonces()
        }
        self.balance(now: now)
        self.noteChange()
    }

    /// What need not be looked at more often than once a second.
    private func tickSlowly(now: NIODeadline) {
        self.tellMoves(all: false)
        self.closeReceipts()
        self.tellPayouts()
        let freed = self.links.values.filter { $0.refusedUntil.map { now >= $0 } ?? false }
        for entry in freed { entry.refusedUntil = nil }
        if !freed.isEmpty { self.bar() }
        let overdue = self.policy.pools.indices.filter { index in
            let pool = self.policy.pools[index]
            return pool.administration == .draining && pool.drainBy.map { now >= $0 } ?? true
        }
        for index in overdue {
            let name = self.policy.pools[index].configuration.name
            let left = self.links.values.filter { $0.pool == name }.flatMap(\.sessions)
            self.place(left, cause: "\(name) is drained")
        }
    }

    /// What else was to be told together with what comes: nothing comes any more.
    func tellRest() {
        for (index, change) in self.policy.judgeRooms(now: self.now) { self.tell(change, of: index) }
        self.tellMoves(all: true)
    }

    private func keepAlive(now: NIODeadline) {
        let interval = TimeAmount(self.configuration.keepAlive)
        for entry in self.links.values where entry.link.isReady {
            if entry.owesIssue {
                if let job = entry.issuer.issue(now: now, number: self.ids.nextJob()) {
                    entry.owesIssue = false
                    entry.current = job
                    entry.lastIssue = now
                    self.announce(job, .new)
                }
            } else if self.dialect.renewsWork, !entry.sessions.isEmpty, now - entry.lastIssue >= interval {
                self.reissue(entry.link.id, kind: .keepAlive)
            }
        }
    }

    private func openSome() {
        for index in self.pools.indices where !self.pools[index].toOpen.isEmpty {
            for key in self.pools[index].toOpen.prefix(Self.opensPerTick) { self.links[key]?.link.start() }
            self.pools[index].toOpen.removeFirst(min(Self.opensPerTick, self.pools[index].toOpen.count))
        }
    }

    /// A per-worker pool keeps one link; the others go when nobody needs them, unless they are to stay warm.
    private func closeIdleLinks(now: NIODeadline) {
        for pool in self.policy.pools where pool.configuration.isPerWorker {
            var needed = Set(self.placements.values.compactMap(\.wanted))
            if pool.configuration.standby == .warm {
                needed.formUnion(self.placements.values.map { self.key(pool.configuration, $0.introduction) })
            }
            let entries = self.links.filter { $0.key.pool == pool.configuration.name }
            var left = entries.count
            for (key, entry) in entries {
                guard entry.sessions.isEmpty, !needed.contains(key), entry.link.pendingCount == 0 else {
                    entry.idleSince = nil
                    continue
                }
                let idleSince = entry.idleSince ?? now
                entry.idleSince = idleSince
                let isRefused = entry.refusedUntil != nil
                guard now - idleSince >= Self.idleLinkTime, left > 1 || isRefused else { continue }
                left -= 1
                self.remove(key, LinkFailure(.stopped, "nobody mines on it"))
            }
            if left == 0, pool.administration == .enabled { self.openStandby(pool.configuration) }
        }
    }

    private func endHolds(now: NIODeadline) {
        let hold = TimeAmount(self.configuration.health.hold)
        let expired = self.placements.filter { $0.value.idleSince.map { now - $0 >= hold } ?? false }
        guard !expired.isEmpty else { return }
        let byReason = Dictionary(grouping: expired.values) { placement -> SessionCloseReason in
            self.isStrange(placement.introduction) ? .noPoolOfItsKind : .noPool
        }
        for (reason, sessions) in byReason {
            self.logger.warning(
                "\(reason.rawValue): closing sessions so that the miners' own failover can act",
                metadata: ["sessions": "\(sessions.count)", "held": "\(self.configuration.health.hold.text)"]
            )
            for (shard, sessions) in Dictionary(grouping: sessions, by: \.introduction.shard) {
                self.post(.close(sessions.map(\.introduction.session), reason), to: shard)
            }
        }
        for session in expired.keys { self.forget(session) }
    }

    /// Prefixes of sessions that left may be used again once every link of their space has had a clean job.
    private func reuseNonces() {
        for space in self.spaceLayouts.keys {
            let links = self.links.values.filter { $0.space == space && $0.current != nil }
            guard !links.isEmpty, links.allSatisfy({ $0.lastClean != nil }) else { continue }
            if let oldest = links.compactMap(\.lastClean).min() { self.registry.cleaned(space: space, at: oldest) }
        }
    }
}
