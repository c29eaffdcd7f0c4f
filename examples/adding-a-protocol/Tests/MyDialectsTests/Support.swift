import MyDialects
import NIOCore
import Stratum
import Testing

/// A conversation with a miner of kHeavyHash, with what it writes as text.
struct MinerProbe {
    var dialogue: any MinerDialogue
    var step: MinerStep?

    init(_ options: [String: String] = [:]) throws {
        self.dialogue = try KHeavyHashDialect(DialectOptions(options)).makeMinerDialogue(MinerDialogueSettings())
    }

    /// What the dialogue writes upon a line; its step is in ``step``.
    mutating func send(_ text: String) throws -> String {
        var output = ByteBuffer()
        let surroundings = MinerSurroundings(commonMask: 0, entryMask: 0)
        self.step = try self.dialogue.received(ByteBuffer(string: text), in: surroundings, into: &output)
        return String(buffer: output)
    }

    mutating func write(_ body: (inout any MinerDialogue, inout ByteBuffer) -> Void) -> String {
        var output = ByteBuffer()
        body(&self.dialogue, &output)
        return String(buffer: output)
    }

    /// Subscribed, authorised, and told its extranonce.
    mutating func enter(_ grant: NonceGrant) throws {
        _ = try self.send(#"{"id":1,"method":"mining.subscribe","params":["BzMiner-v13"]}"#)
        _ = self.write { $0.subscribed(grant, request: .integer(1), sessionID: "5f", into: &$1) }
        _ = try self.send(#"{"id":2,"method":"mining.authorize","params":["kaspa:w.rig","x"]}"#)
        _ = self.write { $0.authorized(true, request: .integer(2), into: &$1) }
    }

    /// What goes out for a job, the line that all miners get last.
    mutating func deliver(_ job: IssuedSample, _ grant: NonceGrant) -> String {
        let delivery = JobDelivery(
            work: job.issue, upstream: job.upstream, grant: grant, difficulty: job.upstream.difficulty,
            isNewDifficulty: false, isClean: true, commonMask: 0
        )
        return self.write { dialogue, output in
            guard let line = dialogue.deliver(delivery, into: &output) else { return }
            output.writeImmutableBuffer(line)
        }
    }

    mutating func judge(_ submission: Submission, _ job: IssuedSample, _ grant: NonceGrant) -> Judgement {
        self.dialogue.judge(
            submission,
            JudgingContext(
                work: job.issue, upstream: job.upstream, grant: grant, difficulty: job.upstream.difficulty,
                versionMask: 0, unixTime: 1_800_000_000
            )
        )
    }

    /// A submit of these digits, judged.
    mutating func submit(_ nonce: String, _ job: IssuedSample, _ grant: NonceGrant) throws -> Judgement? {
        _ = try self.send(#"{"id":9,"method":"mining.submit","params":["kaspa:w.rig","a1","\#(nonce)"]}"#)
        return self.step?.submission.map { self.judge($0, job, grant) }
    }
}

/// A job that a pool has sent, and its issue.
struct IssuedSample {
    var upstream: UpstreamJob
    var issue: any IssuedWork

    init(_ upstream: UpstreamJob) throws {
        self.upstream = upstream
        let request = IssueRequest(
            jobID: "a1", layout: NonceLayout(total: 1), issuedBefore: 0, age: 0, lastNtime: 0
        )
        self.issue = try #require(KHeavyHashDialect(DialectOptions()).issue(upstream, request))
    }

    /// What a share of the miner is to the pool.
    func share(_ submission: Submission, _ grant: NonceGrant) -> PoolShare {
        PoolShare(
            jobID: self.upstream.work.id,
            padding: self.issue.padding,
            prefix: grant.prefix,
            found: submission.found
        )
    }
}

/// A conversation with a pool of kHeavyHash, with what it writes as text, and a clock.
struct PoolProbe {
    var dialogue: any PoolDialogue
    var now = NIODeadline.uptimeNanoseconds(0)
    var event: PoolEvent?

    static let notify = #"{"id":7,"jsonrpc":"2.0","method":"mining.notify","params":["12",[1,2,3,4],1800000000123]}"#

    init(user: String? = "kaspa:w.rig") throws {
        self.dialogue = try KHeavyHashDialect(DialectOptions()).makePoolDialogue(
            PoolDialogueSettings(
                user: user, password: "x", userAgent: "router/1.0", handshakeTimeout: .seconds(10),
                questionTimeout: .seconds(3)
            )
        )
    }

    /// Connected and ready, with a job under this extranonce.
    static func ready(extranonce: String = "0029", notify: String = Self.notify) throws -> PoolProbe {
        var pool = try PoolProbe()
        _ = pool.connect()
        _ = pool.receive(#"{"id":1,"result":[true,"EthereumStratum/1.0.0"],"error":null}"#)
        _ = pool.receive(#"{"id":2,"result":true,"error":null}"#)
        _ = pool.receive(#"{"id":null,"method":"set_extranonce","params":["\#(extranonce)"]}"#)
        _ = pool.receive(notify)
        #expect(pool.dialogue.isReady)
        return pool
    }

    mutating func connect() -> String {
        var output = ByteBuffer()
        self.event = self.dialogue.connected(now: self.now, into: &output)
        return String(buffer: output)
    }

    mutating func receive(_ text: String) -> String {
        var output = ByteBuffer()
        self.event = self.dialogue.received(ByteBuffer(string: text), now: self.now, into: &output)
        return String(buffer: output)
    }

    mutating func authorize(_ user: String) -> String {
        var output = ByteBuffer()
        self.dialogue.authorize(user: user, password: "x", now: self.now, into: &output)
        return String(buffer: output)
    }

    mutating func pass(_ time: TimeAmount) -> String {
        var output = ByteBuffer()
        self.now = self.now + time
        self.event = self.dialogue.tick(now: self.now, into: &output)
        return String(buffer: output)
    }

    mutating func submit(_ share: PoolShare) -> (request: Int?, text: String) {
        var output = ByteBuffer()
        let request = self.dialogue.submit(share, user: "kaspa:w.rig", into: &output)
        return (request, String(buffer: output))
    }

    /// The job in the last event; nil if it brought none.
    var job: UpstreamJob? {
        switch self.event {
        case .ready(let job), .job(let job): job
        default: nil
        }
    }

    var failure: LinkFailure? { if case .failed(let failure) = self.event { failure } else { nil } }
    var verdict: PoolVerdict? { if case .verdict(_, let verdict) = self.event { verdict } else { nil } }
    var isOverstepped: Bool { if case .overstepped = self.event { true } else { false } }
}

extension MinerStep {
    var submission: Submission? { if case .submit(_, let submission) = self { submission } else { nil } }
    var malformed: Rejection? { if case .malformedSubmit(_, let rejection) = self { rejection } else { nil } }
}

extension Judgement {
    var key: ShareKey? { if case .judged(let work) = self { work.key } else { nil } }
    var rejection: Rejection? { if case .malformed(let rejection) = self { rejection } else { nil } }
}

/// The members of each line of `text`.
func objects(_ text: String) throws -> [JSONObject] {
    try text.split(separator: "\n").map { try #require(try JSONValue(parsing: ByteBuffer(string: String($0))).object) }
}

/// SplitMix64: the same numbers for the same seed, everywhere.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        self.state = seed
    }

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = self.state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
