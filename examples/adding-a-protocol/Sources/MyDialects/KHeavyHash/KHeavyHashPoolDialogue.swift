import NIOCore
import Stratum

/// One connection to a pool.
///
/// ```
/// subscribing → authorizing → awaitingJob → ready
///      └─────────────┴────────────┴───────────┴──→ failed
/// ```
/// Without a user it stops after `subscribing` in `subscribed` and waits for one.
struct KHeavyHashPoolDialogue: PoolDialogue {
    private enum Step: Equatable {
        case idle
        case subscribing(request: Int)
        case subscribed
        case authorizing(request: Int)
        case awaitingJob
        case ready
        case failed
    }

    private let settings: PoolDialogueSettings
    private var step = Step.idle
    private var nextRequest = 1
    private var deadline: NIODeadline?
    private var malformedInARow = 0
    // For the jobs that follow.
    private var extranonce: [UInt8] = []
    private var difficulty = 1.0
    /// The latest job, kept while the pool has not taken the user.
    private var heldJob: UpstreamJob?
    private var jobCount: UInt64 = 0
    private var block: [UInt8] = []

    private static let malformedLimit = 5
    /// Every so many jobs one voids those before it.
    private static let cleanInterval: UInt64 = 512
    /// Far beyond any network's.
    private static let difficultyLimit = 1e18

    init(_ settings: PoolDialogueSettings) {
        self.settings = settings
    }

    var isReady: Bool { self.step == .ready }
    var openQuestion: String? { nil }
    var sessionID: String? { nil }

    // MARK: What the router does

    mutating func connected(now: NIODeadline, into output: inout ByteBuffer) -> PoolEvent? {
        guard self.step == .idle else { return nil }
        self.deadline = now + self.settings.handshakeTimeout
        let request = self.takeRequest()
        self.step = .subscribing(request: request)
        MessageEncoder.subscribe(id: request, userAgent: self.settings.userAgent, sessionID: nil, into: &output)
        return nil
    }

    mutating func authorize(user: String, password: String, now: NIODeadline, into output: inout ByteBuffer) {
        guard self.step == .subscribed else { return }
        self.deadline = now + self.settings.handshakeTimeout
        self.sendAuthorize(user: user, password: password, into: &output)
    }

    mutating func submit(_ share: PoolShare, user: String, into output: inout ByteBuffer) -> Int? {
        guard self.isReady else { return nil }
        let request = self.takeRequest()
        MessageEncoder.kHeavyHashSubmit(id: request, share, user: user, into: &output)
        return request
    }

    mutating func tick(now: NIODeadline, into output: inout ByteBuffer) -> PoolEvent? {
        guard let deadline = self.deadline, now >= deadline, self.step != .failed else { return nil }
        return self.fail(.handshakeTimeout, "no job in time")
    }

    // MARK: What the pool says

    mutating func received(_ line: ByteBuffer, now: NIODeadline, into output: inout ByteBuffer) -> PoolEvent? {
        guard self.step != .failed else { return nil }
        guard let message = try? KHeavyHashMessage(line) else { return self.malformed("no message") }
        switch message.method {
        case nil:
            guard case .integer(let id) = message.id, let request = Int(exactly: id) else { return nil }
            return self.receivedReply(message.response, to: request, into: &output)
        case "set_extranonce", "mining.set_extranonce":
            guard let text = message.parameters.value(at: 0).string,
                let extranonce = Hex.decode(text, maximumCount: 7)
            else {
                return self.malformed("no extranonce of 0 to 7 bytes")
            }
            self.extranonce = extranonce
        case "mining.set_difficulty":
            guard let difficulty = message.parameters.value(at: 0).number,
                difficulty > 0, difficulty <= Self.difficultyLimit
            else {
                return self.malformed("no difficulty")
            }
            self.difficulty = difficulty
        case "mining.notify":
            guard let job = self.job(message) else { return self.malformed("no job") }
            return self.received(job)
        default:
            return nil
        }
        self.malformedInARow = 0
        return nil
    }

    private mutating func receivedReply(
        _ response: PoolResponse, to request: Int, into output: inout ByteBuffer
    ) -> PoolEvent? {
        self.malformedInARow = 0
        switch self.step {
        case .subscribing(request):
            // What the result says varies, and none of it is needed.
            guard response.error == .null || response.error == .bool(false) else {
                return self.fail(.subscribeRefused, response.rejection?.message ?? "")
            }
            if let user = self.settings.user {
                self.sendAuthorize(user: user, password: self.settings.password, into: &output)
            } else {
                self.step = .subscribed
                self.deadline = nil
            }
            return .subscribed(PoolTerms(room: nil, summary: "extranonce comes with the first job"))
        case .authorizing(request):
            if let rejection = response.rejection { return self.fail(.authorizationRefused, rejection.message) }
            self.step = .awaitingJob
            return self.heldJob.map { self.becomeReady($0) }
        case .ready:
            return .verdict(request: request, response.rejection.map { .rejected($0) } ?? .accepted)
        case .idle, .subscribing, .subscribed, .authorizing, .awaitingJob, .failed:
            return nil
        }
    }

    /// Ten blocks a second void nothing: a pool takes shares of its last few hundred jobs, and does not name a job that
    /// voids the others. Yet some have to, since prefixes of miners that left are given out again after such a job.
    private mutating func job(_ message: KHeavyHashMessage) -> UpstreamJob? {
        guard let job = message.job else { return nil }
        let isClean = self.jobCount.isMultiple(of: Self.cleanInterval)
        self.jobCount &+= 1
        if isClean { self.block = Hash256(job.header[0], job.header[1], job.header[2], job.header[3]).bytes }
        let work = KHeavyHashWork(
            id: job.id,
            header: job.header,
            timestamp: job.timestamp,
            extranonce: self.extranonce,
            isClean: isClean,
            block: self.block
        )
        return work.upstreamJob(difficulty: self.difficulty)
    }

    private mutating func received(_ job: UpstreamJob) -> PoolEvent? {
        self.malformedInARow = 0
        switch self.step {
        case .ready:
            return .job(job)
        case .awaitingJob:
            return self.becomeReady(job)
        case .subscribed, .authorizing:
            self.heldJob = job
            return nil
        case .idle, .subscribing, .failed:
            return nil
        }
    }

    // MARK: Steps

    private mutating func sendAuthorize(user: String, password: String, into output: inout ByteBuffer) {
        let request = self.takeRequest()
        self.step = .authorizing(request: request)
        MessageEncoder.authorize(id: request, user: user, password: password, into: &output)
    }

    private mutating func becomeReady(_ job: UpstreamJob) -> PoolEvent {
        self.step = .ready
        self.deadline = nil
        self.heldJob = nil
        return .ready(job)
    }

    /// Now and then that is survived, in a row it is not.
    private mutating func malformed(_ detail: String) -> PoolEvent {
        self.malformedInARow += 1
        guard self.malformedInARow >= Self.malformedLimit else { return .overstepped(detail) }
        return self.fail(.protocolViolation, "\(self.malformedInARow) malformed lines in a row, last: \(detail)")
    }

    private mutating func fail(_ kind: LinkFailure.Kind, _ detail: String) -> PoolEvent {
        self.step = .failed
        return .failed(LinkFailure(kind, detail))
    }

    private mutating func takeRequest() -> Int {
        defer { self.nextRequest += 1 }
        return self.nextRequest
    }
}
