import NIOCore
import PoolPool
import Stratum

// Nonce spaces: each that sessions have parts of has links of its own.
extension RouteCore {
    /// A session has come whose nonce space may be a new one.
    func use(_ nonce: NonceGrant) {
        if self.spaceLayouts[nonce.space] == nil { self.useSpace(nonce.space, nonce.layout) }
    }

    /// A nonce space is used for the first time: its links must be warm on every pool.
    private func useSpace(_ space: Int, _ layout: NonceLayout) {
        self.spaceLayouts[space] = layout
        for (key, entry) in self.links where key.space == space {
            // The first space's links were opened before a layout was chosen.
            let handle = self.poolIndex(key.pool).map { self.pools[$0].handle } ?? 0
            var issuer = JobIssuer(link: entry.link.id, pool: handle, layout: layout, dialect: self.dialect)
            if let received = entry.received {
                entry.current = issuer.receive(
                    received.job,
                    connection: received.connection,
                    now: self.now,
                    number: self.ids.nextJob()
                )
                if let job = entry.current { self.announce(job, .new) }
            }
            entry.issuer = issuer
        }
        for pool in self.policy.pools where pool.administration == .enabled && !pool.configuration.isPerWorker {
            self.openStandby(pool.configuration)
        }
    }

    /// Nonce spaces beside the first one are given up with their links when no session has a part of them any more.
    func closeIdleSpaces(now: NIODeadline) {
        for space in self.spaceLayouts.keys where space != 0 {
            guard self.registry.holders(of: space) == 0 else {
                self.idleSpaces[space] = nil
                continue
            }
            let since = self.idleSpaces[space] ?? now
            self.idleSpaces[space] = since
            let entries = self.links.filter { $0.key.space == space }
            guard now - since >= Self.idleLinkTime, entries.values.allSatisfy({ $0.link.pendingCount == 0 }) else {
                continue
            }
            self.idleSpaces[space] = nil
            self.spaceLayouts[space] = nil
            for key in entries.keys { self.remove(key, LinkFailure(.stopped, "nobody mines on it")) }
        }
    }
}
