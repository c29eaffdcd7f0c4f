import NIOCore
import Stratum

/// What a pool link does, faults considered.
struct LinkBehaviour {
    var isFrozen = false
    var isMute = false
    var answersShares = true
    var takesJobs = true
    var authorizes = true
    var verdictDelay: TimeAmount?
    var forcedVerdict: PoolVerdict?
    /// One of so many shares gets this verdict.
    var rejectsEvery: (count: Int, verdict: PoolVerdict)?
    /// Sent as soon as the link is up.
    var greeting: [UInt8]?
}

/// One link to a simulated pool: carries lines to and from the pool's side of its protocol, and does to them what faults
/// want.
final class PoolLink: LineReceiver {
    private(set) var number = -1
    var behaviour = LinkBehaviour()
    /// Held until the link has ended, when the core lets go of the link.
    let core: PoolCore
    private var channel: (any Channel)?
    private var side: (any PoolSide)?
    private var heldLines: [ByteBuffer] = []
    private var submissions = 0
    private var hasSpoken = false

    init(core: PoolCore) {
        self.core = core
    }

    // MARK: What the link reports

    func linkOpened(_ channel: any Channel) {
        guard self.channel == nil else { return }
        self.channel = channel
        // Not before: a fault that comes between accepting and opening must not miss this link.
        self.behaviour = self.core.newLinkBehaviour
        self.side = SimulatedProtocol.poolSide(of: self, self.core.configuration)
        self.number = self.core.opened(self)
        if let greeting = self.behaviour.greeting { self.sendBytes(greeting) }
    }

    func lineReceived(_ line: ByteBuffer) {
        guard !self.behaviour.isFrozen else { return self.heldLines.append(line) }
        guard !self.behaviour.isMute, let side = self.side, let message = WireMessage(line),
            let method = message.method
        else { return }
        if method != type(of: side).submitMethod { self.record { $0.methods.append(method) } }
        side.receive(method, message)
    }

    func burstEnded() {}

    func linkClosed(reason: String) {
        self.side?.ended()
        self.side = nil
        self.channel = nil
        if self.number >= 0 { self.core.closed(self) }
    }

    // MARK: What the pool wants

    /// Ends the link; the future is done when it has ended.
    @discardableResult
    func close(reset: Bool) -> EventLoopFuture<Void> {
        guard let channel = self.channel else { return self.core.loop.makeSucceededVoidFuture() }
        self.record { $0.wasClosedByPool = true }
        if reset { channel.reset() } else { channel.close(promise: nil) }
        return channel.closeFuture
    }

    func closeOutput() {
        self.channel?.close(mode: .output, promise: nil)
    }

    func freeze() {
        self.behaviour.isFrozen = true
        self.channel?.setOption(.autoRead, value: false).whenComplete { _ in }
    }

    /// Takes all faults back and reads what came in meanwhile.
    func revive() {
        let wasFrozen = self.behaviour.isFrozen
        self.behaviour = LinkBehaviour()
        guard wasFrozen else { return }
        let lines = self.heldLines
        self.heldLines = []
        lines.forEach(self.lineReceived)
        self.channel?.setOption(.autoRead, value: true).whenComplete { _ in }
    }

    func sendBytes(_ bytes: [UInt8]) {
        self.channel?.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
    }

    func sendReconnect(host: String?, port: Int?) {
        if let line = self.side?.reconnectRequest(host: host, port: port) { self.send(line) }
    }

    /// Announces a share difficulty for the jobs to come.
    func setDifficulty(_ difficulty: Double) {
        // A starved link is told with its next job.
        guard let side = self.side, side.takesJobs, self.behaviour.takesJobs else { return }
        side.announceDifficulty(difficulty)
    }

    /// Gives the link another extranonce for the jobs to come.
    func setExtranonce(_ extranonce1: [UInt8], size: Int) {
        self.side?.setExtranonce(extranonce1, size: size)
    }

    func sendJob(_ job: any PoolJob, clean: Bool) {
        let isReachable = !self.behaviour.isFrozen && !self.behaviour.isMute && self.behaviour.takesJobs
        guard let side = self.side, side.takesJobs, isReachable else { return }
        side.sendJob(job, clean: clean)
    }

    // MARK: What the protocol's side wants

    /// Writes a share down as judged, or as a fault judges it, and answers it unless a fault is against that.
    ///
    /// - Parameter reply: the line that tells the verdict.
    func settle(
        _ claim: ShareClaim,
        _ judgement: Judgement,
        worker: String,
        jobDifficulty: Double,
        reply: (PoolVerdict) -> String
    ) {
        var judgement = judgement
        if let forced = self.behaviour.forcedVerdict { judgement.verdict = forced }
        self.submissions += 1
        if let (count, verdict) = self.behaviour.rejectsEvery, self.submissions.isMultiple(of: max(1, count)) {
            judgement.verdict = verdict
        }
        let share = self.core.record(
            claim,
            judgement: judgement,
            worker: worker,
            jobDifficulty: jobDifficulty,
            connection: self.number
        )
        guard self.behaviour.answersShares else { return }
        let reply = reply(judgement.verdict)
        if let delay = self.behaviour.verdictDelay {
            self.core.loop.assumeIsolated().scheduleTask(in: delay) { self.send(reply, share: share) }
        } else {
            self.send(reply, share: share)
        }
    }

    /// Writes a line, unless a fault is against it.
    func send(_ line: String, share: Int? = nil) {
        guard let channel = self.channel, !self.behaviour.isFrozen, !self.behaviour.isMute else { return }
        if !self.hasSpoken {
            self.hasSpoken = true
            self.record { $0.firstLineAt = self.core.loop.now }
        }
        let written = channel.writeAndFlush(ByteBuffer(string: line + "\n"))
        if let share {
            written.assumeIsolated().whenSuccess { self.core.markAnswered(share) }
        }
    }

    func record(_ change: (inout PoolConnectionRecord) -> Void) {
        self.core.recordLink(self.number, change)
    }
}
