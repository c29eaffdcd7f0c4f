public import NIOCore

/// One connection to a pool of EthereumStratum/2.0.0 (EIP-1571; ethereum §3).
///
/// It authorises one worker, whose token goes with all shares.
public struct EthereumStratum2PoolDialogue: HandshakeDialogue {
    /// Its requests are counted on; the wire has their last 16 bits.
    public var handshake: PoolHandshake
    private var noopRequest: Int?
    private var worker = ""
    private var noopInterval = TimeAmount.seconds(60)
    private var nextNoop: NIODeadline?
    private var blocks = EthashBlocks()
    public private(set) var sessionID: String?

    /// What `mining.set` has said so far, for the jobs that follow.
    private var epoch: Int?
    private var target: Target?
    private var algorithm: String?
    private var extranonce: [UInt8]?

    public init(settings: PoolDialogueSettings) {
        self.handshake = PoolHandshake(settings, firstRequest: 0)
    }

    public mutating func connected(now: NIODeadline, into output: inout ByteBuffer) -> PoolEvent? {
        guard self.handshake.step == .idle else { return nil }
        let request = self.handshake.begin(.greeting, now: now)
        MessageEncoder.stratum2Hello(
            id: Self.wire(request), userAgent: self.handshake.settings.userAgent, into: &output
        )
        self.nextNoop = now + self.noopInterval
        return nil
    }

    public func writeAuthorization(user: String, password: String, request: Int, into output: inout ByteBuffer) {
        MessageEncoder.stratum2Authorize(id: Self.wire(request), user: user, password: password, into: &output)
    }

    public func writeShare(_ share: PoolShare, user: String, request: Int, into output: inout ByteBuffer) {
        MessageEncoder.stratum2Submit(id: Self.wire(request), share, worker: self.worker, into: &output)
    }

    public mutating func received(
        message line: ByteBuffer, now: NIODeadline, into output: inout ByteBuffer
    ) throws(StratumError) -> PoolEvent? {
        let message = try EthashMessage(line)
        if message.method != nil { return self.receivedNotification(message, into: &output) }
        guard case .integer(let id) = message.id, let request = self.request(wire: id) else { return nil }
        self.handshake.understood()
        switch self.handshake.reply(to: request) {
        case .step(let step):
            return self.received(message, step, now: now, into: &output)
        case .other(self.noopRequest):
            self.noopRequest = nil
            return nil
        case .other(let request):
            return .verdict(request: request, message.stratum2Rejection.map { .rejected($0) } ?? .accepted)
        case nil:
            return nil
        }
    }

    public mutating func tick(now: NIODeadline, into output: inout ByteBuffer) -> PoolEvent? {
        if let failure = self.handshake.tick(now: now) { return failure }
        guard self.handshake.step != .failed, let nextNoop = self.nextNoop, now >= nextNoop else { return nil }
        self.nextNoop = now + self.noopInterval
        let request = self.handshake.takeRequest()
        self.noopRequest = request
        MessageEncoder.stratum2Noop(id: Self.wire(request), into: &output)
        return nil
    }

    // MARK: Handshake

    private mutating func received(
        _ message: EthashMessage, _ step: PoolHandshake.Step, now: NIODeadline, into output: inout ByteBuffer
    ) -> PoolEvent? {
        switch step {
        case .greeting:
            return self.receivedWelcome(message, now: now, into: &output)
        case .subscribing:
            if let rejection = message.stratum2Rejection {
                return self.handshake.fail(.subscribeRefused, rejection.message)
            }
            self.sessionID = message.result.string
            self.subscribed(into: &output)
            return .subscribed(PoolTerms(room: nil, summary: EthashFlavor.stratum2.title))
        case .authorizing:
            self.worker = message.result.text ?? ""
            return self.handshake.authorized(unless: message.stratum2Rejection)
        case .idle, .subscribed, .awaitingJob, .ready, .failed:
            return nil
        }
    }

