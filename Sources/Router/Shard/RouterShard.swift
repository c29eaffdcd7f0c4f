package import Logging
package import NIOCore
import NIOPosix
import PoolPool
package import Stratum

/// One event loop's part of a route: its sessions and what they must know of the pool links. Confined to that loop; speaks
/// with the route's core through mailboxes.
package final class RouterShard {
    /// What the shard knows of one pool link.
    private final class LinkView {
        var current: IssuedJob
        /// The epoch of the newest job of each connection that is open.
        var epochs: [ConnectionID: UInt64]
        var members: [Int64: SessionHandler] = [:]

        init(current: IssuedJob) {
            self.current = current
            self.epochs = [current.connection: current.epoch]
        }
    }

    package let index: Int
    package private(set) var configuration: RouteConfiguration
    package let eventLoop: any EventLoop
    package let logger: Logger
    package private(set) var facts: RouteFacts
    private let lane: any RouterLane
    private let observer: any RouterObserver
    private let registry: NonceRegistry
    private let ids: RouterIDs
    private let dialects: DialectRegistry
    private let unixMilliseconds: @Sendable () -> Int64
    /// The worker of shares that come before any name is authorised.
    private let nobody: Int32
    private var core: Mailbox<CoreMessage>?
    private var sessions: [Int64: SessionHandler] = [:]
    private var links: [Int: LinkView] = [:]
    private var reissuesRequested: Set<Int> = []
    private var unflushed: [SessionHandler] = []
    private var ticks: UInt64 = 0
    private var lastStranger: NIODeadline?
    private(set) var tallies: [Int32: WorkerTally] = [:]
    /// Shares that are being judged away from this loop.
    private(set) var judgements = 0

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
        self.facts = RouteFacts(layout: configuration.dialect.dialect.assumedLayout)
        self.eventLoop = eventLoop
        self.observer = observer
        self.lane = observer.makeLane()
        self.nobody = observer.worker("", route: configuration.name)
        self.registry = registry
        self.ids = ids
        self.dialects = dialects
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
    package func makeSession(remote: String, address: String = "", listener: String = "") -> SessionHandler {
        SessionHandler(
            id: self.ids.nextSession(),
            remote: remote,
            address: address,
            listener: listener,
            token: self.ids.nextToken(),
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

    func standing(of job: IssuedJob) -> JobStanding {
        guard let view = self.links[job.link], let newest = view.epochs[job.connection] else { return .gone }
        guard job.epoch >= newest else { return .stale }
        // A replaced connection settles what was found on it while the block is the same.
        let isCurrent = job.connection == view.current.connection
        return isCurrent || job.upstream.work.block == view.current.upstream.work.block ? .live : .stale
    }

    func nonce(_ session: SessionHandler, sessionID: String?) -> (NonceGrant, former: SessionStateMachine?) {
        let layout = self.facts.layout
        if let sessionID, let parked = self.registry.resume(sessionID, layout: layout) {
            return (parked.nonce, parked.machine)
        }
        return (self.registry.allocate(layout: layout, range: session.machine.prefixes(layout: layout)), nil)
    }

    /// A miner that follows its pool has said that it takes another slice of nonce space.
    func canMove(_ session: SessionHandler) {
        self.core?.post(.sessionCanMove(session.id))
    }

    /// The core says what the miner's nonces are to begin with.
    func requestOffer(_ session: SessionHandler, nonce: NonceGrant) {
        self.core?.post(.sessionWaits(self.introduction(of: session, user: "", nonce: nonce)))
    }

    func authorized(_ session: SessionHandler, user: String) {
        session.workerHandles.append((user, self.observer.worker(user, route: self.configuration.name)))
    }

    /// The session is subscribed and authorised: the core finds it a pool.
    func ready(_ session: SessionHandler, time: Int64) {
        guard let user = session.machine.user else { return }
        self.lane.opened(
            session: session.id,
            time: session.connectedAt,
            worker: session.workerHandles.first?.handle ?? 0,
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

    private func introduction(of session: SessionHandler, user: String, nonce: NonceGrant) -> SessionIntroduction {
        SessionIntroduction(
            session: session.id,
            shard: self.index,
            login: user,
            nonce: nonce,
            followsPool: session.machine.followsPool,
            kind: session.machine.kind,
            canChangeNonce: session.machine.canChangeNonce,
            estimate: session.machine.estimate(now: self.eventLoop.now),
            remote: session.address,
            listener: session.listener
        )
    }

    /// A share was judged: records it and sends it on if it goes to the pool. Returns its id in that case.
    func judged(_ share: SessionStateMachine.JudgedShare, by session: SessionHandler, time: Int64) -> Int64? {
        let id = self.ids.nextShare()
        let isForwarded = share.verdict == .pending
        let worker = session.workerHandles.first { $0.user == share.user } ?? session.workerHandles.first
        self.lane.received(
            ShareRecord(
                id: id,
                time: time,
                session: session.id,
                worker: worker?.handle ?? self.nobody,
                pool: share.job?.pool ?? 0,
                job: share.job?.number ?? 0,
                difficulty: share.difficulty,
                shareDifficulty: share.shareDifficulty,
                forwarded: isForwarded,
                answeredImmediately: isForwarded && self.configuration.reply == .immediate,
                verdict: share.verdict,
                padding: share.job?.padding ?? [],
                prefix: share.grant?.prefix ?? [],
                extranonce2: share.extranonce2,
                ntime: share.ntime,
                nonce: share.nonce,
                versionBits: share.versionBits
            )
        )
        self.tallies[
            worker?.handle ?? self.nobody, default: WorkerTally(user: share.user ?? session.machine.user ?? "")
        ]
        .received(share.verdict, time: time)
        guard isForwarded, let job = share.job else { return nil }
        let upstream = UpstreamShare(
            connection: job.connection,
            share: PoolShare(
                jobID: job.upstream.work.id,
                padding: job.padding,
                prefix: share.grant?.prefix ?? [],
                extranonce2: share.extranonce2,
                ntime: share.ntime,
                nonce: share.nonce,
                versionBits: share.versionBits,
                proof: share.proof
            ),
            ticket: ShareTicket(
                share: id,
                session: session.id,
                shard: self.index,
                worker: worker?.handle ?? self.nobody,
                difficulty: job.upstream.difficulty
            )
        )
        self.core?.post(.share(upstream, link: job.link))
        return id
    }

    /// Has a share judged by the process's worker threads.
    func judgeElsewhere(_ unjudged: SessionStateMachine.UnjudgedShare, of session: SessionHandler, time: Int64) {
        self.judgements += 1
        NIOThreadPool.singleton.runIfActive(eventLoop: self.eventLoop) { unjudged.judge() }
            .assumeIsolated().whenComplete { result in
                self.judgements -= 1
                let failed = Judgement.malformed(Rejection(code: 20, message: "Share could not be judged"))
                session.judged(unjudged, as: (try? result.get()) ?? failed, time: time)
            }
    }

    /// Tells of a miner at the wrong port: of one in a minute, for a farm that is misdirected comes again and again.
    func tellStranger(_ name: String, remote: String) {
        let now = self.eventLoop.now
        let isNews = self.lastStranger.map { now - $0 >= .minutes(1) } ?? true
        if isNews { self.lastStranger = now }
        self.logger.log(
            level: isNews ? .warning : .debug,
            "miner turned away: it speaks another protocol",
            metadata: [
                "remote": .string(remote), "protocol": .string(name),
                "expected": .string(self.configuration.dialect.name),
            ]
        )
    }

    /// The dialect that a first line belongs to if it is not the route's.
    func stranger(_ line: ByteBuffer) -> (any Dialect.Type)? {
        let own = type(of: self.configuration.dialect.dialect)
        guard !own.recognizes(line) else { return nil }
        return self.dialects.dialects.first { $0.name != own.name && $0.recognizes(line) }
    }

    /// False if the share was found by another session that shares its nonce space.
    func isFirst(_ share: SessionStateMachine.JudgedShare) -> Bool {
        guard share.grant?.isShared == true, let key = share.key, let job = share.job else { return true }
        return self.registry.claim(key, job: job)
    }

    func requestReissue(link: Int) {
        guard self.reissuesRequested.insert(link).inserted else { return }
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
        let unflushed = self.unflushed
        self.unflushed = []
        for session in unflushed { session.flush() }
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
            self.links[link]?.epochs[connection] = nil
        case .linkRemoved(let link):
            for session in self.links[link]?.members.values.map({ $0 }) ?? [] { session.link = nil }
            self.links[link] = nil
        case .assign(let sessions, let link, let receipt):
            for id in sessions { self.assign(id, to: link, receipt: receipt) }
        case .offer(let session, let base):
            self.sessions[session]?.offered(base)
        case .settled(let ticket, let verdict, let latency):
            self.lane.settled(SettledShare(id: ticket.share, verdict: verdict, latencyMicroseconds: latency))
            self.tallies[ticket.worker]?.settled(verdict)
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
        let view: LinkView
        if let known = self.links[job.link] {
            view = known
            view.current = job
            view.epochs[job.connection] = job.epoch
        } else {
            view = LinkView(current: job)
            self.links[job.link] = view
        }
        self.reissuesRequested.remove(job.link)
        // A copy: a session that is dropped for being slow leaves the members meanwhile.
        for session in Array(view.members.values) where kind != .reissue || session.awaitsReissue {
            guard self.follow(session, job) else { continue }
            session.deliver(job, isReissue: kind != .new, now: now)
        }
    }

    /// Makes the miner's nonces begin as the pool of this job wants them to. False if the miner must come back for that.
    private func follow(_ session: SessionHandler, _ job: IssuedJob) -> Bool {
        guard session.machine.followsPool, var nonce = session.machine.nonce, nonce.base != job.upstream.base else {
            return true
        }
        guard session.machine.canChangeNonce else {
            self.sendBack(session)
            return false
        }
        nonce.base = job.upstream.base
        session.changeNonce(nonce)
        return true
    }

    /// Asks a miner to connect again, and closes: its firmware does so by itself then.
    func sendBack(_ session: SessionHandler) {
        self.core?.post(.sessionReturns(session.id))
        session.renegotiate(nil)
        session.close(.mustReturn)
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
        self.reissuesRequested.removeAll()
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
    }

    /// Takes no more shares; those sent still get their verdicts.
    package func stopReading() {
        for session in self.sessions.values { session.stopReading() }
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
            sessions: self.sessions.values.filter(\.machine.isReady).map { session in
                SessionSnapshot(
                    id: session.id,
                    worker: session.machine.user ?? "",
                    remote: session.remote,
                    userAgent: session.machine.userAgent,
                    connectedAt: session.connectedAt,
                    link: session.link,
                    difficulty: session.machine.difficulty,
                    extranonce1: session.machine.nonce?.told ?? [],
                    versionMask: session.machine.versionMask,
                    hashrate: session.machine.estimate(now: now)?.hashrate,
                    uncertainty: session.machine.estimate(now: now)?.uncertainty,
                    accepted: session.machine.acceptedShares,
                    refused: session.machine.refusedShares,
                    lastShare: session.machine.lastShare
                )
            },
            connections: self.sessions.count,
            tallies: Array(self.tallies.values)
        )
    }
}

@available(*, unavailable)
extension RouterShard: Sendable {}
