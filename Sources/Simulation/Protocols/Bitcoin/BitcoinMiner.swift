import NIOCore
import Stratum

/// One link's conversation in Bitcoin's Stratum V1, whatever the hash, from the firmware's side: which line comes next, and which rules the other side breaks.
struct BitcoinMiner: MinerSide {
    private enum Step {
        case configure, subscribe, extranonceSubscribe, authorize, suggestDifficulty
    }

    let configuration: SimulatedMinerConfiguration
    private var kept: MinerMemory
    private var search: BitcoinSearch?
    private var toAsk: [Step] = []
    private var requests = MinerRequests<Step>()
    private(set) var isAuthorized = false
    private(set) var versionMask: UInt32?
    private var extranonce1: [UInt8] = []
    private var extranonce2Size = 0
    private var isSubscribed = false
    private var difficulty = 1.0
    private var queuedDifficulties: [Double] = []
    private var lastPreviousHash: [UInt8]?
    /// Since the last clean job, at most 16.
    private var recentJobIDs: [String] = []
    private var profile: MinerProfile { self.configuration.profile }

    init(_ configuration: SimulatedMinerConfiguration, memory: MinerMemory) {
        self.configuration = configuration
        self.kept = memory
        if configuration.profile == .bitaxe { self.difficulty = memory.difficulty }
    }

    var hasWork: Bool { self.search != nil }

    /// A firmware that never got its configure reply leaves the request out next time.
    var memory: MinerMemory {
        var memory = self.kept
        memory.skipsConfigure = memory.skipsConfigure || self.requests.awaited.first?.kind == .configure
        return memory
    }

    mutating func begin() -> [MinerAction] {
        let configures = self.profile == .cgminer || self.profile == .bitaxe
        if configures, self.configuration.versionMask != nil, !self.kept.skipsConfigure {
            self.toAsk.append(.configure)
        }
        self.toAsk.append(.subscribe)
        if self.configuration.subscribesExtranonce { self.toAsk.append(.extranonceSubscribe) }
        self.toAsk.append(.authorize)
        if self.configuration.suggestedDifficulty != nil { self.toAsk.append(.suggestDifficulty) }
        var actions = [self.ask()]
        if self.profile == .bitaxe {
            while !self.toAsk.isEmpty { actions.append(self.ask()) }
        }
        return actions
    }

    mutating func receive(_ line: ByteBuffer) -> [MinerAction] {
        guard let message = WireMessage(line) else { return [.violation("not a JSON object: \(String(buffer: line))")] }
        guard let method = message.method else { return self.receiveReply(message) }
        return self.orderViolations(method) + self.receiveNotification(method, message)
    }

    // MARK: Shares

    private mutating func begin(_ job: BitcoinMinerJob) {
        // Only a Bitaxe counts from 0 again on a job that voids nothing.
        let startsOver = job.isClean || self.profile == .bitaxe
        self.search = BitcoinSearch(
            job,
            configuration: self.configuration,
            mask: self.versionMask,
            coinbaseCount: startsOver ? 0 : (self.search?.coinbaseCount ?? 0) &+ 1
        )
    }

    mutating func search(_ count: Int) -> [FoundShare] {
        let isShort = self.profile == .nerdminer
        return (self.search?.run(count) ?? []).map { share in
            FoundShare(
                claim: ShareClaim(
                    jobID: share.job.id,
                    extranonce2: HexText.text(share.extranonce2),
                    ntime: HexText.text(share.job.ntime),
                    nonce: isShort ? String(share.nonce, radix: 16) : HexText.text(share.nonce),
                    versionBits: share.versionBits.map(HexText.text)
                ),
                extranonce1: HexText.text(share.job.extranonce1),
                difficulty: share.job.difficulty,
                shareDifficulty: share.difficulty
            )
        }
    }

