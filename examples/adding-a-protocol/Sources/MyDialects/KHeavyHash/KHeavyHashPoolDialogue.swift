import NIOCore
import Stratum

/// One connection to a pool.
struct KHeavyHashPoolDialogue: HandshakeDialogue {
    var handshake: PoolHandshake
    // For the jobs that follow.
    private var extranonce: [UInt8] = []
    private var difficulty = 1.0
    private var jobCount: UInt64 = 0
    private var block: [UInt8] = []

    /// Every so many jobs one voids those before it.
    private static let cleanInterval: UInt64 = 512

    init(_ settings: PoolDialogueSettings) {
        self.handshake = PoolHandshake(settings)
    }

    // MARK: What the router does

    mutating func connected(now: NIODeadline, into output: inout ByteBuffer) -> PoolEvent? {
        guard self.handshake.step == .idle else { return nil }
        let request = self.handshake.begin(.subscribing, now: now)
        let userAgent = self.handshake.settings.userAgent
        MessageEncoder.subscribe(id: request, userAgent: userAgent, sessionID: nil, into: &output)
        return nil
    }

    func writeShare(_ share: PoolShare, user: String, request: Int, into output: inout ByteBuffer) {
        MessageEncoder.kHeavyHashSubmit(id: request, share, user: user, into: &output)
    }

    // MARK: What the pool says

    mutating func received(
        message line: ByteBuffer, now: NIODeadline, into output: inout ByteBuffer
    ) throws(StratumError) -> PoolEvent? {
        let message = try KHeavyHashMessage(line)
        switch message.method {
        case nil:
            return self.receivedReply(message.response, to: message.id, into: &output)
        case "set_extranonce", "mining.set_extranonce":
            guard let text = message.parameters.value(at: 0).string,
                let extranonce = Hex.decode(text, maximumCount: 7)
            else {
                return self.handshake.malformed("no extranonce of 0 to 7 bytes")
            }
            self.extranonce = extranonce
            self.handshake.understood()
        case "mining.set_difficulty":
            guard let difficulty = message.parameters.value(at: 0).number, PoolDifficulty.isPossible(difficulty) else {
                return self.handshake.impossible("mining.set_difficulty: no difficulty")
            }
            self.difficulty = difficulty
            self.handshake.named()
        case "mining.notify":
            guard let job = self.job(message) else { return self.handshake.malformed("no job") }
            return self.handshake.received(job)
        default:
            break
        }
        return nil
    }

    private mutating func receivedReply(
        _ response: PoolResponse, to id: MessageID, into output: inout ByteBuffer
    ) -> PoolEvent? {
        switch self.handshake.reply(to: id) {
        case .step(.subscribing):
            // What the result says varies, and none of it is needed.
            guard response.error == .null || response.error == .bool(false) else {
                return self.handshake.fail(.subscribeRefused, response.rejection?.message ?? "")
            }
            self.subscribed(into: &output)
            return .subscribed(PoolTerms(room: nil, summary: "extranonce comes with the first job"))
        case .step(.authorizing):
            return self.handshake.authorized(unless: response.rejection)
        case .other(let request):
            return .verdict(request: request, response.verdict)
        case .step, nil:
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
}
