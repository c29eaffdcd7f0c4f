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
    let connector: any PoolConnecting
    let observer: any RouterObserver
    let lane: any RouterLane
    let registry: NonceRegistry
    let ids: RouterIDs
    let userAgent: String
    private let unixMilliseconds: @Sendable () -> Int64
    var random: RandomSource
    private var shards: [Mailbox<ShardMessage>] = []

    var pools: [RoutePool] = []
    var links: [LinkKey: RouteLink] = [:]
    var linksByID: [Int: RouteLink] = [:]
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
    /// Links that shares of the batch went to; empty between batches.
    private var touched: [Int] = []
    /// Miners that wait to be told what their nonces begin with, or were told and have not said their names.
    var offers: [Int64: Offer] = [:]
    var reservations = ReturnReservations()
    /// Layout of each nonce space that sessions use.
    var spaceLayouts: [Int: NonceLayout] = [:]
    /// Since when nobody has a part of a nonce space.
    var idleSpaces: [Int: NIODeadline] = [:]
    private var watchers: [AsyncStream<RouteSnapshot>.Continuation] = []
    private var isChangeNoted = false

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
        self.tellRest()
        self.isStopping = true
        for id in Array(self.receipts.keys) { self.close(receipt: id) }
        for entry in self.links.values { entry.link.stop(LinkFailure(.stopped, "the router stops")) }
    }

    func add(_ configuration: PoolConfiguration) {
        let handle = self.observer.pool(configuration.name, route: self.configuration.name)
        self.pools.append(RoutePool(handle: handle))
        self.policy.add(configuration, now: self.now)
        if configuration.enabled { self.openStandby(configuration) }
    }

    func poolIndex(_ name: String) -> Int? {
        // Not through the policy, which would be copied for it.
        self.policy.pools.firstIndex { $0.configuration.name == name }
    }
    func link(_ id: Int) -> RouteLink? { self.linksByID[id] }

    // MARK: Messages from shards

    /// A batch of messages; call on the home loop.
    package func received(_ messages: [CoreMessage]) {
        var arrived: [Int64] = []
        for message in messages {
            switch message {
            case .share(let share, let link):
                self.submit(share, link: link)
                if self.touched.last != link { self.touched.append(link) }
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
        for id in self.touched { self.link(id)?.link.flush() }
        self.touched.removeAll(keepingCapacity: true)
        // All at once: each placement weighs the load of every session there is.
        self.place(arrived, cause: "new session")
        self.noteChange()
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
        self.noteChange()
        for shard in self.shards { shard.post(message) }
    }

    func post(_ message: ShardMessage, to shard: Int) {
        self.noteChange()
        guard self.shards.indices.contains(shard) else { return }
        self.shards[shard].post(message)
    }

    // MARK: Watching

    /// Shows the route as it is, and again at the end of each turn of the loop in which something happened to it, until
    /// `watcher` is finished. What passes with time only, or nobody else was told of, is shown with the next tick.
    package func watch(_ watcher: AsyncStream<RouteSnapshot>.Continuation) {
        self.watchers.append(watcher)
        self.noteChange()
    }

    func noteChange() {
        guard !self.watchers.isEmpty, !self.isChangeNoted else { return }
        self.isChangeNoted = true
        self.eventLoop.assumeIsolated().execute {
            self.isChangeNoted = false
            let snapshot = self.snapshot()
            self.watchers.removeAll { if case .terminated = $0.yield(snapshot) { true } else { false } }
        }
    }
}

@available(*, unavailable)
extension RouteCore: Sendable {}