    mutating func submission(of share: FoundShare) -> (id: Int, line: String) {
        // cpuminer keeps 4 for its submits; the others go on counting.
        let id = self.profile == .cpuminer ? 4 : self.requests.takeID()
        let claim = share.claim
        let fields = [self.configuration.user, claim.jobID, claim.extranonce2, claim.ntime, claim.nonce]
        let params = (fields + [claim.versionBits].compactMap { $0 }).map(JSONText.quoted)
        return (id, MiningLine.request(id, "mining.submit", params))
    }

    // MARK: Requests

    private mutating func ask() -> MinerAction {
        let step = self.toAsk.removeFirst()
        let id = self.requests.expectReply(to: step)
        let agent = JSONText.quoted("\(self.profile.rawValue)/1.0")
        let (method, params): (String, [String])
        switch step {
        case .configure:
            let mask = HexText.text(self.configuration.versionMask ?? 0)
            let options = #"{"version-rolling.mask":"\#(mask)","version-rolling.min-bit-count":2}"#
            (method, params) = ("mining.configure", [#"["version-rolling"]"#, options])
        case .subscribe:
            let session = self.configuration.resumesSession ? self.kept.sessionID.map(JSONText.quoted) : nil
            (method, params) = ("mining.subscribe", [agent, session].compactMap { $0 })
        case .extranonceSubscribe:
            (method, params) = ("mining.extranonce.subscribe", [])
        case .authorize:
            let names = [self.configuration.user, self.configuration.password].map(JSONText.quoted)
            (method, params) = ("mining.authorize", names)
        case .suggestDifficulty:
            (method, params) = ("mining.suggest_difficulty", ["\(self.configuration.suggestedDifficulty ?? 1)"])
        }
        return .send(MiningLine.request(id, method, params))
    }

    // MARK: Replies

    private mutating func receiveReply(_ message: WireMessage) -> [MinerAction] {
        guard let id = message["id"]?.integer else { return [.violation("reply with id \(message.idText)")] }
        var actions: [MinerAction] = []
        if message["result"] == nil || message["error"] == nil {
            actions.append(.violation("reply \(id) without result or error member"))
        }
        let oldest = self.requests.awaited.first?.id
        guard let step = self.requests.answered(id) else {
            return actions + [.settle(id: id, Self.verdict(message))]
        }
        if let oldest, oldest != id { actions.append(.violation("reply \(id) before that of request \(oldest)")) }
        actions += self.receiveReply(to: step, message)
        if self.requests.awaited.isEmpty, !self.toAsk.isEmpty { actions.append(self.ask()) }
        return actions
    }

    private mutating func receiveReply(to step: Step, _ message: WireMessage) -> [MinerAction] {
        switch step {
        case .configure:
            return self.receiveConfigureReply(message)
        case .subscribe:
            return self.receiveSubscribeReply(message)
        case .authorize:
            self.isAuthorized = Self.verdict(message) == .accepted
            guard self.isAuthorized else { return [.note(.authorized(false)), .leave(reason: "not authorised")] }
            return [.note(.authorized(true))]
        case .extranonceSubscribe, .suggestDifficulty:
            return []
        }
    }

    private mutating func receiveConfigureReply(_ message: WireMessage) -> [MinerAction] {
        let result = message["result"]?.object
        guard result?["version-rolling"] == .bool(true),
            let mask = result?["version-rolling.mask"]?.string.flatMap(HexText.number)
        else { return [.note(.configured(mask: nil))] }
        // A pool may grant more than it was asked for; a miner rolls only what it can.
        let usable = mask & (self.configuration.versionMask ?? 0)
        self.versionMask = usable
        let excess: [MinerAction] = usable == mask ? [] : [.violation("mask \(HexText.text(mask)) was not asked for")]
        return excess + [.note(.configured(mask: mask))]
    }

    private mutating func receiveSubscribeReply(_ message: WireMessage) -> [MinerAction] {
        guard let result = message["result"]?.array, result.count >= 3,
            let extranonce1 = result[1].string.flatMap(HexText.bytes),
            let size = result[2].integer, (0...64).contains(size)
        else { return [.violation("subscribe reply not understood"), .leave(reason: "not subscribed")] }
        let pairs = (result[0].array ?? []).compactMap { $0.array }
        let sessionID = pairs.first { $0.first?.string == "mining.notify" }?.last?.string
        self.kept.sessionID = sessionID
        self.isSubscribed = true
        self.extranonce1 = extranonce1
        self.extranonce2Size = size
        let text = HexText.text(extranonce1)
        return [.note(.subscribed(sessionID: sessionID, extranonce1: text, extranonce2Size: size))]
            + self.sizeViolations()
    }

    private func sizeViolations() -> [MinerAction] {
        var problems: [String] = []
        let size = self.extranonce2Size
        switch self.profile {
        case .nerdminer:
            if ![2, 4, 8].contains(size) { problems.append("extranonce2 size \(size), nerdminer needs 2, 4 or 8") }
            if self.extranonce1.isEmpty { problems.append("empty extranonce1") }
        case .cgminer:
            if !(2...8).contains(size) { problems.append("extranonce2 size \(size), cgminer needs 2...8") }
        case .plain, .cpuminer, .bitaxe:
            if !(1...8).contains(size) { problems.append("extranonce2 size \(size)") }
        }
        return problems.map { .violation($0) }
    }

    private static func verdict(_ message: WireMessage) -> MinerReply {
        let error = message["error"]
        if message["result"] == .bool(true), error == nil || error == .null { return .accepted }
        if let reason = message["reject-reason"]?.string { return .rejected(code: 0, text: reason) }
        if let text = error?.string { return .rejected(code: 0, text: text) }
        let code = error?.array?.first?.integer ?? error?.object?["code"]?.integer
        let text = error?.array?.dropFirst().first?.string ?? error?.object?["message"]?.string
        return .rejected(code: code ?? 0, text: text ?? "")
    }

    // MARK: Notifications

    /// The rules of the session order, from this side.
    private func orderViolations(_ method: String) -> [MinerAction] {
        guard let step = self.requests.awaited.first?.kind else { return [] }
        let isWork = method == "mining.notify" || method == "mining.set_difficulty"
        switch step {
        case .configure where self.profile == .cgminer:
            return [.violation("\(method) before the configure reply")]
        case .subscribe where isWork || self.profile == .nerdminer:
            return [.violation("\(method) before the subscribe reply")]
        case .authorize where !isWork && method != "mining.set_version_mask" && method != "client.show_message":
            return [.violation("\(method) before the authorize reply")]
        case .configure, .subscribe, .extranonceSubscribe, .authorize, .suggestDifficulty:
            return []
        }
    }

    private mutating func receiveNotification(_ method: String, _ message: WireMessage) -> [MinerAction] {
        let params = message.params
        switch method {
        case "mining.notify":
            return self.receiveJob(params)
        case "mining.set_difficulty":
            return self.receiveDifficulty(params.first?.number ?? 0)
        case "mining.set_version_mask":
            guard let mask = message.text(0).flatMap(HexText.number) else { return [.violation("mask \(params)")] }
            guard self.versionMask != nil else { return [.note(.versionMask(mask))] }
            let usable = mask & (self.configuration.versionMask ?? 0)
            self.versionMask = usable
            self.search?.setVersionMask(usable)
            return [.note(.versionMask(mask))]
        case "mining.set_extranonce":
            return self.receiveExtranonce(params)
        case "client.reconnect":
            return self.receiveReconnect(message.reconnectGoal)
        case "client.show_message":
            return [.note(.message(message.text(0) ?? ""))]
        case "mining.ping":
            let id = message.idText
            let pong = #"{"id":\#(id),"method":"pong","params":[]}"#
            let answer = MiningLine.result(id, "\"pong\"")
            return [.note(.other(method: method)), .send(self.profile == .bitaxe ? pong : answer)]
        case "client.get_version":
            let agent = "\(self.profile.rawValue)/1.0"
            let answer = MiningLine.result(message.idText, "\"\(agent)\"")
            return [.note(.other(method: method)), .send(answer)]
        default:
            return [.note(.other(method: method))]
        }
    }

    private mutating func receiveDifficulty(_ difficulty: Double) -> [MinerAction] {
        guard difficulty > 0, difficulty.isFinite else { return [.violation("set_difficulty \(difficulty)")] }
        var actions: [MinerAction] = [.note(.difficulty(difficulty))]
        if !self.queuedDifficulties.isEmpty { actions.append(.violation("two set_difficulty without a job between")) }
        // cgminer has room for two values; the others keep the latest.
        if self.profile != .cgminer || self.queuedDifficulties.count > 1 { self.queuedDifficulties = [] }
        self.queuedDifficulties.append(difficulty)
        if self.profile == .nerdminer { self.search?.setDifficulty(difficulty) }
        self.kept.difficulty = difficulty
        return actions
    }

    private mutating func receiveJob(_ params: [JSONValue]) -> [MinerAction] {
        if !self.queuedDifficulties.isEmpty { self.difficulty = self.queuedDifficulties.removeFirst() }
        let job = BitcoinMinerJob(
            params,
            difficulty: self.difficulty,
            extranonce1: self.extranonce1,
            extranonce2Size: self.extranonce2Size
        )
        guard let job else { return [.violation("job not understood: \(params)")] }
        let note = MinerEvent.Kind.job(
            id: job.id,
            clean: job.isClean,
            previousHash: HexText.text(job.previousHash),
            difficulty: job.difficulty
        )
        var actions: [MinerAction] = [.note(note)]
        if params.count != 9 { actions.append(.violation("job with \(params.count) parameters")) }
        if job.previousHash != self.lastPreviousHash, !job.isClean {
            actions.append(.violation("job \(job.id) has another previous hash but is not clean"))
        }
        if self.profile == .nerdminer, job.coinbaseSize > 255 {
            actions.append(.violation("coinbase of \(job.coinbaseSize) bytes, nerdminer takes 255"))
        }
        self.lastPreviousHash = job.previousHash
        if job.isClean { self.recentJobIDs = [] }
        let isRepeated = self.recentJobIDs.contains(job.id)
        self.recentJobIDs = Array(self.recentJobIDs.suffix(15)) + [job.id]
        if isRepeated { actions.append(.violation("job id \(job.id) repeated")) }
        guard !(isRepeated && self.profile == .bitaxe), self.isSubscribed else { return actions }
        self.begin(job)
        return actions
    }

    private mutating func receiveExtranonce(_ params: [JSONValue]) -> [MinerAction] {
        guard let extranonce1 = params.first?.string.flatMap(HexText.bytes) else {
            return [.violation("set_extranonce \(params)")]
        }
        let size = params.dropFirst().first?.integer ?? self.extranonce2Size
        let note = MinerEvent.Kind.extranonce(extranonce1: HexText.text(extranonce1), extranonce2Size: size)
        guard self.configuration.subscribesExtranonce, (0...64).contains(size) else {
            return [.note(note), .violation("set_extranonce was not asked for")]
        }
        self.extranonce1 = extranonce1
        self.extranonce2Size = size
        return [.note(note)] + self.sizeViolations()
    }

    private func receiveReconnect(_ goal: (host: String?, port: Int?)) -> [MinerAction] {
        let (host, port) = goal
        let target: (host: String?, port: Int?)?
        switch self.profile {
        case .plain: target = (host, port)
        case .cpuminer: target = host == nil ? nil : (host, port)
        case .cgminer:
            let isSameDomain = host == nil || Self.domain(host ?? "") == Self.domain(self.configuration.host)
            target = isSameDomain ? (host, port) : nil
        case .bitaxe: target = (nil, nil)
        case .nerdminer: target = nil
        }
        let note = MinerAction.note(.reconnectRequested(host: host, port: port, obeyed: target != nil))
        return target.map { [note, .reconnect(host: $0.host, port: $0.port)] } ?? [note]
    }

    /// What follows the first dot.
    private static func domain(_ host: String) -> Substring {
        host.drop { $0 != "." }
    }
}
