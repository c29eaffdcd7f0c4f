import Stratum

/// A CryptoNote pool's side of one link.
final class CryptonotePool: PoolSide {
    static let submitMethod = "submit"

    private unowned let link: PoolLink
    private let configuration: SimulatedPoolConfiguration
    private var session: PoolSession?
    private var worker = ""
    private(set) var takesJobs = false
    private var habits: CryptonotePoolHabits { self.configuration.cryptonote }

    init(_ link: PoolLink, _ configuration: SimulatedPoolConfiguration) {
        self.link = link
        self.configuration = configuration
    }

    func ended() { self.session?.isLive = false }

    // Each job carries its target, and there is no extranonce.
    func announceDifficulty(_ difficulty: Double) {}
    func setExtranonce(_ extranonce1: [UInt8], size: Int) {}

    func reconnectRequest(host: String?, port: Int?) -> String? {
        guard let host, let port else { return nil }
        let params = #"[\#(JSONText.quoted(host)),"\#(port)"]"#
        return #"{"jsonrpc":"2.0","method":"client.reconnect","params":\#(params)}"#
    }

    func sendJob(_ job: any PoolJob, clean: Bool) {
        guard let text = self.issue(job) else { return }
        self.link.send(#"{"jsonrpc":"2.0","method":"job","params":\#(text)}"#)
    }

    /// Writes the job down as sent. Returns its text.
    private func issue(_ job: any PoolJob) -> String? {
        guard let session = self.session, let work = job as? CryptonotePoolJob else { return nil }
        let target = CryptonoteTarget(difficulty: self.link.core.difficulty, bytes: self.habits.targetBytes)
        let blob = work.blob(session: session.id, fixedNonceByte: self.habits.fixedNonceByte)
        session.issue(job, difficulty: target.difficulty, target: target.number, blob: blob)
        self.link.record { $0.jobIDs.append(job.id) }
        var members = [
            #""blob":"\#(HexText.text(blob))""#, #""job_id":\#(JSONText.quoted(job.id))"#,
            #""target":"\#(target.hex(bytes: self.habits.targetBytes))""#,
            #""algo":\#(JSONText.quoted(self.habits.algorithm))"#, #""height":\#(work.height)"#,
        ]
        if self.habits.sendsSeedHash { members.append(#""seed_hash":"\#(HexText.text(work.seedHash))""#) }
        members.append(#""id":\#(JSONText.quoted(session.id))"#)
        return "{\(members.joined(separator: ","))}"
    }

    // MARK: Requests

    func receive(_ method: String, _ message: WireMessage) {
        let id = message.idText
        if method == "login" { return self.login(message) }
        guard let session = self.session, message["params"]?.object?["id"]?.string == session.id else {
            guard method == Self.submitMethod else { return self.link.send(Self.refusal(id, "Unauthenticated")) }
            return self.submit(message, issued: nil, .refuse(-1, "Unauthenticated"))
        }
        switch method {
        case Self.submitMethod: self.submit(message, session)
        case "keepalived": self.link.send(Self.result(id, #"{"status":"KEEPALIVED"}"#))
        case "getjob":
            if let job = self.issue(self.link.core.currentJob) { self.link.send(Self.result(id, job)) }
        default: self.link.send(Self.refusal(id, "Invalid method"))
        }
    }

    private func login(_ message: WireMessage) {
        let params = message["params"]?.object
        let name = params?["login"]?.string ?? ""
        guard self.link.behaviour.authorizes, !name.isEmpty else {
            self.link.send(Self.refusal(message.idText, "Invalid payment address provided"))
            self.link.close(reset: false)
            return
        }
        let session = self.session ?? self.link.core.makeSession()
        self.session = session
        self.worker = name
        guard self.link.behaviour.takesJobs, let job = self.issue(self.link.core.currentJob) else {
            self.link.send(Self.refusal(message.idText, "No block template available, please wait"))
            self.link.close(reset: false)
            return
        }
        self.takesJobs = true
        let agent = params?["agent"]?.string
        self.link.record {
            $0.userAgent = agent
            $0.sessionID = session.id
            $0.workers.append(name)
        }
        self.link.core.journal.update { log in
            log.subscribes += 1
            log.authorizes += 1
        }
        let extensions = self.habits.extensions.map(JSONText.quoted).joined(separator: ",")
        let members = #""id":\#(JSONText.quoted(session.id)),"job":\#(job),"extensions":[\#(extensions)],"status":"OK""#
        self.link.send(Self.result(message.idText, "{\(members)}"))
    }

    private static func result(_ id: String, _ result: String) -> String {
        #"{"id":\#(id),"jsonrpc":"2.0","error":null,"result":\#(result)}"#
    }

    private static func refusal(_ id: String, _ text: String, code: Int = -1) -> String {
        #"{"id":\#(id),"jsonrpc":"2.0","error":{"code":\#(code),"message":\#(JSONText.quoted(text))}}"#
    }

    // MARK: Shares

    private func submit(_ message: WireMessage, _ session: PoolSession) {
        let jobID = message["params"]?.object?["job_id"]?.string ?? ""
        let issued = session.issuedJobs[jobID]
        let claim = Self.claim(message)
        self.submit(message, issued: issued, self.judge(claim, issued: issued))
    }

    private func submit(_ message: WireMessage, issued: IssuedJob?, _ judgement: Judgement) {
        let (claim, id) = (Self.claim(message), message.idText)
        self.link.settle(claim, judgement, worker: self.worker, jobDifficulty: issued?.difficulty ?? 0) { verdict in
            switch verdict {
            case .accepted: Self.result(id, #"{"status":"OK"}"#)
            case .rejected(let code, let text): Self.refusal(id, text, code: code)
            }
        }
    }

    private static func claim(_ message: WireMessage) -> ShareClaim {
        let params = message["params"]?.object
        return ShareClaim(
            jobID: params?["job_id"]?.string ?? "",
            nonce: params?["nonce"]?.string ?? "",
            proof: params?["result"]?.string
        )
    }

    private func judge(_ claim: ShareClaim, issued: IssuedJob?) -> Judgement {
        guard let issued else { return .refuse(-1, "Invalid job id") }
        guard issued.job.epoch >= self.link.core.epoch else { return .refuse(-1, "Block expired") }
        guard let nonce = HexText.bytes(claim.nonce), let blob = CryptonoteWork.blob(issued.blob, nonce: nonce) else {
            return .refuse(-1, "Invalid nonce")
        }
        if let byte = self.habits.fixedNonceByte, nonce.last != byte {
            return .refuse(-1, "Invalid nonce; is miner not compatible with NiceHash?")
        }
        let hash = DoubleSHA256.hash(blob)
        let difficulty = CryptonoteTarget.difficulty(of: hash)
        guard claim.proof.flatMap(HexText.bytes) == hash else { return .refuse(-1, "Malformed share") }
        guard issued.job.judged.insert(blob).inserted else {
            return .refuse(-1, "Duplicate share", shareDifficulty: difficulty)
        }
        guard CryptonoteTarget(number: issued.target).isMet(by: hash) else {
            return .refuse(-1, "Low difficulty share", shareDifficulty: difficulty)
        }
        return Judgement(verdict: .accepted, shareDifficulty: difficulty)
    }
}
