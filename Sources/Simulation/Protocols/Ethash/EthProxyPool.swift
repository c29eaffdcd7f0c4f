import Stratum

/// The side of a pool that speaks eth-proxy, getWork over TCP, of one link.
final class EthProxyPool: PoolSide {
    static let submitMethod = "eth_submitWork"

    private unowned let link: PoolLink
    private let configuration: SimulatedPoolConfiguration
    private let judge = EthashJudge(unit: .hashes)
    private let session: PoolSession
    private var worker: String?
    private(set) var takesJobs = false

    init(_ link: PoolLink, _ configuration: SimulatedPoolConfiguration) {
        self.link = link
        self.configuration = configuration
        self.session = link.core.makeSession()
    }

    func ended() { self.session.isLive = false }

    // Work carries its target; there is no extranonce and no way to send a miner elsewhere.
    func announceDifficulty(_ difficulty: Double) {}
    func setExtranonce(_ extranonce1: [UInt8], size: Int) {}
    func reconnectRequest(host: String?, port: Int?) -> String? { nil }

    func sendJob(_ job: any PoolJob, clean: Bool) {
        self.sendWork(job, id: "0")
    }

    private func sendWork(_ job: any PoolJob, id: String) {
        guard let work = job as? EthashPoolJob else { return }
        let difficulty = self.link.core.difficulty
        let target = EthashUnit.hashes.target(difficulty: difficulty)
        let header = HexText.text(work.header)
        self.session.issue(job, difficulty: difficulty, target: target)
        // The header is what a share names.
        self.link.record { $0.jobIDs.append(header) }
        let digits = target.hex.drop { self.configuration.ethash.shortensTarget && $0 == "0" }
        var fields = ["0x\(header)", "0x\(HexText.text(work.seed))", "0x\(digits)"]
        if self.configuration.ethash.sendsHeight { fields.append("0x\(String(work.height, radix: 16))") }
        if self.configuration.ethash.sendsJobID { fields.insert(job.id, at: 0) }
        let result = fields.map(JSONText.quoted).joined(separator: ",")
        self.link.send(#"{"id":\#(id),"jsonrpc":"2.0","result":[\#(result)]}"#)
    }

    // MARK: Requests

    func receive(_ method: String, _ message: WireMessage) {
        let id = message.idText
        switch method {
        case "eth_submitLogin", "eth_login":
            self.login(message)
        case "eth_getWork":
            guard self.worker != nil else { return self.link.send(Self.refusal(id, 24, "Unauthorized worker")) }
            self.takesJobs = true
            guard self.link.behaviour.takesJobs else { return self.link.send(Self.refusal(id, 20, "Work not ready")) }
            self.sendWork(self.link.core.currentJob, id: id)
        case Self.submitMethod:
            self.submit(message)
        case "eth_submitHashrate":
            self.link.send(#"{"id":\#(id),"jsonrpc":"2.0","result":true}"#)
        default:
            self.link.send(Self.refusal(id, -3, "Method not found"))
        }
    }

    private func login(_ message: WireMessage) {
        let account = message.text(0) ?? ""
        guard self.link.behaviour.authorizes, !account.isEmpty else {
            return self.link.send(Self.refusal(message.idText, 24, "Unauthorized worker"))
        }
        let worker = [account, message["worker"]?.string].compactMap { $0 }.joined(separator: ".")
        self.worker = worker
        let id = self.session.id
        self.link.record {
            $0.sessionID = id
            $0.workers.append(worker)
        }
        self.link.core.journal.update { log in
            log.subscribes += 1
            log.authorizes += 1
        }
        self.link.send(#"{"id":\#(message.idText),"jsonrpc":"2.0","result":true}"#)
    }

    private static func refusal(_ id: String, _ code: Int, _ text: String) -> String {
        let error = #"{"code":\#(code),"message":\#(JSONText.quoted(text))}"#
        return #"{"id":\#(id),"jsonrpc":"2.0","result":false,"error":\#(error)}"#
    }

    // MARK: Shares

    private func submit(_ message: WireMessage) {
        let nonce = Self.digits(message.text(0))
        let (header, mix) = (Self.digits(message.text(1)), Self.digits(message.text(2)))
        let claim = ShareClaim(jobID: header, nonce: nonce, proof: mix)
        let issued = self.session.issuedJobs.values.first { issued in
            (issued.job as? EthashPoolJob).map { HexText.text($0.header) == header } ?? false
        }
        let judgement: Judgement =
            self.worker == nil
            ? .refuse(24, "Unauthorized worker")
            : self.judge.judge(nonce: HexText.bytes(nonce), mix: mix, issued: issued, epoch: self.link.core.epoch)
        let (id, isTerse) = (message.idText, self.configuration.ethash.refusesTersely)
        let difficulty = issued?.difficulty ?? 0
        self.link.settle(claim, judgement, worker: self.worker ?? "", jobDifficulty: difficulty) { verdict in
            switch verdict {
            case .accepted: #"{"id":\#(id),"jsonrpc":"2.0","result":true}"#
            case .rejected where isTerse: #"{"id":\#(id),"jsonrpc":"2.0","result":false}"#
            case .rejected(let code, let text): Self.refusal(id, code, text)
            }
        }
    }

    /// What follows `0x`; empty without it, since every value has it here.
    private static func digits(_ text: String?) -> String {
        text.map { $0.hasPrefix("0x") ? String($0.dropFirst(2)) : "" } ?? ""
    }
}
