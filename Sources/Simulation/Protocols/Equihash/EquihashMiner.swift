import NIOCore
import Stratum

/// One link's conversation from the side of an Equihash miner (ZIP 301).
struct EquihashMiner: MinerSide {
    private enum Request {
        case subscribe, extranonceSubscribe, authorize
    }

    private let configuration: SimulatedMinerConfiguration
    private(set) var memory: MinerMemory
    private var awaited: [(id: Int, request: Request)] = []
    private var nextID = 1
    private var nonce1: [UInt8]?
    /// For the next job.
    private var target: Number256?
    private var lastPreviousHash: [UInt8]?
    private var search: EquihashSearch?
    private(set) var isAuthorized = false
    var hasWork: Bool { self.search != nil }
    private var profile: EquihashProfile { self.configuration.equihash.profile }

    init(_ configuration: SimulatedMinerConfiguration, memory: MinerMemory) {
        self.configuration = configuration
        self.memory = memory
    }

    // MARK: Requests

    mutating func begin() -> [MinerAction] {
        let resumes = self.configuration.resumesSession || self.profile == .reconnector
        let session = resumes ? self.memory.sessionID.map(JSONText.quoted) : nil
        let (host, port) = (JSONText.quoted(self.configuration.host), self.configuration.port)
        let params = ["\"miner/1.0\"", session ?? "null", host, "\(port)"]
        return [self.ask(.subscribe, "mining.subscribe", params)]
    }

    private mutating func ask(_ request: Request, _ method: String, _ params: [String]) -> MinerAction {
        let id = self.takeID()
        self.awaited.append((id, request))
        return .send(Self.line(id, method, params))
    }

    private mutating func takeID() -> Int {
        defer { self.nextID += 1 }
        return self.nextID
    }

    private static func line(_ id: Int, _ method: String, _ params: [String]) -> String {
        #"{"id":\#(id),"method":"\#(method)","params":[\#(params.joined(separator: ","))]}"#
    }

    // MARK: Replies

    mutating func receive(_ line: ByteBuffer) -> [MinerAction] {
        guard let message = WireMessage(line) else { return [.violation("not a JSON object: \(String(buffer: line))")] }
        if let method = message.method { return self.receiveNotification(method, message) }
        guard let id = message["id"]?.integer else { return [.violation("reply with id \(message.idText)")] }
        guard let index = self.awaited.firstIndex(where: { $0.id == id }) else {
            return [.settle(id: id, Self.verdict(message))]
        }
        switch self.awaited.remove(at: index).request {
        case .subscribe:
            return self.receiveSubscribeReply(message)
        case .extranonceSubscribe:
            return []
        case .authorize:
            self.isAuthorized = Self.verdict(message) == .accepted
            let note = MinerAction.note(.authorized(self.isAuthorized))
            return self.isAuthorized ? [note] : [note, .leave(reason: "not authorised")]
        }
    }

    private mutating func receiveSubscribeReply(_ message: WireMessage) -> [MinerAction] {
        let result = message["result"]?.array ?? []
        guard result.count >= 2, let nonce1 = result[1].string.flatMap(HexText.bytes) else {
            return [.violation("subscribe reply not understood"), .leave(reason: "not subscribed")]
        }
        self.memory.sessionID = result[0].string
        var actions: [MinerAction] = [
            .note(
                .subscribed(
                    sessionID: result[0].string,
                    extranonce1: HexText.text(nonce1),
                    extranonce2Size: EquihashPuzzle.nonceSize - nonce1.count
                )
            )
        ]
        actions += self.take(nonce1)
        if self.profile == .subscriber {
            actions.append(self.ask(.extranonceSubscribe, "mining.extranonce.subscribe", []))
        }
        let names = [self.configuration.user, self.configuration.password].map(JSONText.quoted)
        return actions + [self.ask(.authorize, "mining.authorize", names)]
    }

    /// ccminer takes twelve bytes at most.
    private mutating func take(_ nonce1: [UInt8]) -> [MinerAction] {
        self.nonce1 = nonce1
        return nonce1.count > 12 ? [.violation("NONCE_1 of \(nonce1.count) bytes")] : []
    }

