import Stratum

/// One link's conversation from the side of an Equihash miner (ZIP 301).
struct EquihashMiner: PrefixMiner {
    static let nonceSize = EquihashPuzzle.nonceSize
    /// As ccminer has it.
    static let longestPrefix = 12

    let configuration: SimulatedMinerConfiguration
    private(set) var memory: MinerMemory
    var state = PrefixMinerState()
    /// For the next job.
    private var target: Number256?
    private var lastPreviousHash: [UInt8]?
    private var search: EquihashSearch?
    var hasWork: Bool { self.search != nil }
    private var profile: EquihashProfile { self.configuration.equihash.profile }
    var subscribesExtranonce: Bool { self.profile == .subscriber }
    var obeysReconnect: Bool { self.profile != .stubborn }

    init(_ configuration: SimulatedMinerConfiguration, memory: MinerMemory) {
        self.configuration = configuration
        self.memory = memory
    }

    mutating func begin() -> [MinerAction] {
        let resumes = self.configuration.resumesSession || self.profile == .reconnector
        let session = resumes ? self.memory.sessionID.map(JSONText.quoted) : nil
        let (host, port) = (JSONText.quoted(self.configuration.host), self.configuration.port)
        let params = ["\"miner/1.0\"", session ?? "null", host, "\(port)"]
        return [self.ask(.subscribe, "mining.subscribe", params)]
    }

    mutating func readSubscription(_ result: [JSONValue]) -> (sessionID: String?, prefix: [UInt8])? {
        guard result.count >= 2, let nonce1 = result[1].string.flatMap(HexText.bytes) else { return nil }
        self.memory.sessionID = result[0].string
        return (result[0].string, nonce1)
    }

    // MARK: Notifications

    mutating func receiveNotification(_ method: String, _ message: WireMessage, prefix: [UInt8]) -> [MinerAction] {
        switch method {
        case "mining.notify":
            return self.receiveJob(message.params, nonce1: prefix)
        case "mining.set_target":
            guard let text = message.text(0), text.utf8.count == 64, let target = Number256(hex: text) else {
                return [.violation("set_target \(message.params)")]
            }
            self.target = target
            return [.note(.difficulty(EquihashPuzzle.difficulty(of: target)))]
        default:
            return [.note(.other(method: method))]
        }
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
        let id = self.state.requests.takeID()
        let claim = share.claim
        let fields = [self.configuration.user, claim.jobID, claim.ntime, claim.extranonce2, claim.proof ?? ""]
        return (id, MiningLine.request(id, "mining.submit", fields.map(JSONText.quoted)))
    }
}
