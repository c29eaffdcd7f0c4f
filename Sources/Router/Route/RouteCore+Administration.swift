import Logging
import NIOCore
package import PoolPool

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
    package func command(_ command: PoolDirective, pool name: String) -> CommandOutcome {
        guard let index = self.poolIndex(name) else { return .notFound }
        switch command {
        case .enable: return self.enable(index)
        case .drain, .disable:
            guard self.pools[index].administration != .disabled else {
                return .done("pool \(name) is disabled already")
            }
            let others = self.pools.indices.contains { $0 != index && self.standing(self.pools[$0]) != .unusable }
            guard others || self.placements.isEmpty || self.standing(self.pools[index]) == .unusable else {
                return .refused("\(name) is the last usable pool of route \(self.configuration.name)")
            }
            self.withdraw(index, .draining)
            if command == .disable { self.finishDrain(index, .disabled, cause: "operator") }
            return .done(command == .drain ? "pool \(name) is draining" : "pool \(name) is disabled")
        }
    }

    private func enable(_ index: Int) -> CommandOutcome {
        let configuration = self.pools[index].configuration
        switch self.pools[index].administration {
        case .enabled:
            return .done("pool \(configuration.name) is enabled already")
        case .draining:
            self.pools[index].administration = .enabled
            self.pools[index].administrationSince = self.now
        case .disabled:
            self.pools[index].administration = .enabled
            self.pools[index].administrationSince = self.now
            self.resetHealth(index)
            self.openStandby(configuration)
        }
        self.announce(.enabled, pool: index, cause: "operator")
        self.placeAll(cause: "\(configuration.name) was enabled")
        return .done("pool \(configuration.name) is enabled")
    }

    /// Moves every session away; the pool takes nothing new.
    private func withdraw(_ index: Int, _ administration: RoutePool.Administration) {
        self.pools[index].administration = administration
        self.pools[index].administrationSince = self.now
        self.updateFacts()
        self.placeAll(cause: "\(self.pools[index].configuration.name) is drained")
    }

    /// Closes the links of draining pools once nothing is on them and no verdict is missing.
    func finishDrains() {
        for index in self.pools.indices where self.pools[index].administration == .draining {
            let entries = self.links.values.filter { $0.pool == self.pools[index].configuration.name }
            guard entries.allSatisfy({ $0.sessions.isEmpty && $0.link.pendingCount == 0 }) else { continue }
            self.finishDrain(index, .drained, cause: "no sessions and no pending shares left")
        }
        self.pools.removeAll { $0.isRemoved && $0.administration == .disabled }
    }

    private func finishDrain(_ index: Int, _ kind: PoolEvent.Kind, cause: String) {
        let name = self.pools[index].configuration.name
        self.pools[index].administration = .disabled
        self.pools[index].administrationSince = self.now
        self.closeLinks(of: name, LinkFailure(.stopped, "drained"))
        let lost = self.pools[index].lostInOutage
        self.announce(kind, pool: index, cause: cause, lost: lost)
        self.pools[index].lostInOutage = 0
    }

    private func closeLinks(of pool: String, _ failure: LinkFailure) {
        for key in self.links.keys where key.pool == pool { self.remove(key, failure) }
    }

    private func resetHealth(_ index: Int) {
        self.pools[index].health = HealthTracker(
            failbackAfter: TimeAmount(self.configuration.health.failbackAfter),
            now: self.now
        )
    }

    /// Takes pools, priorities and weights from a reloaded configuration. Sessions and links that it leaves alone stay.
    package func update(_ configuration: RouteConfiguration) {
        self.configuration.pools = configuration.pools
        self.configuration.health = configuration.health
        self.configuration.keepAlive = configuration.keepAlive
        for index in self.pools.indices {
            let name = self.pools[index].configuration.name
            guard let new = configuration.pools.first(where: { $0.name == name }) else {
                self.pools[index].isRemoved = true
                if self.pools[index].administration == .enabled { self.withdraw(index, .draining) }
                continue
            }
            let wasRemoved = self.pools[index].isRemoved
            self.pools[index].isRemoved = false
            self.update(index, to: new)
            // It was on its way out and is wanted again.
            if wasRemoved, new.enabled { _ = self.enable(index) }
        }
        let known = Set(self.pools.map(\.configuration.name))
        for pool in configuration.pools where !known.contains(pool.name) { self.add(pool) }
        self.updateFacts()
        self.placeAll(cause: "configuration reloaded")
        self.balance()
    }

    private func update(_ index: Int, to new: PoolConfiguration) {
        let old = self.pools[index].configuration
        self.pools[index].configuration = new
        self.pools[index].health.failbackAfter = TimeAmount(self.configuration.health.failbackAfter)
        if old.enabled != new.enabled {
            if new.enabled {
                _ = self.enable(index)
            } else if self.pools[index].administration == .enabled {
                self.withdraw(index, .draining)
            }
        }
        guard self.pools[index].administration == .enabled else { return }
        if old.needsNewLink(for: new) {
            self.closeLinks(of: new.name, LinkFailure(.stopped, "reconfigured"))
            self.resetHealth(index)
            self.openStandby(new)
        } else {
            for entry in self.links.values where entry.pool == new.name {
                entry.link.update(new, health: self.configuration.health)
            }
        }
    }

    package func snapshot() -> RouteSnapshot {
        let now = self.now
        return RouteSnapshot(
            name: self.configuration.name,
            isOpen: self.facts.isOpen,
            pools: self.pools.map { pool in
                let entries = self.links.values.filter { $0.pool == pool.configuration.name }
                return PoolSnapshot(
                    configuration: pool.configuration,
                    administration: pool.administration.rawValue,
                    health: pool.health.state,
                    secondsInState: Double((now - max(pool.health.since, pool.administrationSince)).nanoseconds) / 1e9,
                    links: entries.filter(\.link.isReady).count,
                    linkIDs: Set(entries.map(\.link.id)),
                    sessions: entries.reduce(0) { $0 + $1.sessions.count },
                    pending: entries.reduce(0) { $0 + $1.link.pendingCount },
                    reconnects: entries.reduce(0) { $0 + $1.link.reconnectCount },
                    hashrate: self.placements.values.reduce(0) { sum, placement in
                        placement.link?.pool == pool.configuration.name ? sum + (placement.hashrate ?? 0) : sum
                    },
                    difficulty: pool.difficulty,
                    jobAge: entries.filter(\.link.isReady)
                        .map { Double($0.link.jobAge(now: now).nanoseconds) / 1e9 }.min(),
                    previousHashAge: pool.previousHashSince.map { Double((now - $0).nanoseconds) / 1e9 },
                    tally: pool.tally,
                    lastFailure: pool.lastFailure?.description
                )
            },
            sessions: self.placements.count,
            idleSessions: self.placements.values.filter { $0.link == nil }.count
        )
    }
}

