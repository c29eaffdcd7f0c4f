public import NIOCore

/// A miner of Ethash. Its first line tells the flavour, which it keeps.
///
/// Miners that find the flavour by trying (ethminer) begin with the newest and need an error for what is not served: so a
/// flavour for which no pool of the route has work is refused, and so is bare "stratum", `mining.subscribe` without
/// `EthereumStratum`. After a refusal the miner may try another one on the same connection.
public struct EthashMinerDialogue: MinerDialogue {
    private let settings: MinerDialogueSettings
    /// The conversation from the first understood line on.
    private var chosen: (any MinerDialogue)?

    public init(settings: MinerDialogueSettings) {
        self.settings = settings
    }

    /// All bits while the flavour is not known.
    public var kind: UInt8 { self.chosen?.kind ?? .max }
    public var followsPool: Bool { self.chosen?.followsPool ?? false }
    public var canChangeNonce: Bool { self.chosen?.canChangeNonce ?? false }
    public var canResume: Bool { self.chosen?.canResume ?? false }

    public func prefixes(layout: NonceLayout) -> PrefixRange { self.chosen?.prefixes(layout: layout) ?? .shared }

    public mutating func received(
        _ line: ByteBuffer,
        in surroundings: MinerSurroundings,
        into output: inout ByteBuffer
    ) throws(StratumError) -> MinerStep? {
        if self.chosen == nil {
            let message = try EthashMessage(line)
            guard let method = message.method, !method.isEmpty else { return nil }
            guard let flavor = EthashFlavor(method: method, params: message.params) else {
                guard method == "mining.subscribe" else { return .unknown(request: message.id, method: method) }
                output.writeImmutableBuffer(
                    EthashDialect.refusal(
                        of: line, "Bare stratum is not served here: use EthereumStratum/1.0.0 (stratum2+tcp)"
                    )
                )
                return nil
            }
            guard flavor != .stratum2 || message.params.object?["proto"]?.string == EthashFlavor.stratum2.title else {
                output.writeImmutableBuffer(
                    EthashDialect.refusal(of: line, "Only EthereumStratum/2.0.0 begins with mining.hello")
                )
                return nil
            }
            guard flavor.kind & surroundings.kinds != 0 else {
                output.writeImmutableBuffer(
                    EthashDialect.refusal(of: line, "No pool here has work for \(flavor.title)")
                )
                return nil
            }
            switch flavor {
            case .proxy: self.chosen = EthProxyMinerDialogue()
            case .stratum1: self.chosen = EthereumStratum1MinerDialogue()
            case .stratum2: self.chosen = EthereumStratum2MinerDialogue()
            }
        }
        return try self.chosen?.received(line, in: surroundings, into: &output)
    }

    public mutating func subscribed(
        _ grant: NonceGrant, request: MessageID, sessionID: String, into output: inout ByteBuffer
    ) {
        self.chosen?.subscribed(grant, request: request, sessionID: sessionID, into: &output)
    }

    public mutating func authorized(_ isWelcome: Bool, request: MessageID, into output: inout ByteBuffer) {
        self.chosen?.authorized(isWelcome, request: request, into: &output)
    }

    public func refuse(_ request: MessageID, _ rejection: Rejection, into output: inout ByteBuffer) {
        guard let chosen = self.chosen else {
            MessageEncoder.error(id: request, code: rejection.code, message: rejection.message, into: &output)
            return
        }
        chosen.refuse(request, rejection, into: &output)
    }

    public func answer(_ reply: SubmitReply, to request: MessageID, into output: inout ByteBuffer) {
        self.chosen?.answer(reply, to: request, into: &output)
    }

    public mutating func deliver(_ delivery: JobDelivery, into output: inout ByteBuffer) -> ByteBuffer? {
        self.chosen?.deliver(delivery, into: &output)
    }

    public mutating func changeNonce(_ grant: NonceGrant, into output: inout ByteBuffer) {
        self.chosen?.changeNonce(grant, into: &output)
    }

    public mutating func reconnect(into output: inout ByteBuffer) {
        self.chosen?.reconnect(into: &output)
    }

    public mutating func judge(_ submission: Submission, _ context: JudgingContext) -> Judgement {
        self.chosen?.judge(submission, context) ?? .malformed(Rejection(code: 25, message: "Not subscribed"))
    }
}

extension EthashFlavor {
    /// What a miner speaks whose first request this is; nil for one of another protocol.
    init?(method: String, params: JSONValue) {
        switch method {
        case "eth_submitLogin", "eth_login", "eth_getWork":
            self = .proxy
        case "mining.hello":
            self = .stratum2
        case "mining.subscribe":
            let version = (params.array ?? []).value(at: 1).string ?? ""
            guard version.hasPrefix("EthereumStratum/"), !version.hasPrefix("EthereumStratum/2") else { return nil }
            self = .stratum1
        default:
            return nil
        }
    }
}

extension NonceLayout {
    /// The prefixes of EthereumStratum miners: ``total`` bytes, one or two.
    var ethashPrefixes: PrefixRange {
        self.total >= 2
            ? PrefixRange(count: 2, values: 0x0000...0xffff) : PrefixRange(count: 1, values: 0x00...0xff)
    }
}
