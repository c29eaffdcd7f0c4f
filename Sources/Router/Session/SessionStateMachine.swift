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
    /// The kinds of miners that the known pools have work for.
    package var kinds: UInt8

    package init(
        now: NIODeadline, time: Int64, commonMask: UInt32, entryMask: UInt32? = nil, kinds: UInt8 = .max
    ) {
        self.now = now
        self.time = time
        self.commonMask = commonMask
        self.entryMask = entryMask ?? commonMask
        self.kinds = kinds
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
    case otherProtocol = "speaks another protocol"
    case malformed = "malformed messages"
    case tooFast = "too many lines"
    case tooSlow = "does not read"
    case handshakeTimeout = "did not subscribe and authorise in time"
    case invalidShares = "only invalid shares"
    case noPool = "no usable pool"
    case noPoolOfItsKind = "no pool has work for its kind of miner"
    case cannotServe = "no pool fits its nonce space"
    case mustReturn = "must come back for another pool"
    case protocolEnded = "its protocol ended the conversation"
    case kicked
    case shutdown
    case error = "connection error"
}

/// One miner's connection: handshake, live jobs, difficulty, replies. Events in; bytes for the miner and at most one step for
/// the owner out. What is said and how is the matter of its dialect's ``MinerDialogue``.
package struct SessionStateMachine: Sendable {
    /// What the owner must do after a message.
    package enum Step: Sendable {
        /// Give the session its nonce and call ``subscribed(_:request:sessionID:into:)``.
        case subscribe(request: MessageID, userAgent: String, sessionID: String?)
        /// A worker name is authorised; the first one makes the session ready for jobs.
        case authorized(user: String, isFirst: Bool)
        /// Both: the name is authorised, and the session is to be given its nonce.
        case login(MinerLogin)
        case judged(JudgedShare)
        /// Call ``judged(_:as:in:standing:into:)`` with the result.
        case judgeElsewhere(UnjudgedShare)
        /// The miner said what none of its dialect says; it is answered unless the owner closes the session.
        case unknown(request: MessageID, method: String)
        /// The dialect ends the conversation, for this reason.
        case leave(String)
    }

    struct Slot: Sendable {
        var job: IssuedJob
        var difficulty: Double
        /// The bits the miner was allowed to roll when the job was sent.
        var mask: UInt32
        /// The slice of nonce space it had then.
        var grant: NonceGrant
    }

    struct Worker: Sendable {
        var user: String
        /// The observer's handle of the name, once the owner has one.
        var handle: Int32 = 0

        func isNamed(_ name: ByteBufferView) -> Bool {
            name.count == self.user.utf8.count && name.elementsEqual(self.user.utf8)
        }
    }

    let settings: SessionSettings
    var dialogue: any MinerDialogue
    package private(set) var nonce: NonceGrant?
    package private(set) var userAgent = ""
    /// The authorised names. Most sessions have one, which needs no list.
    private(set) var firstWorker: Worker?
    /// With the latest job it turned out that there is nothing more to say to its miner.
    package private(set) var isOver = false
    private(set) var otherWorkers: [Worker] = []
    private(set) var slots: [Slot] = []
    package private(set) var difficulty: Double?
    /// Shares that are judged elsewhere.
    package internal(set) var judgementCount: Int32 = 0
    private(set) var previousDifficulty: (value: Double, until: NIODeadline)?
    var recentShares = RecentShares()
    var replies = ReplyQueue()
    var vardiff: VardiffController
    var invalidInARow = 0
    /// Invalid shares since the miner was told another slice of nonce space; nil once it has shown that it took it.
    var invalidSinceChange: Int?
    /// The first share since then that went to a pool.
    var firstSinceChange: Int64?
    package internal(set) var acceptedShares = 0
    package internal(set) var refusedShares = 0
    package internal(set) var lastShare: Int64?
    /// The number of the next share that is judged elsewhere.
    var nextJudgement = 0

    private static let slotLimit = 32
    private static let workerLimit = 32
    /// So many invalid shares, and no valid one, after a change of nonce space say that the miner has not taken it.
    private static let ignoranceLimit = 3
    /// After a change the lower of the two difficulties is accepted for this long: some firmwares switch at once.
    private static let difficultyGrace = TimeAmount.seconds(10)

    package init(settings: SessionSettings, now: NIODeadline) {
        self.settings = settings
        self.dialogue = settings.dialect.makeMinerDialogue(MinerDialogueSettings(versionMask: settings.versionMask))
        self.vardiff = VardiffController(rule: settings.vardiff, now: now)
    }

    // MARK: Facts

    package var isSubscribed: Bool { self.nonce != nil }
    /// Subscribed and authorised: jobs may be sent.
    package var isReady: Bool { self.nonce != nil && self.firstWorker != nil }
    /// The first authorised name: the one that pools may see.
    package var user: String? { self.firstWorker?.user }
    /// The observer's handle of ``user``.
    var handle: Int32? { self.firstWorker?.handle }
    package var currentJob: IssuedJob? { self.slots.last?.job }
    package var unansweredCount: Int { self.replies.count }
    package var versionMask: UInt32 { self.dialogue.versionMask }
    /// Its nonces begin with bytes of the pool.
    package var followsPool: Bool { self.dialogue.followsPool }
    /// It takes another slice of nonce space while it is connected.
    package var canChangeNonce: Bool { self.dialogue.canChangeNonce }
    /// Its miner can name this session when it comes back.
    package var canResume: Bool { self.dialogue.canResume }
    /// Which pools can give it work, as in ``UpstreamJob/kinds``.
    package var kind: UInt8 { self.dialogue.kind }
    package func prefixes(layout: NonceLayout) -> PrefixRange { self.dialogue.prefixes(layout: layout) }
    package func estimate(now: NIODeadline) -> HashrateEstimate? { self.vardiff.estimate(now: now) }

    /// True if the session was already given this issue of a job.
    package func holds(_ job: IssuedJob) -> Bool { self.slots.contains { $0.job === job } }

    // MARK: Messages from the miner

    /// One line, without its end.
    package mutating func received(
        _ line: ByteBuffer,
        in surroundings: SessionSurroundings,
        standing: (IssuedJob) -> JobStanding,
        into output: inout ByteBuffer
    ) throws(StratumError) -> Step? {
        let step = try self.dialogue.received(
            line,
            in: MinerSurroundings(
                commonMask: surroundings.commonMask, entryMask: surroundings.entryMask, kinds: surroundings.kinds
            ),
            into: &output
        )
        switch step {
        case .submit(let request, let submission):
            return self.judge(submission, request: request, in: surroundings, standing: standing, into: &output)
        case .malformedSubmit(let request, let rejection):
            return .judged(self.refuseMalformed(rejection, request: request, into: &output))
        case .subscribe(let request, let userAgent, let sessionID):
            self.userAgent = userAgent
            return .subscribe(request: request, userAgent: userAgent, sessionID: sessionID)
        case .authorize(let request, let user, let password):
            guard self.isWelcome(user: user, password: password) else {
                self.dialogue.authorized(false, request: request, into: &output)
                return nil
            }
            self.dialogue.authorized(true, request: request, into: &output)
            return self.add(worker: user).map { .authorized(user: user, isFirst: $0) }
        case .login(let login):
            return self.logIn(login, into: &output)
        case .suggestDifficulty(let difficulty):
            self.vardiff.suggested(difficulty)
            return nil
        case .unknown(let request, let method):
            return .unknown(request: request, method: method)
        case .leave(let cause):
            return .leave(cause)
        case nil:
            return nil
        }
    }

    /// Answers a request that nobody knows.
    package func refuseUnknown(_ request: MessageID, into output: inout ByteBuffer) {
        self.dialogue.refuse(request, Rejection(code: -3, message: "Method not found"), into: &output)
    }

    private mutating func logIn(_ login: MinerLogin, into output: inout ByteBuffer) -> Step? {
        guard self.nonce == nil, self.isWelcome(user: login.user, password: login.password) else {
            self.dialogue.authorized(false, request: login.request, into: &output)
            return nil
        }
        self.userAgent = login.userAgent
        if let difficulty = login.suggestedDifficulty { self.vardiff.suggested(difficulty) }
        guard self.add(worker: login.user) != nil else {
            self.dialogue.authorized(false, request: login.request, into: &output)
            return nil
        }
        return .login(login)
    }

    /// A name with control characters is nobody's: it would look like another one in tables, and end early in SQLite.
    private func isWelcome(user: String, password: String) -> Bool {
        let isRight = self.settings.minerPassword.map { $0 == password } ?? true
        return isRight && !user.isEmpty && user.utf8.count <= 255 && user.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f }
    }

    /// Nil if the name is known already or there are too many; otherwise whether it is the first.
    private mutating func add(worker user: String) -> Bool? {
        guard let first = self.firstWorker else {
            self.firstWorker = Worker(user: user)
            return true
        }
        guard first.user != user, !self.otherWorkers.contains(where: { $0.user == user }) else { return nil }
        guard self.otherWorkers.count + 1 < Self.workerLimit else { return nil }
        self.otherWorkers.append(Worker(user: user))
        return false
    }

    /// Shares of this authorised name are known to the observer under `handle`.
    mutating func note(_ handle: Int32, for user: String) {
        if self.firstWorker?.user == user { self.firstWorker?.handle = handle }
        for index in self.otherWorkers.indices where self.otherWorkers[index].user == user {
            self.otherWorkers[index].handle = handle
        }
    }

    /// The session has its nonce: answers the request for it, and that for the name where they are one.
    package mutating func subscribed(
        _ nonce: NonceGrant,
        request: MessageID,
        sessionID: String,
        isLogin: Bool = false,
        into output: inout ByteBuffer
    ) {
        self.nonce = nonce
        self.dialogue.subscribed(nonce, request: request, sessionID: sessionID, into: &output)
        if isLogin { self.dialogue.authorized(true, request: request, into: &output) }
    }

    /// Takes over the work of the session that this miner had before its reconnect, so that shares found meanwhile count
    /// and none counts twice.
    package mutating func resume(_ former: SessionStateMachine) {
        self.slots = former.slots
        self.recentShares = former.recentShares
        self.vardiff = former.vardiff
    }

    /// Tells the miner another slice of nonce space; the next job is a clean one.
    /// - Parameter keepsJobs: what was found for earlier jobs still counts.
    package mutating func changeNonce(_ nonce: NonceGrant, keepsJobs: Bool, into output: inout ByteBuffer) {
        self.nonce = nonce
        if !keepsJobs { self.slots = [] }
        self.invalidSinceChange = keepsJobs ? 0 : nil
        self.firstSinceChange = nil
        self.dialogue.changeNonce(nonce, into: &output)
    }

    /// The miner was told another slice of nonce space and goes on as if it had not heard.
    package var ignoresNonceChange: Bool { (self.invalidSinceChange ?? 0) >= Self.ignoranceLimit }

    /// Asks the miner to connect again.
    package mutating func reconnect(into output: inout ByteBuffer) {
        self.dialogue.reconnect(into: &output)
    }

    // MARK: Jobs

    /// Hands the session a job: writes what must go before it, and returns the job's line where that is the same for all
    /// miners of the link, to be sent right after.
    package mutating func deliver(
        _ job: IssuedJob,
        isReissue: Bool,
        commonMask: UInt32,
        now: NIODeadline,
        into output: inout ByteBuffer
    ) -> ByteBuffer? {
        guard let nonce = self.nonce else { return nil }
        // A resumed session keeps its jobs, yet its miner must be given a clean one first.
        let last = self.difficulty == nil ? nil : self.slots.last?.job
        let isClean: Bool
        if let last, last.link == job.link, last.connection == job.connection, self.slots.last?.grant == nonce {
            isClean = last.upstream.work.block != job.upstream.work.block || !isReissue && job.upstream.work.isClean
        } else {
            isClean = true
        }
        let difficulty = self.vardiff.difficulty(poolDifficulty: job.upstream.difficulty)
        let isNewDifficulty = difficulty != self.difficulty
        if isNewDifficulty {
            if let current = self.difficulty {
                self.previousDifficulty = (current, now + Self.difficultyGrace)
            }
            self.difficulty = difficulty
        }
        let line = self.dialogue.deliver(
            JobDelivery(
                work: job.issued,
                upstream: job.upstream,
                grant: nonce,
                difficulty: difficulty,
                isNewDifficulty: isNewDifficulty,
                isClean: isClean,
                commonMask: commonMask
            ),
            into: &output
        )
        self.isOver = self.dialogue.isOver
        if self.slots.count >= Self.slotLimit { self.slots.removeFirst() }
        self.slots.append(Slot(job: job, difficulty: difficulty, mask: self.versionMask, grant: nonce))
        if job.upstream.work.isClean, !isReissue { self.forgetShares(replacedBy: job) }
        return line
    }

    /// After a clean job nothing can be submitted for the jobs before it on the same connection, nor for jobs that are no
    /// longer known: their shares need not be remembered.
    private mutating func forgetShares(replacedBy clean: IssuedJob) {
        guard !self.recentShares.isEmpty else { return }
        let slots = self.slots
        self.recentShares.retain { connection, work in
            slots.contains { slot in
                slot.job.connection == connection && slot.job.work == work
                    && (connection != clean.connection || slot.job.epoch == clean.epoch)
            }
        }
    }

    /// True when vardiff wants another difficulty than the current job's: a new issue of the job is due.
    package mutating func needsNewDifficulty(now: NIODeadline) -> Bool {
        guard let difficulty = self.difficulty, let job = self.slots.last?.job else { return false }
        let isDue = self.vardiff.retarget(current: difficulty, poolDifficulty: job.upstream.difficulty, now: now)
        // Otherwise it comes with the pool's next job.
        return isDue && self.settings.dialect.renewsWork
    }
}