extension PoolConfiguration {
    /// Address or credentials changed: the links there are cannot be kept.
    fileprivate func needsNewLink(for new: PoolConfiguration) -> Bool {
        self.endpoint != new.endpoint || self.user != new.user || self.password != new.password || self.tls != new.tls
            || self.versionRolling != new.versionRolling || self.suggestDifficulty != new.suggestDifficulty
    }
}

/// A pool as the commands show it.
package struct PoolSnapshot: Sendable {
    package var configuration: PoolConfiguration
    /// enabled, draining or disabled.
    package var administration: String
    package var health: HealthTracker.State
    package var secondsInState: Double
    /// Ready links.
    package var links: Int
    package var linkIDs: Set<Int>
    package var sessions: Int
    package var pending: Int
    package var reconnects: Int
    /// H/s.
    package var hashrate: Double
    package var difficulty: Double?
    /// Seconds since the newest job.
    package var jobAge: Double?
    package var previousHashAge: Double?
    package var tally: PoolTally
    package var lastFailure: String?
}

/// A route as the commands show it.
package struct RouteSnapshot: Sendable {
    package var name: String
    package var isOpen: Bool
    package var pools: [PoolSnapshot]
    package var sessions: Int
    /// Sessions without work.
    package var idleSessions: Int
}