    private mutating func receivedWelcome(
        _ message: EthashMessage, now: NIODeadline, into output: inout ByteBuffer
    ) -> PoolEvent? {
        guard let welcome = message.result.object else {
            return self.handshake.fail(
                .subscribeRefused, message.stratum2Rejection?.message ?? "mining.hello is not answered with an object"
            )
        }
        guard welcome["encoding"]?.string != "gzip" else {
            return self.handshake.fail(.subscribeRefused, "the pool compresses its lines, which is not supported")
        }
        if let timeout = welcome["timeout"]?.ethashNumber {
            // Half of the time the pool bears silence, within reason.
            self.noopInterval = .seconds(Int64(min(max(timeout / 2, 5), 600)))
            self.nextNoop = now + self.noopInterval
        }
        let request = self.handshake.goOn(.subscribing)
        MessageEncoder.stratum2Subscribe(
            id: Self.wire(request), sessionID: self.handshake.settings.sessionID, into: &output
        )
        return nil
    }

    // MARK: Notifications

    private mutating func receivedNotification(
        _ message: EthashMessage, into output: inout ByteBuffer
    ) -> PoolEvent? {
        switch message.method {
        case "mining.set":
            if let member = self.set(message.params.object ?? JSONObject()) {
                return self.handshake.malformed("mining.set with values that make no sense: \(member)")
            }
            self.handshake.understood()
            return nil
        case "mining.notify":
            guard let work = self.work(message) else {
                return self.handshake.malformed("mining.notify without a job, or before a complete mining.set")
            }
            return self.handshake.received(work.upstreamJob)
        case "mining.noop":
            if message.id != .absent { MessageEncoder.stratum2Success(id: message.id, into: &output) }
            return nil
        case "mining.bye":
            return self.handshake.fail(.closed, "mining.bye")
        case "mining.reconnect":
            guard let params = message.params.object else { return message.commonNotification }
            let host = params["host"]?.string.flatMap { $0.isEmpty ? nil : $0 }
            let port = params["port"]?.ethashNumber.flatMap { (1...65_535).contains($0) ? $0 : nil }
            return .reconnectRequested(host: host, port: port, wait: nil)
        default:
            return message.commonNotification
        }
    }

    /// Takes all that is set, or nothing of it and returns the name of what makes no sense.
    private mutating func set(_ params: JSONObject) -> String? {
        var next = self
        if let value = params["epoch"] {
            guard let epoch = value.ethashNumber else { return "epoch" }
            next.epoch = epoch
        }
        if let value = params["target"] {
            guard let target = value.ethashTarget else { return "target" }
            next.target = target
        }
        if let value = params["algo"] {
            guard let algorithm = value.string else { return "algo" }
            next.algorithm = algorithm
        }
        if let value = params["extranonce"] {
            guard let extranonce = value.ethashExtranonce else { return "extranonce" }
            next.extranonce = extranonce
        }
        self = next
        return nil
    }

    /// Job, height, header, clean.
    private mutating func work(_ message: EthashMessage) -> EthashWork? {
        guard let id = message.parameter(0).text, let header = message.parameter(2).ethashHash,
            let epoch = self.epoch, let target = self.target, let algorithm = self.algorithm,
            let extranonce = self.extranonce
        else {
            return nil
        }
        let height = message.parameter(1).ethashNumber
        let flag = message.parameter(3)
        let says = flag != .string("0") && flag != .bool(false) && flag != .integer(0)
        let (block, isClean) = self.blocks.next(header: header, isClean: says, height: height)
        return EthashWork(
            id: id,
            flavor: .stratum2,
            header: header,
            seed: EthashAlgorithm(rawValue: algorithm)?.seed(epoch: epoch),
            epoch: epoch,
            algorithm: algorithm,
            height: height,
            target: target,
            extranonce: extranonce,
            isClean: isClean,
            block: block
        )
    }

    // MARK: Ids

    /// An id for the wire, 0...65535.
    private static func wire(_ request: Int) -> Int { request & 0xffff }

    /// The latest request with this id on the wire; nil if there was none.
    private func request(wire id: Int64) -> Int? {
        guard (0...0xffff).contains(id), let id = Int(exactly: id) else { return nil }
        let last = self.handshake.nextRequest - 1
        let request = last - ((last - id) & 0xffff)
        return request >= 0 ? request : nil
    }
}
