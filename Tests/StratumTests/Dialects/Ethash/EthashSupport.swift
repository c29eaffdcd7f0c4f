import NIOCore
import Stratum
import Testing

/// Headers and seeds of the protocols' notes.
enum EthashSample {
    static let header = "645cf20198c2f3861e947d4f67e3ab63b7b2e24dcc9095bd9123e7b33371f6cc"
    static let header2 = "645cf20198c2f3861e947d4f67e3ab63b7b2e24dcc9095bd9123e7b33371f6cd"
    /// Keccak-256 of 32 zero bytes: epoch 1.
    static let seed = "290decd9548b62a8d60345a988386fc84ba6bc95484008f6362f93160ef3e563"
    static let target = "0000000112e0be826d694b2e62d01511f12a6061fbaec8bc02357593e70e52ba"
    static let mix = "0ad8f2d9f1b9c5d3a7e6b8c4f2a1d0e9c8b7a6f5e4d3c2b1a09f8e7d6c5b4a39"
    static let wallet = "0x00d8c82Eb65124Ea3452CaC59B64aCC230AA3482"

    static func work(
        id: String = "bf0488aa",
        flavor: EthashFlavor = .stratum1,
        header: String = Self.header,
        seed: String? = Self.seed,
        epoch: Int? = nil,
        algorithm: String? = nil,
        height: Int? = nil,
        difficulty: Double? = nil,
        extranonce: [UInt8] = [],
        isClean: Bool = true
    ) throws -> EthashWork {
        EthashWork(
            id: id,
            flavor: flavor,
            header: try #require(Hash256(displayHex: header)),
            seed: try seed.map { try #require(Hash256(displayHex: $0)) },
            epoch: epoch,
            algorithm: algorithm,
            height: height,
            target: try difficulty.map { Target(difficulty: $0) } ?? Target(#require(Hash256(displayHex: Self.target))),
            stratumDifficulty: difficulty,
            extranonce: extranonce,
            isClean: isClean,
            block: [1]
        )
    }
}

/// A miner's conversation with what it writes as text.
struct EthashMinerProbe {
    var dialogue: any MinerDialogue = EthashMinerDialogue(settings: MinerDialogueSettings())
    var surroundings = MinerSurroundings(commonMask: 0, entryMask: 0)
    var step: MinerStep?

    /// What the dialogue writes upon a line; its step is in ``step``.
    mutating func send(_ text: String) throws -> String {
        var output = ByteBuffer()
        self.step = try self.dialogue.received(line(text), in: self.surroundings, into: &output)
        return String(buffer: output)
    }

    mutating func write(_ body: (inout any MinerDialogue, inout ByteBuffer) -> Void) -> String {
        var output = ByteBuffer()
        body(&self.dialogue, &output)
        return String(buffer: output)
    }

    /// What goes out for a job, the shared line last.
    mutating func deliver(
        _ work: EthashWork, jobID: String, _ grant: NonceGrant, isClean: Bool = true,
        algorithm: EthashAlgorithm = .ethash
    ) -> String {
        self.deliver(EthashIssue(work, jobID: jobID, algorithm: algorithm), grant, isClean: isClean)
    }

    mutating func deliver(_ issue: EthashIssue, _ grant: NonceGrant, isClean: Bool = true) -> String {
        var output = ByteBuffer()
        let delivery = JobDelivery(
            work: issue,
            upstream: issue.work.upstreamJob,
            grant: grant,
            difficulty: issue.work.upstreamJob.difficulty,
            isNewDifficulty: true,
            isClean: isClean,
            commonMask: 0
        )
        if let shared = self.dialogue.deliver(delivery, into: &output) { output.writeImmutableBuffer(shared) }
        return String(buffer: output)
    }

    mutating func judge(_ submission: Submission, _ issue: EthashIssue, _ grant: NonceGrant) -> Judgement {
        self.dialogue.judge(
            submission,
            JudgingContext(
                work: issue,
                upstream: issue.work.upstreamJob,
                grant: grant,
                difficulty: issue.work.upstreamJob.difficulty,
                versionMask: 0,
                unixTime: 1_800_000_000
            )
        )
    }
}

/// A conversation with a pool with what it writes as text, and a clock.
struct EthashPoolProbe {
    var dialogue: any PoolDialogue
    var now = NIODeadline.uptimeNanoseconds(0)
    var event: PoolEvent?

    init(_ flavor: EthashFlavor, user: String? = "\(EthashSample.wallet).rig1", sessionID: String? = nil) throws {
        self.dialogue = try EthashDialect(DialectOptions()).makePoolDialogue(
            PoolDialogueSettings(
                user: user,
                password: "x",
                userAgent: "router/1.0",
                sessionID: sessionID,
                handshakeTimeout: .seconds(10),
                questionTimeout: .seconds(3),
                options: DialectOptions(["flavor": flavor.rawValue])
            )
        )
    }

    mutating func connect() -> String {
        var output = ByteBuffer()
        self.event = self.dialogue.connected(now: self.now, into: &output)
        return String(buffer: output)
    }

    mutating func receive(_ text: String) -> String {
        var output = ByteBuffer()
        self.event = self.dialogue.received(line(text), now: self.now, into: &output)
        return String(buffer: output)
    }

    mutating func authorize(_ user: String) -> String {
        var output = ByteBuffer()
        self.dialogue.authorize(user: user, password: "x", now: self.now, into: &output)
        return String(buffer: output)
    }

    mutating func pass(_ seconds: Int64) -> String {
        var output = ByteBuffer()
        self.now = self.now + .seconds(seconds)
        self.event = self.dialogue.tick(now: self.now, into: &output)
        return String(buffer: output)
    }

    mutating func submit(_ share: PoolShare, user: String = "\(EthashSample.wallet).rig1") -> (Int?, String) {
        var output = ByteBuffer()
        let request = self.dialogue.submit(share, user: user, into: &output)
        return (request, String(buffer: output))
    }

    /// The job in the last event; nil if it brought none.
    var job: UpstreamJob? {
        switch self.event {
        case .ready(let job), .job(let job): job
        default: nil
        }
    }

    var work: EthashWork? { self.job?.work as? EthashWork }
    var terms: PoolTerms? { if case .subscribed(let terms) = self.event { terms } else { nil } }
    var failure: LinkFailure? { if case .failed(let failure) = self.event { failure } else { nil } }
    var verdict: PoolVerdict? { if case .verdict(_, let verdict) = self.event { verdict } else { nil } }
    var isReadyEvent: Bool { if case .ready = self.event { true } else { false } }
    var hasOverstepped: Bool { if case .overstepped = self.event { true } else { false } }
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
    try text.split(separator: "\n").map { try #require(try JSONValue(parsing: line(String($0))).object) }
}
