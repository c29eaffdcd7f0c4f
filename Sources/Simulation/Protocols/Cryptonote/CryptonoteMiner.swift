import NIOCore
import Stratum

/// One link's conversation from the side of a CryptoNote miner.
struct CryptonoteMiner: MinerSide {
    /// XMRig leaves when a refusal begins with one of these, in whatever case.
    private static let fatalRefusals = [
        "unauthenticated", "your ip is banned", "ip address currently banned", "invalid job id",
    ]
    /// XMRig passes over shorter lines.
    private static let shortestLine = 22

    private enum Request {
        case login, keepalive, job
    }

    private let configuration: SimulatedMinerConfiguration
    private var requests = MinerRequests<Request>()
    private var session: String?
    private var extensions: [String] = []
    private var job: CryptonoteMinerJob?
    private var search: CryptonoteSearch?
    private(set) var isAuthorized = false
    private var habits: CryptonoteMinerHabits { self.configuration.cryptonote }
    private var isXMRig: Bool { self.habits.profile == .xmrig }

    init(_ configuration: SimulatedMinerConfiguration, memory: MinerMemory) {
        self.configuration = configuration
        self.memory = memory
    }

    let memory: MinerMemory
    var hasWork: Bool { self.search.map { !$0.isExhausted } ?? false }

    // MARK: Requests

