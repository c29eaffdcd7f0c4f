public import NIOCore

/// A miner of CryptoNote.
///
/// `login` is answered with the first job, so the reply waits for ``deliver(_:into:)``.
///
/// A miner that knows none of a job's algorithm cannot be helped: it is refused with the reply to its login, or, if the
/// algorithm comes later, gets no job and is told with the answer to its next request, which ends the conversation.
public struct CryptoNoteMinerDialogue: MinerDialogue {
    private enum Phase: Sendable {
        /// Nothing asked yet, or refused.
        case new
        /// The router has been asked.
        case loggingIn(CryptoNoteLogin)
        /// Welcome; the reply waits for a job.
        case awaitingJob(Session, request: MessageID)
        case open(Session)
        /// It cannot work on what there is.
        case incompatible
    }

    private struct Session: Sendable {
        var id: String
        /// What the miner knows; empty: it has not said.
        var algorithms: [CryptoNoteAlgorithm]
        var current: Sent?

        func knows(_ algorithm: CryptoNoteAlgorithm) -> Bool {
            self.algorithms.isEmpty || self.algorithms.contains(algorithm)
        }
    }

    /// The last job that was sent.
    private struct Sent: Sendable {
        var issue: CryptoNoteIssue
        var prefix: [UInt8]
        var target: CryptoNoteSentTarget

        /// The very same line would make xmrig connect again.
        func isSame(as other: Sent) -> Bool {
            self.issue === other.issue && self.prefix == other.prefix && self.target == other.target
        }
    }

    /// Of these a miner must know one at least; empty: that depends on the jobs.
    private let required: [CryptoNoteAlgorithm]
    private var phase = Phase.new

    /// - Parameter required: algorithms of which a miner that names its own must know one.
    public init(required: [CryptoNoteAlgorithm] = []) {
        self.required = required
    }

    public func prefixes(layout: NonceLayout) -> PrefixRange { layout.cryptoNotePrefixes }

    // MARK: Requests

    public mutating func received(
        _ line: ByteBuffer,
        in surroundings: MinerSurroundings,
        into output: inout ByteBuffer
    ) throws(StratumError) -> MinerStep? {
        let (id, message) = try CryptoNoteMinerMessage.decode(line)
        if case .response = message { return nil }
        if case .incompatible = self.phase { return self.dismiss(id, into: &output) }
        switch message {
        case .response:
            return nil
        case .login(let login):
            return self.logIn(login, id: id, into: &output)
        case .malformedLogin:
            MessageEncoder.cryptoNoteError(id: id, CryptoNoteText.invalidParameters, into: &output)
            return nil
        case .submit(let sessionID, let submit):
            guard let session = self.session, sessionID == session.id else {
                return .malformedSubmit(
                    request: id, Rejection(cryptoNote: CryptoNoteText.unauthenticated, kind: .notSubscribed))
            }
            switch submit {
            case .share(let submission): return .submit(request: id, submission)
            case .malformed(let text): return .malformedSubmit(request: id, Rejection(cryptoNote: text))
            }
        case .keepalived:
            // Whatever id it names: it is the connection that lives.
            if self.session == nil {
                MessageEncoder.cryptoNoteError(id: id, CryptoNoteText.unauthenticated, into: &output)
            } else {
                MessageEncoder.cryptoNoteStatus(id: id, "KEEPALIVED", into: &output)
            }
            return nil
        case .getJob:
            self.answerGetJob(id, into: &output)
            return nil
        case .unknown(let method):
            return .unknown(request: id, method: method)
        }
    }

    private mutating func logIn(
        _ login: CryptoNoteLogin, id: MessageID, into output: inout ByteBuffer
    ) -> MinerStep? {
        guard case .new = self.phase else {
            MessageEncoder.cryptoNoteError(id: id, "Already logged in", into: &output)
            return nil
        }
        guard
            self.required.isEmpty || login.algorithms.isEmpty
                || self.required.contains(where: { login.algorithms.contains($0) })
        else {
            self.phase = .incompatible
            return self.dismiss(id, into: &output)
        }
        self.phase = .loggingIn(login)
        return .login(
            MinerLogin(
                request: id,
                user: login.user,
                password: login.password,
                userAgent: login.agent,
                suggestedDifficulty: login.suggestedDifficulty
            )
        )
    }

