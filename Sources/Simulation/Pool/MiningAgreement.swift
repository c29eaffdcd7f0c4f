/// What a pool and a miner have agreed on, on one link, where the miner subscribes and is then authorised: the session, the
/// workers, and what the jobs to come are sent with.
final class MiningAgreement {
    private unowned let link: PoolLink
    private(set) var session: PoolSession?
    private(set) var workers: [String] = []
    private(set) var takesJobs = false
    /// As announced last.
    var difficulty: Double?
    /// The epoch of the last job sent; a job of another one is clean for this link.
    private var lastEpoch: Int?

    init(_ link: PoolLink) {
        self.link = link
    }

    /// Gives the link a session, once: the one called `former` if it can be taken up again.
    ///
    /// - Parameter note: writes down what else is known of the link by now.
    func subscribe(resuming former: String? = nil, note: (inout PoolConnectionRecord) -> Void) -> PoolSession {
        let known = former.flatMap(self.link.core.resumableSession)
        let isResumed = self.session == nil && known != nil
        let session = self.session ?? known ?? self.link.core.makeSession()
        session.isLive = true
        self.session = session
        self.link.record {
            $0.sessionID = session.id
            $0.extranonce1 = HexText.text(session.extranonce1)
            $0.isResumed = isResumed
            note(&$0)
        }
        self.link.core.journal.update { $0.subscribes += 1 }
        return session
    }

    func authorize(_ worker: String) {
        self.workers.append(worker)
        self.link.record { $0.workers.append(worker) }
        self.link.core.journal.update { $0.authorizes += 1 }
    }

    /// Sends the first job, with whatever belongs before it; does nothing the second time.
    func beginJobs() {
        guard !self.takesJobs, self.session != nil else { return }
        self.takesJobs = true
        self.link.sendJob(self.link.core.currentJob, clean: true)
    }

    /// Gives the session another extranonce1 for the jobs to come. Returns it in hex, or nil if there is no session.
    func change(_ extranonce1: [UInt8], size: Int? = nil) -> String? {
        guard let session = self.session else { return nil }
        session.extranonce1 = extranonce1
        if let size { session.extranonce2Size = size }
        let text = HexText.text(extranonce1)
        self.link.record { $0.extranonce1 = text }
        return text
    }

    /// Writes down that `job` goes out now. Returns whether it is clean for this link.
    func issue(_ job: any PoolJob, clean: Bool, target: Number256) -> Bool {
        let isClean = clean || self.lastEpoch != job.epoch
        self.lastEpoch = job.epoch
        self.session?.issue(job, difficulty: self.link.core.difficulty, target: target)
        self.link.record { $0.jobIDs.append(job.id) }
        return isClean
    }

    /// The job of that id as it was sent.
    func issued(_ id: String) -> IssuedJob? { self.session?.issuedJobs[id] }

    func ended() { self.session?.isLive = false }
}
