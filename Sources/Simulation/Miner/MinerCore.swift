import NIOCore
import NIOPosix
import NIOSSL

/// The state of a simulated miner, confined to one event loop.
final class MinerCore: LineReceiver {
    /// The pause between two slices of hashing.
    private static let slice = TimeAmount.milliseconds(50)

    private let configuration: SimulatedMinerConfiguration
    private let journal: Journal<MinerLog>
    private let loop: any EventLoop
    private var memory = MinerMemory()
    private var side: (any MinerSide)?
    private var channel: (any Channel)?
    private var openedAt = NIODeadline.uptimeNanoseconds(0)
    private var lastHeardAt = NIODeadline.uptimeNanoseconds(0)
    private var lastSaidAt = NIODeadline.uptimeNanoseconds(0)
    private var lastSliceAt = NIODeadline.uptimeNanoseconds(0)
    private var leaveReason: String?
    private var detour: (host: String?, port: Int?)?
    /// Submits without an answer on this link, in order.
    private var pending: [(id: Int, number: Int)] = []
    private var submissionCount = 0
    private var connection = -1
    private var hashesPerSecond: Double
    private var budget = 0.0
    private var isPaused = false
    private var isStopped = false
    private var ticker: RepeatedTask?
    private var ended: EventLoopPromise<Void>?

    init(_ configuration: SimulatedMinerConfiguration, journal: Journal<MinerLog>, loop: any EventLoop) {
        self.configuration = configuration
        self.journal = journal
        self.loop = loop
        self.hashesPerSecond = configuration.hashesPerSecond
    }

    func start() {
        self.lastSliceAt = self.loop.now
        let core = NIOLoopBound(self, eventLoop: self.loop)
        self.ticker = self.loop.scheduleRepeatedTask(initialDelay: Self.slice, delay: Self.slice) { _ in
            core.value.tick()
        }
        self.connect()
    }

    func pause() { self.isPaused = true }

    func resume() { self.isPaused = false }

    func setHashrate(_ hashesPerSecond: Double) { self.hashesPerSecond = hashesPerSecond }

    func dropLink() {
        guard let channel = self.channel else { return }
        self.leaveReason = self.leaveReason ?? "dropped"
        channel.reset()
    }

    func stop(abort: Bool) -> EventLoopFuture<Void> {
        if let ended = self.ended { return ended.futureResult }
        let ended = self.loop.makePromise(of: Void.self)
        self.ended = ended
        self.isStopped = true
        self.ticker?.cancel()
        self.leaveReason = "stopped"
        if let channel = self.channel {
            if abort { channel.reset() } else { channel.close(promise: nil) }
        } else {
            ended.succeed()
        }
        return ended.futureResult
    }

    // MARK: The link

