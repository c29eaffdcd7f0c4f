import Logging
import NIOCore
package import PoolPool
import Stratum

/// What an operator can do to a pool.
package enum PoolDirective: String, Sendable {
    case drain
    case enable
    case disable
}

/// What became of an operator's command.
package enum CommandOutcome: Sendable, Equatable {
    case done(String)
    case notFound
    case refused(String)
}

// Operators' commands, reload, and what they see.
extension RouteCore {
    /// How long a drained pool without sessions stays connected, for shares that are still on their way to us.
    private static let lastShares = TimeAmount.seconds(5)

    /// - Parameter within: how long a drain may take: sessions leave a few at a time, where they can with a clean job.
    package func command(_ command: PoolDirective, pool name: String, within: Duration = .zero) -> CommandOutcome {
        guard let index = self.poolIndex(name) else { return .notFound }
        switch command {
        case .enable: return self.enable(index)
        case .drain, .disable:
            guard self.policy.pools[index].administration != .disabled else {
                return .done("pool \(name) is disabled already")
            }
            if let miners = self.policy.dependents(of: index) {
                let whose = miners.isEmpty ? "" : "\(miners) of "
                return .refused("\(name) is the last usable pool of \(whose)route \(self.configuration.name)")
            }
            let time = command == .drain ? TimeAmount(within) : .zero
            self.withdraw(index, within: time)
            if command == .disable { self.finishDrain(index, .disabled, cause: "operator") }
            guard command == .drain else { return .done("pool \(name) is disabled") }
            return .done("pool \(name) is draining" + (time > .zero ? ", at most \(within.text)" : ""))
        }
    }

    private func enable(_ index: Int) -> CommandOutcome {
        let pool = self.policy.pools[index]
        let configuration = pool.configuration
        guard pool.administration != .enabled || pool.ejection.isEjected else {
            // The operator has seen it.
            let hadWarning = self.pools[index].payoutWarning != nil
            self.pools[index].payoutWarning = nil
            let done = "pool \(configuration.name) is enabled already"
            return .done(hadWarning ? "\(done); its payout is warned of no more" : done)
        }
        let wasDisabled = pool.administration == .disabled
        self.policy.administer(index, .enabled, now: self.now)
        if wasDisabled {
            self.policy.resetHealth(index, now: self.now)
            self.openStandby(configuration)
        }
        self.updateFacts()
        self.announce(.enabled, pool: index, cause: "operator")
        self.placeAll(cause: "\(configuration.name) was enabled")
        return .done("pool \(configuration.name) is enabled")
    }

    /// The pool takes nothing new and gives away what it has within this time.
    private func withdraw(_ index: Int, within time: TimeAmount) {
        self.policy.administer(index, .draining, drainBy: self.now + time, now: self.now)
        self.pools[index].emptySince = nil
        self.updateFacts()
        self.placeAll(cause: "\(self.policy.pools[index].configuration.name) is drained")
    }

    /// Closes the links of draining pools once nothing is on them and no verdict is missing.
    func finishDrains() {
        for index in self.pools.indices where self.policy.pools[index].administration == .draining {
            let name = self.policy.pools[index].configuration.name
            let entries = self.links.values.filter { $0.pool == name }
            guard entries.allSatisfy({ $0.sessions.isEmpty && $0.link.pendingCount == 0 }) else {
                self.pools[index].emptySince = nil
                continue
            }
            let since = self.pools[index].emptySince ?? self.now
            self.pools[index].emptySince = since
            let hadShares = entries.contains { $0.link.isReady } && self.pools[index].tally.forwarded > 0
            guard !hadShares || self.now - since >= Self.lastShares else { continue }
            self.finishDrain(index, .drained, cause: "no sessions and no pending shares left")
        }
        for index in self.pools.indices.reversed() where self.pools[index].isRemoved {
            guard self.policy.pools[index].administration == .disabled else { continue }
            self.pools.remove(at: index)
            self.policy.remove(at: index, now: self.now)
        }
    }

