import NIOCore
import PoolPool
import Stratum

// Links to pools are opened and closed.
extension RouteCore {
    /// The links that a pool keeps although nothing mines on them.
    func openStandby(_ configuration: PoolConfiguration) {
        if configuration.isPerWorker {
            // Shows that the pool is there; the first worker's name makes it that worker's link.
            if !self.links.keys.contains(where: { $0.pool == configuration.name }) {
                self.open(LinkKey(pool: configuration.name, user: "", space: 0), configuration, user: nil)
            }
        } else {
            for space in 0..<max(1, self.registry.spaceCount) where self.spaceLayouts[space] != nil || space == 0 {
                self.open(
                    LinkKey(pool: configuration.name, user: configuration.user, space: space),
                    configuration,
                    user: configuration.user
                )
            }
        }
    }

    /// The link of this key; a new one if there is none. Without a user it shows only that the pool is there.
    @discardableResult
    func open(_ key: LinkKey, _ configuration: PoolConfiguration, user: String?) -> RouteLink {
        if let entry = self.links[key] { return entry }
        let id = self.ids.nextLink()
        let index = self.poolIndex(key.pool)
        let link = PoolLink(
            id: id,
            key: key,
            configuration: configuration,
            user: user,
            dialect: self.dialect,
            health: self.configuration.health,
            versionMask: self.configuration.versionMask,
            userAgent: self.userAgent,
            eventLoop: self.eventLoop,
            connector: self.connector,
            memory: index.map { self.pools[$0].memory } ?? PoolMemory(),
            random: RandomSource(seed: self.random.next()),
            nextConnectionID: { [ids] in ids.nextConnection() },
            logger: self.logger,
            delegate: self
        )
        let layout = self.spaceLayouts[key.space] ?? self.facts.layout
        let issuer = JobIssuer(
            link: id, pool: index.map { self.pools[$0].handle } ?? 0, layout: layout, dialect: self.dialect
        )
        let entry = RouteLink(link: link, pool: key.pool, space: key.space, issuer: issuer, now: self.now)
        self.links[key] = entry
        self.linksByID[id] = entry
        if let index, configuration.isPerWorker, user != nil {
            self.pools[index].toOpen.append(key)
        } else {
            link.start()
        }
        return entry
    }

    /// Makes the link of a per-worker pool that had no worker yet the link of `key`.
    func adoptWaitingLink(as key: LinkKey) -> RouteLink? {
        let waiting = LinkKey(pool: key.pool, user: "", space: 0)
        guard let old = self.links.removeValue(forKey: waiting), let index = self.poolIndex(key.pool) else {
            return nil
        }
        let layout = self.spaceLayouts[key.space] ?? self.facts.layout
        let issuer = JobIssuer(
            link: old.link.id, pool: self.pools[index].handle, layout: layout, dialect: self.dialect
        )
        let entry = RouteLink(link: old.link, pool: key.pool, space: key.space, issuer: issuer, now: self.now)
        self.links[key] = entry
        self.linksByID[old.link.id] = entry
        old.link.authorize(as: key)
        return entry
    }

    /// Closes a link for good. If sessions are on it, they are to be placed anew right after.
    func remove(_ key: LinkKey, _ failure: LinkFailure) {
        guard let entry = self.links.removeValue(forKey: key) else { return }
        entry.link.stop(failure)
        self.linksByID[entry.link.id] = nil
        self.post(.linkRemoved(entry.link.id))
    }
}
