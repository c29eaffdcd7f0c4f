import Glibc
package import NIOCore
package import Stratum

/// Who hears what happens on a ``PoolConnection``. Called on the connection's event loop.
package protocol PoolConnectionDelegate: AnyObject {
    func connection(_ connection: PoolConnection, did event: PoolEvent)
    /// The channel is gone. Called once, also after ``PoolConnection/close(_:)``.
    func connectionClosed(_ connection: PoolConnection, failure: LinkFailure)
}

/// The channel handler of one TCP connection to a pool: cuts lines, runs its dialect's ``PoolDialogue``, performs what it
/// says. Confined to its channel's event loop.
package final class PoolConnection: ChannelInboundHandler {
    package typealias InboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    package let id: ConnectionID
    /// Whether it began with a question that some pools close on.
    package let asksFirst: Bool
    /// The pool has answered the handshake's first step.
    package private(set) var isSubscribed = false
    private var dialogue: any PoolDialogue
    /// Until the first job.
    private var words: PoolWords?
    private var pending = PendingShares()
    private let shortestJob: Int
    private var gathering = VerdictGathering()
    private var decoder = LineDecoder(maximumLength: PoolConnection.lineLimit)
    private var context: ChannelHandlerContext?
    private weak var delegate: (any PoolConnectionDelegate)?
    private var failure: LinkFailure?
    private var opened = false
    private var closed = false
    private var reading = false
    private var output = ByteBuffer()
    /// The way past the channel, where nothing must be done to what is sent.
    var socket = DirectSocket()

    /// Longest line accepted from a pool: two coinbase halves of 16 KiB as hex, and room for the rest.
    private static let lineLimit = 128 * 1024
    /// The buffer of a larger burst is not kept for the next one.
    private static let keptOutput = 64 * 1024

    package init(
        id: ConnectionID,
        dialect: any Dialect,
        settings: PoolDialogueSettings,
        delegate: any PoolConnectionDelegate
    ) {
        self.id = id
        self.asksFirst = settings.asksFirst
        self.dialogue = dialect.makePoolDialogue(settings)
        self.shortestJob = type(of: dialect).shortestJob
        self.words = PoolWords(dialect: dialect, password: settings.password)
        self.delegate = delegate
    }

    package var isReady: Bool { self.dialogue.isReady && !self.closed && self.failure == nil }
    package var sessionID: String? { self.dialogue.sessionID }
    package var pendingCount: Int { self.pending.count }

    /// When the share that waits longest for its verdict was sent.
    package func oldestPending() -> NIODeadline? { self.pending.oldest() }

    /// Sends a share. False if the connection cannot take it; then nothing was sent.
    package func submit(_ share: UpstreamShare, user: String, now: NIODeadline) -> Bool {
        guard self.isReady, let request = self.dialogue.submit(share.share, user: user, into: &self.output) else {
            return false
        }
        self.pending.insert(share.ticket, request: request, now: now)
        if self.gathering.sent(now: now) { self.gather() }
        return true
    }

    /// Writes what ``submit(_:user:now:)`` and the machine have queued.
    package func flush() {
        guard self.output.readableBytes > 0, let context = self.context, !self.closed else { return }
        var bytes = self.output
        self.output = ByteBuffer()
        self.socket.send(&bytes, in: context)
        if bytes.readableBytes > 0 { context.writeAndFlush(self.wrapOutboundOut(bytes), promise: nil) }
        // Its memory serves again, unless the channel still has it or something else was written meanwhile.
        guard self.output.capacity == 0, bytes.capacity <= Self.keptOutput else { return }
        if bytes.modifyIfUniquelyOwned({ $0.clear() }) != nil { self.output = bytes }
    }

    /// Authorises `user` on a connection that was opened without one.
    package func authorize(user: String, password: String, now: NIODeadline) {
        self.dialogue.authorize(user: user, password: password, now: now, into: &self.output)
        self.flush()
    }

    /// Time has passed: handshake deadlines, and what keeps the connection open.
    package func tick(now: NIODeadline) {
        guard self.opened, !self.closed else { return }
        if let event = self.dialogue.tick(now: now, into: &self.output) { self.perform(event) }
        self.flush()
    }

    /// Shares sent at or before `deadline` are given up.
    package func expirePending(sentBefore deadline: NIODeadline) -> [PendingShares.Entry] {
        self.pending.expire(sentBefore: deadline)
    }

    /// The share that a verdict belongs to; `late` if it was given up before.
    package func takeShare(request: Int) -> (entry: PendingShares.Entry, late: Bool)? {
        if let entry = self.pending.settle(request) { return (entry, false) }
        return self.pending.settleLate(request).map { ($0, true) }
    }

    /// All shares without a verdict, given up.
    package func abandonPending() -> [PendingShares.Entry] { self.pending.abandonAll() }

    /// Ends the connection; ``PoolConnectionDelegate/connectionClosed(_:failure:)`` follows.
    package func close(_ failure: LinkFailure) {
        if self.failure == nil { self.failure = failure }
        self.context?.close(promise: nil)
        // A TLS channel takes its time to close, and nothing that it still brings counts.
        self.reportClosed()
    }

    // MARK: Channel events

    package func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if self.failure != nil {
            context.close(promise: nil)
        } else if context.channel.isActive {
            self.start(context: context)
        }
    }

    package func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        self.reportClosed()
    }

    package func channelActive(context: ChannelHandlerContext) {
        self.start(context: context)
        context.fireChannelActive()
    }

    package func channelInactive(context: ChannelHandlerContext) {
        self.reportClosed()
        context.fireChannelInactive()
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = self.unwrapInboundIn(data)
        self.decoder.append(&bytes)
        self.reading = true
        defer { self.reading = false }
        while self.failure == nil, !self.closed {
            do {
                guard let line = try self.decoder.nextLine() else { break }
                self.received(line, now: context.eventLoop.now)
            } catch {
                self.close(LinkFailure(.protocolViolation, "\(error)"))
            }
        }
    }

    package func channelReadComplete(context: ChannelHandlerContext) {
        self.gathering.read(now: context.eventLoop.now)
        self.flush()
        context.fireChannelReadComplete()
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let failure = error as? LinkFailure {
            self.close(failure)
        } else if let error = error as? IOError, error.errnoCode == ECONNRESET {
            self.close(LinkFailure(.reset, "connection reset by the pool"))
        } else if let error = error as? IOError, error.errnoCode == ETIMEDOUT {
            self.close(LinkFailure(.reset, "the pool's machine no longer answers"))
        } else {
            self.close(LinkFailure(.closed, "\(error)"))
        }
    }

    // MARK: Private

    /// Verdicts gather for a while, where the kernel can tell when there are enough.
    private func gather() {
        guard let loop = self.context?.eventLoop.assumeIsolated(), self.setReadThreshold(self.shortestJob) else {
            return
        }
        do {
            try loop.scheduleCallback(in: VerdictGathering.longest, handler: self)
        } catch {
            // The loop is about to end.
            self.setReadThreshold(1)
        }
    }

    /// The connection counts as readable once it holds so many bytes, at once if it does. False where that cannot be had.
    @discardableResult
    private func setReadThreshold(_ bytes: Int) -> Bool {
        #if os(Linux)
            // A channel that is no socket takes no such options, and would not survive the question.
            guard let channel = self.context?.channel, channel is any SocketOptionProvider else { return false }
            let option = ChannelOptions.Types.SocketOption(level: .socket, name: .init(rawValue: SO_RCVLOWAT))
            return (try? channel.syncOptions?.setOption(option, value: SocketOptionValue(bytes))) != nil
        #else
            return false
        #endif
    }

    private func start(context: ChannelHandlerContext) {
        guard !self.opened else { return }
        self.opened = true
        let event = self.dialogue.connected(now: context.eventLoop.now, into: &self.output)
        self.flush()
        if let event { self.perform(event) }
    }

    private func received(_ line: ByteBuffer, now: NIODeadline) {
        self.words?.heard(line)
        if let event = self.dialogue.received(line, now: now, into: &self.output) { self.perform(event) }
    }

    private func perform(_ event: PoolEvent) {
        switch event {
        case .subscribed, .ready: self.isSubscribed = true
        default: break
        }
        if case .ready = event { self.words = nil }
        if case .failed(let failure) = event {
            self.close(failure)
        } else {
            self.delegate?.connection(self, did: event)
        }
        if !self.reading { self.flush() }
    }

    private func reportClosed() {
        guard !self.closed else { return }
        self.closed = true
        var failure = self.failure ?? LinkFailure(.closed, "closed by the pool")
        // A pool that closes with our next line unread resets the connection.
        if let question = self.dialogue.openQuestion, failure.kind == .closed || failure.kind == .reset {
            failure = LinkFailure(.questionRefused, "the pool closed on \(question)")
        }
        if let words = self.words { failure = words.explain(failure) }
        self.delegate?.connectionClosed(self, failure: failure)
    }
}

extension PoolConnection: NIOScheduledCallbackHandler {
    package func handleScheduledCallback(eventLoop: some EventLoop) {
        guard !self.closed else { return }
        if let next = self.gathering.expired(now: eventLoop.now),
            (try? eventLoop.assumeIsolated().scheduleCallback(at: next, handler: self)) != nil
        {
            return
        }
        self.setReadThreshold(1)
    }
}

@available(*, unavailable)
extension PoolConnection: Sendable {}
