package import Logging
package import NIOCore
package import PoolPool
import Stratum

/// The heart of a route: owns its pool links, judges its pools, and decides which session mines where. Confined to the
/// route's home loop; speaks with the shards through mailboxes and with the pools through ``PoolLink``.
package final class RouteCore {
    var configuration: RouteConfiguration
    /// All decisions; its pools have the same indices as ``pools``.
    var policy: RoutePolicy
    let dialect: any Dialect
    let eventLoop: any EventLoop
    let logger: Logger
    private let connector: any PoolConnecting
    let observer: any RouterObserver
    let lane: any RouterLane
    let registry: NonceRegistry
    let ids: RouterIDs
    private let userAgent: String
    private let unixMilliseconds: @Sendable () -> Int64
    private var random: RandomSource
    private var shards: [Mailbox<ShardMessage>] = []

    var pools: [RoutePool] = []
    var links: [LinkKey: RouteLink] = [:]
    private var linkKeys: [Int: LinkKey] = [:]
    var placements: [Int64: Placement] = [:]
    private(set) var facts: RouteFacts
    private var started: NIODeadline
    var lastSlowTick: NIODeadline
    /// Failovers whose sessions do not all have their new job yet.
    var receipts: [Int: OpenReceipt] = [:]
    var nextReceipt = 1
    /// Moves for the balance that are told together.
    var tellings: [Telling: ToldMoves] = [:]
    var isStopping = false
    /// Miners that wait to be told what their nonces begin with, or were told and have not said their names.
    var offers: [Int64: Offer] = [:]
    var reservations = ReturnReservations()

    package init(
        configuration: RouteConfiguration,
        eventLoop: any EventLoop,
        connector: any PoolConnecting,
        observer: any RouterObserver,
        registry: NonceRegistry,
        ids: RouterIDs,
        userAgent: String,
        seed: UInt64,
        unixMilliseconds: @escaping @Sendable () -> Int64,
        logger: Logger
    ) {
        self.configuration = configuration
        self.policy = RoutePolicy(configuration: configuration, now: eventLoop.now)
        self.dialect = configuration.dialect.dialect
        self.facts = RouteFacts(layout: configuration.dialect.dialect.assumedLayout)
        self.eventLoop = eventLoop
        self.connector = connector
        self.observer = observer
        self.lane = observer.makeLane()
        self.registry = registry
        self.ids = ids
        self.userAgent = userAgent
        self.unixMilliseconds = unixMilliseconds
        self.random = RandomSource(seed: seed)
        self.logger = logger
        self.started = eventLoop.now
        self.lastSlowTick = eventLoop.now
    }

    var now: NIODeadline { self.eventLoop.now }
    var time: Int64 { self.unixMilliseconds() }

    // MARK: Start and stop

    /// Connects to the pools. Call once, on the home loop, with the way to each shard.
    package func start(shards: [Mailbox<ShardMessage>]) {
        self.shards = shards
        self.started = self.now
        for configuration in self.configuration.pools { self.add(configuration) }
        self.updateFacts()
    }

    /// No share waits for a verdict.
    package var isSettled: Bool { self.links.values.allSatisfy { $0.link.pendingCount == 0 } }

    /// Closes all links; what waits for a verdict is lost.
    package func stop() {
        self.isStopping = true
        self.tellMoves(all: true)
        for id in Array(self.receipts.keys) { self.close(receipt: id) }
        for entry in self.links.values { entry.link.stop(LinkFailure(.stopped, "the router stops")) }
    }

    func add(_ configuration: PoolConfiguration) {
        let handle = self.observer.pool(configuration.name, route: self.configuration.name)
        self.pools.append(RoutePool(handle: handle))
        self.policy.add(configuration, now: self.now)
        if configuration.enabled { self.openStandby(configuration) }
    }

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

    /// Layout of each nonce space that sessions use.
    var spaceLayouts: [Int: NonceLayout] = [:]
    /// Since when nobody has a part of a nonce space.
    var idleSpaces: [Int: NIODeadline] = [:]

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
        self.linkKeys[id] = key
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
        self.linkKeys[old.link.id] = key
        old.link.authorize(as: key)
        return entry
    }

    /// Closes a link for good. If sessions are on it, they are to be placed anew right after.
    func remove(_ key: LinkKey, _ failure: LinkFailure) {
        guard let entry = self.links.removeValue(forKey: key) else { return }
        entry.link.stop(failure)
        self.linkKeys[entry.link.id] = nil
        self.post(.linkRemoved(entry.link.id))
    }

    func poolIndex(_ name: String) -> Int? { self.policy.index(of: name) }
    func link(_ id: Int) -> RouteLink? { self.linkKeys[id].flatMap { self.links[$0] } }

    // MARK: Messages from shards

    /// A batch of messages; call on the home loop.
    package func received(_ messages: [CoreMessage]) {
        var touched: Set<Int> = []
        var arrived: [Int64] = []
        for message in messages {
            switch message {
            case .share(let share, let link):
                self.submit(share, link: link)
                touched.insert(link)
            case .sessionWaits(let introduction):
                self.offer(introduction)
            case .sessionReturns(let session):
                self.reserve(session)
            case .sessionReady(let introduction):
                self.introduced(introduction)
                arrived.append(introduction.session)
            case .sessionCanMove(let session):
                self.placements[session]?.introduction.canChangeNonce = true
                self.policy.canMove(session)
            case .sessionGone(let session):
                if let receipt = self.placements[session]?.receipt { self.closed(receipt) }
                self.placements[session]?.receipt = nil
                self.forget(session)
            case .reissue(let link):
                self.reissue(link, kind: .reissue)
            case .hashrates(let estimates):
                for (session, estimate) in estimates { self.policy.measured(session, estimate) }
            case .delivered(let receipt, let sessions):
                self.delivered(receipt, sessions: sessions)
            case .closed(let receipt):
                self.closed(receipt)
            }
        }
        for id in touched { self.link(id)?.link.flush() }
        // All at once: each placement weighs the load of every session there is.
        self.place(arrived, cause: "new session")
    }

    private func submit(_ share: UpstreamShare, link id: Int) {
        let entry = self.link(id)
        if let index = entry.flatMap({ self.poolIndex($0.pool) }) { self.pools[index].tally.forwarded += 1 }
        if let entry, entry.link.submit(share, now: self.now) { return }
        if let index = entry.flatMap({ self.poolIndex($0.pool) }) {
            self.pools[index].tally.lost += 1
            self.pools[index].lostInOutage += 1
            self.pools[index].workLostInOutage += share.ticket.difficulty
        }
        let verdict = ShareVerdict.lost("the link to the pool is gone")
        self.post(.settled(share.ticket, verdict, latencyMicroseconds: nil), to: share.ticket.shard)
    }

    private func introduced(_ introduction: SessionIntroduction) {
        self.use(introduction.nonce)
        var placement = Placement(introduction: introduction)
        placement.idleSince = self.now
        // What its miner was told is worth more than a better balance.
        placement.wanted = self.offers[introduction.session]?.link
        self.forget(introduction.session)
        self.placements[introduction.session] = placement
        self.policy.arrived(
            ArrivingSession(
                session: introduction.session,
                login: introduction.login,
                remote: introduction.remote,
                listener: introduction.listener,
                estimate: introduction.estimate,
                barred: self.barred(introduction),
                isSticky: introduction.isSticky
            )
        )
        for pool in self.policy.pools where pool.administration == .enabled && pool.configuration.standby == .warm {
            _ = self.ensureLink(self.key(pool.configuration, introduction), pool.configuration)
        }
    }

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

    func forget(_ session: Int64) {
        if self.offers.removeValue(forKey: session) != nil { self.policy.left(session) }
        guard let placement = self.placements.removeValue(forKey: session) else { return }
        self.policy.left(session)
        if let receipt = placement.receipt { self.delivered(receipt, sessions: 1) }
        if let key = placement.link { self.links[key]?.sessions.remove(session) }
    }

    // MARK: Jobs

    /// Records a job and tells every shard.
    func announce(_ job: IssuedJob, _ kind: ShardMessage.IssueKind) {
        self.lane.issued(job)
        self.post(.job(job, kind))
    }

    func reissue(_ id: Int, kind: ShardMessage.IssueKind) {
        guard let entry = self.link(id), entry.link.isReady else { return }
        guard let job = entry.issuer.issue(now: self.now, number: self.ids.nextJob()) else { return }
        entry.current = job
        entry.lastIssue = self.now
        self.announce(job, kind)
    }

    func received(_ upstream: UpstreamJob, on connection: ConnectionID, for entry: RouteLink, index: Int) {
        let now = self.now
        self.note(room: upstream.room, kinds: upstream.kinds, of: index)
        self.pools[index].versionMask = upstream.versionMask
        self.pools[index].difficulty = upstream.difficulty
        if self.pools[index].block != upstream.work.block {
            self.pools[index].block = upstream.work.block
            self.pools[index].blockSince = now
            if upstream.work.tip == nil { self.policy.blockChanged(index, now: now) }
        }
        self.policy.jobReceived(index, block: upstream.work.tip, now: now)
        self.guardPayout(upstream, on: entry, index: index)
        entry.received = (upstream, connection)
        self.updateFacts()
        let job = entry.issuer.receive(upstream, connection: connection, now: now, number: self.ids.nextJob())
        guard entry.issuer.serves(upstream) else {
            if upstream.work.isClean { self.post(.connectionGone(link: entry.link.id, connection: connection)) }
            // Sessions of this layout cannot mine here; they are placed elsewhere.
            entry.current = nil
            return
        }
        if upstream.work.isClean { entry.lastClean = now }
        entry.owesIssue = job == nil
        guard let job else { return }
        entry.current = job
        entry.lastIssue = now
        self.announce(job, .new)
        // A session that comes over now leaves a job that is old anyway.
        if upstream.work.isClean { self.carryOut(self.policy.cleanJob(of: index, now: now)) }
    }

    // MARK: Facts for the shards

    func updateFacts() {
        let enabled = self.policy.pools.indices.filter { self.policy.pools[$0].administration == .enabled }
        var facts = self.facts
        if !facts.isOpen {
            let allTried = enabled.allSatisfy { self.policy.pools[$0].health.state != .untested }
            let patience = TimeAmount(self.configuration.health.handshakeTimeout)
            facts.isOpen = allTried || self.now - self.started >= patience
        }
        let masks = enabled.compactMap { self.pools[$0].versionMask }
        facts.commonMask = masks.reduce(masks.isEmpty ? 0 : self.configuration.versionMask, &)
        let entryMasks = self.policy.carryingPools.compactMap { self.pools[$0].versionMask }
        facts.entryMask = entryMasks.reduce(entryMasks.isEmpty ? 0 : self.configuration.versionMask, &)
        let kinds = enabled.compactMap { self.pools[$0].kinds }
        facts.kinds = kinds.isEmpty ? .max : kinds.reduce(0, |)
        facts.layout = self.dialect.layout(rooms: enabled.compactMap { self.pools[$0].room }) ?? facts.layout
        guard facts != self.facts else { return }
        self.facts = facts
        self.post(.facts(facts))
    }

    // MARK: Posting

    func post(_ message: ShardMessage) {
        for shard in self.shards { shard.post(message) }
    }

    func post(_ message: ShardMessage, to shard: Int) {
        guard self.shards.indices.contains(shard) else { return }
        self.shards[shard].post(message)
    }
}

@available(*, unavailable)
extension RouteCore: Sendable {}