    private func finishDrain(_ index: Int, _ kind: RouteEvent.Kind, cause: String) {
        let name = self.policy.pools[index].configuration.name
        self.policy.administer(index, .disabled, now: self.now)
        self.closeLinks(of: name, LinkFailure(.stopped, "drained"))
        // Those who had nowhere to go, and hold from now on.
        self.placeAll(cause: "\(name) is disconnected")
        let lost = self.pools[index].lostInOutage
        self.announce(kind, pool: index, cause: cause, lost: lost)
        self.pools[index].lostInOutage = 0
        self.pools[index].workLostInOutage = 0
    }

    private func closeLinks(of pool: String, _ failure: LinkFailure) {
        for key in self.links.keys where key.pool == pool { self.remove(key, failure) }
    }

    /// Takes pools, priorities and weights from a reloaded configuration. Sessions and links that it leaves alone stay.
    package func update(_ configuration: RouteConfiguration) {
        self.configuration.pools = configuration.pools
        self.configuration.pins = configuration.pins
        self.configuration.health = configuration.health
        self.configuration.balance = configuration.balance
        let wasEjecting = self.configuration.payoutGuard == .eject
        self.configuration.payoutGuard = configuration.payoutGuard
        self.configuration.keepAlive = configuration.keepAlive
        self.policy.update(configuration, now: self.now)
        for index in self.pools.indices {
            switch configuration.payoutGuard {
            case .warn: break
            case .off: (self.pools[index].payoutWarning, self.pools[index].payoutUntold) = (nil, nil)
            case .eject:
                guard !wasEjecting, let warning = self.pools[index].payoutWarning else { continue }
                self.apply(self.policy.payoutDoubted(index, warning, now: self.now), to: index)
            }
        }
        for index in self.pools.indices {
            let name = self.policy.pools[index].configuration.name
            guard let new = configuration.pools.first(where: { $0.name == name }) else {
                self.pools[index].isRemoved = true
                if self.policy.pools[index].administration == .enabled { self.withdraw(index, within: .zero) }
                continue
            }
            let wasRemoved = self.pools[index].isRemoved
            self.pools[index].isRemoved = false
            self.update(index, to: new)
            // It was on its way out and is wanted again.
            if wasRemoved, new.enabled { _ = self.enable(index) }
        }
        let known = Set(self.policy.pools.map(\.configuration.name))
        for pool in configuration.pools where !known.contains(pool.name) { self.add(pool) }
        self.updateFacts()
        self.placeAll(cause: "configuration reloaded")
    }

    private func update(_ index: Int, to new: PoolConfiguration) {
        let old = self.policy.pools[index].configuration
        self.policy.update(index, to: new, now: self.now)
        if old.enabled != new.enabled {
            if new.enabled {
                _ = self.enable(index)
            } else if self.policy.pools[index].administration == .enabled {
                self.withdraw(index, within: .zero)
            }
        }
        guard self.policy.pools[index].administration == .enabled else { return }
        if old.needsNewLink(for: new) {
            self.pools[index].payoutWarning = nil
            self.closeLinks(of: new.name, LinkFailure(.stopped, "reconfigured"))
            self.policy.resetHealth(index, now: self.now)
            self.openStandby(new)
        } else {
            for entry in self.links.values where entry.pool == new.name {
                entry.link.update(new, health: self.configuration.health)
            }
        }
    }

    /// Why the sessions of a worker mine where they mine.
    package func explain(worker: String) -> [SessionExplanation] {
        self.policy.sessions(of: worker).compactMap { session in
            var explanation = self.policy.explain(session, now: self.now)
            explanation?.link = self.placements[session]?.link?.pool
            return explanation
        }
    }

