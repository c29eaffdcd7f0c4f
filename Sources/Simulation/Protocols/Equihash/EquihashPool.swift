import Stratum

/// The side of an Equihash pool (ZIP 301) of one link.
final class EquihashPool: MiningPool {
    unowned let link: PoolLink
    let agreement: MiningAgreement
    private let habits: EquihashPoolHabits
    private let judge: EquihashJudge

    init(_ link: PoolLink, _ configuration: SimulatedPoolConfiguration) {
        self.link = link
        self.agreement = MiningAgreement(link)
        self.habits = configuration.equihash
        self.judge = EquihashJudge(ntimeRule: configuration.ntimeRule)
    }

    func target(difficulty: Double) -> Number256 { EquihashPuzzle.target(difficulty: difficulty) }

    func announcement(of difficulty: Double) -> String {
        MiningLine.notification("mining.set_target", [JSONText.quoted(self.target(difficulty: difficulty).hex)])
    }

    func notification(of job: any PoolJob, clean: Bool) -> String? {
        (job as? EquihashPoolJob)?.notification(clean: clean, namesPuzzle: self.habits.namesPuzzle)
    }

    func setExtranonce(_ extranonce1: [UInt8], size: Int) {
        guard let text = self.agreement.change(extranonce1) else { return }
        self.link.send(MiningLine.notification("mining.set_extranonce", [JSONText.quoted(text)]))
        self.announceDifficulty(self.link.core.difficulty)
    }

    func receive(_ method: String, _ message: WireMessage) {
        let id = message.idText
        switch method {
        case "mining.subscribe":
            let agent = message.text(0)
            let session = self.agreement.subscribe(resuming: message.text(1)) { $0.userAgent = agent }
            self.link.send(MiningLine.result(id, #"["\#(session.id)","\#(HexText.text(session.extranonce1))"]"#))
        case "mining.authorize":
            self.authorize(message)
        case "mining.submit":
            // Time before nonce.
            let claim = ShareClaim(
                jobID: message.text(1) ?? "",
                extranonce2: message.text(3) ?? "",
                ntime: message.text(2) ?? "",
                proof: message.text(4)
            )
            self.submit(claim, worker: message.text(0) ?? "", id: id) { issued in
                self.judge.judge(claim, issued: issued, epoch: self.link.core.epoch)
            }
        case "mining.extranonce.subscribe":
            let isKnown = self.habits.knowsExtranonceSubscribe
            self.link.send(isKnown ? MiningLine.result(id) : MiningLine.refusal(id, 20, "Not supported."))
        case "mining.suggest_target":
            self.announceDifficulty(self.link.core.difficulty)
        default:
            self.link.send(MiningLine.refusal(id, -3, "Method not found"))
        }
    }
}
