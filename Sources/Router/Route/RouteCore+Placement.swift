import Logging
import NIOCore
import PoolPool
import Stratum

// Carries out which session mines where: ``RoutePolicy`` says at which pool, here it becomes a link that can serve.
extension RouteCore {
    func placeAll(cause: String) {
        self.place(Array(self.placements.keys), cause: cause)
    }

    /// Finds a pool for each session that cannot stay where it is, or has none.
    /// - Parameter isFailure: the sessions' link is gone although their pool may still have others.
    func place(_ sessions: [Int64], cause: String, isFailure: Bool = false) {
        guard !sessions.isEmpty else { return }
        var assignments: [Int: [Int64]] = [:]
        var moves: [PoolPair: [Int64]] = [:]
        var homeless: [Int64] = []
        var held: [Int64] = []
        for session in sessions {
            guard let placement = self.placements[session] else { continue }
            let former = placement.link
            let target = self.choose(for: placement)
            if let target, target.link.key != former {
                placement.link = target.link.key
                placement.idleSince = nil
                assignments[target.link.id, default: []].append(session)
                target.sessions.insert(session)
            } else if target == nil, former.map({ self.keeps($0) }) != true {
                placement.link = nil
                if placement.idleSince == nil { placement.idleSince = self.now }
                homeless.append(session)
                if former != nil { held.append(session) }
            }
            if let former, placement.link != former {
                self.links[former]?.sessions.remove(session)
                // One that waits for its link to open has moved already, as far as its former pool is concerned.
                if let goal = placement.link ?? placement.wanted, goal.pool != former.pool {
                    moves[PoolPair(former.pool, goal.pool), default: []].append(session)
                }
            }
            self.policy.assigned(session, to: (placement.wanted ?? placement.link).flatMap { self.poolIndex($0.pool) })
        }
        for (move, sessions) in moves {
            guard let receipt = self.announce(move, sessions: sessions.count, cause: cause, isFailure: isFailure) else {
                continue
            }
            for session in sessions {
                guard let placement = self.placements[session] else { continue }
                if let former = placement.receipt { self.delivered(former, sessions: 1) }
                placement.receipt = receipt
            }
        }
        self.assign(assignments)
        self.rescue(homeless, cause: cause)
        self.tellHold(held, cause: cause)
    }

    /// Without another pool for its sessions, a link keeps them while it has work; not for a pool that is no longer
    /// configured, and whose time is over.
    private func keeps(_ key: LinkKey) -> Bool {
        guard self.links[key]?.canServe == true, let index = self.poolIndex(key.pool) else { return false }
        let pool = self.policy.pools[index]
        let isUnwanted = self.pools[index].isRemoved || !pool.configuration.enabled
        return !(pool.administration == .draining && isUnwanted && pool.drainBy.map { self.now >= $0 } ?? true)
    }

    /// Moves sessions for the balance, for a failback, away from a pool that drains.
    func balance(now: NIODeadline) {
        self.carryOut(self.policy.balance(now: now))
    }

    func carryOut(_ moves: [WorkBalancer.Move]) {
        guard !moves.isEmpty else { return }
        var assignments: [Int: [Int64]] = [:]
        for move in moves {
            guard let placement = self.placements[move.session] else { continue }
            let pool = self.policy.pools[move.to].configuration
            let key = self.key(pool, placement.introduction)
            self.policy.assigned(move.session, to: move.to)
            let target = self.ensureLink(key, pool)
            guard target.canServe else {
                placement.wanted = key
                continue
            }
            placement.wanted = nil
            guard placement.link != key else { continue }
            if let former = placement.link {
                self.links[former]?.sessions.remove(move.session)
                if former.pool != key.pool { self.tell(PoolPair(former.pool, key.pool)) }
            }
            target.sessions.insert(move.session)
            placement.link = key
            placement.idleSince = nil
            assignments[target.link.id, default: []].append(move.session)
        }
        self.assign(assignments)
    }

    // MARK: Choice

    /// The link to mine on now. Sets `placement.wanted` when a better one is not ready yet.
    private func choose(for placement: Placement) -> RouteLink? {
        let choice = self.policy.choose(
            for: placement.introduction.session,
            wanted: placement.wanted.flatMap { self.poolIndex($0.pool) },
            current: placement.link.flatMap { self.poolIndex($0.pool) },
            now: self.now
        )
        placement.wanted = nil
        for index in choice.pools {
            let configuration = self.policy.pools[index].configuration
            let key = self.key(configuration, placement.introduction)
            let link = self.ensureLink(key, configuration)
            if link.canServe { return link }
            if placement.wanted == nil { placement.wanted = key }
            // Better to go on where it is than to be moved twice, if it may be there at all.
            guard choice.mayGoOn, let current = placement.link.flatMap({ self.links[$0] }), current.canServe else {
                continue
            }
            return current
        }
        return nil
    }