    private func dismiss(_ id: MessageID, into output: inout ByteBuffer) -> MinerStep {
        MessageEncoder.cryptoNoteError(id: id, CryptoNoteText.incompatible, into: &output)
        return .leave("no compatible algorithm")
    }

    /// It logs in anew each time.
    public var canResume: Bool { false }
    public var isOver: Bool {
        if case .incompatible = self.phase { true } else { false }
    }

    private var session: Session? {
        switch self.phase {
        case .awaitingJob(let session, _), .open(let session): session
        case .new, .loggingIn, .incompatible: nil
        }
    }

    /// The job the miner has already: a reply is no second notification.
    private func answerGetJob(_ id: MessageID, into output: inout ByteBuffer) {
        guard let session = self.session, let sent = session.current else {
            MessageEncoder.cryptoNoteError(id: id, CryptoNoteText.unauthenticated, into: &output)
            return
        }
        MessageEncoder.beginCryptoNoteResult(id: id, into: &output)
        sent.issue.write(prefix: sent.prefix, target: sent.target, sessionID: session.id, into: &output)
        output.writeStaticString("}\n")
    }

    // MARK: Replies

    public mutating func subscribed(
        _ grant: NonceGrant, request: MessageID, sessionID: String, into output: inout ByteBuffer
    ) {
        guard case .loggingIn(let login) = self.phase else { return }
        self.phase = .awaitingJob(Session(id: sessionID, algorithms: login.algorithms), request: request)
    }

    public mutating func authorized(_ isWelcome: Bool, request: MessageID, into output: inout ByteBuffer) {
        guard !isWelcome else { return }
        self.phase = .new
        MessageEncoder.cryptoNoteError(id: request, CryptoNoteText.permissionDenied, into: &output)
    }

    public func refuse(_ request: MessageID, _ rejection: Rejection, into output: inout ByteBuffer) {
        MessageEncoder.cryptoNoteError(id: request, rejection.message, into: &output)
    }

    public func answer(_ reply: SubmitReply, to request: MessageID, into output: inout ByteBuffer) {
        switch reply {
        case .accepted:
            MessageEncoder.cryptoNoteStatus(id: request, "OK", into: &output)
        case .refused(let rejection):
            MessageEncoder.cryptoNoteError(id: request, CryptoNoteText.forMiner(rejection), into: &output)
        }
    }

    // MARK: Jobs

    /// The first job is the reply to `login`; `nicehash` in it tells the miner to leave the nonce's last byte alone. The
    /// job the miner has is not sent again.
    public mutating func deliver(_ delivery: JobDelivery, into output: inout ByteBuffer) -> ByteBuffer? {
        guard let issue = delivery.work as? CryptoNoteIssue, var session = self.session else { return nil }
        var request: MessageID?
        if case .awaitingJob(_, let login) = self.phase { request = login }
        guard session.knows(issue.job.algorithm) else {
            self.phase = .incompatible
            if let request { MessageEncoder.cryptoNoteError(id: request, CryptoNoteText.incompatible, into: &output) }
            return nil
        }
        let sent = Sent(
            issue: issue,
            prefix: delivery.grant.prefix,
            target: CryptoNoteSentTarget(
                difficulty: delivery.difficulty, isPlain: issue.job.algorithm.hasPlainTarget
            )
        )
        guard session.current?.isSame(as: sent) != true else { return nil }
        session.current = sent
        self.phase = .open(session)
        if let request {
            MessageEncoder.beginCryptoNoteResult(id: request, into: &output)
            output.writeStaticString("{\"id\":")
            output.writeJSON(session.id)
            output.writeStaticString(",\"job\":")
        } else {
            output.writeStaticString("{\"jsonrpc\":\"2.0\",\"method\":\"job\",\"params\":")
        }
        issue.write(prefix: sent.prefix, target: sent.target, sessionID: session.id, into: &output)
        if request != nil {
            output.writeStaticString(",\"extensions\":[\"algo\",\"nicehash\",\"keepalive\"],\"status\":\"OK\"}")
        }
        output.writeStaticString("}\n")
        return nil
    }

    /// Nothing is said: miners follow `client.reconnect` only to a host that it names, and which name this miner knows
    /// the router by is not known. It connects again when the connection is closed.
    public mutating func reconnect(into output: inout ByteBuffer) {}

    // MARK: Shares

    public mutating func judge(_ submission: Submission, _ context: JudgingContext) -> Judgement {
        CryptoNoteShareJudge.judge(submission, context)
    }
}
