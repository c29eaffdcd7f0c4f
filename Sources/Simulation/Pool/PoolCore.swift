import Foundation
import NIOCore
import NIOPosix
import NIOSSL

/// The state of a simulated pool, confined to one event loop.
final class PoolCore {
    let configuration: SimulatedPoolConfiguration
    let journal: Journal<PoolLog>
    let loop: any EventLoop
    private(set) var difficulty: Double
    private(set) var currentJob: any PoolJob
    private(set) var epoch = 1
    private var height = 1
    private var jobCount = 1
    private var generator: SeededGenerator
    private let idBase: UInt32
    private let tlsContext: NIOSSLContext?
    private var reservation: PortReservation?
    var listener: (any Channel)?
    private var isListening = false
    private var links: [Int: PoolLink] = [:]
    private var linkCount = 0
    private var sessions: [String: PoolSession] = [:]
    private var shareCount = 0
    private var extranonceCount: UInt16 = 0
    var newLinkBehaviour = LinkBehaviour()
    /// Whether the pool itself makes no jobs for now.
    var isIdle = false
    /// It hears of no block.
    var keepsOldBlock = false
    /// Whom its coinbase pays: another number, another script.
    var payee: UInt8 = 1
    private var timers: [() -> Void] = []

    init(
        _ configuration: SimulatedPoolConfiguration,
        reservation: PortReservation,
        journal: Journal<PoolLog>,
        loop: any EventLoop
    ) throws {
        self.configuration = configuration
        self.reservation = reservation
        self.journal = journal
        self.loop = loop
        self.difficulty = configuration.difficulty
        self.tlsContext = try configuration.tls.map { try NIOSSLContext(configuration: $0) }
        var generator = SeededGenerator(seed: configuration.seed)
        self.idBase = UInt32.random(in: 0...UInt32.max, using: &generator)
        let position = JobPosition(
            id: configuration.jobIDs.id(number: 0, base: self.idBase),
            height: 1,
            epoch: 1,
            time: Self.unixSeconds(),
            payee: self.payee
        )
        self.currentJob = SimulatedProtocol.makeJob(position, configuration, using: &generator)
        self.generator = generator
        journal.update { ($0.jobs, $0.height) = (1, 1) }
    }

    func start() -> EventLoopFuture<Void> {
        self.repeatTask(every: self.configuration.jobInterval) { $0.makeJob(clean: false, newBlock: false) }
        self.repeatTask(every: self.configuration.blockInterval) { $0.makeJob(clean: true, newBlock: true) }
        for change in self.configuration.difficultySchedule {
            let task = self.loop.assumeIsolated().scheduleTask(in: change.after) {
                self.setDifficulty(change.difficulty, sendsJob: true)
            }
            self.timers.append { task.cancel() }
        }
        return self.listen()
    }

    func stop() -> EventLoopFuture<Void> {
        self.timers.forEach { $0() }
        self.timers = []
        self.reservation = nil
        let ended = [self.stopListening()] + self.linksInOrder.map { $0.close(reset: false) }
        return .andAllComplete(ended, on: self.loop)
    }

    // MARK: Jobs

    /// Makes a job and sends it to every link. Returns its id.
    @discardableResult
    func makeJob(clean: Bool, newBlock: Bool) -> String {
        self.height += newBlock && !self.keepsOldBlock ? 1 : 0
        self.epoch += clean ? 1 : 0
        let position = JobPosition(
            id: self.configuration.jobIDs.id(number: self.jobCount, base: self.idBase),
            height: self.height,
            epoch: self.epoch,
            time: max(Self.unixSeconds(), self.currentJob.position.time + 1),
            payee: self.payee
        )
        self.currentJob = SimulatedProtocol.makeJob(position, self.configuration, using: &self.generator)
        self.jobCount += 1
        self.journal.update { ($0.jobs, $0.height) = (self.jobCount, self.height) }
        self.linksInOrder.forEach { $0.sendJob(self.currentJob, clean: clean) }
        return self.currentJob.id
    }

    func setDifficulty(_ difficulty: Double, sendsJob: Bool) {
        self.difficulty = difficulty
        self.linksInOrder.forEach { $0.setDifficulty(difficulty) }
        if sendsJob { self.makeJob(clean: false, newBlock: false) }
    }

