public import NIOCore

/// What a conversation with a miner begins with.
public struct MinerDialogueSettings: Sendable {
    /// Bits of the block version that miners of the route may roll.
    public var versionMask: UInt32

    public init(versionMask: UInt32 = 0) {
        self.versionMask = versionMask
    }
}

/// What a dialogue needs to know of the pools when a miner asks.
public struct MinerSurroundings: Sendable {
    /// Version bits that all known pools of the route let miners roll.
    public var commonMask: UInt32
    /// Those of the pools that carry the load.
    public var entryMask: UInt32
    /// The kinds of miners that the known pools of the route have work for, together: bits as in
    /// ``UpstreamJob/kinds``. All of them while no pool is known.
    public var kinds: UInt8

    public init(commonMask: UInt32, entryMask: UInt32, kinds: UInt8 = .max) {
        self.commonMask = commonMask
        self.entryMask = entryMask
        self.kinds = kinds
    }
}

/// One miner's conversation: its lines in; replies, and at most one step for the router, out.
///
/// Requests that concern nobody else are answered at once. Those that the router must decide are returned as a
/// ``MinerStep`` and answered by one of the functions here.
public protocol MinerDialogue: Sendable {
    /// One bit: which pools can give this miner work (``UpstreamJob/kinds``). 1 where there is but one kind.
    var kind: UInt8 { get }
    /// The miner's nonces begin with bytes of the pool, so that a move to another pool changes what it must be told
    /// (``changeNonce(_:into:)``). False: what it was told at first serves for all pools.
    var followsPool: Bool { get }
    /// The miner takes another slice of nonce space while it is connected.
    var canChangeNonce: Bool { get }
    /// A miner that comes back can name its former session. False: nothing is kept for its return.
    var canResume: Bool { get }
    /// There is nothing more to say, as for a miner that does not know the job's algorithm: to be closed.
    var isOver: Bool { get }
    /// The version bits that the miner was last allowed to roll.
    var versionMask: UInt32 { get }

    /// Which prefixes a miner like this one may be given.
    func prefixes(layout: NonceLayout) -> PrefixRange

    /// One line, without its end. Throws if it is no message of any kind.
    mutating func received(
        _ line: ByteBuffer,
        in surroundings: MinerSurroundings,
        into output: inout ByteBuffer
    ) throws(StratumError) -> MinerStep?

    /// Answers ``MinerStep/subscribe(request:userAgent:sessionID:)`` or ``MinerStep/login(_:)``: the miner has its nonce.
    /// - Parameter sessionID: by which it may resume its work later.
    mutating func subscribed(
        _ grant: NonceGrant, request: MessageID, sessionID: String, into output: inout ByteBuffer
    )
    /// Answers ``MinerStep/authorize(request:user:password:)`` or ``MinerStep/login(_:)``.
    mutating func authorized(_ isWelcome: Bool, request: MessageID, into output: inout ByteBuffer)
    /// Refuses any other request.
    func refuse(_ request: MessageID, _ rejection: Rejection, into output: inout ByteBuffer)
    /// Answers a submit.
    func answer(_ reply: SubmitReply, to request: MessageID, into output: inout ByteBuffer)

    /// Hands the miner a job: writes what must go before it, and the job itself unless its line is the same for all
    /// miners of the link. Returns that line, to be sent right after.
    mutating func deliver(_ delivery: JobDelivery, into output: inout ByteBuffer) -> ByteBuffer?
    /// Tells the miner another slice of nonce space. The next job is a clean one. Only if ``canChangeNonce``.
    mutating func changeNonce(_ grant: NonceGrant, into output: inout ByteBuffer)
    /// Asks the miner to connect again.
    mutating func reconnect(into output: inout ByteBuffer)

    /// Judges a share on its own: its form, its hash, what it is worth.
    mutating func judge(_ submission: Submission, _ context: JudgingContext) -> Judgement
}

extension MinerDialogue {
    public var kind: UInt8 { 1 }
    public var followsPool: Bool { false }
    public var canChangeNonce: Bool { false }
    public var canResume: Bool { true }
    public var isOver: Bool { false }
    public var versionMask: UInt32 { 0 }
    public mutating func changeNonce(_ grant: NonceGrant, into output: inout ByteBuffer) {}
}

/// What a miner's line asks of the router.
public enum MinerStep: Sendable {
    /// To be answered by ``MinerDialogue/subscribed(_:request:sessionID:into:)``. `sessionID` is a former session to
    /// resume, never empty.
    case subscribe(request: MessageID, userAgent: String, sessionID: String?)
    /// To be answered by ``MinerDialogue/authorized(_:request:into:)``.
    case authorize(request: MessageID, user: String, password: String)
    /// Both at once: ``MinerDialogue/authorized(_:request:into:)``, and if it is welcome
    /// ``MinerDialogue/subscribed(_:request:sessionID:into:)`` before it.
    case login(MinerLogin)
    /// To be answered by ``MinerDialogue/answer(_:to:into:)``.
    case submit(request: MessageID, Submission)
    /// A submit that cannot be a share; to be answered with this refusal.
    case malformedSubmit(request: MessageID, Rejection)
    /// The miner would like this difficulty, finite and above zero.
    case suggestDifficulty(Double)
    /// It says what no miner of this dialect says; nothing was answered.
    case unknown(request: MessageID, method: String)
    /// The conversation is over.
    case leave(String)
}

/// A request that subscribes and authorises.
public struct MinerLogin: Sendable {
    public var request: MessageID
    public var user: String
    public var password: String
    public var userAgent: String
    /// A former session to resume, never empty.
    public var sessionID: String?
    /// The miner would like this difficulty, finite and above zero.
    public var suggestedDifficulty: Double?

    public init(
        request: MessageID,
        user: String,
        password: String,
        userAgent: String,
        sessionID: String? = nil,
        suggestedDifficulty: Double? = nil
    ) {
        self.request = request
        self.user = user
        self.password = password
        self.userAgent = userAgent
        self.sessionID = sessionID
        self.suggestedDifficulty = suggestedDifficulty
    }
}

/// A miner's answer to one submit.
public enum SubmitReply: Sendable, Hashable {
    case accepted
    case refused(Rejection)
}

/// A job for one miner.
public struct JobDelivery: Sendable {
    public var work: any IssuedWork
    public var upstream: UpstreamJob
    public var grant: NonceGrant
    /// What the miner's shares must meet for this job.
    public var difficulty: Double
    /// It is not that of the job before.
    public var isNewDifficulty: Bool
    /// What the miner has been working on is void.
    public var isClean: Bool
    /// Version bits that all known pools of the route let miners roll.
    public var commonMask: UInt32

    public init(
        work: any IssuedWork,
        upstream: UpstreamJob,
        grant: NonceGrant,
        difficulty: Double,
        isNewDifficulty: Bool,
        isClean: Bool,
        commonMask: UInt32
    ) {
        self.work = work
        self.upstream = upstream
        self.grant = grant
        self.difficulty = difficulty
        self.isNewDifficulty = isNewDifficulty
        self.isClean = isClean
        self.commonMask = commonMask
    }
}
