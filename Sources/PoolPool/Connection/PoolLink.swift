package import Logging
package import NIOCore
package import Stratum

/// One lasting link to a pool for one upstream user: connects, reconnects with backoff, replaces a connection that a pool
/// wants replaced or that fell silent (the new one is ready before the old one goes), and watches for unanswered shares.
/// Confined to one event loop; driven by ``tick(now:)``.
package final class PoolLink: PoolConnectionDelegate {
    package let id: Int
    package private(set) var key: LinkKey
    package private(set) var configuration: PoolConfiguration
    private var health: HealthConfiguration
    private let dialect: any Dialect
    private let versionMask: UInt32
    private let userAgent: String
    private let eventLoop: any EventLoop
    private let connector: any PoolConnecting
    private let memory: PoolMemory
    private let nextConnectionID: () -> ConnectionID
    private let logger: Logger
    private weak var delegate: (any PoolLinkDelegate)?

    /// The user to authorise; nil only for a link that shows that a per-worker pool is there before any miner came.
    private var user: String?
    private var schedule: ReconnectSchedule
    private var silence: SilenceTracker

    /// Carries new shares once it is ready.
    private var current: PoolConnection?
    /// Takes over from ``current`` when it is ready.
    private var successor: PoolConnection?
    private var successorTakesOver = false
    /// Replaced connections that still settle shares, and when they go at the latest.
    private var draining: [(connection: PoolConnection, until: NIODeadline)] = []
    private var lastWork: (any PoolWork)?
    private var resumableSession: String?
    private var lastProbe: NIODeadline?
    private var isSuspect = false
    private var isStopped = true
    private var reconnects = 0

    private static let drainTime = TimeAmount.seconds(10)

    package init(
        id: Int,
        key: LinkKey,
        configuration: PoolConfiguration,
        user: String?,
        dialect: any Dialect,
        health: HealthConfiguration,
        versionMask: UInt32,
        userAgent: String,
        eventLoop: any EventLoop,
        connector: any PoolConnecting,
        memory: PoolMemory,
        random: RandomSource,
        nextConnectionID: @escaping () -> ConnectionID,
        logger: Logger,
        delegate: any PoolLinkDelegate
    ) {
        self.id = id
        self.key = key
        self.configuration = configuration
        self.user = user
        self.health = health
        self.dialect = dialect
        self.versionMask = versionMask
        self.userAgent = userAgent
        self.eventLoop = eventLoop
        self.connector = connector
        self.memory = memory
        self.nextConnectionID = nextConnectionID
        self.delegate = delegate
        self.schedule = ReconnectSchedule(
            backoff: Backoff(
                initial: TimeAmount(health.reconnectInitial),
                maximum: TimeAmount(health.reconnectMaximum)
            ),
            random: random
        )
        self.silence = SilenceTracker(setting: health.silence)
        var logger = logger
        logger[metadataKey: "pool"] = .string(configuration.name)
        if configuration.isPerWorker { logger[metadataKey: "upstream-user"] = .string(key.user) }
        self.logger = logger
    }

    // MARK: Facts

    package var isReady: Bool { self.current?.isReady ?? false }
    /// The connection that takes new shares, if it is ready.
    package var readyConnection: ConnectionID? { self.isReady ? self.current?.id : nil }
    package var pendingCount: Int {
        (self.current?.pendingCount ?? 0) + self.draining.reduce(0) { $0 + $1.connection.pendingCount }
    }
    package var connectionCount: Int {
        (self.current == nil ? 0 : 1) + (self.successor == nil ? 0 : 1) + self.draining.count
    }
    /// Connections made after the first one.
    package var reconnectCount: Int { max(0, self.reconnects - 1) }
    /// Time since the pool's last new job.
    package func jobAge(now: NIODeadline) -> TimeAmount { self.silence.age(now: now) }
    /// False when the connection that issued a job is gone: its shares have nowhere to go.
    package func isAlive(_ connection: ConnectionID) -> Bool { self.find(connection) != nil }

    // MARK: Commands

    /// Starts connecting. Again after ``stop(_:)`` as well.
    package func start() {
        guard self.isStopped else { return }
        self.isStopped = false
        self.connect()
    }

    /// Closes all connections and makes no more. Shares without a verdict are lost.
    package func stop(_ failure: LinkFailure) {
        guard !self.isStopped else { return }
        self.isStopped = true
        self.schedule.cancel()
        for connection in [self.current, self.successor].compactMap({ $0 }) + self.draining.map(\.connection) {
            // Now, not when the channel is gone: the link itself may be gone by then.
            let lost = connection.abandonPending().map(\.ticket)
            if !lost.isEmpty { self.delegate?.link(self, lost: lost, because: failure) }
            connection.close(failure)
        }
    }

    /// Gives the link its user, if it had none, and with it its key.
    package func authorize(as key: LinkKey) {
        guard self.user == nil else { return }
        self.key = key
        let user = key.user
        self.user = user
        self.current?.authorize(user: user, password: self.configuration.password, now: self.eventLoop.now)
    }

    /// Takes priority, weight and the like from a reloaded configuration. Address and credentials need a new link.
    /// Times that already run keep their length.
    package func update(_ configuration: PoolConfiguration, health: HealthConfiguration) {
        self.configuration = configuration
        self.health = health
        self.silence.setting = health.silence
    }

    /// Sends a share on the connection its job came from. False if that is gone: the share was not sent.
    package func submit(_ share: UpstreamShare, now: NIODeadline) -> Bool {
        guard let connection = self.find(share.connection), let user = self.user else { return false }
        return connection.submit(share, user: user, now: now)
    }

    /// Writes all shares submitted since the last flush.
    package func flush() {
        self.current?.flush()
        for entry in self.draining { entry.connection.flush() }
    }

    // MARK: Time

    /// Deadlines, silence and unanswered shares. Call a few times a second.
    package func tick(now: NIODeadline) {
        self.current?.tick(now: now)
        self.successor?.tick(now: now)
        if !self.isStopped {
            if self.schedule.takeReconnect(now: now) { self.connect() }
            if let endpoint = self.schedule.takeSuccessor(now: now) {
                self.openSuccessor(to: endpoint, takesOver: true)
            }
        }
        self.expireShares(now: now)
        for entry in self.draining where now >= entry.until {
            entry.connection.close(LinkFailure(.replaced, "drained"))
        }
        guard let current = self.current, current.isReady else { return }
        self.watchVerdicts(of: current, now: now)
        if current.isReady { self.watchSilence(of: current, now: now) }
    }

    private func expireShares(now: NIODeadline) {
        let deadline = now - TimeAmount(self.health.verdictDeadline)
        for connection in [self.current].compactMap({ $0 }) + self.draining.map(\.connection) {
            let expired = connection.expirePending(sentBefore: deadline)
            guard !expired.isEmpty else { continue }
            let failure = LinkFailure(.unanswered, "no verdict within \(self.health.verdictDeadline.text)")
            self.delegate?.link(self, lost: expired.map(\.ticket), because: failure)
        }
    }

    private func watchVerdicts(of connection: PoolConnection, now: NIODeadline) {
        guard let oldest = connection.oldestPending() else { return }
        let age = now - oldest
        if age >= TimeAmount(self.health.verdictDown), connection.pendingCount >= self.health.verdictMinimumPending {
            let detail = "\(connection.pendingCount) shares unanswered, the oldest for \(Self.seconds(age))"
            connection.close(LinkFailure(.unanswered, detail, detection: age.milliseconds))
        }
    }

    private func watchSilence(of connection: PoolConnection, now: NIODeadline) {
        let age = self.silence.age(now: now)
        switch self.silence.judge(now: now) {
        case .silent:
            let detail = "no new job for \(Self.seconds(age))"
            connection.close(LinkFailure(.silence, detail, detection: age.milliseconds))
        case .suspect:
            self.setSuspect("no new job for \(Self.seconds(age))")
            let due = self.lastProbe.map { now - $0 >= self.silence.suspectAfter } ?? true
            if due, self.successor == nil {
                self.lastProbe = now
                self.openSuccessor(to: self.configuration.endpoint, takesOver: false)
            }
        case .fresh:
            let oldest = connection.oldestPending()
            if let oldest, now - oldest >= TimeAmount(self.health.verdictSuspect) {
                self.setSuspect("a share is unanswered for \(Self.seconds(now - oldest))")
            } else {
                self.setSuspect(nil)
            }
        }
    }

    private func setSuspect(_ reason: String?) {
        guard self.isSuspect != (reason != nil) else { return }
        self.isSuspect = reason != nil
        self.delegate?.link(self, suspected: reason)
    }

    // MARK: Connections

    private func connect() {
        let connection = self.makeConnection(resuming: self.resumableSession)
        self.resumableSession = nil
        self.current = connection
        self.open(connection, to: self.schedule.takeEndpoint() ?? self.configuration.endpoint)
    }

    private func openSuccessor(to endpoint: PoolEndpoint, takesOver: Bool) {
        guard self.successor == nil, self.user != nil else { return }
        let connection = self.makeConnection(resuming: nil)
        self.successor = connection
        self.successorTakesOver = takesOver
        self.open(connection, to: endpoint)
    }

    private func makeConnection(resuming sessionID: String?) -> PoolConnection {
        PoolConnection(
            id: self.nextConnectionID(),
            dialect: self.dialect,
            settings: PoolDialogueSettings(
                self.configuration,
                user: self.user,
                userAgent: self.userAgent,
                asksFirst: self.memory.shouldAsk(now: self.eventLoop.now),
                versionMask: self.versionMask,
                sessionID: sessionID,
                health: self.health
            ),
            delegate: self
        )
    }

    private func open(_ connection: PoolConnection, to endpoint: PoolEndpoint) {
        self.reconnects += 1
        self.connector.connect(
            connection,
            to: endpoint,
            tls: self.configuration.tls,
            timeout: TimeAmount(self.health.connectTimeout),
            on: self.eventLoop
        ).assumeIsolated().whenFailure { error in
            connection.close(error as? LinkFailure ?? LinkFailure(.connectFailed, "\(error)"))
        }
    }

    private func find(_ id: ConnectionID) -> PoolConnection? {
        if let current = self.current, current.id == id { return current }
        return self.draining.first { $0.connection.id == id }?.connection
    }

    package func connection(_ connection: PoolConnection, did event: PoolEvent) {
        switch event {
        case .subscribed(let terms):
            if !connection.asksFirst, self.memory.subscribedWithoutAsking(now: self.eventLoop.now) {
                self.logger.notice("the pool closes on the first question: it is not asked again for an hour")
            }
            if connection === self.current { self.silence.restarted(now: self.eventLoop.now) }
            if let user = self.user, connection === self.current {
                // The user came while the connection was made without one; otherwise this does nothing.
                connection.authorize(user: user, password: self.configuration.password, now: self.eventLoop.now)
            }
            self.delegate?.link(self, subscribed: terms)
        case .ready(let job):
            self.becameReady(connection, job: job)
        case .job(let job):
            guard connection === self.current else { return }
            self.note(job.work)
            self.delegate?.link(self, received: job, on: connection.id)
        case .verdict(let request, let verdict):
            guard let (entry, late) = connection.takeShare(request: request) else { return }
            let latency = self.eventLoop.now - entry.sent
            self.delegate?.link(self, settled: entry.ticket, verdict: verdict, after: latency, late: late)
        case .versionMaskChanged(let mask):
            if connection === self.current { self.delegate?.link(self, versionMaskChanged: mask) }
        case .reconnectRequested(let host, let port, let wait):
            self.reconnectRequested(by: connection, host: host, port: port, wait: wait)
        case .messageShown(let text):
            self.logger.notice("the pool says", metadata: ["text": .string(String(text.prefix(500)))])
        case .overstepped(let what):
            self.delegate?.link(self, overstepped: what, isAttack: false)
        case .failed:
            break
        }
    }

    private func becameReady(_ connection: PoolConnection, job: UpstreamJob) {
        let now = self.eventLoop.now
        if connection.asksFirst { self.memory.agreed() }
        if connection === self.successor {
            let isFresh = self.isFresh(job.work)
            guard self.successorTakesOver || isFresh || !self.isReady else {
                // The pool is there and has nothing new to say. The hard limit of silence still runs.
                connection.close(LinkFailure(.stopped, "probe"))
                return
            }
            self.successor = nil
            if let old = self.current { self.draining.append((old, now + Self.drainTime)) }
            self.current = connection
        }
        guard connection === self.current else { return }
        self.schedule.becameReady(now: now)
        self.note(job.work)
        self.delegate?.link(self, readyWith: job, on: connection.id)
    }

    private func isFresh(_ work: any PoolWork) -> Bool {
        self.lastWork.map { work.isNews(after: $0) } ?? true
    }

    private func note(_ work: any PoolWork) {
        if self.isFresh(work) { self.silence.freshJobReceived(now: self.eventLoop.now) }
        self.lastWork = work
    }

    private func reconnectRequested(by connection: PoolConnection, host: String?, port: Int?, wait: Int?) {
        let asked = "\(host ?? self.configuration.endpoint.host):\(port ?? self.configuration.endpoint.port)"
        guard connection === self.current, self.successor == nil, !self.schedule.awaitsSuccessor else { return }
        guard
            let endpoint = ReconnectRule.target(configured: self.configuration.endpoint, host: host, port: port)
        else {
            self.delegate?.link(
                self,
                overstepped: "client.reconnect to \(String(asked.prefix(100))), a foreign host: refused",
                isAttack: true
            )
            return
        }
        let delay = TimeAmount.seconds(Int64(min(max(wait ?? 0, 0), 60)))
        self.logger.notice("the pool asks for a reconnect", metadata: ["to": .string(asked), "wait": "\(wait ?? 0)"])
        self.schedule.openSuccessor(to: endpoint, at: self.eventLoop.now + delay)
        if delay == .zero { self.tick(now: self.eventLoop.now) }
    }

    package func connectionClosed(_ connection: PoolConnection, failure: LinkFailure) {
        let now = self.eventLoop.now
        let failure = self.weigh(failure, of: connection)
        let lost = connection.abandonPending().map(\.ticket)
        let wasCurrent = connection === self.current
        let wasReady = wasCurrent && self.schedule.isReady
        if wasCurrent {
            self.current = nil
            self.currentClosed(connection, failure: failure, now: now)
        } else if connection === self.successor {
            self.successor = nil
            self.successorClosed(failure)
        } else {
            self.draining.removeAll { $0.connection === connection }
        }
        self.delegate?.link(self, closed: connection.id)
        if !lost.isEmpty { self.delegate?.link(self, lost: lost, because: failure) }
        if wasCurrent, self.current == nil || wasReady {
            if failure.kind != .questionRefused || wasReady {
                self.delegate?.link(self, failed: failure, wasReady: wasReady)
            }
        }
    }

    /// Tells a pool that does not know the first question from one that is out of order.
    private func weigh(_ failure: LinkFailure, of connection: PoolConnection) -> LinkFailure {
        if failure.kind == .questionRefused {
            guard !self.memory.endedWhileAsking() else { return failure }
            return LinkFailure(.closed, "\(failure.detail), which it has answered before")
        }
        if !connection.asksFirst, !connection.isSubscribed { self.memory.endedWithoutAsking() }
        return failure
    }

    private func currentClosed(_ connection: PoolConnection, failure: LinkFailure, now: NIODeadline) {
        self.schedule.closed(now: now)
        self.isSuspect = false
        self.resumableSession = connection.sessionID
        guard !self.isStopped else { return }
        if let successor = self.successor {
            self.successor = nil
            self.current = successor
            return
        }
        self.schedule.plan(after: failure.kind, now: now, maximum: TimeAmount(self.health.reconnectMaximum))
    }

    private func successorClosed(_ failure: LinkFailure) {
        guard !self.isStopped, let current = self.current, current.isReady else { return }
        switch failure.kind {
        case .stopped, .questionRefused:
            return
        default:
            break
        }
        if self.successorTakesOver {
            self.logger.notice("reconnecting failed, staying", metadata: ["cause": .string(failure.description)])
        } else if self.isSuspect {
            let age = self.silence.age(now: self.eventLoop.now)
            let detail = "no new job for \(Self.seconds(age)), and a second session failed: \(failure)"
            current.close(LinkFailure(.silence, detail, detection: age.milliseconds))
        }
    }

    private static func seconds(_ amount: TimeAmount) -> String {
        let tenths = amount.nanoseconds / 100_000_000
        return "\(tenths / 10).\(tenths % 10) s"
    }
}

@available(*, unavailable)
extension PoolLink: Sendable {}

extension TimeAmount {
    fileprivate var milliseconds: Int64 { self.nanoseconds / 1_000_000 }
}
