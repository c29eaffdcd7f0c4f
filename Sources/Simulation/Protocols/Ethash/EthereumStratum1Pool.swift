import Stratum

/// The side of a pool that speaks EthereumStratum/1.0.0 of one link. Sessions are not resumed.
final class EthereumStratum1Pool: MiningPool {
    /// What a miner of this protocol says in its subscribe.
    static let version = "EthereumStratum/1.0.0"

    unowned let link: PoolLink
    let agreement: MiningAgreement
    private let judge = EthashJudge(unit: .niceHash)

    init(_ link: PoolLink, _ configuration: SimulatedPoolConfiguration) {
        self.link = link
        self.agreement = MiningAgreement(link)
    }

    func target(difficulty: Double) -> Number256 { EthashUnit.niceHash.target(difficulty: difficulty) }

    func announcement(of difficulty: Double) -> String {
        MiningLine.notification("mining.set_difficulty", ["\(difficulty)"])
    }

    func notification(of job: any PoolJob, clean: Bool) -> String? {
        guard let work = job as? EthashPoolJob else { return nil }
        let texts = [job.id, HexText.text(work.seed), HexText.text(work.header)]
        return MiningLine.notification("mining.notify", texts.map(JSONText.quoted) + ["\(clean)"])
    }

    func setExtranonce(_ extranonce1: [UInt8], size: Int) {
        guard let text = self.agreement.change(extranonce1) else { return }
        self.link.send(MiningLine.notification("mining.set_extranonce", [JSONText.quoted(text)]))
    }

    func receive(_ method: String, _ message: WireMessage) {
        let id = message.idText
        switch method {
        case "mining.subscribe":
            guard message.text(1) == Self.version else {
                return self.link.send(MiningLine.refusal(id, 20, "\(Self.version) is spoken here"))
            }
            let agent = message.text(0)
            let session = self.agreement.subscribe { $0.userAgent = agent }
            let details = #"["mining.notify","\#(session.id)","\#(Self.version)"]"#
            self.link.send(MiningLine.result(id, #"[\#(details),"\#(HexText.text(session.extranonce1))"]"#))
        case "mining.authorize":
            self.authorize(message)
        case "mining.submit":
            let claim = ShareClaim(jobID: message.text(1) ?? "", nonce: message.text(2) ?? "")
            self.submit(claim, worker: message.text(0) ?? "", id: id) { issued in
                let nonce = HexText.bytes(claim.nonce).map { (issued?.extranonce1 ?? []) + $0 }
                return self.judge.judge(nonce: nonce, mix: nil, issued: issued, epoch: self.link.core.epoch)
            }
        case "mining.extranonce.subscribe":
            self.link.send(MiningLine.result(id))
        default:
            self.link.send(MiningLine.refusal(id, -3, "Method not found"))
        }
    }
}
