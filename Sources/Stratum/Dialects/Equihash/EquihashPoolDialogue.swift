package import NIOCore

/// One connection to a pool of Equihash.
///
/// ```
/// subscribing → authorizing → awaitingJob → ready
///      └─────────────┴────────────┴───────────┴──→ failed
/// ```
/// Without a user it stops after `subscribing` in `subscribed` and waits for ``authorize(user:password:now:into:)``.
package struct EquihashPoolDialogue: PoolDialogue {
    private enum Phase: Sendable, Equatable {
        /// Nothing sent yet.
        case idle
        case subscribing(request: Int)
        /// Subscribed, no user to authorise yet.
        case subscribed
        case authorizing(request: Int)
        /// Authorised, the first job is still missing.
        case awaitingJob
        case ready
        case failed
    }

    private let settings: PoolDialogueSettings
    private let coin: EquihashCoin
    /// What is wrong with the options of the pool.
    private let misconfiguration: DialectOptionError?
    private var phase = Phase.idle
    private var nextRequest = 1
    private var handshakeDeadline: NIODeadline?
    private var malformedInARow = 0

    private var nonce1: [UInt8] = []
    /// That of difficulty 1 until the pool has sent one, which ZIP 301 has it do before its first job.
    private var target = EquihashDifficulty.one
    /// The latest job, kept while the handshake is not finished.
    private var heldJob: UpstreamJob?
    package private(set) var sessionID: String?

    private static let malformedLimit = 5

    /// - Parameter coin: that of the route; options of the pool go before it.
    init(settings: PoolDialogueSettings, coin: EquihashCoin) {
        self.settings = settings
        var coin = coin
        do throws(DialectOptionError) {
            try coin.take(settings.options)
            self.misconfiguration = nil
        } catch {
            self.misconfiguration = error
        }
        self.coin = coin
    }

    package var isReady: Bool { self.phase == .ready }
    package var openQuestion: String? { nil }

    // MARK: Steps of the owner

    package mutating func connected(now: NIODeadline, into output: inout ByteBuffer) -> PoolEvent? {
        guard self.phase == .idle else { return nil }
        if let error = self.misconfiguration {
            return self.fail(LinkFailure(.stopped, "\(error.option): \(error)"))
        }
        self.handshakeDeadline = now + self.settings.handshakeTimeout
        let request = self.takeRequestID()
        MessageEncoder.equihashSubscribe(
            id: request, userAgent: self.settings.userAgent, sessionID: self.settings.sessionID, into: &output
        )
        self.phase = .subscribing(request: request)
        return nil
    }

    package mutating func authorize(user: String, password: String, now: NIODeadline, into output: inout ByteBuffer) {
        guard self.phase == .subscribed else { return }
        self.handshakeDeadline = now + self.settings.handshakeTimeout
        self.sendAuthorize(user: user, password: password, into: &output)
    }

    package mutating func submit(_ share: PoolShare, user: String, into output: inout ByteBuffer) -> Int? {
        guard self.phase == .ready else { return nil }
        let request = self.takeRequestID()
        MessageEncoder.equihashSubmit(id: request, user: user, share: share, into: &output)
        return request
    }

    /// Returns the failure when a step of the handshake took too long.
    package mutating func tick(now: NIODeadline, into output: inout ByteBuffer) -> PoolEvent? {
        guard let step = self.step, let deadline = self.handshakeDeadline, now >= deadline else { return nil }
        return self.fail(LinkFailure(.handshakeTimeout, "no answer while \(step)"))
    }

    // MARK: Lines of the pool

    package mutating func received(
        _ line: ByteBuffer, now: NIODeadline, into output: inout ByteBuffer
    ) -> PoolEvent? {
        guard self.phase != .failed else { return nil }
        let message: EquihashPoolMessage
        do throws(StratumError) {
            message = try EquihashPoolMessage.decode(line)
        } catch {
            return self.receivedMalformedLine(error)
        }
        switch message {
        case .malformed(let method, let reason), .common(.notification(.malformed(let method, let reason), _)):
            return self.receivedMalformed(method, reason)
        case .notify, .foreignVersion, .setTarget, .setNonce1, .common:
            self.malformedInARow = 0
        }
        switch message {
        case .notify(let job):
            return self.receivedJob(job)
        case .foreignVersion(let version):
            return .overstepped("mining.notify: version \(version) is unknown")
        case .setTarget(let target):
            self.target = target
            return nil
        case .setNonce1(let nonce1):
            self.nonce1 = nonce1
            return nil
        case .common(.response(let id, let response)):
            guard case .integer(let value) = id, let request = Int(exactly: value) else { return nil }
            return self.receivedResponse(response, request: request, into: &output)
        case .common(.notification(let notification, let id)):
            return self.received(notification, id: id, into: &output)
        case .malformed:
            return nil
        }
    }

    /// A line that is no message. A few are survived, a stream of them is not.
    private mutating func receivedMalformedLine(_ error: StratumError) -> PoolEvent? {
        self.malformedInARow += 1
        guard self.malformedInARow >= Self.malformedLimit else { return nil }
        return self.fail(
            LinkFailure(.protocolViolation, "\(self.malformedInARow) malformed lines in a row, last: \(error)"))
    }

    /// A message that makes no sense. Without its job a pool is of no use.
    private mutating func receivedMalformed(_ method: String, _ reason: String) -> PoolEvent {
        self.malformedInARow += 1
        guard self.malformedInARow >= Self.malformedLimit || method == "mining.notify" else {
            return .overstepped("\(method): \(reason)")
        }
        return self.fail(LinkFailure(.protocolViolation, "\(method): \(reason)"))
    }

    private mutating func receivedResponse(
        _ response: PoolResponse,
        request: Int,
        into output: inout ByteBuffer
    ) -> PoolEvent? {
        switch self.phase {
        case .subscribing(request):
            guard let grant = response.equihashGrant else {
                return self.fail(
                    LinkFailure(.subscribeRefused, response.rejection.map { "\($0.message)" } ?? "malformed reply"))
            }
            self.nonce1 = grant.nonce1
            self.sessionID = grant.sessionID
            if let user = self.settings.user {
                self.sendAuthorize(user: user, password: self.settings.password, into: &output)
            } else {
                self.phase = .subscribed
                self.handshakeDeadline = nil
            }
            return .subscribed(self.terms)
        case .authorizing(request):
            if let rejection = response.rejection {
                return self.fail(LinkFailure(.authorizationRefused, rejection.message))
            }
            if let difficulty = self.settings.suggestDifficulty {
                let target = EquihashDifficulty.target(difficulty)
                MessageEncoder.suggestTarget(id: self.takeRequestID(), target, into: &output)
            }
            guard let job = self.heldJob else {
                self.phase = .awaitingJob
                return nil
            }
            return self.becomeReady(job)
        case .ready:
            return .verdict(request: request, response.rejection.map { .rejected($0) } ?? .accepted)
        case .idle, .subscribing, .subscribed, .authorizing, .awaitingJob, .failed:
            return nil
        }
    }

    /// What is said as in Stratum V1. `mining.set_difficulty` means nothing here.
    private mutating func received(
        _ notification: PoolNotification,
        id: MessageID,
        into output: inout ByteBuffer
    ) -> PoolEvent? {
        switch notification {
        case .ping:
            MessageEncoder.pong(id: id, into: &output)
            return nil
        case .getVersion:
            MessageEncoder.version(id: id, agent: self.settings.userAgent, into: &output)
            return nil
        case .showMessage(let text):
            return .messageShown(text)
        case .reconnect(let host, let port, let wait):
            return .reconnectRequested(host: host, port: port, wait: wait)
        case .notify, .setDifficulty, .setExtranonce, .setVersionMask, .ignored, .malformed:
            return nil
        }
    }

    private mutating func receivedJob(_ job: EquihashJob) -> PoolEvent? {
        let upstreamJob = UpstreamJob(
            work: EquihashWork(
                job: job,
                nonce1: self.nonce1,
                target: self.target,
                verifier: self.coin.announced(by: job).verifier
            ),
            difficulty: EquihashDifficulty.difficulty(of: self.target),
            room: EquihashNonce.room(nonce1Count: self.nonce1.count),
            base: self.nonce1
        )
        switch self.phase {
        case .ready:
            return .job(upstreamJob)
        case .awaitingJob:
            return self.becomeReady(upstreamJob)
        case .idle, .subscribing, .failed:
            // A job before the subscribe reply cannot be worked on: its nonce is unknown.
            return nil
        case .subscribed, .authorizing:
            self.heldJob = upstreamJob
            return nil
        }
    }

    // MARK: Steps

    private var terms: PoolTerms {
        let count = self.nonce1.count
        return PoolTerms(
            room: EquihashNonce.room(nonce1Count: count),
            summary: "nonce \(count) + \(EquihashNonce.byteCount - count) bytes"
        )
    }

    private mutating func becomeReady(_ job: UpstreamJob) -> PoolEvent {
        self.phase = .ready
        self.heldJob = nil
        self.handshakeDeadline = nil
        return .ready(job)
    }

    private mutating func sendAuthorize(user: String, password: String, into output: inout ByteBuffer) {
        let request = self.takeRequestID()
        MessageEncoder.authorize(id: request, user: user, password: password, into: &output)
        self.phase = .authorizing(request: request)
    }

    private mutating func takeRequestID() -> Int {
        defer { self.nextRequest += 1 }
        return self.nextRequest
    }

    private mutating func fail(_ failure: LinkFailure) -> PoolEvent {
        self.phase = .failed
        return .failed(failure)
    }

    /// The step of the handshake that is waited for.
    private var step: String? {
        switch self.phase {
        case .subscribing: "subscribing"
        case .authorizing: "authorising"
        case .awaitingJob: "waiting for the first job"
        case .idle, .subscribed, .ready, .failed: nil
        }
    }
}
