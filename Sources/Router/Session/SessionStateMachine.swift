package import NIOCore
package import PoolPool
package import Stratum

/// What the session needs to know of its surroundings when a message is judged.
package struct SessionSurroundings: Sendable {
    package var now: NIODeadline
    /// Milliseconds since 1970, UTC.
    package var time: Int64
    /// Version bits that all known pools of the route let miners roll.
    package var commonMask: UInt32
    /// Those of the pools that carry the load.
    package var entryMask: UInt32

    package init(now: NIODeadline, time: Int64, commonMask: UInt32, entryMask: UInt32? = nil) {
        self.now = now
        self.time = time
        self.commonMask = commonMask
        self.entryMask = entryMask ?? commonMask
    }
}

/// The state of the link whose job a share is for.
package enum JobStanding: Sendable, Equatable {
    /// The pool still takes shares for it.
    case live
    /// A clean job has replaced it.
    case stale
    /// The connection that brought it is gone.
    case gone
}

/// Why the router closes a session.
package enum SessionCloseReason: String, Error, Sendable, Hashable {
    case closedByMiner = "closed by the miner"
    case lineTooLong = "line too long"
    case notStratum = "not a Stratum client"
    case malformed = "malformed messages"
    case tooFast = "too many lines"
    case tooSlow = "does not read"
    case handshakeTimeout = "did not subscribe and authorise in time"
    case invalidShares = "only invalid shares"
    case noPool = "no usable pool"
    case cannotServe = "no pool fits its extranonce2"
    case kicked
    case shutdown
    case error = "connection error"
}

