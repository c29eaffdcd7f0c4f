import NIOCore
import Stratum

/// What a ``PrefixMiner`` is asked of all protocols alike.
enum PrefixMinerRequest {
    case subscribe, extranonceSubscribe, authorize
}

/// What a ``PrefixMiner`` knows of its link.
struct PrefixMinerState {
    var requests = MinerRequests<PrefixMinerRequest>()
    /// What its nonces begin with; nil before the subscribe reply.
    var prefix: [UInt8]?
    var isAuthorized = false
}

/// One link's conversation from the side of a miner that subscribes and is told what its nonces begin with, as Equihash
/// (ZIP 301) and EthereumStratum/1.0.0 have it.
protocol PrefixMiner: MinerSide {
    /// Bytes of a whole nonce.
    static var nonceSize: Int { get }
    /// Bytes that a pool may take of it.
    static var longestPrefix: Int { get }

    var configuration: SimulatedMinerConfiguration { get }
    var state: PrefixMinerState { get set }
    /// Whether it asks for `mining.set_extranonce` and obeys it.
    var subscribesExtranonce: Bool { get }
    /// Whether it obeys `client.reconnect`.
    var obeysReconnect: Bool { get }

    /// Reads the session id and the prefix out of a subscribe's result; nil if they are not there.
    mutating func readSubscription(_ result: [JSONValue]) -> (sessionID: String?, prefix: [UInt8])?
    /// A notification that not all protocols have, or not in the same words.
    mutating func receiveNotification(_ method: String, _ message: WireMessage, prefix: [UInt8]) -> [MinerAction]
}

extension PrefixMiner {
    var isAuthorized: Bool { self.state.isAuthorized }

    /// A request whose reply is awaited; the parameters are JSON text.
    mutating func ask(_ request: PrefixMinerRequest, _ method: String, _ params: [String]) -> MinerAction {
        .send(MiningLine.request(self.state.requests.expectReply(to: request), method, params))
    }

    mutating func receive(_ line: ByteBuffer) -> [MinerAction] {
        guard let message = WireMessage(line) else { return [.violation("not a JSON object: \(String(buffer: line))")] }
        if let method = message.method { return self.receiveNotification(method, message) }
        guard let id = message["id"]?.integer else { return [.violation("reply with id \(message.idText)")] }
        switch self.state.requests.answered(id) {
        case nil:
            return [.settle(id: id, Self.verdict(message))]
        case .subscribe:
            return self.receiveSubscribeReply(message)
        case .extranonceSubscribe:
            return []
        case .authorize:
            self.state.isAuthorized = Self.verdict(message) == .accepted
            let note = MinerAction.note(.authorized(self.isAuthorized))
            return self.isAuthorized ? [note] : [note, .leave(reason: "not authorised")]
        }
    }

    private static func verdict(_ message: WireMessage) -> MinerReply {
        let error = message["error"]
        if message["result"] == .bool(true), error == nil || error == .null { return .accepted }
        let parts = error?.array ?? []
        return .rejected(code: parts.first?.integer ?? 0, text: parts.dropFirst().first?.string ?? "")
    }

    private mutating func receiveSubscribeReply(_ message: WireMessage) -> [MinerAction] {
        guard let (sessionID, prefix) = self.readSubscription(message["result"]?.array ?? []) else {
            return [.violation("subscribe reply not understood"), .leave(reason: "not subscribed")]
        }
        let (text, size) = (HexText.text(prefix), Self.nonceSize - prefix.count)
        let note = MinerEvent.Kind.subscribed(sessionID: sessionID, extranonce1: text, extranonce2Size: size)
        var actions = [.note(note)] + self.take(prefix)
        if self.subscribesExtranonce {
            actions.append(self.ask(.extranonceSubscribe, "mining.extranonce.subscribe", []))
        }
        let names = [self.configuration.user, self.configuration.password].map(JSONText.quoted)
        return actions + [self.ask(.authorize, "mining.authorize", names)]
    }

    private mutating func take(_ prefix: [UInt8]) -> [MinerAction] {
        self.state.prefix = Array(prefix.prefix(Self.nonceSize - 1))
        return prefix.count > Self.longestPrefix ? [.violation("extranonce of \(prefix.count) bytes")] : []
    }

    private mutating func receiveNotification(_ method: String, _ message: WireMessage) -> [MinerAction] {
        guard let prefix = self.state.prefix else { return [.violation("\(method) before the subscribe reply")] }
        switch method {
        case "mining.set_extranonce":
            guard let prefix = message.text(0).flatMap(HexText.bytes) else {
                return [.violation("set_extranonce \(message.params)")]
            }
            let (text, size) = (HexText.text(prefix), Self.nonceSize - prefix.count)
            let note = MinerAction.note(.extranonce(extranonce1: text, extranonce2Size: size))
            guard self.subscribesExtranonce else { return [note, .violation("set_extranonce was not asked for")] }
            return [note] + self.take(prefix)
        case "client.reconnect":
            let (host, port) = message.reconnectGoal
            let note = MinerAction.note(.reconnectRequested(host: host, port: port, obeyed: self.obeysReconnect))
            return self.obeysReconnect ? [note, .reconnect(host: host, port: port)] : [note]
        default:
            return self.receiveNotification(method, message, prefix: prefix)
        }
    }
}
