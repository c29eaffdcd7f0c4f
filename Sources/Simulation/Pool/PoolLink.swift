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

/// What outlives a link when sessions can be resumed.
final class PoolSession {
    let id: String
    var extranonce1: [UInt8]
    var extranonce2Size: Int
    /// The jobs it was sent, by id; a reused id stands for its latest job.
    var issuedJobs: [String: IssuedJob] = [:]
    var isLive = true

    init(id: String, extranonce1: [UInt8], extranonce2Size: Int) {
        self.id = id
        self.extranonce1 = extranonce1
        self.extranonce2Size = extranonce2Size
    }
}

/// One link to a simulated pool: reads requests, keeps what was agreed, writes the pool's lines.
final class PoolLink: LineReceiver {
    private(set) var number = -1
    var behaviour: LinkBehaviour
    /// Held until the link has ended, when the core lets go of the link.
    private let core: PoolCore
    private var channel: (any Channel)?
    private var heldLines: [ByteBuffer] = []
    private var session: PoolSession?
    private var workers: [String] = []
    private var versionMask: UInt32?
    private var difficulty: Double?
    private var takesJobs = false
    private var submissions = 0
    private var hasSpoken = false
    /// The epoch of the last job sent; a job of another one is clean for this link.
    private var lastEpoch: Int?
    private var configuration: SimulatedPoolConfiguration { self.core.configuration }

    init(core: PoolCore, behaviour: LinkBehaviour) {
        self.core = core
        self.behaviour = behaviour
    }

    // MARK: What the link reports

    func linkOpened(_ channel: any Channel) {
        guard self.channel == nil else { return }
        self.channel = channel
        self.number = self.core.opened(self)
        if let greeting = self.behaviour.greeting { self.sendBytes(greeting) }
    }

    func lineReceived(_ line: ByteBuffer) {
        guard !self.behaviour.isFrozen else { return self.heldLines.append(line) }
        guard !self.behaviour.isMute, let message = WireMessage(line) else { return }
        self.receive(message)
    }

    func burstEnded() {}