    package func snapshot() -> RouteSnapshot {
        let now = self.now
        let loads = self.policy.loads
        let shares = self.policy.targetShares
        return RouteSnapshot(
            name: self.configuration.name,
            isOpen: self.facts.isOpen,
            pools: zip(self.policy.pools, self.pools).enumerated().map { index, pair in
                let (pool, facts) = pair
                let entries = self.links.values.filter { $0.pool == pool.configuration.name }
                return PoolSnapshot(
                    configuration: pool.configuration,
                    administration: pool.administration.rawValue,
                    health: pool.health.state,
                    hasRoom: pool.hasRoom,
                    ejection: pool.putAside,
                    ejectionRemaining: pool.ejection.remaining(now: now).map { Double($0.nanoseconds) / 1e9 },
                    panic: pool.panic,
                    payoutWarning: facts.payoutWarning,
                    secondsInState: Double((now - max(pool.health.since, pool.administrationSince)).nanoseconds) / 1e9,
                    links: entries.filter(\.link.isReady).count,
                    linkIDs: Set(entries.map(\.link.id)),
                    sessions: entries.reduce(0) { $0 + $1.sessions.count },
                    pending: entries.reduce(0) { $0 + $1.link.pendingCount },
                    reconnects: entries.reduce(0) { $0 + $1.link.reconnectCount },
                    hashrate: loads[index],
                    targetShare: shares[index],
                    difficulty: facts.difficulty,
                    jobAge: entries.filter(\.link.isReady)
                        .map { Double($0.link.jobAge(now: now).nanoseconds) / 1e9 }.min(),
                    previousHashAge: facts.blockSince.map { Double((now - $0).nanoseconds) / 1e9 },
                    lag: pool.lags.median.map { Double($0) / 1e6 },
                    tally: facts.tally,
                    lastFailure: facts.lastFailure?.description
                )
            },
            sessions: self.placements.count,
            idleSessions: self.placements.values.filter { placement in
                placement.link == nil && placement.idleSince.map { now - $0 >= .seconds(1) } ?? false
            }.count
        )
    }
}

extension PoolConfiguration {
    /// Address or credentials changed: the links there are cannot be kept.
    fileprivate func needsNewLink(for new: PoolConfiguration) -> Bool {
        self.endpoint != new.endpoint || self.user != new.user || self.password != new.password || self.tls != new.tls
            || self.versionRolling != new.versionRolling || self.suggestDifficulty != new.suggestDifficulty
            || self.options != new.options
    }
}

/// A pool as the commands show it.
package struct PoolSnapshot: Sendable {
    package var configuration: PoolConfiguration
    /// enabled, draining or disabled.
    package var administration: String
    package var health: HealthTracker.State
    /// False: what it leaves of its nonce space is too little for any miner.
    package var hasRoom: Bool
    /// Why it is put aside; nil: it is not.
    package var ejection: String?
    /// Seconds until it is taken back; nil: not put aside, or until further notice.
    package var ejectionRemaining: Double?
    /// Why it would be put aside, were it not the last one.
    package var panic: String?
    /// Whom its coinbase pays that it should not, or what else it did that only a thief does.
    package var payoutWarning: String?
    package var secondsInState: Double
    /// Ready links.
    package var links: Int
    package var linkIDs: Set<Int>
    package var sessions: Int
    package var pending: Int
    package var reconnects: Int
    /// H/s.
    package var hashrate: Double
    /// What priority, weight, pins and slow start give it of the load now, 0...1.
    package var targetShare: Double
    package var difficulty: Double?
    /// Seconds since the newest job.
    package var jobAge: Double?
    package var previousHashAge: Double?
    /// Median of its lags behind the first pool to announce a block, in seconds.
    package var lag: Double?
    package var tally: PoolTally
    package var lastFailure: String?
}

/// A route as the commands show it.
package struct RouteSnapshot: Sendable {
    package var name: String
    package var isOpen: Bool
    package var pools: [PoolSnapshot]
    package var sessions: Int
    /// Sessions that have been without work for a second or more.
    package var idleSessions: Int
}
