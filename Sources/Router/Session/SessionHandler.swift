import Logging
package import NIOCore
import PoolPool
import Stratum

/// A subscription whose answer depends on the pool.
final class WaitingSubscription {
    let nonce: NonceGrant
    let request: MessageID
    let isLogin: Bool

    init(nonce: NonceGrant, request: MessageID, isLogin: Bool) {
        self.nonce = nonce
        self.request = request
        self.isLogin = isLogin
    }
}

/// The channel handler of one miner's connection: decodes lines, runs ``SessionStateMachine``, performs what it says.
/// Confined to its channel's event loop. There are tens of thousands of them: small fields stand where they fill gaps.
package final class SessionHandler: ChannelInboundHandler {
    package typealias InboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    package let id: Int64
    package let remote: String
    /// The IP address in ``remote``, and the name of the listener: what pinning rules ask for.
    let address: String
    let listener: String
    /// Handed to the miner as its subscription id; lets it resume.
    var token: String { String(self.tokenNumber, radix: 16) }
    private let tokenNumber: UInt64
    let connectedAt: Int64
    private(set) var machine: SessionStateMachine
    private let gate: ConnectionGate?
    private let shard: RouterShard
    private let handshakeDeadline: NIODeadline
    private var decoder: LineDecoder
    private var isClosed = false
    private var sawFirstBytes = false
    private var sawFirstLine = false
    private var couldChangeNonce = false
    private var isPaused = false
    private var isStopping = false
    /// The kernel has taken what the miner was sent, or nearly all of it.
    private var isWritable = true
    private var output = ByteBuffer()
    private var malformedInARow: UInt8 = 0
    private var context: ChannelHandlerContext?
    /// The way past the channel, where nothing must be done to what is sent.
    var socket = DirectSocket()
    private var linesInWindow: Int32 = 0
    private var lineWindow = NIODeadline.uptimeNanoseconds(0)

    /// The request for a nonce that cannot be answered before a pool is known.
    private(set) var waiting: WaitingSubscription?
    /// The link the session mines on.
    var link: Int?
    /// The failover that waits for this session's next job.
    var receipt: Int?
    /// The current issue of the link's job is not new to this session: another one is on its way.
    var awaitsReissue = false

    private var settings: SessionSettings { self.machine.settings }

    private static let malformedLimit: UInt8 = 10
    /// Shares of one session that may be judged elsewhere at once; its next lines wait meanwhile.
    private static let judgementLimit: Int32 = 8

    init(
        id: Int64,
        remote: String,
        address: String,
        listener: String,
        token: UInt64,
        gate: ConnectionGate?,
        shard: RouterShard,
        now: NIODeadline,
        time: Int64
    ) {
        self.id = id
        self.remote = remote
        self.address = address
        self.listener = listener
        self.tokenNumber = token
        self.gate = gate
        self.shard = shard
        self.connectedAt = time
        self.machine = SessionStateMachine(settings: shard.settings, now: now)
        self.handshakeDeadline = now + TimeAmount(shard.settings.limits.handshakeTimeout)
        self.decoder = LineDecoder(maximumLength: shard.settings.limits.lineLength)
    }

    // MARK: From the shard

    /// Sends a job with whatever must go before it, in one write.
    func deliver(_ job: IssuedJob, isReissue: Bool, now: NIODeadline) {
        guard let context = self.context, !self.isClosed else { return }
        self.awaitsReissue = false
        let line = self.machine.deliver(
            job,
            isReissue: isReissue,
            commonMask: self.shard.facts.commonMask,
            now: now,
            into: &self.output
        )
        guard self.isWritable else { return self.close(.tooSlow) }
        self.writeOutput(context: context, then: line)
        if self.machine.isOver { return self.close(.protocolEnded) }
        if let receipt = self.receipt {
            self.receipt = nil
            self.shard.delivered(receipt)
        }
    }

    /// The verdict on a share that went to a pool.
    func settled(_ share: Int64, _ verdict: ShareVerdict) {
        self.prepareOutput()
        self.machine.settled(share, verdict, into: &self.output)
        self.shard.needsFlush(self)
        if self.machine.ignoresNonceChange, !self.isClosed { self.shard.sendBack(self) }
    }

    /// Shares of this authorised name go under `handle`.
    func note(_ handle: Int32, for user: String) {
        self.machine.note(handle, for: user)
    }

    /// Writes the replies collected so far.
    func flush() {
        guard let context = self.context, !self.isClosed else { return }
        guard self.output.readableBytes == 0 || self.isWritable else { return self.close(.tooSlow) }
        self.writeOutput(context: context)
    }

    /// Moves the session to another slice of nonce space: by telling the miner where it takes that, by asking it to come
    /// back otherwise.
    func renegotiate(_ nonce: NonceGrant?) {
        guard let context = self.context, !self.isClosed else { return }
        if let nonce {
            self.machine.changeNonce(nonce, keepsJobs: false, into: &self.output)
        } else {
            self.machine.reconnect(into: &self.output)
        }
        self.writeOutput(context: context)
    }

    func tick(now: NIODeadline) {
        if !self.machine.isReady {
            if now >= self.handshakeDeadline, self.shard.facts.isOpen { self.close(.handshakeTimeout) }
        } else if !self.awaitsReissue, self.machine.needsNewDifficulty(now: now), let link = self.link {
            self.awaitsReissue = true
            self.shard.requestReissue(link: link)
        }
    }

    /// Processes what arrived while the route was not open yet.
    func resumeReading() {
        guard let context = self.context, !self.isClosed else { return }
        self.processLines(now: context.eventLoop.now)
        self.flush()
    }

    /// Stops taking shares; those that wait for a verdict still get it.
    func stopReading() {
        guard let context = self.context, !self.isClosed else { return }
        self.isStopping = true
        context.channel.setOption(.autoRead, value: false).whenComplete { _ in }
    }

    func close(_ reason: SessionCloseReason) {
        guard !self.isClosed else { return }
        self.isClosed = true
        self.shard.closed(self, reason: reason)
        if let context = self.context {
            self.writeOutput(context: context)
            context.close(promise: nil)
        }
    }

    // MARK: Channel events

    package func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        self.shard.opened(self)
    }

    package func handlerRemoved(context: ChannelHandlerContext) {
        self.close(.closedByMiner)
        self.context = nil
        self.gate?.leave(self.address)
    }

    package func channelWritabilityChanged(context: ChannelHandlerContext) {
        self.isWritable = context.channel.isWritable
        context.fireChannelWritabilityChanged()
    }

    package func channelInactive(context: ChannelHandlerContext) {
        self.close(.closedByMiner)
        context.fireChannelInactive()
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = self.unwrapInboundIn(data)
        guard !self.isClosed else { return }
        if !self.sawFirstBytes {
            self.sawFirstBytes = true
            guard self.isStratum(bytes) else { return self.close(.notStratum) }
        }
        let memory = bytes
        self.decoder.append(&bytes)
        self.processLines(now: context.eventLoop.now)
        self.shard.readMemory.giveBack(memory)
    }

    package func channelReadComplete(context: ChannelHandlerContext) {
        self.flush()
        context.fireChannelReadComplete()
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.shard.logger.debug(
            "session error",
            metadata: ["session": "\(self.id)", "remote": .string(self.remote), "error": "\(error)"]
        )
        self.close(.error)
    }

    // MARK: Lines

    private func processLines(now: NIODeadline) {
        // Until the route is open its pools' nonce spaces and masks are unknown, and some replies wait for a pool; what comes in
        // waits in the decoder.
        guard self.shard.facts.isOpen, self.waiting == nil else {
            if self.decoder.bufferedCount > self.settings.limits.lineLength { self.close(.lineTooLong) }
            return
        }
        self.prepareOutput()
        while !self.isClosed, self.waiting == nil, self.mayJudge() {
            do throws(StratumError) {
                guard let line = try self.decoder.nextLine() else { break }
                guard self.mayTakeLine(now: now) else { return self.close(.tooFast) }
                self.received(line, now: now)
            } catch {
                self.close(.lineTooLong)
            }
        }
    }

    private func received(_ line: ByteBuffer, now: NIODeadline) {
        if !self.sawFirstLine {
            self.sawFirstLine = true
            let own = type(of: self.shard.configuration.dialect.dialect)
            if let stranger = self.shard.strangers.dialect(of: line, unless: own) {
                return self.turnAway(stranger, line)
            }
        }
        let surroundings = self.shard.surroundings(now: now)
        let step: SessionStateMachine.Step?
        do throws(StratumError) {
            step = try self.machine.received(
                line,
                in: surroundings,
                standing: { [shard] in shard.links.standing(of: $0) },
                into: &self.output
            )
        } catch {
            self.malformedInARow += 1
            if self.malformedInARow >= Self.malformedLimit || !self.machine.isSubscribed { self.close(.malformed) }
            return
        }
        self.malformedInARow = 0
        // A share, most of the time.
        if case .judged(let share) = step { return self.judged(share, time: surroundings.time) }
        if !self.couldChangeNonce, self.machine.canChangeNonce {
            self.couldChangeNonce = true
            if self.machine.followsPool, self.machine.isReady { self.shard.canMove(self) }
        }
        if let step { self.perform(step, time: surroundings.time) }
    }

    private func perform(_ step: SessionStateMachine.Step, time: Int64) {
        switch step {
        case .subscribe(let request, _, let sessionID):
            self.subscribe(request, sessionID: sessionID)
            if self.machine.isReady { self.shard.ready(self, time: time) }
        case .login(let login):
            self.shard.authorized(self, user: login.user)
            self.subscribe(login.request, sessionID: login.sessionID, isLogin: true)
            if self.machine.isReady { self.shard.ready(self, time: time) }
        case .authorized(let user, let isFirst):
            self.shard.authorized(self, user: user)
            if isFirst, self.machine.isSubscribed { self.shard.ready(self, time: time) }
        case .judged(let share):
            self.judged(share, time: time)
        case .judgeElsewhere(let unjudged):
            self.shard.judgeElsewhere(unjudged, of: self, time: time)
        case .unknown(let request, _):
            self.machine.refuseUnknown(request, into: &self.output)
        case .leave(let cause):
            self.shard.logger.info(
                "conversation ended",
                metadata: ["session": "\(self.id)", "remote": .string(self.remote), "cause": .string(cause)]
            )
            self.close(.protocolEnded)
        }
    }

    private func subscribe(_ request: MessageID, sessionID: String?, isLogin: Bool = false) {
        let (nonce, former) = self.shard.nonce(self, sessionID: sessionID)
        if let former { self.machine.resume(former) }
        guard !self.machine.followsPool else {
            self.waiting = WaitingSubscription(nonce: nonce, request: request, isLogin: isLogin)
            return self.shard.requestOffer(self, nonce: nonce)
        }
        self.machine.subscribed(
            nonce, request: request, sessionID: self.token, isLogin: isLogin, into: &self.output
        )
    }

    /// The miner has come to the wrong port. It is told so in its own words, so that whoever looks at it understands.
    private func turnAway(_ stranger: any Dialect.Type, _ line: ByteBuffer) {
        let own = self.shard.configuration.dialect.name
        let text = "This route speaks \(own), the miner \(stranger.name)"
        var refusal = stranger.refusal(of: line, text)
        self.output.writeBuffer(&refusal)
        self.shard.strangers.tell(
            stranger.name,
            remote: self.remote,
            expected: own,
            now: self.shard.eventLoop.now,
            self.shard.logger
        )
        self.close(.otherProtocol)
    }

    /// The result of a judgement that was made elsewhere. Also for a session that has ended meanwhile: its share counts.
    func judged(_ unjudged: SessionStateMachine.UnjudgedShare, as judgement: Judgement, time: Int64) {
        let share = self.machine.judged(
            unjudged,
            as: judgement,
            in: self.shard.surroundings(now: self.shard.eventLoop.now),
            standing: { [shard] in shard.links.standing(of: $0) },
            into: &self.output
        )
        self.judged(share, time: time)
        self.resumeReading()
    }

    /// What the miner's nonces are to begin with: answers the subscription that waited for it.
    func offered(_ base: [UInt8]) {
        guard let waiting = self.waiting, !self.isClosed else { return }
        self.waiting = nil
        var nonce = waiting.nonce
        nonce.base = base
        self.machine.subscribed(
            nonce, request: waiting.request, sessionID: self.token, isLogin: waiting.isLogin, into: &self.output
        )
        let time = self.shard.surroundings(now: self.shard.eventLoop.now).time
        if self.machine.isReady { self.shard.ready(self, time: time) }
        self.resumeReading()
    }

    /// Tells the miner another beginning of its nonces, before the job that needs it.
    func changeNonce(_ nonce: NonceGrant) {
        self.machine.changeNonce(nonce, keepsJobs: true, into: &self.output)
    }

    private func judged(_ share: SessionStateMachine.JudgedShare, time: Int64) {
        var share = share
        if share.verdict == .pending, !self.shard.isFirst(share) {
            share = self.machine.refuseDuplicate(share, into: &self.output)
        }
        if let forwarded = self.shard.judged(share, by: self, time: time) {
            self.machine.forwarded(forwarded, share, into: &self.output)
        }
        if self.machine.isHopeless { self.close(.invalidShares) }
        if self.machine.ignoresNonceChange, !self.isClosed { self.shard.sendBack(self) }
    }

    /// False while enough of its shares are being judged elsewhere: then nothing more is read from the miner either.
    private func mayJudge() -> Bool {
        let isPaused = self.machine.judgementCount >= Self.judgementLimit
        if isPaused != self.isPaused {
            self.isPaused = isPaused
            self.context?.channel.setOption(.autoRead, value: !isPaused && !self.isStopping).whenComplete { _ in }
        }
        return !isPaused
    }

    private func mayTakeLine(now: NIODeadline) -> Bool {
        if now - self.lineWindow >= .seconds(1) {
            self.lineWindow = now
            self.linesInWindow = 0
        }
        self.linesInWindow += 1
        return Int(self.linesInWindow) <= self.settings.limits.linesPerSecond
    }

    /// Tells what is no miner apart, with a hint for whoever reads the log.
    private func isStratum(_ bytes: ByteBuffer) -> Bool {
        let hint: String
        switch LineKind(bytes) {
        case .json, .garbage: return true
        case .http: hint = "an HTTP request"
        case .proxyProtocol: hint = "the PROXY protocol, which is not supported"
        case .tls: hint = "a TLS handshake; this listener speaks plain TCP"
        }
        self.shard.logger.info(
            "connection closed: this is \(hint)",
            metadata: ["remote": .string(self.remote)]
        )
        return false
    }

    /// What is written until ``writeOutput(context:then:)`` needs no memory of its own.
    private func prepareOutput() {
        if self.output.capacity == 0 { self.output = self.shard.spareBuffers.take() }
    }

    /// Writes what was collected, and `line` behind it.
    private func writeOutput(context: ChannelHandlerContext, then line: ByteBuffer? = nil) {
        var bytes = self.output
        self.output = ByteBuffer()
        if var line {
            if bytes.readableBytes == 0 { self.write(&line, context: context) } else { bytes.writeBuffer(&line) }
        }
        if bytes.readableBytes > 0 { self.write(&bytes, context: context) }
        if bytes.capacity > 0 { self.shard.spareBuffers.giveBack(consume bytes) }
    }

    private func write(_ bytes: inout ByteBuffer, context: ChannelHandlerContext) {
        self.socket.send(&bytes, in: context)
        if bytes.readableBytes > 0 { context.writeAndFlush(self.wrapOutboundOut(bytes), promise: nil) }
    }
}

@available(*, unavailable)
extension SessionHandler: Sendable {}
