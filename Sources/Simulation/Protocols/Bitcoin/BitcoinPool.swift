import Stratum

/// The side of a pool of Bitcoin, or of a coin that differs by its hash, of one link: reads requests, keeps what was agreed, writes the pool's lines.
final class BitcoinPool: PoolSide {
    private unowned let link: PoolLink
    private let configuration: SimulatedPoolConfiguration
    private let judge: BitcoinJudge
    private var session: PoolSession?
    private var workers: [String] = []
    private var versionMask: UInt32?
    private var difficulty: Double?
    private(set) var takesJobs = false
    /// The epoch of the last job sent; a job of another one is clean for this link.
    private var lastEpoch: Int?

    init(_ link: PoolLink, _ configuration: SimulatedPoolConfiguration) {
        self.link = link
        self.configuration = configuration
        self.judge = BitcoinJudge(
            headerHash: HeaderHash(configuration.protocol),
            versionBitsRule: configuration.versionBitsRule,
            requiresVersionBits: configuration.requiresVersionBits,
            ntimeRule: configuration.ntimeRule,
            acceptsShortNonces: configuration.acceptsShortNonces
        )
    }

    func ended() {
        self.session?.isLive = false
    }

    func reconnectRequest(host: String?, port: Int?) -> String? {
        let host = host.map(JSONText.quoted)
        let params = [host, port.map { "\($0)" }].compactMap { $0 }.joined(separator: ",")
        return #"{"id":null,"method":"client.reconnect","params":[\#(params)]}"#
    }

    func setExtranonce(_ extranonce1: [UInt8], size: Int) {
        guard let session = self.session else { return }
        session.extranonce1 = extranonce1
        session.extranonce2Size = size
        let text = HexText.text(extranonce1)
        self.link.record { $0.extranonce1 = text }
        self.link.send(#"{"id":null,"method":"mining.set_extranonce","params":["\#(text)",\#(size)]}"#)
    }

    func sendJob(_ job: any PoolJob, clean: Bool) {
        guard let session = self.session, let work = job as? BitcoinPoolJob else { return }
        let difficulty = self.link.core.difficulty
        if self.difficulty != difficulty { self.announceDifficulty(difficulty) }
        let isClean = clean || self.lastEpoch != job.epoch
        self.lastEpoch = job.epoch
        session.issue(job, difficulty: difficulty)
        self.link.record { $0.jobIDs.append(job.id) }
        self.link.send(work.notification(clean: isClean))
    }

    // MARK: Requests

    func receive(_ message: WireMessage) {
        guard let method = message.method else { return }
        if method != "mining.submit" { self.link.record { $0.methods.append(method) } }
        let id = message.idText
        switch method {
        case "mining.configure": self.configure(message)
        case "mining.subscribe": self.subscribe(message)
        case "mining.authorize": self.authorize(message)
        case "mining.submit": self.submit(message)
        case "mining.extranonce.subscribe", "mining.suggest_difficulty", "mining.suggest_target",
            "mining.multi_version":
            self.link.send(#"{"id":\#(id),"result":true,"error":null}"#)
        case "mining.get_transactions": self.link.send(#"{"id":\#(id),"result":[],"error":null}"#)
        default: self.link.send(#"{"id":\#(id),"result":null,"error":[-3,"Method not found",null]}"#)
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
        case .error: return self.link.send(#"{"id":\#(id),"result":null,"error":[-3,"Method not found",null]}"#)
        case .silent: return
        case .closes:
            self.link.close(reset: false)
            return
        }
        self.versionMask = mask
        self.link.record { $0.versionMask = mask }
        let codes = message.params.first?.array ?? []
        var members = codes.compactMap(\.string).map { code in
            "\(JSONText.quoted(code)):\(code == "version-rolling")"
        }
        members.append(#""version-rolling.mask":"\#(HexText.text(mask))""#)
        self.link.send(#"{"id":\#(id),"result":{\#(members.joined(separator: ","))},"error":null}"#)
        if self.configuration.order == .maskBehindConfigure {
            self.link.send(#"{"id":null,"method":"mining.set_version_mask","params":["\#(HexText.text(mask))"]}"#)
        }
    }

    private func subscribe(_ message: WireMessage) {
        let known = message.text(1).flatMap(self.link.core.resumableSession)
        let isResumed = self.session == nil && known != nil
        let session = self.session ?? known ?? self.link.core.makeSession()
        session.isLive = true
        self.session = session
        let extranonce1 = HexText.text(session.extranonce1)
        let agent = message.text(0) ?? ""
        self.link.record {
            $0.userAgent = agent
            $0.sessionID = session.id
            $0.extranonce1 = extranonce1
            $0.isResumed = isResumed
        }
        self.link.core.journal.update { $0.subscribes += 1 }
        let notify = #"["mining.notify","\#(session.id)"]"#
        let others = #"["mining.set_difficulty","\#(session.id)"],"#
        let subscriptions = self.configuration.order == .jobBeforeAuthorizeReply ? notify : others + notify
        let result = #"[[\#(subscriptions)],"\#(extranonce1)",\#(session.extranonce2Size)]"#
        self.link.send(#"{"id":\#(message.idText),"result":\#(result),"error":null}"#)
        if self.configuration.order == .jobBehindSubscribe { self.beginJobs() }
    }

    private func authorize(_ message: WireMessage) {
        let id = message.idText
        let name = message.text(0) ?? ""
        guard self.link.behaviour.authorizes else {
            return self.link.send(#"{"id":\#(id),"result":false,"error":[24,"Unauthorized worker",null]}"#)
        }
        if !self.workers.isEmpty {
            switch self.configuration.secondAuthorize {
            case .noAnswer: return
            case .error: return self.link.send(#"{"id":\#(id),"result":null,"error":[25,"Already authorized",null]}"#)
            case .accepts: break
            }
        }
        let isFirst = self.workers.isEmpty
        self.workers.append(name)
        self.link.record { $0.workers.append(name) }
        self.link.core.journal.update { $0.authorizes += 1 }
        let reply = #"{"id":\#(id),"result":true,"error":null}"#
        if isFirst && self.configuration.order == .jobBeforeAuthorizeReply { self.beginJobs() }
        self.link.send(reply)
        if isFirst { self.beginJobs() }
    }

    /// Sends the first difficulty and job, once.
    private func beginJobs() {
        guard !self.takesJobs, self.session != nil else { return }
        self.takesJobs = true
        self.link.sendJob(self.link.core.currentJob, clean: true)
    }

    func announceDifficulty(_ difficulty: Double) {
        self.difficulty = difficulty
        self.link.send(#"{"id":null,"method":"mining.set_difficulty","params":[\#(difficulty)]}"#)
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
        let judgement: Judgement
        if self.session == nil {
            judgement = .refuse(25, "Not subscribed")
        } else if !self.workers.contains(field(0)) {
            judgement = .refuse(24, self.workers.isEmpty ? "Unauthorized worker" : "Worker mismatch")
        } else if !(5...6).contains(fields.count) {
            judgement = .refuse(20, "Invalid array size")
        } else {
            judgement = self.judge.judge(claim, issued: issued, epoch: self.link.core.epoch, mask: self.versionMask)
        }
        let id = message.idText
        self.link.settle(claim, judgement, worker: field(0), jobDifficulty: issued?.difficulty ?? 0) {
            self.reply($0, id: id)
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
}