/// One miner's connection: handshake, live jobs, difficulty, version bits, replies. Events in; bytes for the miner and at
/// most one step for the owner out.
package struct SessionStateMachine: Sendable {
    /// What the owner must do after a message.
    package enum Step: Sendable {
        /// Give the session its nonce and call ``subscribed(_:request:subscriptionID:into:)``.
        case subscribe(request: MessageID, userAgent: String, sessionID: String?)
        /// A worker name is authorised; the first one makes the session ready for jobs.
        case authorized(user: String, isFirst: Bool)
        case judged(JudgedShare)
        case close(SessionCloseReason)
    }

    /// A submit that the router has judged.
    package struct JudgedShare: Sendable {
        package var request: MessageID
        package var user: String?
        package var job: IssuedJob?
        package var difficulty: Double
        package var shareDifficulty: Double
        /// `.pending` if it goes to the pool; its reply follows with ``settled(_:_:into:)``.
        package var verdict: ShareVerdict
        package var extranonce2: Extranonce2
        package var ntime: UInt32
        package var nonce: UInt32
        /// As the pool must get them.
        package var versionBits: UInt32?
    }

    private struct Slot: Sendable {
        var job: IssuedJob
        var difficulty: Double
        /// The bits the miner was allowed to roll when the job was sent.
        var mask: UInt32
    }

    private struct Worker: Sendable {
        var user: String
        var bytes: [UInt8]
    }

    private let configuration: RouteConfiguration
    package private(set) var nonce: SessionNonce?
    package private(set) var userAgent = ""
    private var workers: [Worker] = []
    /// The bits the miner asked for with `mining.configure`; nil: it does not roll versions.
    private var requestedMask: UInt32?
    package private(set) var versionMask: UInt32 = 0
    package private(set) var extranonceSubscribed = false
    private var slots: [Slot] = []
    package private(set) var difficulty: Double?
    private var previousDifficulty: (value: Double, until: NIODeadline)?
    private var validator = ShareValidator()
    private var replies = ReplyQueue()
    private var vardiff: VardiffController
    private var invalidInARow = 0
    package private(set) var acceptedShares = 0
    package private(set) var refusedShares = 0
    package private(set) var lastShare: Int64?

    private static let slotLimit = 32
    private static let workerLimit = 32
    /// After a change the lower of the two difficulties is accepted for this long: some firmwares switch at once.
    private static let difficultyGrace = TimeAmount.seconds(10)

    package init(configuration: RouteConfiguration, now: NIODeadline) {
        self.configuration = configuration
        self.vardiff = VardiffController(configuration: configuration.vardiff, now: now)
    }

    // MARK: Facts

    package var isSubscribed: Bool { self.nonce != nil }
    /// Subscribed and authorised: jobs may be sent.
    package var isReady: Bool { self.nonce != nil && !self.workers.isEmpty }
    /// The first authorised name: the one that pools may see.
    package var user: String? { self.workers.first?.user }
    package var currentJob: IssuedJob? { self.slots.last?.job }
    package var unansweredCount: Int { self.replies.count }
    package func estimate(now: NIODeadline) -> HashrateEstimate? { self.vardiff.estimate(now: now) }

    /// True if the session was already given this issue of a job.
    package func holds(_ job: IssuedJob) -> Bool { self.slots.contains { $0.job === job } }

    // MARK: Messages from the miner

    package mutating func received(
        _ request: MinerRequest,
        id: MessageID,
        in surroundings: SessionSurroundings,
        standing: (IssuedJob) -> JobStanding,
        into output: inout ByteBuffer
    ) -> Step? {
        switch request {
        case .submit(let submission):
            return .judged(self.judge(submission, id: id, in: surroundings, standing: standing, into: &output))
        case .malformedSubmit(let reason):
            return .judged(self.refuseMalformed(reason, id: id, into: &output))
        case .configure(let configure):
            self.configure(configure, id: id, in: surroundings, into: &output)
            return nil
        case .subscribe(let userAgent, let sessionID):
            guard self.nonce == nil else {
                self.refuse(id, 20, "Already subscribed", into: &output)
                return nil
            }
            self.userAgent = userAgent
            return .subscribe(request: id, userAgent: userAgent, sessionID: sessionID)
        case .authorize(let user, let password):
            return self.authorize(user: user, password: password, id: id, into: &output)
        case .extranonceSubscribe:
            self.extranonceSubscribed = true
            MessageEncoder.response(id: id, result: true, into: &output)
            return nil
        case .suggestDifficulty(let difficulty), .suggestTarget(let difficulty):
            self.vardiff.suggested(difficulty)
            // bfgminer sends these as notifications and expects no answer.
            if id != .null, id != .absent { MessageEncoder.response(id: id, result: true, into: &output) }
            return nil
        case .multiVersion:
            MessageEncoder.response(id: id, result: true, into: &output)
            return nil
        case .getTransactions:
            MessageEncoder.getTransactionsResult(id: id, into: &output)
            return nil
        case .hashesDone:
            MessageEncoder.nullResult(id: id, into: &output)
            return nil
        case .ping:
            MessageEncoder.pong(id: id, into: &output)
            return nil
        case .capabilities:
            return nil
        case .unknown:
            self.refuse(id, -3, "Method not found", into: &output)
            return nil
        case .malformed(_, let reason):
            self.refuse(id, 20, reason, into: &output)
            return nil
        }
    }

    /// The session has its nonce: answers `mining.subscribe`.
    package mutating func subscribed(
        _ nonce: SessionNonce,
        request: MessageID,
        subscriptionID: String,
        into output: inout ByteBuffer
    ) {
        self.nonce = nonce
        MessageEncoder.subscribeResult(
            id: request,
            subscriptionID: subscriptionID,
            extranonce1: nonce.prefix,
            extranonce2Size: nonce.extranonce2Size,
            into: &output
        )
    }

    /// Takes over the work of the session that this miner had before its reconnect, so that shares found meanwhile count
    /// and none counts twice.
    package mutating func resume(_ former: SessionStateMachine) {
        self.slots = former.slots
        self.validator = former.validator
        self.vardiff = former.vardiff
    }

    /// Gives the session another slice of nonce space by `mining.set_extranonce`; the next job must be a clean one.
    package mutating func changeNonce(_ nonce: SessionNonce, into output: inout ByteBuffer) {
        self.nonce = nonce
        self.slots = []
        MessageEncoder.setExtranonce(extranonce1: nonce.prefix, extranonce2Size: nonce.extranonce2Size, into: &output)
    }

    private mutating func configure(
        _ request: ConfigureRequest,
        id: MessageID,
        in surroundings: SessionSurroundings,
        into output: inout ByteBuffer
    ) {
        var mask: UInt32?
        if request.extensions.contains(ConfigureRequest.versionRolling) {
            let requested = request.mask & self.configuration.versionMask
            self.requestedMask = requested
            self.versionMask = Self.mask(
                requested: requested,
                pool: surroundings.entryMask,
                common: surroundings.commonMask
            )
            mask = self.versionMask
        }
        let wantsExtranonce = request.extensions.contains(ConfigureRequest.subscribeExtranonce)
        if wantsExtranonce { self.extranonceSubscribed = true }
        if let minimum = request.minimumDifficulty { self.vardiff.suggested(minimum) }
        MessageEncoder.configureResult(
            id: id,
            request: request,
            mask: mask,
            minimumDifficulty: true,
            subscribeExtranonce: wantsExtranonce,
            into: &output
        )
    }

    private mutating func authorize(
        user: String,
        password: String,
        id: MessageID,
        into output: inout ByteBuffer
    ) -> Step? {
        let isWelcome = self.configuration.minerPassword.map { $0 == password } ?? true
        guard isWelcome, !user.isEmpty, user.utf8.count <= 255 else {
            self.refuse(id, 24, "Unauthorized worker", into: &output)
            return nil
        }
        MessageEncoder.response(id: id, result: true, into: &output)
        guard !self.workers.contains(where: { $0.user == user }) else { return nil }
        guard self.workers.count < Self.workerLimit else { return nil }
        self.workers.append(Worker(user: user, bytes: Array(user.utf8)))
        return .authorized(user: user, isFirst: self.workers.count == 1)
    }

    private func refuse(_ id: MessageID, _ code: Int, _ message: String, into output: inout ByteBuffer) {
        MessageEncoder.error(id: id, code: code, message: message, into: &output)
    }

    // MARK: Jobs

    /// Hands the session a job: writes what must go before it and returns whether the job's line is to be sent as a clean
    /// one. The order is version mask, difficulty, notify, in one write; none of them if nothing changes.
    package mutating func deliver(
        _ job: IssuedJob,
        isReissue: Bool,
        commonMask: UInt32,
        now: NIODeadline,
        into output: inout ByteBuffer
    ) -> Bool {
        // A resumed session keeps its jobs, yet its miner must be given a clean one first.
        let last = self.difficulty == nil ? nil : self.slots.last?.job
        if let requestedMask = self.requestedMask {
            let mask = Self.mask(requested: requestedMask, pool: job.upstream.versionMask, common: commonMask)
            if mask != self.versionMask {
                self.versionMask = mask
                MessageEncoder.setVersionMask(mask, into: &output)
            }
        }
        let difficulty = self.vardiff.difficulty(poolDifficulty: job.upstream.difficulty)
        if difficulty != self.difficulty {
            MessageEncoder.setDifficulty(difficulty, into: &output)
            if let current = self.difficulty {
                self.previousDifficulty = (current, now + Self.difficultyGrace)
            }
            self.difficulty = difficulty
        }
        if self.slots.count >= Self.slotLimit { self.slots.removeFirst() }
        self.slots.append(Slot(job: job, difficulty: difficulty, mask: self.versionMask))
        if job.upstream.job.cleanJobs, !isReissue { self.forgetShares(replacedBy: job) }
        guard let last, last.link == job.link, last.connection == job.connection else { return true }
        return last.upstream.job.previousHash != job.upstream.job.previousHash
            || !isReissue && job.upstream.job.cleanJobs
    }

    /// After a clean job nothing can be submitted for the jobs before it on the same connection, nor for jobs that are no
    /// longer known: their shares need not be remembered.
    private mutating func forgetShares(replacedBy clean: IssuedJob) {
        let slots = self.slots
        self.validator.retain { connection, work in
            slots.contains { slot in
                slot.job.connection == connection && slot.job.work == work
                    && (connection != clean.connection || slot.job.epoch == clean.epoch)
            }
        }
    }

    /// True when vardiff wants another difficulty than the current job's: a new issue of the job is due.
    package mutating func needsNewDifficulty(now: NIODeadline) -> Bool {
        guard let difficulty = self.difficulty, let job = self.slots.last?.job else { return false }
        return self.vardiff.retarget(current: difficulty, poolDifficulty: job.upstream.difficulty, now: now)
    }

    /// The mask for a pool: that of all pools where it leaves at least two bits, so that it need not change; else the
    /// pool's own.
    private static func mask(requested: UInt32, pool: UInt32, common: UInt32) -> UInt32 {
        let shared = requested & pool & common
        return shared.nonzeroBitCount >= 2 ? shared : requested & pool
    }

    // MARK: Shares

    private mutating func judge(
        _ submission: Submission,
        id: MessageID,
        in surroundings: SessionSurroundings,
        standing: (IssuedJob) -> JobStanding,
        into output: inout ByteBuffer
    ) -> JudgedShare {
        self.lastShare = surroundings.time
        var share = JudgedShare(
            request: id,
            user: nil,
            job: nil,
            difficulty: self.difficulty ?? 0,
            shareDifficulty: 0,
            verdict: .pending,
            extranonce2: submission.extranonce2,
            ntime: submission.ntime,
            nonce: submission.nonce,
            versionBits: submission.versionBits
        )
        guard let nonce = self.nonce else {
            return self.finish(share, .refused(Rejection(code: 25, message: "Not subscribed")), into: &output)
        }
        guard let user = self.authorizedUser(submission.user) else {
            return self.finish(share, .refused(Rejection(code: 24, message: "Unauthorized worker")), into: &output)
        }
        share.user = user
        let number = IssuedJob.number(submission.jobID)
        guard let slot = self.slots.last(where: { $0.job.number == number }) else {
            return self.finish(share, .refused(Rejection(code: 21, message: "Job not found")), into: &output)
        }
        let job = slot.job
        let jobStanding = standing(job)
        share.job = job
        share.difficulty = slot.difficulty
        guard jobStanding != .gone else {
            let rejection = Rejection(code: 21, message: "Job not found (the link to its pool is gone)")
            return self.finish(share, .refused(rejection), into: &output)
        }
        var difficulty = slot.difficulty
        if let previous = self.previousDifficulty, surroundings.now < previous.until {
            difficulty = min(difficulty, previous.value, self.difficulty ?? difficulty)
        }
        // A share for a former pool's job was rolled with that pool's mask; a mask that grew since counts as well.
        let isWithinSlot = (submission.versionBits ?? 0) & ~slot.mask == 0
        let judgement = self.validator.judge(
            submission,
            job: job,
            nonce: nonce,
            mask: isWithinSlot ? slot.mask : self.versionMask & job.upstream.versionMask,
            difficulty: difficulty,
            unixTime: UInt64(max(0, surroundings.time / 1000))
        )
        switch judgement {
        case .malformed(let reason):
            return self.finish(share, .refused(Rejection(code: 20, message: reason)), into: &output)
        case .duplicate:
            return self.finish(share, .refused(Rejection(code: 22, message: "Duplicate share")), into: &output)
        case .lowDifficulty(let shareDifficulty):
            share.shareDifficulty = shareDifficulty
            let verdict: ShareVerdict =
                jobStanding == .stale
                ? .refused(Rejection(code: 21, message: "Stale"))
                : .refused(Rejection(code: 23, message: "Low difficulty share"))
            return self.finish(share, verdict, into: &output)
        case .valid(let valid):
            if valid.shareDifficulty < slot.difficulty { share.difficulty = difficulty }
            return self.accept(share, valid, job: job, standing: jobStanding, now: surroundings.now, into: &output)
        }
    }

    private mutating func accept(
        _ share: JudgedShare,
        _ valid: ValidShare,
        job: IssuedJob,
        standing: JobStanding,
        now: NIODeadline,
        into output: inout ByteBuffer
    ) -> JudgedShare {
        var share = share
        share.shareDifficulty = valid.shareDifficulty
        // The masked bits of the version that was hashed suit pools that replace them and pools that add them.
        share.versionBits = job.upstream.expectsVersionBits ? valid.version & job.upstream.versionMask : nil
        guard standing == .live || valid.meetsNetworkTarget else {
            return self.finish(share, .refused(Rejection(code: 21, message: "Stale")), into: &output)
        }
        self.vardiff.shareReceived(difficulty: share.difficulty, now: now)
        self.invalidInARow = 0
        guard valid.meetsPoolTarget || valid.meetsNetworkTarget else {
            return self.finish(share, .counted, into: &output)
        }
        return share
    }

    /// Settles a share at once: writes its reply.
    private mutating func finish(
        _ share: JudgedShare,
        _ verdict: ShareVerdict,
        into output: inout ByteBuffer
    ) -> JudgedShare {
        var share = share
        share.verdict = verdict
        self.answer(verdict, id: share.request, into: &output)
        return share
    }

    private mutating func answer(_ verdict: ShareVerdict, id: MessageID, into output: inout ByteBuffer) {
        if case .refused = verdict { self.invalidInARow += 1 }
        let reply = self.count(verdict)
        self.replies.answer(reply, id: id, into: &output)
    }

    private mutating func refuseMalformed(_ reason: String, id: MessageID, into output: inout ByteBuffer) -> JudgedShare
    {
        let rejection = Rejection(
            code: self.nonce == nil ? 25 : 20, message: self.nonce == nil ? "Not subscribed" : reason)
        let share = JudgedShare(
            request: id,
            user: self.user,
            job: nil,
            difficulty: self.difficulty ?? 0,
            shareDifficulty: 0,
            verdict: .pending,
            extranonce2: .empty,
            ntime: 0,
            nonce: 0,
            versionBits: nil
        )
        return self.finish(share, .refused(rejection), into: &output)
    }

    /// The share went to the pool: its reply comes with the verdict, or now if the route says so.
    package mutating func forwarded(_ share: Int64, request: MessageID, into output: inout ByteBuffer) {
        switch self.configuration.reply {
        case .verdict: self.replies.await(share, id: request)
        case .immediate: self.replies.answer(.accepted, id: request, into: &output)
        }
    }

    /// The verdict on a share that was sent to the pool.
    package mutating func settled(_ share: Int64, _ verdict: ShareVerdict, into output: inout ByteBuffer) {
        let reply = self.count(verdict)
        _ = self.replies.settle(share, reply, into: &output)
    }

    /// True when the session has sent nothing but invalid shares for too long.
    package var isHopeless: Bool { self.invalidInARow >= self.configuration.limits.invalidSharesInARow }

    private mutating func count(_ verdict: ShareVerdict) -> SubmitReply {
        switch verdict {
        case .accepted, .counted, .pending:
            self.acceptedShares += 1
            return .accepted
        case .refused(let rejection):
            self.refusedShares += 1
            return .refused(rejection)
        case .lost(let cause):
            self.refusedShares += 1
            return .refused(Rejection(code: 21, message: "Job not found (\(cause))"))
        }
    }

    /// The authorised name a submit is for. A name that differs is accepted if there is exactly one and one of the two is
    /// the other with a suffix (firmwares that add `.worker` on their own).
    private func authorizedUser(_ bytes: ByteBuffer) -> String? {
        let name = bytes.readableBytesView
        for worker in self.workers where name.elementsEqual(worker.bytes) { return worker.user }
        guard self.workers.count == 1, let only = self.workers.first, !name.isEmpty else { return nil }
        return name.starts(with: only.bytes) || only.bytes.starts(with: name) ? only.user : nil
    }
}