    func linkClosed(reason: String) {
        self.session?.isLive = false
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
        let host = host.map(JSONText.quoted)
        let params = [host, port.map { "\($0)" }].compactMap { $0 }.joined(separator: ",")
        self.send(#"{"id":null,"method":"client.reconnect","params":[\#(params)]}"#)
    }

    /// Announces a share difficulty for the jobs to come.
    func setDifficulty(_ difficulty: Double) {
        // A starved link is told with its next job.
        guard self.takesJobs, self.behaviour.takesJobs else { return }
        self.sendDifficulty(difficulty)
    }

    /// Gives the link another extranonce for the jobs to come.
    func setExtranonce(_ extranonce1: [UInt8], size: Int) {
        guard let session = self.session else { return }
        session.extranonce1 = extranonce1
        session.extranonce2Size = size
        let text = HexText.text(extranonce1)
        self.record { $0.extranonce1 = text }
        self.send(#"{"id":null,"method":"mining.set_extranonce","params":["\#(text)",\#(size)]}"#)
    }

    func sendJob(_ job: PoolJob, clean: Bool) {
        let isReachable = !self.behaviour.isFrozen && !self.behaviour.isMute && self.behaviour.takesJobs
        guard self.takesJobs, isReachable, let session = self.session else { return }
        if self.difficulty != self.core.difficulty { self.sendDifficulty(self.core.difficulty) }
        let isClean = clean || self.lastEpoch != job.epoch
        self.lastEpoch = job.epoch
        session.issuedJobs = session.issuedJobs.filter { $0.value.job.epoch >= job.epoch - 1 }
        session.issuedJobs[job.id] = IssuedJob(
            job: job,
            difficulty: self.core.difficulty,
            extranonce1: session.extranonce1,
            extranonce2Size: session.extranonce2Size
        )
        self.record { $0.jobIDs.append(job.id) }
        self.send(job.notification(clean: isClean))
    }

    // MARK: Requests

    private func receive(_ message: WireMessage) {
        guard let method = message.method else { return }
        if method != "mining.submit" { self.record { $0.methods.append(method) } }
        let id = message.idText
        switch method {
        case "mining.configure": self.configure(message)
        case "mining.subscribe": self.subscribe(message)
        case "mining.authorize": self.authorize(message)
        case "mining.submit": self.submit(message)
        case "mining.extranonce.subscribe", "mining.suggest_difficulty", "mining.suggest_target",
            "mining.multi_version":
            self.send(#"{"id":\#(id),"result":true,"error":null}"#)
        case "mining.get_transactions": self.send(#"{"id":\#(id),"result":[],"error":null}"#)
        default: self.send(#"{"id":\#(id),"result":null,"error":[-3,"Method not found",null]}"#)
        }
    }

    private func configure(_ message: WireMessage) {
        let id = message.idText
        let options = message.params.dropFirst().first?.object
        let wanted = options?["version-rolling.mask"]?.string.flatMap(HexText.number) ?? .max
        let mask: UInt32
        switch self.configuration.configure {
        case .answers(let own): mask = own & wanted
        case .answersOwnMask(let own): mask = own
        case .error: return self.send(#"{"id":\#(id),"result":null,"error":[-3,"Method not found",null]}"#)
        case .silent: return
        case .closes:
            self.close(reset: false)
            return
        }
        self.versionMask = mask
        self.record { $0.versionMask = mask }
        let codes = message.params.first?.array ?? []
        var members = codes.compactMap(\.string).map { code in
            "\(JSONText.quoted(code)):\(code == "version-rolling")"
        }
        members.append(#""version-rolling.mask":"\#(HexText.text(mask))""#)
        self.send(#"{"id":\#(id),"result":{\#(members.joined(separator: ","))},"error":null}"#)
        if self.configuration.order == .maskBehindConfigure {
            self.send(#"{"id":null,"method":"mining.set_version_mask","params":["\#(HexText.text(mask))"]}"#)
        }
    }

    private func subscribe(_ message: WireMessage) {
        let known = message.text(1).flatMap(self.core.resumableSession)
        let isResumed = self.session == nil && known != nil
        let session = self.session ?? known ?? self.core.makeSession()
        session.isLive = true
        self.session = session
        let extranonce1 = HexText.text(session.extranonce1)
        let agent = message.text(0) ?? ""
        self.record {
            $0.userAgent = agent
            $0.sessionID = session.id
            $0.extranonce1 = extranonce1
            $0.isResumed = isResumed
        }
        self.core.journal.update { $0.subscribes += 1 }
        let notify = #"["mining.notify","\#(session.id)"]"#
        let others = #"["mining.set_difficulty","\#(session.id)"],"#
        let subscriptions = self.configuration.order == .jobBeforeAuthorizeReply ? notify : others + notify
        let result = #"[[\#(subscriptions)],"\#(extranonce1)",\#(session.extranonce2Size)]"#
        self.send(#"{"id":\#(message.idText),"result":\#(result),"error":null}"#)
        if self.configuration.order == .jobBehindSubscribe { self.beginJobs() }
    }

    private func authorize(_ message: WireMessage) {
        let id = message.idText
        let name = message.text(0) ?? ""
        guard self.behaviour.authorizes else {
            return self.send(#"{"id":\#(id),"result":false,"error":[24,"Unauthorized worker",null]}"#)
        }
        if !self.workers.isEmpty {
            switch self.configuration.secondAuthorize {
            case .noAnswer: return
            case .error: return self.send(#"{"id":\#(id),"result":null,"error":[25,"Already authorized",null]}"#)
            case .accepts: break
            }
        }
        let isFirst = self.workers.isEmpty
        self.workers.append(name)
        self.record { $0.workers.append(name) }
        self.core.journal.update { $0.authorizes += 1 }
        let reply = #"{"id":\#(id),"result":true,"error":null}"#
        if isFirst && self.configuration.order == .jobBeforeAuthorizeReply { self.beginJobs() }
        self.send(reply)
        if isFirst { self.beginJobs() }
    }

    /// Sends the first difficulty and job, once.
    private func beginJobs() {
        guard !self.takesJobs, self.session != nil else { return }
        self.takesJobs = true
        self.sendJob(self.core.currentJob, clean: true)
    }

    private func sendDifficulty(_ difficulty: Double) {
        self.difficulty = difficulty
        self.send(#"{"id":null,"method":"mining.set_difficulty","params":[\#(difficulty)]}"#)
    }

    // MARK: Shares

    private func submit(_ message: WireMessage) {
        let fields = message.params.map { $0.string ?? "" }
        func field(_ index: Int) -> String { fields.indices.contains(index) ? fields[index] : "" }
        let claim = ShareClaim(
            jobID: field(1),
            extranonce2: field(2),
            ntime: field(3),
            nonce: field(4),
            versionBits: fields.count > 5 ? field(5) : nil
        )
        let issued = self.session?.issuedJobs[claim.jobID]
        var judgement: ShareJudge.Judgement
        if self.session == nil {
            judgement = .init(verdict: .rejected(code: 25, text: "Not subscribed"))
        } else if !self.workers.contains(field(0)) {
            let text = self.workers.isEmpty ? "Unauthorized worker" : "Worker mismatch"
            judgement = .init(verdict: .rejected(code: 24, text: text))
        } else if !(5...6).contains(fields.count) {
            judgement = .init(verdict: .rejected(code: 20, text: "Invalid array size"))
        } else {
            judgement = self.core.judge.judge(claim, issued: issued, epoch: self.core.epoch, mask: self.versionMask)
        }
        if let forced = self.behaviour.forcedVerdict { judgement.verdict = forced }
        self.submissions += 1
        if let (count, verdict) = self.behaviour.rejectsEvery, self.submissions.isMultiple(of: max(1, count)) {
            judgement.verdict = verdict
        }
        let share = self.core.record(
            claim,
            judgement: judgement,
            worker: field(0),
            jobDifficulty: issued?.difficulty ?? 0,
            connection: self.number
        )
        guard self.behaviour.answersShares else { return }
        let reply = self.reply(judgement.verdict, id: message.idText)
        if let delay = self.behaviour.verdictDelay {
            self.core.loop.assumeIsolated().scheduleTask(in: delay) { self.send(reply, share: share) }
        } else {
            self.send(reply, share: share)
        }
    }

    private func reply(_ verdict: PoolVerdict, id: String) -> String {
        guard case .rejected(let code, let text) = verdict else {
            return #"{"id":\#(id),"result":true,"error":null}"#
        }
        let reason = JSONText.quoted(text)
        return switch self.configuration.rejectionShape {
        case .array: #"{"id":\#(id),"result":null,"error":[\#(code),\#(reason),null]}"#
        case .rejectReason: #"{"id":\#(id),"result":false,"error":null,"reject-reason":\#(reason)}"#
        case .bareString: #"{"id":\#(id),"result":null,"error":\#(reason)}"#
        }
    }

    // MARK: Output

    private func send(_ line: String, share: Int? = nil) {
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

    private func record(_ change: (inout PoolConnectionRecord) -> Void) {
        self.core.recordLink(self.number, change)
    }
}
