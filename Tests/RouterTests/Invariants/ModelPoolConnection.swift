import NIOCore
import NIOEmbedded
import Stratum

/// The pool's end of one connection.
final class ModelPoolConnection {
    /// A job and what was in force when it was sent here.
    private struct SentJob {
        var work: NotifiedWork
        var extranonce1: String
        var extranonce2Size: Int
        var difficulty: Double
        /// The mask has changed since: bits that were allowed may not be any more.
        var maskChanged = false
    }

    private let channel: EmbeddedChannel
    private let lingering: LingeringClose?
    private unowned let pool: ModelPool
    private var reader = LineReader()
    private var held: [String] = []
    private var heldVerdicts: [String] = []
    private var extranonce1 = ""
    private var extranonce2Size = 0
    private var mask: UInt32?
    private var user: String?
    private var isSubscribed = false
    /// Asked its client to come back on another connection: what it sends from then on need not be heeded.
    private var isLeaving = false
    private var announcedDifficulty: Double?
    private var jobs: [String: SentJob] = [:]
    /// The coinbase of the last job sent, up to where the router's part begins.
    private(set) var lastCoinbase1 = ""
    /// All of them, by which miners' jobs are known.
    private(set) var coinbases: Set<String> = []

    init(channel: EmbeddedChannel, lingering: LingeringClose?, pool: ModelPool) {
        self.channel = channel
        self.lingering = lingering
        self.pool = pool
    }

    var isOpen: Bool { self.channel.isActive && self.lingering?.isClosing != true }
    var isAuthorized: Bool { self.user != nil }
    var getsJobs: Bool { self.user != nil || self.isSubscribed && self.pool.jobBeforeAuthorize }

    func serve() -> Bool {
        guard self.channel.isActive else { return false }
        let lines = self.reader.lines(from: self.channel)
        for line in lines {
            if self.pool.reach == .frozen { self.held.append(line) } else { self.received(line) }
        }
        return !lines.isEmpty
    }

    /// The pool is itself again: reads what came meanwhile and sends the job of today.
    func thaw() {
        let lines = self.held
        self.held = []
        for line in lines { self.received(line) }
        if self.getsJobs { self.sendJob(clean: false) }
    }

    func die(reset: Bool) {
        guard self.channel.isActive else { return }
        if reset {
            self.channel.pipeline.fireErrorCaught(IOError(errnoCode: 104, reason: "read"))
        }
        self.channel.close(promise: nil)
    }

    // MARK: Saying

    private func say(_ line: String) {
        guard self.isOpen else { return }
        _ = try? self.channel.writeInbound(ByteBuffer(string: line + "\n"))
    }

