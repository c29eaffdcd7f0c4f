import NIOCore
import Stratum
import Testing

/// Jobs, lines and the two dialogues as the tests of this dialect use them.
enum CryptoNoteSamples {
    static let blob =
        "0100f2fbf1ae05e778512836d3268c95b53004002f8bf0b4e591dd6c903e362012b60a6eaf64cc00000000"
        + "26f3436334364896a4dce0864798a16a137b9b5dc47a39f00a3a75077e8f14d102"
    static let previousID = "e778512836d3268c95b53004002f8bf0b4e591dd6c903e362012b60a6eaf64cc"
    static let seed = "418015bb9ae982a1975da7d79277c2705727a56894ba0fb246adaabb1f4632e3"
    /// Difficulty 7499.
    static let result = "1b3f259aafb85c553198c2ad92392e816a8c030ac84305b89c932c8723bd0800"

    static func job(
        _ id: String = "j1", blob: String = Self.blob, target: String = "711b0d00", algo: String = "rx/0",
        height: Int = 100, more: String = ""
    ) -> String {
        #"{"blob":"\#(blob)","job_id":"\#(id)","target":"\#(target)","algo":"\#(algo)","height":\#(height),"#
            + #""seed_hash":"\#(Self.seed)"\#(more)}"#
    }

    static func notification(_ job: String) -> String {
        #"{"jsonrpc":"2.0","method":"job","params":\#(job)}"#
    }

    static func loginReply(
        id: Int = 1, job: String? = Self.job(), session: String = "pool-session", extensions: String = ""
    ) -> String {
        let member = job.map { #","job":\#($0)"# } ?? ""
        return
            #"{"id":\#(id),"jsonrpc":"2.0","error":null,"result":{"id":"\#(session)"\#(member),"#
            + #""extensions":[\#(extensions)],"status":"OK"}}"#
    }

    static func submit(
        id: Int = 2, session: String = "s", job: String = "1f", nonce: String = "95565503",
        result: String = Self.result, more: String = ""
    ) -> String {
        #"{"id":\#(id),"jsonrpc":"2.0","method":"submit","params":{"id":"\#(session)","job_id":"\#(job)","#
            + #""nonce":"\#(nonce)","result":"\#(result)"\#(more)}}"#
    }

    static func login(_ user: String = "w1", more: String = "") -> String {
        #"{"id":1,"jsonrpc":"2.0","method":"login","params":{"login":"\#(user)","pass":"x","agent":"XMRig/6.x"\#(more)}}"#
    }

    /// The members of a written line.
    static func object(_ text: String) throws -> JSONObject {
        try #require(try JSONValue(parsing: line(text)).object)
    }
}

/// A pool's half with what it wrote.
struct CryptoNoteLink {
    var dialogue: any PoolDialogue
    var now = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    init(
        user: String? = "wallet.rig", options: [String: String] = [:], algo: String? = nil, suggested: Double? = nil
    ) throws {
        let dialect = try CryptoNoteDialect(DialectOptions(algo.map { ["algo": $0] } ?? [:]))
        self.dialogue = dialect.makePoolDialogue(
            PoolDialogueSettings(
                user: user,
                password: "pw",
                userAgent: "router/1",
                suggestDifficulty: suggested,
                handshakeTimeout: .seconds(10),
                questionTimeout: .seconds(5),
                options: DialectOptions(options)
            )
        )
    }

    mutating func connect() -> (event: PoolEvent?, text: String) {
        var output = ByteBuffer()
        let event = self.dialogue.connected(now: self.now, into: &output)
        return (event, String(buffer: output))
    }

    mutating func receive(_ text: String) -> (event: PoolEvent?, text: String) {
        var output = ByteBuffer()
        let event = self.dialogue.received(line(text), now: self.now, into: &output)
        return (event, String(buffer: output))
    }

    mutating func tick(after time: TimeAmount = .zero) -> (event: PoolEvent?, text: String) {
        self.now = self.now + time
        var output = ByteBuffer()
        let event = self.dialogue.tick(now: self.now, into: &output)
        return (event, String(buffer: output))
    }