    private static func verdict(_ message: WireMessage) -> MinerReply {
        let error = message["error"]
        if message["result"] == .bool(true), error == nil || error == .null { return .accepted }
        let parts = error?.array ?? []
        return .rejected(code: parts.first?.integer ?? 0, text: parts.dropFirst().first?.string ?? "")
    }

    // MARK: Notifications

    private mutating func receiveNotification(_ method: String, _ message: WireMessage) -> [MinerAction] {
        guard let nonce1 = self.nonce1 else { return [.violation("\(method) before the subscribe reply")] }
        switch method {
        case "mining.notify":
            return self.receiveJob(message.params, nonce1: nonce1)
        case "mining.set_target":
            guard let text = message.text(0), text.utf8.count == 64, let target = Number256(hex: text) else {
                return [.violation("set_target \(message.params)")]
            }
            self.target = target
            return [.note(.difficulty(EquihashPuzzle.difficulty(of: target)))]
        case "mining.set_extranonce":
            return self.receiveExtranonce(message)
        case "client.reconnect":
            let host = message.text(0)
            let port = message.params.dropFirst().first.flatMap { $0.integer ?? $0.string.flatMap { Int($0) } }
            let obeys = self.profile != .stubborn
            let note = MinerAction.note(.reconnectRequested(host: host, port: port, obeyed: obeys))
            return obeys ? [note, .reconnect(host: host, port: port)] : [note]
        default:
            return [.note(.other(method: method))]
        }
    }

    private mutating func receiveExtranonce(_ message: WireMessage) -> [MinerAction] {
        guard let nonce1 = message.text(0).flatMap(HexText.bytes) else {
            return [.violation("set_extranonce \(message.params)")]
        }
        let size = EquihashPuzzle.nonceSize - nonce1.count
        let note = MinerAction.note(.extranonce(extranonce1: HexText.text(nonce1), extranonce2Size: size))
        guard self.profile == .subscriber else { return [note, .violation("set_extranonce was not asked for")] }
        return [note] + self.take(nonce1)
    }

    private mutating func receiveJob(_ params: [JSONValue], nonce1: [UInt8]) -> [MinerAction] {
        guard let target = self.target else { return [.violation("job before set_target")] }
        guard let job = EquihashMinerJob(params, target: target, nonce1: nonce1) else {
            return [.violation("job not understood: \(params)")]
        }
        let note = MinerEvent.Kind.job(
            id: job.id,
            clean: job.isClean,
            previousHash: HexText.text(job.previousHash),
            difficulty: EquihashPuzzle.difficulty(of: target)
        )
        var actions: [MinerAction] = [.note(note)]
        if job.previousHash != self.lastPreviousHash, !job.isClean {
            actions.append(.violation("job \(job.id) has another previous hash but is not clean"))
        }
        self.lastPreviousHash = job.previousHash
        self.search = EquihashSearch(job, mistake: self.configuration.mistake)
        return actions
    }

    // MARK: Shares

    mutating func search(_ count: Int) -> [FoundShare] {
        guard let job = self.search?.job else { return [] }
        return (self.search?.run(count) ?? []).map { nonce2, solution, number in
            let sent = self.configuration.sendsFalseProofs ? solution.dropLast() + [~(solution.last ?? 0)] : solution
            return FoundShare(
                claim: ShareClaim(
                    jobID: job.id,
                    extranonce2: HexText.text(nonce2),
                    ntime: HexText.text(job.time),
                    proof: HexText.text(EquihashPuzzle.solutionPrefix + sent)
                ),
                extranonce1: HexText.text(job.nonce1),
                difficulty: EquihashPuzzle.difficulty(of: job.target),
                shareDifficulty: EquihashPuzzle.difficulty(of: number)
            )
        }
    }

    mutating func submission(of share: FoundShare) -> (id: Int, line: String) {
        let id = self.takeID()
        let claim = share.claim
        let fields = [self.configuration.user, claim.jobID, claim.ntime, claim.extranonce2, claim.proof ?? ""]
        return (id, Self.line(id, "mining.submit", fields.map(JSONText.quoted)))
    }
}