    func key(_ pool: PoolConfiguration, _ introduction: SessionIntroduction) -> LinkKey {
        LinkKey(
            pool: pool.name,
            user: pool.upstreamUser(login: introduction.identity.login),
            space: introduction.nonce.space
        )
    }

    func ensureLink(_ key: LinkKey, _ configuration: PoolConfiguration) -> RouteLink {
        if let entry = self.links[key] { return entry }
        // The link that was waiting for a first worker becomes this one's.
        if configuration.isPerWorker, let entry = self.adoptWaitingLink(as: key) { return entry }
        return self.open(key, configuration, user: key.user)
    }

    // MARK: Pools that cannot have a session

    /// Bit *n*: pool *n* leaves too little nonce space for the session, speaks to another kind of miners, or has refused its
    /// user.
    func barred(_ introduction: SessionIntroduction) -> UInt64 {
        var barred: UInt64 = 0
        for index in self.pools.indices.prefix(64) {
            let isNarrow = self.pools[index].room.map { $0 < introduction.nonce.layout.total } ?? false
            let isStrange = self.pools[index].kinds.map { $0 & introduction.kind == 0 } ?? false
            let key = self.key(self.policy.pools[index].configuration, introduction)
            let isRefused = self.links[key]?.refusedUntil.map { self.now < $0 } ?? false
            if isNarrow || isStrange || isRefused { barred |= 1 << UInt64(index) }
        }
        return barred
    }

    /// No pool of the route has work for this kind of miner, be it usable or not.
    func isStrange(_ introduction: SessionIntroduction) -> Bool {
        self.pools.allSatisfy { $0.kinds.map { $0 & introduction.kind == 0 } ?? false }
    }

    /// Looks again which pools can have which session.
    func bar() {
        for (session, placement) in self.placements {
            self.policy.bar(session, from: self.barred(placement.introduction))
        }
    }

    func note(room: Int, kinds: UInt8? = nil, of index: Int) {
        let kinds = kinds ?? self.pools[index].kinds
        guard self.pools[index].room != room || self.pools[index].kinds != kinds else { return }
        self.pools[index].room = room
        self.pools[index].kinds = kinds
        self.policy.noted(hasRoom: self.dialect.layout(rooms: [room]) != nil, of: index, now: self.now)
        self.bar()
    }

    // MARK: Consequences

    /// - Parameter assignments: sessions by the number of their link.
    private func assign(_ assignments: [Int: [Int64]]) {
        struct Address: Hashable {
            var shard: Int
            var receipt: Int?
        }
        for (link, sessions) in assignments {
            var byShard: [Address: [Int64]] = [:]
            // In the order in which they came, as with every new job.
            for session in sessions.sorted() {
                guard let placement = self.placements[session] else { continue }
                let address = Address(shard: placement.introduction.shard, receipt: placement.receipt)
                byShard[address, default: []].append(session)
                // From now on the shard answers for it.
                placement.receipt = nil
            }
            for (address, sessions) in byShard {
                self.post(.assign(sessions: sessions, link: link, receipt: address.receipt), to: address.shard)
            }
        }
    }

    /// Sessions no pool can take as they are: given another nonce layout if that helps.
    private func rescue(_ sessions: [Int64], cause: String) {
        guard !sessions.isEmpty else { return }
        let fitting = sessions.filter { session in
            guard let placement = self.placements[session] else { return false }
            // One that waits for a link to open has a pool that fits it.
            return placement.wanted == nil && placement.introduction.nonce.layout.total > self.facts.layout.total
                && self.policy.pools.contains { $0.isUsable }
        }
        if !fitting.isEmpty {
            self.logger.warning(
                "the usable pools leave too little nonce space for these sessions: they must change theirs",
                metadata: ["sessions": "\(fitting.count)", "cause": .string(cause)]
            )
            let byShard = Dictionary(grouping: fitting) { self.placements[$0]?.introduction.shard ?? -1 }
            for session in fitting { self.forget(session) }
            for (shard, sessions) in byShard { self.post(.renegotiate(sessions), to: shard) }
        }
    }

    /// Sessions that have just lost their pool and have no other one.
    private func tellHold(_ sessions: [Int64], cause: String) {
        let held = sessions.filter { self.placements[$0].map { $0.wanted == nil } ?? false }
        for (rule, sessions) in Dictionary(grouping: held, by: { self.policy.group(of: $0).rule?.name }) {
            let cause = rule.map { "\(cause); pinned by \($0)" } ?? cause
            let time = self.configuration.health.hold.text
            self.logger.warning(
                "no usable pool: holding sessions",
                metadata: ["sessions": "\(sessions.count)", "for": "\(time)", "cause": .string(cause)]
            )
            self.announce(.hold, pool: nil, cause: cause, sessions: sessions.count)
        }
    }
}
