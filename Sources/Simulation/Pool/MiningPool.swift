/// The pool's side of a protocol with Bitcoin's methods: `mining.subscribe`, `mining.authorize`, `mining.submit`, and
/// notifications of difficulties and jobs.
protocol MiningPool: PoolSide {
    var link: PoolLink { get }
    var agreement: MiningAgreement { get }

    /// The line that announces a difficulty.
    func announcement(of difficulty: Double) -> String
    /// The target that shares of that difficulty are judged by; the greatest number where the difficulty itself is.
    func target(difficulty: Double) -> Number256
    /// The line that sends a job; nil if it is one of another protocol.
    func notification(of job: any PoolJob, clean: Bool) -> String?
    /// The line that tells the verdict on a share.
    func reply(_ verdict: PoolVerdict, id: String) -> String
}

extension MiningPool {
    var takesJobs: Bool { self.agreement.takesJobs }

    func ended() { self.agreement.ended() }

    func reconnectRequest(host: String?, port: Int?) -> String? {
        MiningLine.notification(
            "client.reconnect", [host.map(JSONText.quoted), port.map(String.init)].compactMap { $0 })
    }

    func announceDifficulty(_ difficulty: Double) {
        self.agreement.difficulty = difficulty
        self.link.send(self.announcement(of: difficulty))
    }

    func sendJob(_ job: any PoolJob, clean: Bool) {
        guard self.agreement.session != nil else { return }
        let difficulty = self.link.core.difficulty
        if self.agreement.difficulty != difficulty { self.announceDifficulty(difficulty) }
        let isClean = self.agreement.issue(job, clean: clean, target: self.target(difficulty: difficulty))
        if let line = self.notification(of: job, clean: isClean) { self.link.send(line) }
    }

    /// Answers an authorize: any name will do, once the miner has subscribed.
    func authorize(_ message: WireMessage) {
        guard self.link.behaviour.authorizes, self.agreement.session != nil else {
            return self.link.send(MiningLine.refusal(message.idText, 24, "Unauthorized worker"))
        }
        self.agreement.authorize(message.text(0) ?? "")
        self.link.send(MiningLine.result(message.idText))
        self.agreement.beginJobs()
    }

    /// Has a share judged if its worker may submit, and answers it.
    ///
    /// - Parameter stranger: what a worker is told that is not authorised.
    func submit(
        _ claim: ShareClaim,
        worker: String,
        id: String,
        stranger: String = "Unauthorized worker",
        judge: (IssuedJob?) -> Judgement
    ) {
        let issued = self.agreement.issued(claim.jobID)
        let judgement: Judgement =
            if self.agreement.session == nil {
                .refuse(25, "Not subscribed")
            } else if !self.agreement.workers.contains(worker) {
                .refuse(24, stranger)
            } else {
                judge(issued)
            }
        self.link.settle(claim, judgement, worker: worker, jobDifficulty: issued?.difficulty ?? 0) {
            self.reply($0, id: id)
        }
    }

    func reply(_ verdict: PoolVerdict, id: String) -> String {
        switch verdict {
        case .accepted: MiningLine.result(id)
        case .rejected(let code, let text): MiningLine.refusal(id, code, text)
        }
    }
}