    private func repeatTask(every interval: TimeAmount?, _ body: @escaping (PoolCore) -> Void) {
        guard let interval else { return }
        let core = NIOLoopBound(self, eventLoop: self.loop)
        let action = NIOLoopBound(body, eventLoop: self.loop)
        let task = self.loop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
            guard !core.value.isIdle else { return }
            action.value(core.value)
        }
        self.timers.append { task.cancel() }
    }

    // MARK: Sessions and links

    func makeSession() -> PoolSession {
        let id = HexText.text(self.generator.bytes(4)) + HexText.text(UInt32(truncatingIfNeeded: self.sessions.count))
        let session = PoolSession(
            id: id,
            extranonce1: self.makeExtranonce1(),
            extranonce2Size: self.configuration.extranonce2Size
        )
        if self.configuration.resumesSessions { self.sessions[id] = session }
        return session
    }

    /// The session of that id if it can be taken up again.
    func resumableSession(_ id: String) -> PoolSession? {
        guard let session = self.sessions[id], !session.isLive else { return nil }
        return session
    }

    func opened(_ link: PoolLink) -> Int {
        let number = self.linkCount
        self.linkCount += 1
        self.links[number] = link
        if link.behaviour.isFrozen { link.freeze() }
        self.journal.update { log in
            log.connects += 1
            log.connections.append(PoolConnectionRecord(number: number, openedAt: self.loop.now))
            log.connections.trimFront(to: self.configuration.logCapacity)
        }
        if !self.isListening { link.close(reset: true) }
        return number
    }

    func closed(_ link: PoolLink) {
        self.links[link.number] = nil
        self.recordLink(link.number) { $0.closedAt = self.loop.now }
        self.journal.update { $0.closes += 1 }
    }

    func recordLink(_ number: Int, _ change: (inout PoolConnectionRecord) -> Void) {
        self.journal.update { log in
            guard let first = log.connections.first?.number, log.connections.indices.contains(number - first) else {
                return
            }
            change(&log.connections[number - first])
        }
    }

    var linksInOrder: [PoolLink] { self.links.values.sorted { $0.number < $1.number } }

    /// Unique as long as the size allows it.
    func makeExtranonce1() -> [UInt8] {
        let size = min(max(self.configuration.extranonce1Size, 0), 16)
        self.extranonceCount &+= 1
        let counter = [UInt8(self.extranonceCount >> 8), UInt8(self.extranonceCount & 0xff)]
        return Array((self.generator.bytes(max(size - 2, 0)) + counter).suffix(size))
    }

    // MARK: Shares

    /// Writes a judged share down. Returns its number.
    func record(
        _ claim: ShareClaim,
        judgement: Judgement,
        worker: String,
        jobDifficulty: Double,
        connection: Int
    ) -> Int {
        let share = PoolShareRecord(
            number: self.shareCount,
            connection: connection,
            worker: worker,
            jobID: claim.jobID,
            extranonce2: claim.extranonce2,
            ntime: claim.ntime,
            nonce: claim.nonce,
            versionBits: claim.versionBits,
            proof: claim.proof,
            jobDifficulty: jobDifficulty,
            shareDifficulty: judgement.shareDifficulty,
            verdict: judgement.verdict
        )
        self.shareCount += 1
        self.journal.update { log in
            log.shares.append(share)
            log.shares.trimFront(to: self.configuration.logCapacity)
            if share.isAccepted {
                log.acceptedShares += 1
                log.acceptedWork += jobDifficulty
            } else {
                log.rejectedShares += 1
            }
        }
        return share.number
    }

    func markAnswered(_ number: Int) {
        self.journal.update { log in
            guard let first = log.shares.first?.number, log.shares.indices.contains(number - first) else { return }
            log.shares[number - first].isAnswered = true
        }
    }

    // MARK: Listening

    func listen() -> EventLoopFuture<Void> {
        guard self.listener == nil, let address = self.reservation?.address else {
            return self.loop.makeSucceededVoidFuture()
        }
        self.isListening = true
        let core = NIOLoopBound(self, eventLoop: self.loop)
        return ServerBootstrap(group: self.loop)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: 1_024)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try core.value.prepare(channel) }
            }
            .bind(to: address)
            .assumeIsolated()
            .map { self.listener = $0 }
            .nonisolated()
    }

    private func prepare(_ channel: any Channel) throws {
        if let context = self.tlsContext {
            try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
        }
        let link = PoolLink(core: self)
        try channel.pipeline.syncOperations.addHandler(LineHandler(receiver: link))
    }

    func stopListening() -> EventLoopFuture<Void> {
        self.isListening = false
        guard let listener = self.listener else { return self.loop.makeSucceededVoidFuture() }
        self.listener = nil
        return listener.close()
    }

    /// Seconds since 1970, for ntime.
    private static func unixSeconds() -> UInt32 {
        UInt32(clamping: Int(Date().timeIntervalSince1970))
    }
}
