import NIOCore
import Stratum

/// A conversation that did not go as a test needs it.
struct UnexpectedConversation: Error {
    var what: String
}

let allHashes = String(repeating: "f", count: 64)

/// A link to a pool of which the test writes the lines.
struct EquihashLink {
    let dialect: EquihashDialect
    var pool: any PoolDialogue
    /// What the router has sent.
    var output = ByteBuffer()

    static let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

    init(_ options: [String: String] = [:], pool poolOptions: [String: String] = [:], user: String? = "t1.w") throws {
        self.dialect = try EquihashDialect(DialectOptions(options))
        self.pool = self.dialect.makePoolDialogue(
            PoolDialogueSettings(
                user: user,
                password: "x",
                userAgent: "router/1",
                handshakeTimeout: .seconds(10),
                questionTimeout: .seconds(1),
                options: DialectOptions(poolOptions)
            )
        )
    }

    mutating func receive(_ text: String) -> PoolEvent? {
        self.pool.received(line(text), now: Self.start, into: &self.output)
    }

    /// The handshake up to the authorisation, with this NONCE_1.
    mutating func open(nonce1: String) {
        _ = self.pool.connected(now: Self.start, into: &self.output)
        _ = self.receive("{\"id\":1,\"result\":[\"s\",\"\(nonce1)\"],\"error\":null}")
        _ = self.receive("{\"id\":2,\"result\":true,\"error\":null}")
    }

    /// The job that the pool announces with this target.
    mutating func job(target: String = allHashes, _ params: [JSONValue]) throws -> UpstreamJob {
        _ = self.receive("{\"id\":null,\"method\":\"mining.set_target\",\"params\":[\"\(target)\"]}")
        let event = self.receive("{\"id\":null,\"method\":\"mining.notify\",\"params\":\(json(.array(params)))}")
        switch event {
        case .ready(let job), .job(let job): return job
        default: throw UnexpectedConversation(what: "\(String(describing: event))")
        }
    }

    func issue(_ job: UpstreamJob, jobID: String, issuedBefore: UInt64 = 0, lastNtime: UInt32 = 0) throws
        -> any IssuedWork
    {
        let request = IssueRequest(
            jobID: jobID, layout: EquihashNonce.layout, issuedBefore: issuedBefore, age: 0, lastNtime: lastNtime
        )
        guard let work = self.dialect.issue(job, request) else { throw UnexpectedConversation(what: "no issue") }
        return work
    }

    /// The parameters of the `mining.submit` by which a share goes to the pool.
    mutating func forward(_ submission: Submission, _ job: UpstreamJob, _ work: any IssuedWork, _ grant: NonceGrant)
        throws -> [JSONValue]
    {
        self.output = ByteBuffer()
        let share = PoolShare(
            jobID: job.work.id,
            padding: work.padding,
            prefix: grant.prefix,
            found: submission.found
        )
        guard self.pool.submit(share, user: "t1addr.rig", into: &self.output) != nil else {
            throw UnexpectedConversation(what: "the link is not ready")
        }
        return try parameters(of: self.output)
    }
}

/// A session of which the test writes the miner's lines.
struct EquihashSession {
    var miner: any MinerDialogue
    let grant: NonceGrant
    /// What the router has sent.
    var output = ByteBuffer()

    init(_ dialect: EquihashDialect, base: [UInt8], prefix: [UInt8]) {
        self.miner = dialect.makeMinerDialogue(MinerDialogueSettings())
        self.grant = NonceGrant(space: 0, prefix: prefix, layout: EquihashNonce.layout, base: base)
    }

    mutating func receive(_ text: String) throws -> MinerStep? {
        let surroundings = MinerSurroundings(commonMask: 0, entryMask: 0)
        return try self.miner.received(line(text), in: surroundings, into: &self.output)
    }

    /// Subscribes and returns the NONCE_1 that the miner was told.
    mutating func subscribe() throws -> String {
        guard
            case .subscribe(let request, _, _) = try self.receive(
                #"{"id":1,"method":"mining.subscribe","params":["m/1",null,"h",1]}"#)
        else { throw UnexpectedConversation(what: "no subscription") }
        self.output = ByteBuffer()
        self.miner.subscribed(self.grant, request: request, sessionID: "abcd", into: &self.output)
        guard case .array(let result)? = try object(self.output)["result"], let nonce1 = result.value(at: 1).string
        else { throw UnexpectedConversation(what: "no NONCE_1") }
        return nonce1
    }

    /// The lines that hand the miner a job.
    mutating func deliver(
        _ work: any IssuedWork, _ job: UpstreamJob, difficulty: Double? = nil, isNew: Bool = false, isClean: Bool = true
    ) -> [String] {
        var buffer = ByteBuffer()
        let delivery = JobDelivery(
            work: work,
            upstream: job,
            grant: self.grant,
            difficulty: difficulty ?? job.difficulty,
            isNewDifficulty: isNew,
            isClean: isClean,
            commonMask: 0
        )
        let line = self.miner.deliver(delivery, into: &buffer)
        return (String(buffer: buffer) + String(buffer: line ?? ByteBuffer())).split(separator: "\n").map(String.init)
    }

    mutating func submission(_ params: [JSONValue]) throws -> Submission {
        let text = "{\"id\":4,\"method\":\"mining.submit\",\"params\":\(json(.array(params)))}"
        guard case .submit(_, let submission) = try self.receive(text) else {
            throw UnexpectedConversation(what: "not taken for a share: \(text)")
        }
        return submission
    }

    mutating func judge(
        _ submission: Submission, _ work: any IssuedWork, _ job: UpstreamJob, difficulty: Double? = nil
    ) -> Judgement {
        self.miner.judge(
            submission,
            JudgingContext(
                work: work,
                upstream: job,
                grant: self.grant,
                difficulty: difficulty ?? job.difficulty,
                versionMask: 0,
                unixTime: 1_800_000_000
            )
        )
    }
}

/// The one object in `buffer`.
func object(_ buffer: ByteBuffer) throws -> JSONObject {
    guard let object = try JSONValue(parsing: buffer).object else { throw UnexpectedConversation(what: "no object") }
    return object
}

func object(_ text: String) throws -> JSONObject { try object(line(text)) }

/// The parameters of the request in `buffer`.
func parameters(of buffer: ByteBuffer) throws -> [JSONValue] {
    guard let params = try object(buffer)["params"]?.array else { throw UnexpectedConversation(what: "no parameters") }
    return params
}
