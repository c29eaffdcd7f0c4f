package import NIOCore

/// One connection to a pool of Equihash.
package struct EquihashPoolDialogue: HandshakeDialogue {
    package var handshake: PoolHandshake
    private let coin: EquihashCoin
    /// What is wrong with the options of the pool.
    private let misconfiguration: DialectOptionError?

    private var nonce1: [UInt8] = []
    /// That of difficulty 1 until the pool has sent one, which ZIP 301 has it do before its first job.
    private var target = EquihashDifficulty.one
    package private(set) var sessionID: String?

    /// - Parameter coin: that of the route; options of the pool go before it.
    init(settings: PoolDialogueSettings, coin: EquihashCoin) {
        self.handshake = PoolHandshake(settings)
        var coin = coin
        do throws(DialectOptionError) {
            try coin.take(settings.options)
            self.misconfiguration = nil
        } catch {
            self.misconfiguration = error
        }
        self.coin = coin
    }

    package mutating func connected(now: NIODeadline, into output: inout ByteBuffer) -> PoolEvent? {
        guard self.handshake.step == .idle else { return nil }
        if let error = self.misconfiguration {
            return self.handshake.fail(.stopped, "\(error.option): \(error)")
        }
        MessageEncoder.equihashSubscribe(
            id: self.handshake.begin(.subscribing, now: now),
            userAgent: self.handshake.settings.userAgent,
            sessionID: self.handshake.settings.sessionID,
            into: &output
        )
        return nil
    }

    package func writeShare(_ share: PoolShare, user: String, request: Int, into output: inout ByteBuffer) {
        MessageEncoder.equihashSubmit(id: request, user: user, share: share, into: &output)
    }

    // MARK: Lines of the pool

    package mutating func received(
        message line: ByteBuffer, now: NIODeadline, into output: inout ByteBuffer
    ) throws(StratumError) -> PoolEvent? {
        switch try EquihashPoolMessage.decode(line) {
        case .notify(let job):
            return self.handshake.received(self.upstreamJob(job))
        case .foreignVersion(let version):
            self.handshake.understood()
            return .overstepped("mining.notify: version \(version) is unknown")
        case .setTarget(let target?):
            self.target = target
            self.handshake.named()
            return nil
        case .setTarget(nil):
            return self.handshake.impossible("mining.set_target: no 64 hex digits that are a target")
        case .setNonce1(let nonce1):
            self.nonce1 = nonce1
            self.handshake.understood()
            return nil
        case .common(.response(let id, let response)):
            return self.receivedResponse(response, id: id, into: &output)
        case .common(.notification(let notification, let id)):
            // `mining.set_difficulty` means nothing here.
            return self.handshake.received(common: notification, id: id, into: &output)
        case .malformed(let method, let reason):
            return self.handshake.malformed("\(method): \(reason)", isVital: method == "mining.notify")
        }
    }

    private mutating func receivedResponse(
        _ response: PoolResponse, id: MessageID, into output: inout ByteBuffer
    ) -> PoolEvent? {
        switch self.handshake.reply(to: id) {
        case .other(let request):
            return .verdict(request: request, response.verdict)
        case .step(.subscribing):
            guard let grant = response.equihashGrant else {
                return self.handshake.fail(.subscribeRefused, response.rejection?.message ?? "malformed reply")
            }
            self.nonce1 = grant.nonce1
            self.sessionID = grant.sessionID
            self.subscribed(into: &output)
            return .subscribed(self.terms)
        case .step(.authorizing):
            if response.rejection == nil, let difficulty = self.handshake.settings.suggestDifficulty {
                let target = EquihashDifficulty.target(difficulty)
                MessageEncoder.suggestTarget(id: self.handshake.takeRequest(), target, into: &output)
            }
            return self.handshake.authorized(unless: response.rejection)
        case .step, nil:
            return nil
        }
    }

    private func upstreamJob(_ job: EquihashJob) -> UpstreamJob {
        UpstreamJob(
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
    }

    private var terms: PoolTerms {
        let count = self.nonce1.count
        return PoolTerms(
            room: EquihashNonce.room(nonce1Count: count),
            summary: "nonce \(count) + \(EquihashNonce.byteCount - count) bytes"
        )
    }
}
