import NIOCore
import Stratum

/// One link's conversation from the side of a miner that speaks EthereumStratum/2.0.0 (EIP-1571).
struct EthereumStratum2Miner: MinerSide {
    private enum Request {
        case hello, subscribe, authorize, hashrate
    }

    private let configuration: SimulatedMinerConfiguration
    private var requests = MinerRequests<Request>(from: 0, bits: 16)
    private var token: String?
    /// For the next job; nil until the first `mining.set`.
    private var extranonce: [UInt8]?
    private var target: Number256?
    private var hasEpoch = false
    private var hasAlgorithm = false
    private var search: EthashSearch?
    let memory: MinerMemory
    var isAuthorized: Bool { self.token != nil }
    var hasWork: Bool { self.search != nil }

    init(_ configuration: SimulatedMinerConfiguration, memory: MinerMemory) {
        self.configuration = configuration
        self.memory = memory
    }

    mutating func begin() -> [MinerAction] {
        let (host, port) = (JSONText.quoted(self.configuration.host), String(self.configuration.port, radix: 16))
        let version = EthereumStratum2Pool.version
        let params = #"{"agent":"miner/1.0","host":\#(host),"port":"\#(port)","proto":"\#(version)"}"#
        return [self.ask(.hello, "mining.hello", params)]
    }

    private mutating func ask(_ request: Request, _ method: String, _ params: String?) -> MinerAction {
        .send(Self.line(self.requests.expectReply(to: request), method, params))
    }

    private static func line(_ id: Int, _ method: String, _ params: String?) -> String {
        let params = params.map { #","params":\#($0)"# } ?? ""
        return #"{"id":\#(id),"method":"\#(method)"\#(params)}"#
    }

    private static func list(_ texts: [String]) -> String {
        "[\(texts.map(JSONText.quoted).joined(separator: ","))]"
    }

    // MARK: Lines

    mutating func receive(_ line: ByteBuffer) -> [MinerAction] {
        guard let message = WireMessage(line) else { return [.violation("not a JSON object: \(String(buffer: line))")] }
        let excess: [MinerAction] = message["jsonrpc"] == nil ? [] : [.violation("a jsonrpc member")]
        guard let method = message.method else { return excess + self.receiveReply(message) }
        let numbered: [MinerAction] = message["id"] == nil ? [] : [.violation("\(method) with an id")]
        return excess + numbered + self.receiveNotification(method, message)
    }

    private mutating func receiveReply(_ message: WireMessage) -> [MinerAction] {
        guard let id = message["id"]?.integer else { return [.violation("reply with id \(message.idText)")] }
        let reply = Self.verdict(message)
        switch self.requests.answered(id) {
        case nil:
            return [.settle(id: id, reply)]
        case .hello:
            let result = message["result"]?.object
            let isUnderstood = result?["proto"]?.string == EthereumStratum2Pool.version
            guard isUnderstood, result?["encoding"]?.string == "plain" else {
                return [.violation("hello not understood: \(reply)"), .leave(reason: "no hello")]
            }
            return [self.ask(.subscribe, "mining.subscribe", nil)]
        case .subscribe:
            guard let session = message["result"]?.string else {
                return [.violation("subscribe reply not understood"), .leave(reason: "not subscribed")]
            }
            let names = [self.configuration.user, self.configuration.password]
            let note = MinerEvent.Kind.subscribed(sessionID: session, extranonce1: "", extranonce2Size: 8)
            return [.note(note), self.ask(.authorize, "mining.authorize", Self.list(names))]
        case .authorize:
            self.token = message["result"]?.string
            guard let token = self.token else { return [.note(.authorized(false)), .leave(reason: "not authorised")] }
            guard self.configuration.ethash.tellsHashrate else { return [.note(.authorized(true))] }
            let rate = String(Int(min(max(self.configuration.hashesPerSecond, 0), 0x1p52)), radix: 16)
            return [.note(.authorized(true)), self.ask(.hashrate, "mining.hashrate", Self.list([rate, token]))]
        case .hashrate:
            return reply == .accepted ? [] : [.violation("hashrate refused: \(reply)")]
        }
    }

    /// A code of 2xx is a remark on something that counts.
    private static func verdict(_ message: WireMessage) -> MinerReply {
        guard let error = message["error"]?.object else { return .accepted }
        let code = error["code"]?.integer ?? 0
        return (200..<300).contains(code) ? .accepted : .rejected(code: code, text: error["message"]?.string ?? "")
    }

    // MARK: Notifications

    private mutating func receiveNotification(_ method: String, _ message: WireMessage) -> [MinerAction] {
        switch method {
        case "mining.set":
            return self.receiveSettings(message["params"]?.object)
        case "mining.notify":
            return self.receiveJob(message)
        case "mining.reconnect":
            let params = message["params"]?.object
            let (host, port) = (params?["host"]?.string, params?["port"]?.string.flatMap { Int($0, radix: 16) })
            let note = MinerEvent.Kind.reconnectRequested(host: host, port: port, obeyed: true)
            return [.note(note), .reconnect(host: host, port: port)]
        case "mining.bye":
            return [.leave(reason: "bye")]
        default:
            return [.note(.other(method: method))]
        }
    }

    private mutating func receiveSettings(_ params: JSONObject?) -> [MinerAction] {
        var actions: [MinerAction] = []
        if let text = params?["target"]?.string {
            guard let target = Number256(hex: text), text.utf8.count <= 64 else {
                return [.violation("target \(text)")]
            }
            self.target = target
            actions.append(.note(.difficulty(EthashUnit.hashes.difficulty(of: target))))
        }
        if let text = params?["extranonce"]?.string {
            guard let extranonce = HexText.bytes(text), extranonce.count <= 6 else {
                return [.violation("extranonce \(text)")]
            }
            self.extranonce = extranonce
            actions.append(.note(.extranonce(extranonce1: text, extranonce2Size: 8 - extranonce.count)))
        }
        self.hasEpoch = self.hasEpoch || params?["epoch"]?.string.flatMap { Int($0, radix: 16) } != nil
        self.hasAlgorithm = self.hasAlgorithm || params?["algo"]?.string == "ethash"
        return actions
    }

    private mutating func receiveJob(_ message: WireMessage) -> [MinerAction] {
        guard self.isAuthorized else { return [.violation("job before the authorize reply")] }
        guard let target = self.target, let extranonce = self.extranonce, self.hasEpoch, self.hasAlgorithm else {
            return [.violation("job before everything was set")]
        }
        guard let id = message.text(0), let flag = message.text(3), ["0", "1"].contains(flag),
            message.text(1).flatMap({ Int($0, radix: 16) }) != nil,
            let header = message.text(2).flatMap(HexText.bytes), header.count == 32
        else { return [.violation("job not understood: \(message.params)")] }
        let difficulty = EthashUnit.hashes.difficulty(of: target)
        self.search = EthashSearch(
            jobID: id,
            header: header,
            target: target,
            difficulty: difficulty,
            extranonce: extranonce,
            next: EthashSearch.start(self.configuration.user, id)
        )
        return [.note(.job(id: id, clean: flag == "1", previousHash: "", difficulty: difficulty))]
    }

    // MARK: Shares

    mutating func search(_ count: Int) -> [FoundShare] {
        self.search?.run(count, self.configuration, unit: .hashes) ?? []
    }

    mutating func submission(of share: FoundShare) -> (id: Int, line: String) {
        let id = self.requests.takeID()
        let params = [share.claim.jobID, share.claim.nonce, self.token ?? ""]
        return (id, Self.line(id, "mining.submit", Self.list(params)))
    }
}
