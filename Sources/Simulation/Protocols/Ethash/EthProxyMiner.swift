import NIOCore
import Stratum

/// One link's conversation from the side of a miner that speaks eth-proxy, in the manner of ethminer: fixed ids, which
/// repeat.
struct EthProxyMiner: MinerSide {
    private static let (loginID, workID, hashrateID, submitID) = (1, 5, 6, 40)

    private let configuration: SimulatedMinerConfiguration
    private var search: EthashSearch?
    private(set) var isAuthorized = false
    private var isLoginAnswered = false
    private var isWorkAnswered = false
    let memory: MinerMemory
    var hasWork: Bool { self.search != nil }

    init(_ configuration: SimulatedMinerConfiguration, memory: MinerMemory) {
        self.configuration = configuration
        self.memory = memory
    }

    mutating func begin() -> [MinerAction] {
        let names = [self.configuration.user, self.configuration.password]
        return [.send(self.line(Self.loginID, "eth_submitLogin", names))]
    }

    private func line(_ id: Int, _ method: String, _ params: [String]) -> String {
        let worker = self.configuration.ethash.rig.map { #","worker":\#(JSONText.quoted($0))"# } ?? ""
        let params = params.map(JSONText.quoted).joined(separator: ",")
        return #"{"id":\#(id),"jsonrpc":"2.0","method":"\#(method)","params":[\#(params)]\#(worker)}"#
    }

    // MARK: Lines

    mutating func receive(_ line: ByteBuffer) -> [MinerAction] {
        guard let message = WireMessage(line) else { return [.violation("not a JSON object: \(String(buffer: line))")] }
        if let method = message.method { return [.note(.other(method: method))] }
        if message["result"]?.array != nil { return self.receiveWork(message) }
        guard let id = message["id"]?.integer else { return [.violation("reply with id \(message.idText)")] }
        let reply = Self.verdict(message)
        switch id {
        case Self.loginID where !self.isLoginAnswered:
            self.isLoginAnswered = true
            guard reply == .accepted else { return [.note(.authorized(false)), .leave(reason: "not authorised")] }
            self.isAuthorized = true
            return [.note(.authorized(true)), .send(self.line(Self.workID, "eth_getWork", []))] + self.hashrate()
        case Self.workID where !self.isWorkAnswered:
            return [.violation("no work: \(reply)"), .leave(reason: "no work")]
        case Self.hashrateID:
            return reply == .accepted ? [] : [.violation("hashrate refused: \(reply)")]
        default:
            return [.settle(id: id, reply)]
        }
    }

    private func hashrate() -> [MinerAction] {
        guard self.configuration.ethash.tellsHashrate else { return [] }
        let rate = Number256(padding: [UInt8(min(max(self.configuration.hashesPerSecond, 0), 255))])
        let name = HexText.text(FastHash.sha256(Array(self.configuration.user.utf8)))
        return [.send(self.line(Self.hashrateID, "eth_submitHashrate", ["0x\(rate.hex)", "0x\(name)"]))]
    }

    private static func verdict(_ message: WireMessage) -> MinerReply {
        let error = message["error"]
        if message["result"] == .bool(true), error == nil || error == .null { return .accepted }
        let text = error?.object?["message"]?.string ?? error?.string ?? ""
        return .rejected(code: error?.object?["code"]?.integer ?? 0, text: text)
    }

    private mutating func receiveWork(_ message: WireMessage) -> [MinerAction] {
        guard self.isLoginAnswered else { return [.violation("work before the login reply")] }
        self.isWorkAnswered = true
        var fields = (message["result"]?.array ?? []).map { $0.string ?? "" }
        // Some pools put a job id first; only a header has so many digits.
        if fields.count > 3, fields[0].utf8.count != 66 { fields.removeFirst() }
        guard fields.count >= 3, fields.prefix(3).allSatisfy({ $0.hasPrefix("0x") }),
            let header = HexText.bytes(String(fields[0].dropFirst(2))), header.count == 32,
            let seed = HexText.bytes(String(fields[1].dropFirst(2))), seed.count == 32,
            let target = Number256(hex: fields[2])
        else { return [.violation("work not understood: \(fields)")] }
        let id = String(fields[0].dropFirst(2))
        guard id != self.search?.jobID else { return [.note(.other(method: "the same work again"))] }
        let difficulty = EthashUnit.hashes.difficulty(of: target)
        self.search = EthashSearch(
            jobID: id,
            header: header,
            target: target,
            difficulty: difficulty,
            next: EthashSearch.start(self.configuration.user, id)
        )
        return [.note(.job(id: id, clean: true, previousHash: "", difficulty: difficulty))]
    }

    // MARK: Shares

    mutating func search(_ count: Int) -> [FoundShare] {
        self.search?.run(count, self.configuration, unit: .hashes, sendsMix: true) ?? []
    }

    mutating func submission(of share: FoundShare) -> (id: Int, line: String) {
        let claim = share.claim
        let params = [claim.nonce, claim.jobID, claim.proof ?? ""].map { "0x\($0)" }
        return (Self.submitID, self.line(Self.submitID, "eth_submitWork", params))
    }
}
