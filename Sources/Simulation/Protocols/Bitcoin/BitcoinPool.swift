import Stratum

/// The side of a pool of Bitcoin, or of a coin that differs by its hash, of one link: reads requests, keeps what was agreed, writes the pool's lines.
final class BitcoinPool: MiningPool {
    unowned let link: PoolLink
    let agreement: MiningAgreement
    private let configuration: SimulatedPoolConfiguration
    private let judge: BitcoinJudge
    private var versionMask: UInt32?

    init(_ link: PoolLink, _ configuration: SimulatedPoolConfiguration) {
        self.link = link
        self.agreement = MiningAgreement(link)
        self.configuration = configuration
        self.judge = BitcoinJudge(
            headerHash: HeaderHash(configuration.protocol),
            versionBitsRule: configuration.versionBitsRule,
            requiresVersionBits: configuration.requiresVersionBits,
            ntimeRule: configuration.ntimeRule,
            acceptsShortNonces: configuration.acceptsShortNonces
        )
    }

    func target(difficulty: Double) -> Number256 { .maximum }

    func announcement(of difficulty: Double) -> String {
        MiningLine.notification("mining.set_difficulty", ["\(difficulty)"])
    }

    func notification(of job: any PoolJob, clean: Bool) -> String? {
        (job as? BitcoinPoolJob)?.notification(clean: clean)
    }

    func setExtranonce(_ extranonce1: [UInt8], size: Int) {
        guard let text = self.agreement.change(extranonce1, size: size) else { return }
        self.link.send(MiningLine.notification("mining.set_extranonce", [JSONText.quoted(text), "\(size)"]))
    }

    // MARK: Requests

    func receive(_ method: String, _ message: WireMessage) {
        let id = message.idText
        switch method {
        case "mining.configure": self.configure(message)
        case "mining.subscribe": self.subscribe(message)
        case "mining.authorize": self.authorize(message)
        case "mining.submit": self.submit(message)
        case "mining.extranonce.subscribe", "mining.suggest_difficulty", "mining.suggest_target",
            "mining.multi_version":
            self.link.send(MiningLine.result(id))
        case "mining.get_transactions": self.link.send(MiningLine.result(id, "[]"))
        default: self.link.send(MiningLine.refusal(id, -3, "Method not found", result: "null"))
        }
    }

    private func configure(_ message: WireMessage) {
        let id = message.idText
        let options = message.params.dropFirst().first?.object
        let wanted = options?["version-rolling.mask"]?.string.flatMap(HexText.number) ?? .max
        let mask: UInt32
        switch self.configuration.configure {
        case .answers(let own): mask = own & wanted
        case .answersOwnMask(let own): mask = own
        case .error: return self.link.send(MiningLine.refusal(id, -3, "Method not found", result: "null"))
        case .silent: return
        case .closes:
            self.link.close(reset: false)
            return
        }
        self.versionMask = mask
        self.link.record { $0.versionMask = mask }
        let codes = message.params.first?.array ?? []
        var members = codes.compactMap(\.string).map { code in
            "\(JSONText.quoted(code)):\(code == "version-rolling")"
        }
        members.append(#""version-rolling.mask":"\#(HexText.text(mask))""#)
        self.link.send(MiningLine.result(id, "{\(members.joined(separator: ","))}"))
        if self.configuration.order == .maskBehindConfigure {
            self.link.send(MiningLine.notification("mining.set_version_mask", [JSONText.quoted(HexText.text(mask))]))
        }
    }

    private func subscribe(_ message: WireMessage) {
        let agent = message.text(0) ?? ""
        let session = self.agreement.subscribe(resuming: message.text(1)) { $0.userAgent = agent }
        let notify = #"["mining.notify","\#(session.id)"]"#
        let others = #"["mining.set_difficulty","\#(session.id)"],"#
        let subscriptions = self.configuration.order == .jobBeforeAuthorizeReply ? notify : others + notify
        let result = #"[[\#(subscriptions)],"\#(HexText.text(session.extranonce1))",\#(session.extranonce2Size)]"#
        self.link.send(MiningLine.result(message.idText, result))
        if self.configuration.order == .jobBehindSubscribe { self.agreement.beginJobs() }
    }

    func authorize(_ message: WireMessage) {
        let id = message.idText
        guard self.link.behaviour.authorizes else {
            return self.link.send(MiningLine.refusal(id, 24, "Unauthorized worker"))
        }
        let isFirst = self.agreement.workers.isEmpty
        if !isFirst {
            switch self.configuration.secondAuthorize {
            case .noAnswer: return
            case .error: return self.link.send(MiningLine.refusal(id, 25, "Already authorized", result: "null"))
            case .accepts: break
            }
        }
        self.agreement.authorize(message.text(0) ?? "")
        if isFirst && self.configuration.order == .jobBeforeAuthorizeReply { self.agreement.beginJobs() }
        self.link.send(MiningLine.result(id))
        if isFirst { self.agreement.beginJobs() }
    }

    // MARK: Shares

    private func submit(_ message: WireMessage) {
        let fields = message.params.map { $0.string ?? "" }
        func field(_ index: Int) -> String { fields.indices.contains(index) ? fields[index] : "" }
        let claim = ShareClaim(
            jobID: field(1),
            extranonce2: field(2),
            ntime: field(3),
            nonce: field(4),
            versionBits: fields.count > 5 ? field(5) : nil
        )
        let stranger = self.agreement.workers.isEmpty ? "Unauthorized worker" : "Worker mismatch"
        self.submit(claim, worker: field(0), id: message.idText, stranger: stranger) { issued in
            guard (5...6).contains(fields.count) else { return .refuse(20, "Invalid array size") }
            return self.judge.judge(claim, issued: issued, epoch: self.link.core.epoch, mask: self.versionMask)
        }
    }

    func reply(_ verdict: PoolVerdict, id: String) -> String {
        guard case .rejected(let code, let text) = verdict else { return MiningLine.result(id) }
        let reason = JSONText.quoted(text)
        return switch self.configuration.rejectionShape {
        case .array: MiningLine.refusal(id, code, text, result: "null")
        case .rejectReason: #"{"id":\#(id),"result":false,"error":null,"reject-reason":\#(reason)}"#
        case .bareString: #"{"id":\#(id),"result":null,"error":\#(reason)}"#
        }
    }
}
