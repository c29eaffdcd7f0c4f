import Stratum

/// The side of a pool that speaks EthereumStratum/2.0.0 (EIP-1571) of one link. Sessions are not resumed.
final class EthereumStratum2Pool: PoolSide {
    /// What both sides say in their `mining.hello`.
    static let version = "EthereumStratum/2.0.0"

    private unowned let link: PoolLink
    private let configuration: SimulatedPoolConfiguration
    private let judge = EthashJudge(unit: .hashes)
    private var isGreeted = false
    private let agreement: MiningAgreement
    /// Names by the token given for them.
    private var workers: [String: String] = [:]
    private var hasSet = false
    var takesJobs: Bool { self.agreement.takesJobs }

    init(_ link: PoolLink, _ configuration: SimulatedPoolConfiguration) {
        self.link = link
        self.agreement = MiningAgreement(link)
        self.configuration = configuration
    }

    func ended() { self.agreement.ended() }

    func reconnectRequest(host: String?, port: Int?) -> String? {
        guard let host, let port else { return nil }
        let members = #""host":\#(JSONText.quoted(host)),"port":"\#(String(port, radix: 16))","resume":"0""#
        return #"{"method":"mining.reconnect","params":{\#(members)}}"#
    }

    func announceDifficulty(_ difficulty: Double) {
        // The first setting goes with the first job, all members at once.
        guard self.hasSet else { return }
        self.agreement.difficulty = difficulty
        self.set([Self.targetMember(difficulty)])
    }

    func setExtranonce(_ extranonce1: [UInt8], size: Int) {
        guard let text = self.agreement.change(extranonce1) else { return }
        self.set([#""extranonce":"\#(text)""#])
    }

    private func set(_ members: [String]) {
        self.link.send(#"{"method":"mining.set","params":{\#(members.joined(separator: ","))}}"#)
    }

    /// Without leading zeros.
    private static func targetMember(_ difficulty: Double) -> String {
        #""target":"\#(EthashUnit.hashes.target(difficulty: difficulty).hex.drop { $0 == "0" })""#
    }

    func sendJob(_ job: any PoolJob, clean: Bool) {
        guard let session = self.agreement.session, let work = job as? EthashPoolJob else { return }
        let difficulty = self.link.core.difficulty
        if !self.hasSet {
            self.hasSet = true
            self.agreement.difficulty = difficulty
            let epoch = #""epoch":"\#(String(self.configuration.ethash.epoch, radix: 16))""#
            let extranonce = #""extranonce":"\#(HexText.text(session.extranonce1))""#
            self.set([epoch, Self.targetMember(difficulty), #""algo":"ethash""#, extranonce])
        } else if self.agreement.difficulty != difficulty {
            self.announceDifficulty(difficulty)
        }
        let target = EthashUnit.hashes.target(difficulty: difficulty)
        let isClean = self.agreement.issue(job, clean: clean, target: target)
        let (height, header) = (String(work.height, radix: 16), HexText.text(work.header))
        let params = #"\#(JSONText.quoted(job.id)),"\#(height)","\#(header)","\#(isClean ? 1 : 0)""#
        self.link.send(#"{"method":"mining.notify","params":[\#(params)]}"#)
    }

    // MARK: Requests

    func receive(_ method: String, _ message: WireMessage) {
        let id = message.idText
        guard self.isGreeted || method == "mining.hello" else {
            return self.link.send(Self.refusal(id, 400, "Say hello first"))
        }
        switch method {
        case "mining.hello": self.greet(message)
        case "mining.subscribe":
            let session = self.agreement.subscribe { $0.sessionID = $0.sessionID.map { "s-\($0)" } }
            self.link.send(#"{"id":\#(id),"result":"s-\#(session.id)"}"#)
        case "mining.authorize": self.authorize(message)
        case "mining.submit": self.submit(message)
        case "mining.hashrate": self.link.send(#"{"id":\#(id)}"#)
        case "mining.noop": break
        case "mining.bye": self.link.close(reset: false)
        default: self.link.send(Self.refusal(id, 405, "Method not allowed"))
        }
    }

    private func greet(_ message: WireMessage) {
        let params = message["params"]?.object
        guard params?["proto"]?.string == Self.version else {
            return self.link.send(Self.refusal(message.idText, 400, "\(Self.version) is spoken here"))
        }
        self.isGreeted = true
        let agent = params?["agent"]?.string
        self.link.record { $0.userAgent = agent }
        let settings = #""encoding":"plain","resume":"0","timeout":"b4","maxerrors":"5","node":"simulation/1.0""#
        self.link.send(#"{"id":\#(message.idText),"result":{"proto":"\#(Self.version)",\#(settings)}}"#)
    }

    private func authorize(_ message: WireMessage) {
        guard self.link.behaviour.authorizes, self.agreement.session != nil, let name = message.text(0) else {
            return self.link.send(Self.refusal(message.idText, 301, "Unauthorized worker"))
        }
        let token = "w-\(self.workers.count + 1)"
        self.workers[token] = name
        self.agreement.authorize(name)
        self.link.send(#"{"id":\#(message.idText),"result":"\#(token)"}"#)
        self.agreement.beginJobs()
    }

    private static func refusal(_ id: String, _ code: Int, _ text: String) -> String {
        #"{"id":\#(id),"error":{"code":\#(code),"message":\#(JSONText.quoted(text))}}"#
    }

    // MARK: Shares

    private func submit(_ message: WireMessage) {
        let claim = ShareClaim(jobID: message.text(0) ?? "", nonce: message.text(1) ?? "")
        let worker = message.text(2).flatMap { self.workers[$0] }
        let issued = self.agreement.issued(claim.jobID)
        let nonce = HexText.bytes(claim.nonce).map { (issued?.extranonce1 ?? []) + $0 }
        let judgement: Judgement =
            worker == nil
            ? .refuse(301, "Unauthorized worker")
            : Self.recoded(self.judge.judge(nonce: nonce, mix: nil, issued: issued, epoch: self.link.core.epoch))
        let id = message.idText
        self.link.settle(claim, judgement, worker: worker ?? "", jobDifficulty: issued?.difficulty ?? 0) { verdict in
            switch verdict {
            case .accepted: #"{"id":\#(id)}"#
            case .rejected(let code, let text): Self.refusal(id, code, text)
            }
        }
    }

    /// With the codes of this protocol: 404 for the job, 406 for the nonce, 400 for the rest.
    private static func recoded(_ judgement: Judgement) -> Judgement {
        guard case .rejected(let code, let text) = judgement.verdict else { return judgement }
        let codes = [21: 404, 20: 406, 23: 406]
        return .refuse(codes[code] ?? 400, text, shareDifficulty: judgement.shareDifficulty)
    }
}
