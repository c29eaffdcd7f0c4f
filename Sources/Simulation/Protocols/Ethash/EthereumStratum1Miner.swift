import NIOCore
import Stratum

/// One link's conversation from the side of a miner that speaks EthereumStratum/1.0.0.
struct EthereumStratum1Miner: MinerSide {
    private enum Request {
        case subscribe, extranonceSubscribe, authorize
    }

    private let configuration: SimulatedMinerConfiguration
    private var awaited: [(id: Int, request: Request)] = []
    private var nextID = 1
    private var isSubscribed = false
    private var extranonce: [UInt8] = []
    /// For the next job; 1 if the pool never says.
    private var difficulty = 1.0
    private var search: EthashSearch?
    private(set) var isAuthorized = false
    let memory: MinerMemory
    var hasWork: Bool { self.search != nil }

    init(_ configuration: SimulatedMinerConfiguration, memory: MinerMemory) {
        self.configuration = configuration
        self.memory = memory
    }

    mutating func begin() -> [MinerAction] {
        [self.ask(.subscribe, "mining.subscribe", ["miner/1.0", EthereumStratum1Pool.version])]
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
        let params = params.map(JSONText.quoted).joined(separator: ",")
        return #"{"id":\#(id),"method":"\#(method)","params":[\#(params)]}"#
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
        guard result.count >= 2, let details = result[0].array, details.count >= 3,
            details[2].string == EthereumStratum1Pool.version,
            let extranonce = result[1].string.flatMap(HexText.bytes)
        else { return [.violation("subscribe reply not understood"), .leave(reason: "not subscribed")] }
        self.isSubscribed = true
        var actions: [MinerAction] = [
            .note(
                .subscribed(
                    sessionID: details[1].string,
                    extranonce1: HexText.text(extranonce),
                    extranonce2Size: 8 - extranonce.count
                )
            )
        ]
        actions += self.take(extranonce)
        if self.configuration.subscribesExtranonce {
            actions.append(self.ask(.extranonceSubscribe, "mining.extranonce.subscribe", []))
        }
        let names = [self.configuration.user, self.configuration.password]
        return actions + [self.ask(.authorize, "mining.authorize", names)]
    }

    /// NiceHash allows three bytes at most.
    private mutating func take(_ extranonce: [UInt8]) -> [MinerAction] {
        self.extranonce = Array(extranonce.prefix(7))
        return extranonce.count > 3 ? [.violation("extranonce of \(extranonce.count) bytes")] : []
    }

    private static func verdict(_ message: WireMessage) -> MinerReply {
        let error = message["error"]
        if message["result"] == .bool(true), error == nil || error == .null { return .accepted }
        let parts = error?.array ?? []
        return .rejected(code: parts.first?.integer ?? 0, text: parts.dropFirst().first?.string ?? "")
    }

    // MARK: Notifications

    private mutating func receiveNotification(_ method: String, _ message: WireMessage) -> [MinerAction] {
        guard self.isSubscribed else { return [.violation("\(method) before the subscribe reply")] }
        switch method {
        case "mining.notify":
            return self.receiveJob(message)
        case "mining.set_difficulty":
            let difficulty = message.params.first?.number ?? 0
            guard difficulty > 0 else { return [.violation("set_difficulty \(difficulty)")] }
            self.difficulty = difficulty
            return [.note(.difficulty(difficulty))]
        case "mining.set_extranonce":
            guard let extranonce = message.text(0).flatMap(HexText.bytes) else {
                return [.violation("set_extranonce \(message.params)")]
            }
            let text = HexText.text(extranonce)
            let note = MinerEvent.Kind.extranonce(extranonce1: text, extranonce2Size: 8 - extranonce.count)
            guard self.configuration.subscribesExtranonce else {
                return [.note(note), .violation("set_extranonce was not asked for")]
            }
            return [.note(note)] + self.take(extranonce)
        case "client.reconnect":
            let host = message.text(0)
            let port = message.params.dropFirst().first.flatMap { $0.integer ?? $0.string.flatMap { Int($0) } }
            let note = MinerEvent.Kind.reconnectRequested(host: host, port: port, obeyed: true)
            return [.note(note), .reconnect(host: host, port: port)]
        default:
            return [.note(.other(method: method))]
        }
    }

    private mutating func receiveJob(_ message: WireMessage) -> [MinerAction] {
        guard message.params.count >= 4, let id = message.text(0), case .bool(let isClean) = message.params[3],
            let seed = message.text(1).flatMap(HexText.bytes), seed.count == 32,
            let header = message.text(2).flatMap(HexText.bytes), header.count == 32
        else { return [.violation("job not understood: \(message.params)")] }
        self.search = EthashSearch(
            jobID: id,
            header: header,
            target: EthashUnit.niceHash.target(difficulty: self.difficulty),
            difficulty: self.difficulty,
            extranonce: self.extranonce,
            next: EthashSearch.start(self.configuration.user, id)
        )
        return [.note(.job(id: id, clean: isClean, previousHash: "", difficulty: self.difficulty))]
    }

    // MARK: Shares

    mutating func search(_ count: Int) -> [FoundShare] {
        self.search?.run(count, self.configuration, unit: .niceHash) ?? []
    }

    mutating func submission(of share: FoundShare) -> (id: Int, line: String) {
        let id = self.takeID()
        let params = [self.configuration.user, share.claim.jobID, share.claim.nonce]
        return (id, Self.line(id, "mining.submit", params))
    }
}
