package import Logging
package import NIOCore
import PoolPool
package import Stratum

/// One event loop's part of a route: its sessions and what they must know of the pool links. Confined to that loop; speaks
/// with the route's core through mailboxes.
package final class RouterShard {
    package let index: Int
    package private(set) var configuration: RouteConfiguration
    /// For sessions that begin now.
    private(set) var settings: SessionSettings
    package let eventLoop: any EventLoop
    package let logger: Logger
    package private(set) var facts: RouteFacts
    private let lane: any RouterLane
    private let observer: any RouterObserver
    private let registry: NonceRegistry
    private let ids: RouterIDs
    private let unixMilliseconds: @Sendable () -> Int64
    /// The worker of shares that come before any name is authorised.
    private let nobody: Int32
    private(set) var core: Mailbox<CoreMessage>?
    private var sessions: [Int64: SessionHandler] = [:]
    private(set) var links = ShardLinks()
    private var unflushed: [SessionHandler] = []
    var spareBuffers = SpareBuffers()
    let readMemory = ReadMemory()
    private var ticks: UInt64 = 0
    var strangers: Strangers
    private var tallies: [Int32: TallyBox] = [:]
    /// Shares that are being judged away from this loop.
    var judgements = 0
    /// Called when the last of them was judged: what tests wait for.
    var rested: (() -> Void)?

    package init(
        index: Int,
        configuration: RouteConfiguration,
        eventLoop: any EventLoop,
        observer: any RouterObserver,
        registry: NonceRegistry,
        ids: RouterIDs,
        dialects: DialectRegistry = .standard,
        unixMilliseconds: @escaping @Sendable () -> Int64,
        logger: Logger
    ) {
        self.index = index
        self.configuration = configuration
        self.settings = SessionSettings(configuration)
        self.facts = RouteFacts(layout: configuration.dialect.dialect.assumedLayout)
        self.eventLoop = eventLoop
        self.observer = observer
        self.lane = observer.makeLane()
        self.nobody = observer.worker("", route: configuration.name)
        self.registry = registry
        self.ids = ids
        self.strangers = Strangers(dialects: dialects)
        self.unixMilliseconds = unixMilliseconds
        self.logger = logger
    }

    /// Connects the shard to its core. Call once, on the shard's loop.
    package func attach(_ core: Mailbox<CoreMessage>) {
        self.core = core
    }

    package var sessionCount: Int { self.sessions.count }

    // MARK: From sessions

    /// The handler for a new connection.
    /// - Parameters:
    ///   - remote: the miner's address and port, for people.
    ///   - address: its IP address.
    ///   - listener: the name of the listener it came by; empty: it has none.
    ///   - gate: is told when the connection ends.
    package func makeSession(
        remote: String, address: String = "", listener: String = "", gate: ConnectionGate? = nil
    ) -> SessionHandler {
        SessionHandler(
            id: self.ids.nextSession(),
            remote: remote,
            address: address,
            listener: listener,
            token: self.ids.nextToken(),
            gate: gate,
            shard: self,
            now: self.eventLoop.now,
            time: self.unixMilliseconds()
        )
    }

    func opened(_ session: SessionHandler) {
        self.sessions[session.id] = session
    }

    func closed(_ session: SessionHandler, reason: SessionCloseReason) {
        guard self.sessions.removeValue(forKey: session.id) != nil else { return }
        if let link = session.link { self.links[link]?.members[session.id] = nil }
        // Nobody has to wait for it any more.
        if let receipt = session.receipt { self.core?.post(.closed(receipt: receipt)) }
        if let nonce = session.machine.nonce {
            if session.machine.isReady, session.machine.canResume, reason != .kicked {
                self.registry.park(session.machine, nonce: nonce, token: session.token, now: self.eventLoop.now)
            } else {
                self.registry.release(nonce, now: self.eventLoop.now)
            }
        } else if let waiting = session.waiting {
            self.registry.release(waiting.nonce, now: self.eventLoop.now)
        }
        if session.machine.isReady || session.waiting != nil { self.core?.post(.sessionGone(session.id)) }
        if session.machine.isReady {
            self.lane.closed(session: session.id, time: self.unixMilliseconds(), reason: reason.rawValue)
        }
        // Bitaxe probes its primary once a minute and hangs up: no more than a debug line.
        let level: Logger.Level = session.machine.isReady ? .info : .debug
        self.logger.log(
            level: level,
            "session closed",
            metadata: [
                "session": "\(session.id)", "worker": .string(session.machine.user ?? "-"),
                "remote": .string(session.remote), "reason": .string(reason.rawValue),
            ]
        )
    }

    func surroundings(now: NIODeadline) -> SessionSurroundings {
        SessionSurroundings(
            now: now, time: self.unixMilliseconds(), commonMask: self.facts.commonMask, entryMask: self.facts.entryMask,
            kinds: self.facts.kinds
        )
    }

    func nonce(_ session: SessionHandler, sessionID: String?) -> (NonceGrant, former: SessionStateMachine?) {
        let layout = self.facts.layout
        if let sessionID, let parked = self.registry.resume(sessionID, layout: layout) {
            return (parked.nonce, parked.machine)
        }
        return (self.registry.allocate(layout: layout, range: session.machine.prefixes(layout: layout)), nil)
    }

    func authorized(_ session: SessionHandler, user: String) {
        session.note(self.observer.worker(user, route: self.configuration.name), for: user)
    }

    /// The session is subscribed and authorised: the core finds it a pool.
    func ready(_ session: SessionHandler, time: Int64) {
        guard let user = session.machine.user else { return }
        self.lane.opened(
            session: session.id,
            time: session.connectedAt,
            worker: session.machine.handle ?? 0,
            remote: session.remote,
            userAgent: session.machine.userAgent
        )
        self.logger.info(
            "session ready",
            metadata: [
                "session": "\(session.id)", "worker": .string(user), "remote": .string(session.remote),
                "agent": .string(session.machine.userAgent),
            ]
        )
        self.introduce(session, user: user)
    }

    private func introduce(_ session: SessionHandler, user: String) {
        guard let nonce = session.machine.nonce else { return }
        self.core?.post(.sessionReady(self.introduction(of: session, user: user, nonce: nonce)))
    }

    func introduction(of session: SessionHandler, user: String, nonce: NonceGrant) -> SessionIntroduction {
        SessionIntroduction(
            session: session.id,
            shard: self.index,
            identity: SessionIdentity(login: user, remote: session.address, listener: session.listener),
            nonce: nonce,
            followsPool: session.machine.followsPool,
            kind: session.machine.kind,
            canChangeNonce: session.machine.canChangeNonce,
            estimate: session.machine.estimate(now: self.eventLoop.now)
        )
    }

    /// A share was judged: records it and sends it on if it goes to the pool. Returns its id in that case.
    func judged(_ share: SessionStateMachine.JudgedShare, by session: SessionHandler, time: Int64) -> Int64? {
        let id = self.ids.nextShare()
        let isForwarded = share.verdict == .pending
        let worker = share.worker ?? session.machine.handle ?? self.nobody
        self.lane.received(
            ShareRecord(
                id: id,
                time: time,
                session: session.id,
                worker: worker,
                pool: share.job?.pool ?? 0,
                job: share.job?.number ?? 0,
                difficulty: share.difficulty,
                shareDifficulty: share.shareDifficulty,
                forwarded: isForwarded,
                answeredImmediately: isForwarded && self.configuration.reply == .immediate,
                verdict: share.verdict,
                padding: share.job?.padding ?? [],
                prefix: share.grant?.prefix ?? [],
                extranonce2: share.found.extranonce2,
                ntime: share.found.ntime,
                nonce: share.found.nonce,
                versionBits: share.found.versionBits
            )
        )
        self.tally(of: worker, user: share.user ?? session.machine.user ?? "").tally.received(
            share.verdict, time: time)
        guard isForwarded, let job = share.job else { return nil }
        let upstream = UpstreamShare(
            connection: job.connection,
            share: PoolShare(
                jobID: job.upstream.work.id,
                padding: job.padding,
                prefix: share.grant?.prefix ?? [],
                found: share.found
            ),
            ticket: ShareTicket(
                share: id,
                session: session.id,
                shard: self.index,
                worker: worker,
                difficulty: job.upstream.difficulty
            )
        )
        self.core?.post(.share(upstream, link: job.link))
        return id
    }

    private func tally(of worker: Int32, user: String) -> TallyBox {
        if let known = self.tallies[worker] { return known }
        let box = TallyBox(WorkerTally(user: user))
        self.tallies[worker] = box
        return box
    }

    /// False if the share was found by another session that shares its nonce space.
    func isFirst(_ share: SessionStateMachine.JudgedShare) -> Bool {
        guard share.grant?.isShared == true, let key = share.key, let job = share.job else { return true }
        return self.registry.claim(key, job: job)
    }

    func requestReissue(link: Int) {
        guard self.links.needsReissue(link) else { return }
        self.core?.post(.reissue(link: link))
    }

    /// A session that a failover moved has its job, or another failover waits for it.
    func delivered(_ receipt: Int) {
        self.core?.post(.delivered(receipt: receipt, sessions: 1))
    }

    func needsFlush(_ session: SessionHandler) {
        self.unflushed.append(session)
    }

    // MARK: From the core

    /// A batch of messages; call on the shard's loop.
    package func received(_ messages: [ShardMessage]) {
        for message in messages { self.received(message) }
        while let session = self.unflushed.popLast() { session.flush() }
    }

    private func received(_ message: ShardMessage) {
        switch message {
        case .facts(let facts):
            let opens = facts.isOpen && !self.facts.isOpen
            self.facts = facts
            if opens { for session in Array(self.sessions.values) { session.resumeReading() } }
        case .job(let job, let kind):
            self.received(job, kind)
        case .connectionGone(let link, let connection):
            self.links.closed(connection, of: link)
        case .linkRemoved(let link):
            self.links.remove(link)
        case .assign(let sessions, let link, let receipt):
            self.links[link]?.expect(sessions.count)
            for id in sessions { self.assign(id, to: link, receipt: receipt) }
        case .offer(let session, let base):
            self.sessions[session]?.offered(base)
        case .settled(let ticket, let verdict, let latency):
            self.lane.settled(SettledShare(id: ticket.share, verdict: verdict, latencyMicroseconds: latency))
            self.tallies[ticket.worker]?.tally.settled(verdict)
            self.sessions[ticket.session]?.settled(ticket.share, verdict)
        case .settledLate(let ticket, let verdict):
            self.lane.settledLate(SettledShare(id: ticket.share, verdict: verdict, latencyMicroseconds: nil))
        case .renegotiate(let sessions):
            for id in sessions { self.renegotiate(id) }
        case .close(let sessions, let reason):
            for id in sessions { self.sessions[id]?.close(reason) }
        }
    }

    private func received(_ job: IssuedJob, _ kind: ShardMessage.IssueKind) {
        let now = self.eventLoop.now
        let view = self.links.received(job)
        // In the order in which they came, since what belongs to one lies near what belongs to the next, here and in the kernel.
        for id in view.members.keys.sorted() {
            // A session that is dropped for being slow leaves the members meanwhile.
            guard let session = view.members[id], kind != .reissue || session.awaitsReissue else { continue }
            guard self.follow(session, job) else { continue }
            session.deliver(job, isReissue: kind != .new, now: now)
        }
    }

    private func assign(_ id: Int64, to link: Int, receipt: Int?) {
        guard let session = self.sessions[id], let view = self.links[link], session.link != link else {
            if let receipt { self.delivered(receipt) }
            return
        }
        // A session that is moved again before it had its job is waited for once.
        if let former = session.receipt { self.delivered(former) }
        session.receipt = receipt
        if let former = session.link { self.links[former]?.members[id] = nil }
        session.link = link
        view.members[id] = session
        guard self.follow(session, view.current) else { return }
        if session.machine.holds(view.current) {
            // It has done this work before it was sent away: the same job again must be new work.
            session.awaitsReissue = true
            self.requestReissue(link: link)
        } else {
            session.deliver(view.current, isReissue: false, now: self.eventLoop.now)
        }
    }

    private func renegotiate(_ id: Int64) {
        guard let session = self.sessions[id], let former = session.machine.nonce else { return }
        let now = self.eventLoop.now
        guard session.machine.canChangeNonce else {
            session.renegotiate(nil)
            session.close(.cannotServe)
            return
        }
        let layout = self.facts.layout
        let nonce = self.registry.allocate(layout: layout, range: session.machine.prefixes(layout: layout))
        session.renegotiate(nonce)
        self.registry.release(former, now: now)
        if let link = session.link { self.links[link]?.members[id] = nil }
        session.link = nil
        if let user = session.machine.user { self.introduce(session, user: user) }
    }

    // MARK: Time and control

    /// Deadlines and difficulties of the sessions. Call about once a second.
    package func tick(now: NIODeadline) {
        self.ticks += 1
        for session in Array(self.sessions.values) { session.tick(now: now) }
        // A reissue that the core could not make yet is asked for again.
        self.links.forgetReissues()
        for session in self.sessions.values where session.awaitsReissue {
            if let link = session.link { self.requestReissue(link: link) }
        }
        guard self.ticks.isMultiple(of: 5) else { return }
        let hashrates = self.sessions.values.compactMap { session in
            session.machine.estimate(now: now).map { (session: session.id, estimate: $0) }
        }
        if !hashrates.isEmpty { self.core?.post(.hashrates(hashrates)) }
    }

    /// Takes a reloaded configuration; sessions keep theirs until they reconnect.
    package func update(_ configuration: RouteConfiguration) {
        self.configuration = configuration
        self.settings = SessionSettings(configuration)
    }

    /// Takes no more shares; those sent still get their verdicts. Who does not mine yet waits for none and is closed.
    package func stopReading() {
        for session in Array(self.sessions.values) {
            if session.machine.isReady { session.stopReading() } else { session.close(.shutdown) }
        }
    }

    package func closeAll(_ reason: SessionCloseReason) {
        for session in Array(self.sessions.values) { session.close(reason) }
    }

    /// Closes one session; false if it is not here.
    package func kick(_ id: Int64) -> Bool {
        guard let session = self.sessions[id] else { return false }
        session.close(.kicked)
        return true
    }

    /// What `sessions` and `workers` show.
    package func snapshot() -> ShardSnapshot {
        let now = self.eventLoop.now
        return ShardSnapshot(
            sessions: self.sessions.values.filter(\.machine.isReady).map { SessionSnapshot($0, now: now) },
            connections: self.sessions.count,
            tallies: self.tallies.values.map(\.tally)
        )
    }
}

@available(*, unavailable)
extension RouterShard: Sendable {}
