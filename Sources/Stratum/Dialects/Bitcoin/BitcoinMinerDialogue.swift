public import NIOCore

/// A miner of Stratum V1.
public struct BitcoinMinerDialogue: StratumMinerDialogue {
    private let settings: MinerDialogueSettings
    private var judge: BitcoinShareJudge
    private var userAgent = ""
    /// The bits the miner asked for with `mining.configure`; nil: it does not roll versions.
    private var requestedMask: UInt32?
    public private(set) var versionMask: UInt32 = 0
    public private(set) var canChangeNonce = false
    private var isSubscribed = false

    public init(
        settings: MinerDialogueSettings,
        algorithm: BitcoinAlgorithm = .sha256d,
        validation: ShareValidation = .all
    ) {
        self.settings = settings
        self.judge = BitcoinShareJudge(algorithm: algorithm, validation: validation)
    }

    public func prefixes(layout: NonceLayout) -> PrefixRange { layout.bitcoinPrefixes(userAgent: self.userAgent) }

    // MARK: Requests

    public mutating func received(
        _ line: ByteBuffer,
        in surroundings: MinerSurroundings,
        into output: inout ByteBuffer
    ) throws(StratumError) -> MinerStep? {
        guard case .request(let id, let request) = try MinerMessage.decode(line) else { return nil }
        switch request {
        case .submit(let submission):
            return .submit(request: id, submission)
        case .malformedSubmit(let reason):
            return self.malformedSubmit(id, reason, isSubscribed: self.isSubscribed)
        case .configure(let configure):
            return self.configure(configure, id: id, in: surroundings, into: &output)
        case .subscribe(let userAgent, let sessionID):
            guard !self.isSubscribed else {
                self.refuse(id, .alreadySubscribed, into: &output)
                return nil
            }
            self.userAgent = userAgent
            return .subscribe(request: id, userAgent: userAgent, sessionID: sessionID)
        case .extranonceSubscribe:
            self.canChangeNonce = true
            MessageEncoder.response(id: id, result: true, into: &output)
            return nil
        case .authorize, .suggestDifficulty, .suggestTarget, .multiVersion, .capabilities, .getTransactions,
            .hashesDone, .ping, .unknown, .malformed:
            return self.received(common: request, id, into: &output)
        }
    }

    private mutating func configure(
        _ request: ConfigureRequest,
        id: MessageID,
        in surroundings: MinerSurroundings,
        into output: inout ByteBuffer
    ) -> MinerStep? {
        var mask: UInt32?
        if request.extensions.contains(ConfigureRequest.versionRolling) {
            let requested = request.mask & self.settings.versionMask
            self.requestedMask = requested
            self.versionMask = Self.mask(
                requested: requested,
                pool: surroundings.entryMask,
                common: surroundings.commonMask
            )
            mask = self.versionMask
        }
        let wantsExtranonce = request.extensions.contains(ConfigureRequest.subscribeExtranonce)
        if wantsExtranonce { self.canChangeNonce = true }
        MessageEncoder.configureResult(
            id: id,
            request: request,
            mask: mask,
            minimumDifficulty: true,
            subscribeExtranonce: wantsExtranonce,
            into: &output
        )
        return request.minimumDifficulty.map { .suggestDifficulty($0) }
    }

    /// The mask for a pool: that of all pools where it leaves at least two bits, so that it need not change; else the
    /// pool's own.
    private static func mask(requested: UInt32, pool: UInt32, common: UInt32) -> UInt32 {
        let shared = requested & pool & common
        return shared.nonzeroBitCount >= 2 ? shared : requested & pool
    }

    // MARK: Replies

    public mutating func subscribed(
        _ grant: NonceGrant, request: MessageID, sessionID: String, into output: inout ByteBuffer
    ) {
        self.isSubscribed = true
        MessageEncoder.subscribeResult(
            id: request,
            subscriptionID: sessionID,
            extranonce1: grant.prefix,
            extranonce2Size: grant.bitcoinExtranonce2Size,
            into: &output
        )
    }

    // MARK: Jobs

    /// The order is version mask, difficulty, notify; of the first two nothing if they do not change.
    public mutating func deliver(_ delivery: JobDelivery, into output: inout ByteBuffer) -> ByteBuffer? {
        if let requestedMask = self.requestedMask {
            let mask = Self.mask(
                requested: requestedMask, pool: delivery.upstream.versionMask, common: delivery.commonMask
            )
            if mask != self.versionMask {
                self.versionMask = mask
                MessageEncoder.setVersionMask(mask, into: &output)
            }
        }
        if delivery.isNewDifficulty { MessageEncoder.setDifficulty(delivery.difficulty, into: &output) }
        return (delivery.work as? BitcoinIssue)?.notifyLine(clean: delivery.isClean)
    }

    public mutating func changeNonce(_ grant: NonceGrant, into output: inout ByteBuffer) {
        MessageEncoder.setExtranonce(
            extranonce1: grant.prefix, extranonce2Size: grant.bitcoinExtranonce2Size, into: &output
        )
    }

    // MARK: Shares

    public mutating func judge(_ submission: Submission, _ context: JudgingContext) -> Judgement {
        // A share for a former pool's job was rolled with that pool's mask; a mask that grew since counts as well.
        var context = context
        let isWithinSlot = (submission.found.versionBits ?? 0) & ~context.versionMask == 0
        if !isWithinSlot { context.versionMask = self.versionMask & context.upstream.versionMask }
        return self.judge.judge(submission, context)
    }
}

extension NonceGrant {
    /// Bytes that are left for the miner.
    public var bitcoinExtranonce2Size: Int { max(0, self.layout.total - self.prefix.count) }
}
