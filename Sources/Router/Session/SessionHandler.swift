import Logging
package import NIOCore
import PoolPool
import Stratum

/// The channel handler of one miner's connection: decodes lines, runs ``SessionStateMachine``, performs what it says.
/// Confined to its channel's event loop.
package final class SessionHandler: ChannelInboundHandler {
    package typealias InboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    package let id: Int64
    package let remote: String
    /// The IP address in ``remote``, and the name of the listener: what pinning rules ask for.
    let address: String
    let listener: String
    /// Handed to the miner as its subscription id; lets it resume.
    let token: String
    let connectedAt: Int64
    private(set) var machine: SessionStateMachine
    private let shard: RouterShard
    private let limits: LimitConfiguration
    private let handshakeDeadline: NIODeadline
    private var decoder: LineDecoder
    private var context: ChannelHandlerContext?
    private var output = ByteBuffer()
    private var isClosed = false
    private var sawFirstBytes = false
    private var malformedInARow = 0
    private var lineWindow = NIODeadline.uptimeNanoseconds(0)
    private var linesInWindow = 0

    /// The link the session mines on.
    var link: Int?
    /// The current issue of the link's job is not new to this session: another one is on its way.
    var awaitsReissue = false
    /// The failover that waits for this session's next job.
    var receipt: Int?
    /// Ledger handles of the authorised names, in the order of authorisation.
    var workerHandles: [(user: String, handle: Int32)] = []

    private static let malformedLimit = 10

    init(
        id: Int64,
        remote: String,
        address: String,
        listener: String,
        token: String,
        shard: RouterShard,
        now: NIODeadline,
        time: Int64
    ) {
        self.id = id
        self.remote = remote
        self.address = address
        self.listener = listener
        self.token = token
        self.shard = shard
        self.connectedAt = time
        self.limits = shard.configuration.limits
        self.machine = SessionStateMachine(configuration: shard.configuration, now: now)
        self.handshakeDeadline = now + TimeAmount(self.limits.handshakeTimeout)
        self.decoder = LineDecoder(maximumLength: self.limits.lineLength)
    }

    // MARK: From the shard

    /// Sends a job with whatever must go before it, in one write.
    func deliver(_ job: IssuedJob, isReissue: Bool, now: NIODeadline) {
        guard let context = self.context, !self.isClosed else { return }
        self.awaitsReissue = false
        let isClean = self.machine.deliver(
            job,
            isReissue: isReissue,
            commonMask: self.shard.facts.commonMask,
            now: now,
            into: &self.output
        )
        guard context.channel.isWritable else { return self.close(.tooSlow) }
        self.writeOutput(context: context)
        context.writeAndFlush(self.wrapOutboundOut(job.notifyLine(clean: isClean)), promise: nil)
        if let receipt = self.receipt {
            self.receipt = nil
            self.shard.delivered(receipt)
        }
    }

    /// The verdict on a share that went to a pool.
    func settled(_ share: Int64, _ verdict: ShareVerdict) {
        self.machine.settled(share, verdict, into: &self.output)
        self.shard.needsFlush(self)
    }

    /// Writes the replies collected so far.
    func flush() {
        guard let context = self.context, !self.isClosed, self.output.readableBytes > 0 else { return }
        guard context.channel.isWritable else { return self.close(.tooSlow) }
        self.writeOutput(context: context)
        context.flush()
    }

    /// Moves the session to another slice of nonce space: by `mining.set_extranonce` where the miner takes it, by asking it
    /// to come back otherwise.
    func renegotiate(_ nonce: SessionNonce?) {
        guard let context = self.context, !self.isClosed else { return }
        if let nonce {
            self.machine.changeNonce(nonce, into: &self.output)
        } else {
            MessageEncoder.reconnect(host: nil, port: nil, wait: nil, into: &self.output)
        }
        self.writeOutput(context: context)
        context.flush()
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
        context.channel.setOption(.autoRead, value: false).whenComplete { _ in }
    }

    func close(_ reason: SessionCloseReason) {
        guard !self.isClosed else { return }
        self.isClosed = true
        self.shard.closed(self, reason: reason)
        if let context = self.context {
            self.writeOutput(context: context)
            context.flush()
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
        self.decoder.append(&bytes)
        self.processLines(now: context.eventLoop.now)
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
        // Until the route is open its pools' extranonce sizes and masks are unknown; what comes in waits in the decoder.
        guard self.shard.facts.isOpen else {
            if self.decoder.bufferedCount > self.limits.lineLength { self.close(.lineTooLong) }
            return
        }
        while !self.isClosed {
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
        let message: MinerMessage
        do throws(StratumError) {
            message = try MinerMessage.decode(line)
        } catch {
            self.malformedInARow += 1
            if self.malformedInARow >= Self.malformedLimit || !self.machine.isSubscribed { self.close(.malformed) }
            return
        }
        self.malformedInARow = 0
        guard case .request(let id, let request) = message else { return }
        let surroundings = self.shard.surroundings(now: now)
        let step = self.machine.received(
            request,
            id: id,
            in: surroundings,
            standing: { [shard] in shard.standing(of: $0) },
            into: &self.output
        )
        if let step { self.perform(step, time: surroundings.time) }
    }

    private func perform(_ step: SessionStateMachine.Step, time: Int64) {
        switch step {
        case .subscribe(let request, let userAgent, let sessionID):
            let (nonce, former) = self.shard.nonce(userAgent: userAgent, sessionID: sessionID)
            if let former { self.machine.resume(former) }
            self.machine.subscribed(nonce, request: request, subscriptionID: self.token, into: &self.output)
            if self.machine.isReady { self.shard.ready(self, time: time) }
        case .authorized(let user, let isFirst):
            self.shard.authorized(self, user: user)
            if isFirst, self.machine.isSubscribed { self.shard.ready(self, time: time) }
        case .judged(let share):
            if let forwarded = self.shard.judged(share, by: self, time: time) {
                self.machine.forwarded(forwarded, request: share.request, into: &self.output)
            }
            if self.machine.isHopeless { self.close(.invalidShares) }
        case .close(let reason):
            self.close(reason)
        }
    }

    private func mayTakeLine(now: NIODeadline) -> Bool {
        if now - self.lineWindow >= .seconds(1) {
            self.lineWindow = now
            self.linesInWindow = 0
        }
        self.linesInWindow += 1
        return self.linesInWindow <= self.limits.linesPerSecond
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

    private func writeOutput(context: ChannelHandlerContext) {
        guard self.output.readableBytes > 0 else { return }
        let bytes = self.output
        self.output = ByteBuffer()
        context.write(self.wrapOutboundOut(bytes), promise: nil)
    }
}

@available(*, unavailable)
extension SessionHandler: Sendable {}