    mutating func begin() -> [MinerAction] {
        var members = [
            #""login":\#(JSONText.quoted(self.configuration.user))"#,
            #""pass":\#(JSONText.quoted(self.configuration.password))"#,
            #""agent":"\#(self.isXMRig ? "XMRig/6.21.0" : "plain/1.0")""#,
        ]
        if self.isXMRig {
            members.append(#""algo":[\#(self.habits.algorithms.map(JSONText.quoted).joined(separator: ","))]"#)
        }
        return [self.ask(.login, "login", members)]
    }

    mutating func rested(for time: TimeAmount) -> [MinerAction] {
        let isKept = self.isXMRig && self.extensions.contains("keepalive") && time >= self.habits.keepaliveAfter
        guard self.isAuthorized, isKept, !self.requests.awaited.contains(where: { $0.kind == .keepalive }) else {
            return []
        }
        return [self.ask(.keepalive, "keepalived", [self.sessionMember])]
    }

    private var sessionMember: String { #""id":\#(JSONText.quoted(self.session ?? ""))"# }

    private mutating func ask(_ request: Request, _ method: String, _ members: [String]) -> MinerAction {
        .send(Self.line(self.requests.expectReply(to: request), method, members))
    }

    private static func line(_ id: Int, _ method: String, _ members: [String]) -> String {
        #"{"id":\#(id),"jsonrpc":"2.0","method":"\#(method)","params":{\#(members.joined(separator: ","))}}"#
    }

    // MARK: Lines

    mutating func receive(_ line: ByteBuffer) -> [MinerAction] {
        guard let message = WireMessage(line) else { return [.violation("not a JSON object: \(String(buffer: line))")] }
        let length = line.readableBytes
        guard length >= Self.shortestLine else { return [.violation("line of \(length) bytes")] }
        guard let method = message.method else { return self.receiveReply(message) }
        if message["id"]?.integer != nil { return [.violation("\(method) with an id is read as a reply")] }
        switch method {
        case "job":
            return self.isAuthorized
                ? self.receiveJob(message["params"]?.object) : [.violation("job before the login reply")]
        case "client.reconnect":
            guard message.params.count == 2, let host = message.text(0), let port = message.text(1).flatMap({ Int($0) })
            else { return [.violation("client.reconnect \(message.params)")] }
            let obeys = self.isXMRig
            let note = MinerAction.note(.reconnectRequested(host: host, port: port, obeyed: obeys))
            return obeys ? [note, .reconnect(host: host, port: port)] : [note]
        default:
            return [.note(.other(method: method))]
        }
    }

    private mutating func receiveReply(_ message: WireMessage) -> [MinerAction] {
        guard let id = message["id"]?.integer else { return [.violation("reply with id \(message.idText)")] }
        switch self.requests.answered(id) {
        case nil:
            return self.receiveVerdict(message, id)
        case .login:
            return self.receiveLogin(message)
        case .keepalive:
            let isKept = message["result"]?.object?["status"]?.string == "KEEPALIVED"
            return isKept ? [.note(.other(method: "keepalived"))] : [.violation("keepalived was refused")]
        case .job:
            return self.receiveJob(message["result"]?.object)
        }
    }

    private mutating func receiveLogin(_ message: WireMessage) -> [MinerAction] {
        let result = message["result"]?.object
        guard let session = result?["id"]?.string, result?["status"]?.string == "OK" else {
            let text = message["error"]?.object?["message"]?.string ?? ""
            return [.note(.authorized(false)), .leave(reason: "not authorised: \(text)")]
        }
        self.session = session
        self.extensions = (result?["extensions"]?.array ?? []).compactMap(\.string)
        self.isAuthorized = true
        let notes: [MinerAction] = [
            .note(.subscribed(sessionID: session, extranonce1: "", extranonce2Size: 0)), .note(.authorized(true)),
        ]
        let actions = notes + self.receiveJob(result?["job"]?.object)
        return self.isXMRig ? actions : actions + [self.ask(.job, "getjob", [self.sessionMember])]
    }

    private func receiveVerdict(_ message: WireMessage, _ id: Int) -> [MinerAction] {
        guard let error = message["error"]?.object else {
            let isOK = message["result"]?.object?["status"]?.string == "OK"
            return [.settle(id: id, isOK ? .accepted : .rejected(code: 0, text: ""))]
        }
        let text = error["message"]?.string ?? ""
        let settled = MinerAction.settle(id: id, .rejected(code: error["code"]?.integer ?? 0, text: text))
        let isFatal = self.isXMRig && Self.fatalRefusals.contains { text.lowercased().hasPrefix($0) }
        return isFatal ? [settled, .leave(reason: text)] : [settled]
    }

    // MARK: Jobs

    private mutating func receiveJob(_ params: JSONObject?) -> [MinerAction] {
        guard let job = CryptonoteMinerJob(params) else {
            return Self.broken("job not understood: \(params?.members ?? [])")
        }
        if let session = job.session, session != self.session { return Self.broken("job of session \(session)") }
        if self.isXMRig {
            let algorithm = job.algorithm ?? self.habits.algorithms.first ?? ""
            guard self.habits.algorithms.contains(algorithm) else {
                return Self.broken("job of algorithm \(algorithm)")
            }
            let needsSeed = algorithm.hasPrefix("rx/")
            guard !needsSeed || job.seedHash?.count == 32 else { return Self.broken("job \(job.id) without seed hash") }
            if self.job?.isSame(as: job) == true { return Self.broken("duplicate job \(job.id)") }
        }
        if self.job?.isSame(as: job) == true { return [.note(.other(method: "the same job again"))] }
        let note = MinerEvent.Kind.job(
            id: job.id,
            clean: job.previousID != self.job?.previousID,
            previousHash: HexText.text(job.previousID),
            difficulty: job.target.difficulty
        )
        self.job = job
        let isByteTaken = job.blob[CryptonoteWork.nonceRange].contains { $0 != 0 }
        let isByteKept = isByteTaken || self.isXMRig && self.extensions.contains("nicehash")
        self.search = CryptonoteSearch(job, keepsByte: isByteKept && !self.habits.ignoresNonceByte)
        return [.note(note)]
    }

    private static func broken(_ text: String) -> [MinerAction] { [.violation(text), .leave(reason: text)] }

    // MARK: Shares

    mutating func search(_ count: Int) -> [FoundShare] {
        guard let job = self.job else { return [] }
        return (self.search?.run(count) ?? []).map { nonce, hash in
            let proof = self.configuration.sendsFalseProofs ? [~hash[0]] + hash.dropFirst() : hash
            return FoundShare(
                claim: ShareClaim(
                    jobID: job.id,
                    nonce: HexText.text(self.configuration.mistake == .nonceOrder ? nonce.reversed() : nonce),
                    proof: HexText.text(proof)
                ),
                extranonce1: "",
                difficulty: job.target.difficulty,
                shareDifficulty: CryptonoteTarget.difficulty(of: hash)
            )
        }
    }

    mutating func submission(of share: FoundShare) -> (id: Int, line: String) {
        let id = self.requests.takeID()
        var members = [
            self.sessionMember, #""job_id":\#(JSONText.quoted(share.claim.jobID))"#,
            #""nonce":"\#(share.claim.nonce)""#, #""result":"\#(share.claim.proof ?? "")""#,
        ]
        if self.isXMRig, self.extensions.contains("algo"), let algorithm = self.job?.algorithm {
            members.append(#""algo":\#(JSONText.quoted(algorithm))"#)
        }
        return (id, Self.line(id, "submit", members))
    }
}
