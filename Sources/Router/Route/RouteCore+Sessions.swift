import NIOCore
import PoolPool
import Stratum

// Sessions come and go.
extension RouteCore {
    /// A session can take jobs; where it mines is decided when all that came with it are known.
    func introduced(_ introduction: SessionIntroduction) {
        self.use(introduction.nonce)
        let placement = Placement(introduction: introduction)
        placement.idleSince = self.now
        // What its miner was told is worth more than a better balance.
        placement.wanted = self.offers[introduction.session]?.link
        self.forget(introduction.session)
        self.placements[introduction.session] = placement
        self.policy.arrived(
            ArrivingSession(
                session: introduction.session,
                identity: introduction.identity,
                estimate: introduction.estimate,
                barred: self.barred(introduction),
                isSticky: introduction.isSticky
            )
        )
        for pool in self.policy.pools where pool.administration == .enabled && pool.configuration.standby == .warm {
            _ = self.ensureLink(self.key(pool.configuration, introduction), pool.configuration)
        }
    }

    /// A session is gone, or was never more than an offer.
    func forget(_ session: Int64) {
        if self.offers.removeValue(forKey: session) != nil { self.policy.left(session) }
        guard let placement = self.placements.removeValue(forKey: session) else { return }
        self.policy.left(session)
        if let receipt = placement.receipt { self.delivered(receipt, sessions: 1) }
        if let key = placement.link { self.links[key]?.sessions.remove(session) }
    }
}
