import Stratum

/// One link's conversation from the side of a miner that speaks EthereumStratum/1.0.0.
struct EthereumStratum1Miner: PrefixMiner {
    static let nonceSize = 8
    /// As NiceHash has it.
    static let longestPrefix = 3

    let configuration: SimulatedMinerConfiguration
    let memory: MinerMemory
    var state = PrefixMinerState()
    /// For the next job; 1 if the pool never says.
    private var difficulty = 1.0
    private var search: EthashSearch?
    var hasWork: Bool { self.search != nil }
    var subscribesExtranonce: Bool { self.configuration.subscribesExtranonce }
    var obeysReconnect: Bool { true }

    init(_ configuration: SimulatedMinerConfiguration, memory: MinerMemory) {
        self.configuration = configuration
        self.memory = memory
    }

    mutating func begin() -> [MinerAction] {
        let params = ["miner/1.0", EthereumStratum1Pool.version].map(JSONText.quoted)
        return [self.ask(.subscribe, "mining.subscribe", params)]
    }

    func readSubscription(_ result: [JSONValue]) -> (sessionID: String?, prefix: [UInt8])? {
        guard result.count >= 2, let details = result[0].array, details.count >= 3,
            details[2].string == EthereumStratum1Pool.version,
            let extranonce = result[1].string.flatMap(HexText.bytes)
        else { return nil }
        return (details[1].string, extranonce)
    }

    // MARK: Notifications

    mutating func receiveNotification(_ method: String, _ message: WireMessage, prefix: [UInt8]) -> [MinerAction] {
        switch method {
        case "mining.notify":
            return self.receiveJob(message, extranonce: prefix)
        case "mining.set_difficulty":
            let difficulty = message.params.first?.number ?? 0
            guard difficulty > 0 else { return [.violation("set_difficulty \(difficulty)")] }
            self.difficulty = difficulty
            return [.note(.difficulty(difficulty))]
        default:
            return [.note(.other(method: method))]
        }
    }

    private mutating func receiveJob(_ message: WireMessage, extranonce: [UInt8]) -> [MinerAction] {
        guard message.params.count >= 4, let id = message.text(0), case .bool(let isClean) = message.params[3],
            let seed = message.text(1).flatMap(HexText.bytes), seed.count == 32,
            let header = message.text(2).flatMap(HexText.bytes), header.count == 32
        else { return [.violation("job not understood: \(message.params)")] }
        self.search = EthashSearch(
            jobID: id,
            header: header,
            target: EthashUnit.niceHash.target(difficulty: self.difficulty),
            difficulty: self.difficulty,
            extranonce: extranonce,
            next: EthashSearch.start(self.configuration.user, id)
        )
        return [.note(.job(id: id, clean: isClean, previousHash: "", difficulty: self.difficulty))]
    }

    // MARK: Shares

    mutating func search(_ count: Int) -> [FoundShare] {
        self.search?.run(count, self.configuration, unit: .niceHash) ?? []
    }

    mutating func submission(of share: FoundShare) -> (id: Int, line: String) {
        let id = self.state.requests.takeID()
        let params = [self.configuration.user, share.claim.jobID, share.claim.nonce].map(JSONText.quoted)
        return (id, MiningLine.request(id, "mining.submit", params))
    }
}
