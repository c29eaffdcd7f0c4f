import NIOCore
import PoolPool
import Stratum

/// A miner that must be told what its nonces begin with before it says its name.
struct Offer {
    var introduction: SessionIntroduction
    /// The link whose pool it was told; nil while it waits.
    var link: LinkKey?
}

/// Where miners are to mine that were asked to connect again: by address, in the order in which they were asked, since that
/// is all that is known of them before they say their names.
struct ReturnReservations {
    private var places: [String: [(link: LinkKey, until: NIODeadline)]] = [:]

    /// Firmwares take a few seconds; whoever is not back after this starts anew.
    private static let time = TimeAmount.seconds(60)

    mutating func add(_ link: LinkKey, for address: String, now: NIODeadline) {
        self.places[address, default: []].append((link, now + Self.time))
    }

    /// The place of the next one from this address that can be had; the others are kept.
    mutating func take(for address: String, where isFree: (LinkKey) -> Bool) -> LinkKey? {
        guard let index = self.places[address]?.firstIndex(where: { isFree($0.link) }) else { return nil }
        return self.places[address]?.remove(at: index).link
    }

    mutating func tick(now: NIODeadline) {
        for address in self.places.keys {
            self.places[address]?.removeAll { $0.until <= now }
            if self.places[address]?.isEmpty == true { self.places[address] = nil }
        }
    }
}

// Miners whose nonces begin with bytes of their pool: which pool, before anything is known of them.
extension RouteCore {
    /// Finds a pool for a miner as for any other, except that its name is unknown yet.
    func offer(_ introduction: SessionIntroduction) {
        self.use(introduction.nonce)
        self.forget(introduction.session)
        self.policy.arrived(
            ArrivingSession(
                session: introduction.session,
                identity: introduction.identity,
                estimate: introduction.estimate,
                barred: self.barred(introduction),
                isSticky: true
            )
        )
        self.offers[introduction.session] = Offer(introduction: introduction)
        self.answer(introduction.session)
    }

    /// A miner is asked to connect again, since it can follow to its pool in no other way.
    func reserve(_ session: Int64) {
        guard let placement = self.placements[session], let link = placement.wanted ?? placement.link else { return }
        self.reservations.add(link, for: placement.introduction.identity.remote, now: self.now)
    }

    /// Answers those that wait and can be answered by now.
    func answerOffers() {
        // Without a pool thousands may wait, and are asked for several times a second.
        let isHopeless = !self.policy.pools.contains(where: \.isUsable)
        guard !self.offers.isEmpty, !isHopeless else { return }
        for (session, offer) in self.offers where offer.link == nil { self.answer(session) }
    }

    private func answer(_ session: Int64) {
        guard let introduction = self.offers[session]?.introduction, let (link, base) = self.pick(introduction) else {
            return
        }
        self.offers[session]?.link = link
        self.policy.assigned(session, to: self.poolIndex(link.pool))
        self.post(.offer(session: session, base: base), to: introduction.shard)
    }

    private func pick(_ introduction: SessionIntroduction) -> (link: LinkKey, base: [UInt8])? {
        let walk = self.policy.walk(introduction.session)
        let reserved = self.reservations.take(for: introduction.identity.remote) { key in
            key.space == introduction.nonce.space && self.links[key]?.canServe == true
                && self.poolIndex(key.pool).map { walk.contains($0) } == true
        }
        if let reserved, let base = self.links[reserved]?.current?.upstream.base { return (reserved, base) }
        for index in walk {
            let pool = self.policy.pools[index].configuration
            let key = self.key(pool, introduction)
            guard pool.isPerWorker else {
                let entry = self.ensureLink(key, pool)
                guard entry.canServe, let base = entry.current?.upstream.base else { continue }
                return (key, base)
            }
            // Which link it will be shows with its name. Any other link of the pool tells how long its part is.
            let other = self.links.first { $0.key.pool == pool.name && $0.value.canServe }
            if let (key, entry) = other, let base = entry.current?.upstream.base { return (key, base) }
            if self.policy.pools[index].isUsable { return (key, []) }
        }
        return nil
    }
}