    func sendJob(clean: Bool) {
        guard self.isOpen else { return }
        let template = self.pool.template
        let work = template.work
        if self.announcedDifficulty != self.pool.difficulty {
            self.announcedDifficulty = self.pool.difficulty
            self.say(#"{"id":null,"method":"mining.set_difficulty","params":[\#(self.pool.difficulty)]}"#)
        }
        if clean { self.jobs = [:] }
        self.jobs[template.id] = SentJob(
            work: work,
            extranonce1: self.extranonce1,
            extranonce2Size: self.extranonce2Size,
            difficulty: self.pool.difficulty
        )
        self.lastCoinbase1 = work.coinbase1 + self.extranonce1
        self.coinbases.insert(self.lastCoinbase1)
        let branches = work.branches.map { "\"\($0)\"" }.joined(separator: ",")
        self.say(
            #"{"id":null,"method":"mining.notify","params":["\#(template.id)","\#(work.previousHash)","#
                + #""\#(work.coinbase1)","\#(work.coinbase2)",[\#(branches)],"\#(HexText.digits(work.version))","#
                + #""\#(HexText.digits(work.nbits))","\#(HexText.digits(work.ntime))",\#(clean)]}"#
        )
    }

    func changeMask(_ mask: UInt32) {
        guard let former = self.mask, former != mask else { return }
        self.mask = mask
        for id in self.jobs.keys { self.jobs[id]?.maskChanged = true }
        self.say(#"{"id":null,"method":"mining.set_version_mask","params":["\#(HexText.digits(mask))"]}"#)
    }

    func changeExtranonce(_ extranonce1: String, size: Int) {
        self.extranonce1 = extranonce1
        self.extranonce2Size = size
        self.say(#"{"id":null,"method":"mining.set_extranonce","params":["\#(extranonce1)",\#(size)]}"#)
    }

    func askForReconnect(host: String?) {
        self.isLeaving = true
        let params = host.map { #""\#($0)",3333,0"# } ?? ""
        self.say(#"{"id":null,"method":"client.reconnect","params":[\#(params)]}"#)
    }

    func answerHeld() {
        let verdicts = self.heldVerdicts
        self.heldVerdicts = []
        for verdict in verdicts { self.answer(verdict) }
    }

    private func answer(_ verdict: String) {
        guard self.isOpen else { return }
        self.pool.noteAnswer()
        self.say(verdict)
    }

    // MARK: Hearing

    private func received(_ text: String) {
        guard let line = ModelLine(text), let id = line.id.integer, let method = line.method else {
            return self.pool.violation("cannot read \(text)")
        }
        switch method {
        case "mining.configure": self.configure(line, id: id)
        case "mining.subscribe": self.subscribe(line, id: id)
        case "mining.authorize": self.authorize(line, id: id)
        case "mining.submit":
            let verdict = self.judge(line, id: id)
            if self.pool.answersLate { self.heldVerdicts.append(verdict) } else { self.answer(verdict) }
        default: self.pool.violation("unexpected \(method)")
        }
    }

    private func configure(_ line: ModelLine, id: Int) {
        switch self.pool.configuring {
        case .granted:
            let mask = self.pool.mask
            self.mask = mask
            self.say(
                #"{"id":\#(id),"result":{"version-rolling":true,"version-rolling.mask":"\#(HexText.digits(mask))"},"#
                    + #""error":null}"#
            )
        case .refused: self.say(#"{"id":\#(id),"result":null,"error":[20,"Unknown method",null]}"#)
        case .closes: self.die(reset: false)
        case .silent: break
        }
    }

    private func subscribe(_ line: ModelLine, id: Int) {
        if self.isSubscribed { self.pool.violation("subscribed twice") }
        let (session, extranonce1) = self.pool.subscribe(resuming: line.string(1))
        self.extranonce1 = extranonce1
        self.extranonce2Size = self.pool.extranonce2Size
        self.isSubscribed = true
        self.say(
            #"{"id":\#(id),"result":[[["mining.notify","\#(session)"]],"\#(extranonce1)",\#(self.extranonce2Size)],"#
                + #""error":null}"#
        )
        if self.pool.jobBeforeAuthorize { self.sendJob(clean: true) }
    }

    private func authorize(_ line: ModelLine, id: Int) {
        if self.user != nil { self.pool.violation("a second authorize on one connection") }
        guard !self.pool.refusesUsers else {
            return self.say(#"{"id":\#(id),"result":null,"error":[24,"Unauthorized worker",null]}"#)
        }
        self.user = line.string(0)
        self.say(#"{"id":\#(id),"result":true,"error":null}"#)
        if !self.pool.jobBeforeAuthorize { self.sendJob(clean: true) }
    }

    /// The reply to a submit. What the router should have known to be wrong is a violation.
    private func judge(_ line: ModelLine, id: Int) -> String {
        func refused(_ code: Int, _ reason: String) -> String {
            #"{"id":\#(id),"result":null,"error":[\#(code),"\#(reason)",null]}"#
        }
        func wrong(_ code: Int, _ reason: String) -> String {
            self.pool.violation("\(reason): \(line.text)")
            return refused(code, reason)
        }
        guard line.string(0) == self.user else { return wrong(24, "share for another user") }
        guard let job = self.jobs[line.string(1)] else {
            return self.isLeaving ? refused(21, "stale") : wrong(21, "unknown or stale job")
        }
        let extranonce2 = line.string(2)
        guard extranonce2.count == job.extranonce2Size * 2 else { return wrong(20, "wrong extranonce2 size") }
        var version = job.work.version
        if let mask = self.mask {
            guard line.params.count == 6 else { return wrong(23, "no version bits") }
            guard line.number(5) & ~mask == 0 else {
                return job.maskChanged ? refused(33, "bits outside the mask") : wrong(33, "bits outside the mask")
            }
            version = version & ~mask | line.number(5)
        } else if line.params.count != 5 {
            return wrong(20, "version bits without version rolling")
        }
        let ntime = line.number(3)
        guard (job.work.ntime...job.work.ntime + 7000).contains(ntime) else { return wrong(20, "ntime out of range") }
        let extranonce = job.extranonce1 + extranonce2
        let header = job.work.header(extranonce: extranonce, version: version, ntime: ntime, nonce: line.number(4))
        guard self.pool.record.minedHeaders.contains(header) else {
            return job.maskChanged ? refused(33, "other bits") : wrong(23, "a header that no miner hashed")
        }
        guard !self.pool.isDuplicate(header) else { return wrong(22, "duplicate") }
        guard NotifiedWork.difficulty(of: header) >= job.difficulty * (1 - 1e-9) else {
            return wrong(23, "low difficulty")
        }
        return self.pool.refuses() ? refused(28, "scripted") : #"{"id":\#(id),"result":true,"error":null}"#
    }
}