    mutating func submit(_ share: PoolShare) -> (request: Int?, text: String) {
        var output = ByteBuffer()
        let request = self.dialogue.submit(share, user: "wallet.rig", into: &output)
        return (request, String(buffer: output))
    }

    /// Connected, logged in and given `job`.
    static func ready(
        _ job: String = CryptoNoteSamples.job(), extensions: String = "", algo: String? = nil
    ) throws -> (CryptoNoteLink, UpstreamJob) {
        var link = try CryptoNoteLink(algo: algo)
        _ = link.connect()
        let (event, _) = link.receive(CryptoNoteSamples.loginReply(job: job, extensions: extensions))
        guard case .ready(let upstream) = event else {
            throw CryptoNoteUnexpected(description: "\(String(describing: event))")
        }
        return (link, upstream)
    }

    /// A further job.
    mutating func job(_ job: String) throws -> UpstreamJob {
        let (event, _) = self.receive(CryptoNoteSamples.notification(job))
        guard case .job(let upstream) = event else {
            throw CryptoNoteUnexpected(description: "\(String(describing: event))")
        }
        return upstream
    }
}

struct CryptoNoteUnexpected: Error, CustomStringConvertible {
    var description: String
}

/// A miner's half with what it wrote.
struct CryptoNoteRig {
    let dialect: CryptoNoteDialect
    var dialogue: any MinerDialogue
    var grant: NonceGrant
    var sessionID = "s"

    init(prefix: [UInt8] = [3], algo: String? = nil) throws {
        self.dialect = try CryptoNoteDialect(DialectOptions(algo.map { ["algo": $0] } ?? [:]))
        self.dialogue = self.dialect.makeMinerDialogue(MinerDialogueSettings())
        self.grant = NonceGrant(space: 0, prefix: prefix, layout: NonceLayout(total: prefix.count))
    }

    mutating func receive(_ text: String) throws -> (step: MinerStep?, text: String) {
        var output = ByteBuffer()
        let surroundings = MinerSurroundings(commonMask: 0, entryMask: 0)
        let step = try self.dialogue.received(line(text), in: surroundings, into: &output)
        return (step, String(buffer: output))
    }

    /// Sends `text`, a login, and welcomes it. Returns the login and what was written.
    @discardableResult
    mutating func logIn(_ text: String = CryptoNoteSamples.login()) throws -> (login: MinerLogin, text: String) {
        guard case (.login(let login)?, let refusal) = try self.receive(text) else {
            throw CryptoNoteUnexpected(description: "no login")
        }
        var output = ByteBuffer(string: refusal)
        self.dialogue.subscribed(self.grant, request: login.request, sessionID: self.sessionID, into: &output)
        self.dialogue.authorized(true, request: login.request, into: &output)
        return (login, String(buffer: output))
    }

    func issue(_ upstream: UpstreamJob, id: String = "1f", before: UInt64 = 0) throws -> any IssuedWork {
        let request = IssueRequest(
            jobID: id, layout: self.grant.layout, issuedBefore: before, age: 0, lastNtime: 0
        )
        return try #require(self.dialect.issue(upstream, request))
    }

    mutating func deliver(_ work: any IssuedWork, _ upstream: UpstreamJob, difficulty: Double = 5000) -> String {
        var output = ByteBuffer()
        let shared = self.dialogue.deliver(
            JobDelivery(
                work: work,
                upstream: upstream,
                grant: self.grant,
                difficulty: difficulty,
                isNewDifficulty: false,
                isClean: true,
                commonMask: 0
            ),
            into: &output
        )
        #expect(shared == nil)
        return String(buffer: output)
    }

    mutating func judge(
        _ submission: Submission, _ work: any IssuedWork, _ upstream: UpstreamJob, difficulty: Double = 5000
    ) -> Judgement {
        self.dialogue.judge(
            submission,
            JudgingContext(
                work: work,
                upstream: upstream,
                grant: self.grant,
                difficulty: difficulty,
                versionMask: 0,
                unixTime: 1_700_000_000
            )
        )
    }

    mutating func submission(_ text: String) throws -> Submission {
        guard case .submit(_, let submission)? = try self.receive(text).step else {
            throw CryptoNoteUnexpected(description: "no share: \(text)")
        }
        return submission
    }
}
