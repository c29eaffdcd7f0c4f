import Stratum

/// The side of a pool that speaks EthereumStratum/1.0.0 of one link.
final class EthereumStratum1Pool: PoolSide {
    /// What a miner of this protocol says in its subscribe.
    static let version = "EthereumStratum/1.0.0"

    private unowned let link: PoolLink
    private let judge = EthashJudge(unit: .niceHash)
    private var session: PoolSession?
    private var workers: [String] = []
    private var difficulty: Double?
    /// The epoch of the last job sent; a job of another one is clean for this link.
    private var lastEpoch: Int?
    private(set) var takesJobs = false

    init(_ link: PoolLink, _ configuration: SimulatedPoolConfiguration) {
        self.link = link
    }

    func ended() { self.session?.isLive = false }

    func reconnectRequest(host: String?, port: Int?) -> String? {
        let params = [host.map(JSONText.quoted), port.map { "\($0)" }].compactMap { $0 }.joined(separator: ",")
        return #"{"id":null,"method":"client.reconnect","params":[\#(params)]}"#
    }

    func announceDifficulty(_ difficulty: Double) {
        self.difficulty = difficulty
        self.link.send(#"{"id":null,"method":"mining.set_difficulty","params":[\#(difficulty)]}"#)
    }

    func setExtranonce(_ extranonce1: [UInt8], size: Int) {
        guard let session = self.session else { return }
        session.extranonce1 = extranonce1
        let text = HexText.text(extranonce1)
        self.link.record { $0.extranonce1 = text }
        self.link.send(#"{"id":null,"method":"mining.set_extranonce","params":["\#(text)"]}"#)
    }

    func sendJob(_ job: any PoolJob, clean: Bool) {
        guard let session = self.session, let work = job as? EthashPoolJob else { return }
        let difficulty = self.link.core.difficulty
        if self.difficulty != difficulty { self.announceDifficulty(difficulty) }
        let isClean = clean || self.lastEpoch != job.epoch
        self.lastEpoch = job.epoch
        session.issue(job, difficulty: difficulty, target: EthashUnit.niceHash.target(difficulty: difficulty))
        self.link.record { $0.jobIDs.append(job.id) }
        let (seed, header) = (HexText.text(work.seed), HexText.text(work.header))
        let params = #"\#(JSONText.quoted(job.id)),"\#(seed)","\#(header)",\#(isClean)"#
        self.link.send(#"{"id":null,"method":"mining.notify","params":[\#(params)]}"#)
    }

    // MARK: Requests

    func receive(_ message: WireMessage) {
        guard let method = message.method else { return }
        let id = message.idText
        if method != "mining.submit" { self.link.record { $0.methods.append(method) } }
        switch method {
        case "mining.subscribe": self.subscribe(message)
        case "mining.authorize": self.authorize(message)
        case "mining.submit": self.submit(message)
        case "mining.extranonce.subscribe": self.link.send(#"{"id":\#(id),"result":true,"error":null}"#)
        default: self.link.send(Self.refusal(id, -3, "Method not found"))
        }
    }

    private func subscribe(_ message: WireMessage) {
        guard message.text(1) == Self.version else {
            return self.link.send(Self.refusal(message.idText, 20, "\(Self.version) is spoken here"))
        }
        let session = self.session ?? self.link.core.makeSession()
        self.session = session
        let (agent, text) = (message.text(0), HexText.text(session.extranonce1))
        self.link.record {
            $0.userAgent = agent
            $0.sessionID = session.id
            $0.extranonce1 = text
        }
        self.link.core.journal.update { $0.subscribes += 1 }
        let result = #"[["mining.notify","\#(session.id)","\#(Self.version)"],"\#(text)"]"#
        self.link.send(#"{"id":\#(message.idText),"result":\#(result),"error":null}"#)
    }

    private func authorize(_ message: WireMessage) {
        let name = message.text(0) ?? ""
        guard self.link.behaviour.authorizes, self.session != nil else {
            return self.link.send(Self.refusal(message.idText, 24, "Unauthorized worker"))
        }
        self.workers.append(name)
        self.link.record { $0.workers.append(name) }
        self.link.core.journal.update { $0.authorizes += 1 }
        self.link.send(#"{"id":\#(message.idText),"result":true,"error":null}"#)
        guard !self.takesJobs else { return }
        self.takesJobs = true
        self.link.sendJob(self.link.core.currentJob, clean: true)
    }

    private static func refusal(_ id: String, _ code: Int, _ text: String) -> String {
        #"{"id":\#(id),"result":false,"error":[\#(code),\#(JSONText.quoted(text)),null]}"#
    }

    // MARK: Shares

    private func submit(_ message: WireMessage) {
        let worker = message.text(0) ?? ""
        let claim = ShareClaim(jobID: message.text(1) ?? "", nonce: message.text(2) ?? "")
        let issued = self.session?.issuedJobs[claim.jobID]
        let nonce = HexText.bytes(claim.nonce).map { (issued?.extranonce1 ?? []) + $0 }
        let judgement: Judgement =
            if self.session == nil {
                .refuse(25, "Not subscribed")
            } else if !self.workers.contains(worker) {
                .refuse(24, "Unauthorized worker")
            } else {
                self.judge.judge(nonce: nonce, mix: nil, issued: issued, epoch: self.link.core.epoch)
            }
        let id = message.idText
        self.link.settle(claim, judgement, worker: worker, jobDifficulty: issued?.difficulty ?? 0) { verdict in
            switch verdict {
            case .accepted: #"{"id":\#(id),"result":true,"error":null}"#
            case .rejected(let code, let text): Self.refusal(id, code, text)
            }
        }
    }
}