    private func connect() {
        guard !self.isStopped else { return }
        let core = NIOLoopBound(self, eventLoop: self.loop)
        let bootstrap = ClientBootstrap(group: self.loop)
            .connectTimeout(.seconds(5))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try core.value.prepare(channel) }
            }
        let host = self.detour?.host ?? self.configuration.host
        let port = self.detour?.port ?? self.configuration.port
        let connected =
            if let address = try? SocketAddress(ipAddress: host, port: port) {
                bootstrap.connect(to: address)
            } else {
                bootstrap.connect(host: host, port: port)
            }
        connected.assumeIsolated().whenFailure { error in
            // A link that was up before it failed is reported by `linkClosed`.
            guard self.channel == nil, self.leaveReason == nil else { return }
            self.detour = nil
            self.note(.connectFailed(reason: "\(error)"))
            self.connectLater()
        }
    }

    private func prepare(_ channel: any Channel) throws {
        if let tls = self.configuration.tls {
            let context = try NIOSSLContext(configuration: tls)
            try channel.pipeline.syncOperations.addHandler(NIOSSLClientHandler(context: context, serverHostname: nil))
        }
        try channel.pipeline.syncOperations.addHandler(LineHandler(receiver: self))
    }

    private func connectLater() {
        guard self.configuration.reconnects, !self.isStopped else { return }
        self.loop.assumeIsolated().scheduleTask(in: self.configuration.reconnectDelay) { self.connect() }
    }

    func linkOpened(_ channel: any Channel) {
        guard self.channel == nil else { return }
        guard !self.isStopped else { return channel.close(promise: nil) }
        self.channel = channel
        self.connection += 1
        self.leaveReason = nil
        (self.openedAt, self.lastHeardAt) = (self.loop.now, self.loop.now)
        self.lastSaidAt = self.loop.now
        self.journal.update { $0.connects += 1 }
        self.note(.connected)
        var side = SimulatedProtocol.minerSide(self.configuration, memory: self.memory)
        let actions = side.begin()
        self.side = side
        actions.forEach(self.perform)
        channel.flush()
    }

    func lineReceived(_ line: ByteBuffer) {
        self.lastHeardAt = self.loop.now
        guard self.leaveReason == nil, let actions = self.side?.receive(line) else { return }
        actions.forEach(self.perform)
    }

    func burstEnded() {
        self.channel?.flush()
    }

    func linkClosed(reason: String) {
        guard self.channel != nil else { return }
        if let side = self.side { self.memory = side.memory }
        self.channel = nil
        self.side = nil
        self.pending = []
        self.journal.update { log in
            log.isMining = false
            log.disconnects += self.isStopped ? 0 : 1
        }
        self.note(.disconnected(reason: self.leaveReason ?? reason))
        self.leaveReason = nil
        self.ended?.succeed()
        self.connectLater()
    }

    private func leave(_ reason: String) {
        self.leaveReason = self.leaveReason ?? reason
        self.channel?.close(promise: nil)
    }

    // MARK: Lines

    private func perform(_ action: MinerAction) {
        switch action {
        case .send(let line):
            self.write(line)
        case .note(let event):
            self.note(event)
        case .violation(let text):
            self.violation(text)
        case .settle(let id, let reply):
            self.settle(id, reply)
        case .reconnect(let host, let port):
            self.detour = host == nil && port == nil ? nil : (host, port)
            self.leave("client.reconnect")
        case .leave(let reason):
            self.leave(reason)
        }
    }

    private func settle(_ id: Int, _ reply: MinerReply) {
        guard let index = self.pending.firstIndex(where: { $0.id == id }) else {
            return self.violation("reply to unknown or answered request \(id)")
        }
        let number = self.pending.remove(at: index).number
        self.journal.update { log in
            if let first = log.submissions.first?.number, log.submissions.indices.contains(number - first) {
                log.submissions[number - first].reply = reply
                log.submissions[number - first].repliedAt = self.loop.now
                if reply == .accepted { log.acceptedWork += log.submissions[number - first].difficulty }
            }
            if reply == .accepted { log.accepted += 1 } else { log.rejected += 1 }
        }
    }

    private func write(_ line: String) {
        self.lastSaidAt = self.loop.now
        self.channel?.write(ByteBuffer(string: line + "\n"), promise: nil)
    }

    private func note(_ kind: MinerEvent.Kind) {
        self.journal.update { log in
            log.events.append(MinerEvent(time: self.loop.now, kind: kind))
            log.events.trimFront(to: self.configuration.logCapacity)
            if case .job = kind { log.jobs += 1 }
            if case .authorized(true) = kind { log.isMining = true }
        }
    }

    private func violation(_ text: String) {
        self.journal.update { log in
            log.violations.append("\(self.configuration.user) (\(self.configuration.profileName)): \(text)")
            log.violations.trimFront(to: self.configuration.logCapacity)
        }
    }

    // MARK: Hashing

    private func tick() {
        let now = self.loop.now
        let elapsed = now - self.lastSliceAt
        self.lastSliceAt = now
        guard self.channel != nil, let side = self.side else { return }
        if let limit = self.configuration.silenceLimit, now - self.lastHeardAt > limit { return self.leave("silence") }
        let rest = now - max(self.lastHeardAt, self.lastSaidAt)
        let actions = self.side?.rested(for: rest) ?? []
        if !actions.isEmpty {
            actions.forEach(self.perform)
            self.channel?.flush()
        }
        if !side.isAuthorized {
            if now - self.openedAt > self.configuration.handshakeLimit { self.leave("no answer in the handshake") }
            return
        }
        guard !self.isPaused, side.hasWork else { return }
        // What was missed for want of time is not made up for, beyond a few slices.
        let owed = self.hashesPerSecond * Double(elapsed.nanoseconds) / 1e9
        self.budget = min(self.budget + owed, max(self.hashesPerSecond / 4, 1))
        let count = Int(self.budget)
        guard count > 0 else { return }
        self.budget -= Double(count)
        let found = self.side?.search(count) ?? []
        self.journal.updateQuietly { $0.hashes += count }
        for share in found {
            self.submit(share)
            if self.configuration.mistake == .duplicates { self.submit(share) }
        }
        self.channel?.flush()
    }

    private func submit(_ share: FoundShare) {
        guard let (id, line) = self.side?.submission(of: share) else { return }
        let submission = MinerSubmission(
            number: self.submissionCount,
            connection: self.connection,
            id: id,
            jobID: share.claim.jobID,
            extranonce1: share.extranonce1,
            extranonce2: share.claim.extranonce2,
            ntime: share.claim.ntime,
            nonce: share.claim.nonce,
            versionBits: share.claim.versionBits,
            proof: share.claim.proof,
            difficulty: share.difficulty,
            shareDifficulty: share.shareDifficulty,
            time: self.loop.now
        )
        self.submissionCount += 1
        self.pending.append((id, submission.number))
        self.journal.update { log in
            log.submissions.append(submission)
            log.submissions.trimFront(to: self.configuration.logCapacity)
            log.submitted += 1
        }
        self.write(line)
    }
}
