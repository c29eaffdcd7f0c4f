package import NIOCore
import PoolPool
package import Stratum

extension SessionStateMachine {
    /// A submit that the router has judged.
    package struct JudgedShare: Sendable {
        package var request: MessageID
        package var user: String?
        /// The observer's handle of ``user``.
        var worker: Int32?
        package var job: IssuedJob?
        package var difficulty: Double
        /// 0 if it is not known.
        package var shareDifficulty: Double
        /// `.pending` if it goes to the pool; its reply follows with ``SessionStateMachine/settled(_:_:into:)``.
        package var verdict: ShareVerdict
        /// Once it is judged, with the version bits as the pool must get them.
        package var found: FoundNonce
        /// The slice of nonce space it was found in.
        package var grant: NonceGrant?
        /// What makes it the same share as another one; nil if it was not looked at so closely.
        package var key: ShareKey?
        /// Its reply waits for this judgement of ours.
        var judgement: Int?
    }

    /// A share whose hash takes too long for an event loop.
    package struct UnjudgedShare: Sendable {
        private let work: (@Sendable () -> Judgement)?
        /// What it was remembered by before its judgement; nil: not yet.
        let key: ShareKey?
        var share: JudgedShare
        let job: IssuedJob
        /// What its job was sent with, and what it has to meet.
        let slotDifficulty: Double
        let difficulty: Double

        init(
            _ share: JudgedShare,
            job: IssuedJob,
            slotDifficulty: Double,
            difficulty: Double,
            key: ShareKey? = nil,
            work: (@Sendable () -> Judgement)? = nil
        ) {
            self.key = key
            self.share = share
            self.job = job
            self.slotDifficulty = slotDifficulty
            self.difficulty = difficulty
            self.work = work
        }

        /// Does the work; on any thread.
        package func judge() -> Judgement {
            var judgement = self.work?()
            // A dialect that puts it off a second time: nothing is gained by asking again elsewhere.
            while case .slow(_, let work) = judgement { judgement = work() }
            return judgement ?? .malformed(Rejection(code: 20, message: "Share could not be judged"))
        }
    }

    // MARK: Judging

    mutating func judge(
        _ submission: Submission,
        request: MessageID,
        in surroundings: SessionSurroundings,
        standing: (IssuedJob) -> JobStanding,
        into output: inout ByteBuffer
    ) -> Step {
        self.lastShare = surroundings.time
        var share = JudgedShare(
            request: request,
            user: nil,
            job: nil,
            difficulty: self.difficulty ?? 0,
            shareDifficulty: 0,
            verdict: .pending,
            found: submission.found,
            grant: self.nonce
        )
        guard self.nonce != nil else {
            return self.refuse(share, Rejection(code: 25, message: "Not subscribed"), into: &output)
        }
        guard let worker = submission.user.map({ self.worker(named: $0) }) ?? self.firstWorker else {
            return self.refuse(share, Rejection(code: 24, message: "Unauthorized worker"), into: &output)
        }
        share.user = worker.user
        share.worker = worker.handle
        let number = IssuedJob.number(submission.jobID)
        guard let slot = self.slots.last(where: { $0.job.number == number }) else {
            return self.refuse(share, Rejection(code: 21, message: "Job not found"), into: &output)
        }
        let job = slot.job
        share.job = job
        share.difficulty = slot.difficulty
        share.grant = slot.grant
        guard standing(job) != .gone else { return self.refuseGone(share, into: &output) }
        var difficulty = slot.difficulty
        if let previous = self.previousDifficulty, surroundings.now < previous.until {
            difficulty = min(difficulty, previous.value, self.difficulty ?? difficulty)
        }
        let judgement = self.dialogue.judge(
            submission,
            JudgingContext(
                work: job.issued,
                upstream: job.upstream,
                grant: slot.grant,
                difficulty: difficulty,
                versionMask: slot.mask,
                unixTime: UInt64(max(0, surroundings.time / 1000))
            )
        )
        guard case .slow(let key, let work) = judgement else {
            let unjudged = UnjudgedShare(share, job: job, slotDifficulty: slot.difficulty, difficulty: difficulty)
            return .judged(
                self.judged(unjudged, as: judgement, in: surroundings, standing: standing, into: &output)
            )
        }
        // Seen before it is judged: of two alike one would be enough work.
        guard self.recentShares.insert(key, job: job) else {
            return self.refuse(share, Rejection(code: 22, message: "Duplicate share"), into: &output)
        }
        share.judgement = self.nextJudgement
        self.nextJudgement &+= 1
        self.judgementCount += 1
        self.replies.await(.judgement(share.judgement ?? 0), id: request)
        return .judgeElsewhere(
            UnjudgedShare(
                share, job: job, slotDifficulty: slot.difficulty, difficulty: difficulty, key: key, work: work
            )
        )
    }

    /// The result of a judgement. For one that was made elsewhere, `standing` is that of now.
    package mutating func judged(
        _ unjudged: UnjudgedShare,
        as judgement: Judgement,
        in surroundings: SessionSurroundings,
        standing: (IssuedJob) -> JobStanding,
        into output: inout ByteBuffer
    ) -> JudgedShare {
        let job = unjudged.job
        var share = unjudged.share
        if share.judgement != nil { self.judgementCount -= 1 }
        let standing = standing(job)
        guard standing != .gone else {
            return self.finish(share, .refused(Self.goneRejection), into: &output)
        }
        switch judgement {
        case .slow:
            return self.finish(
                share, .refused(Rejection(code: 20, message: "Share could not be judged")), into: &output
            )
        case .malformed(let rejection):
            if self.slots.last?.job === job { self.invalidSinceChange? += 1 }
            return self.finish(share, .refused(rejection), into: &output)
        case .judged(let work):
            share.shareDifficulty = work.shareDifficulty
            share.key = work.key
            guard work.meetsDifficulty || work.meetsNetworkTarget else {
                if self.slots.last?.job === job { self.invalidSinceChange? += 1 }
                let rejection =
                    standing == .stale
                    ? Rejection(code: 21, message: "Stale") : Rejection(code: 23, message: "Low difficulty share")
                return self.finish(share, .refused(rejection), into: &output)
            }
            // Its bits may have turned out to mean another version than the one it was remembered by.
            guard unjudged.key == work.key || self.recentShares.insert(work.key, job: job) else {
                // What a duplicate is worth counts for nothing.
                share.shareDifficulty = 0
                return self.finish(share, .refused(Rejection(code: 22, message: "Duplicate share")), into: &output)
            }
            if work.shareDifficulty > 0, work.shareDifficulty < unjudged.slotDifficulty {
                share.difficulty = unjudged.difficulty
            }
            return self.accept(share, work, standing: standing, now: surroundings.now, into: &output)
        }
    }

    private mutating func accept(
        _ share: JudgedShare,
        _ work: JudgedWork,
        standing: JobStanding,
        now: NIODeadline,
        into output: inout ByteBuffer
    ) -> JudgedShare {
        var share = share
        share.found.versionBits = work.versionBits
        guard standing == .live || work.meetsNetworkTarget else {
            return self.finish(share, .refused(Rejection(code: 21, message: "Stale")), into: &output)
        }
        self.vardiff.shareReceived(difficulty: share.difficulty, now: now)
        self.invalidInARow = 0
        if work.shareDifficulty > 0, self.slots.last?.job === share.job { self.invalidSinceChange = nil }
        guard work.meetsPoolTarget || work.meetsNetworkTarget else {
            return self.finish(share, .counted, into: &output)
        }
        return share
    }

    /// Another session that shares its nonce space has found the same.
    package mutating func refuseDuplicate(_ share: JudgedShare, into output: inout ByteBuffer) -> JudgedShare {
        var share = share
        share.shareDifficulty = 0
        return self.finish(share, .refused(Rejection(code: 22, message: "Duplicate share")), into: &output)
    }

    private static let goneRejection = Rejection(code: 21, message: "Job not found (the link to its pool is gone)")

    private mutating func refuseGone(_ share: JudgedShare, into output: inout ByteBuffer) -> Step {
        self.refuse(share, Self.goneRejection, into: &output)
    }

    private mutating func refuse(
        _ share: JudgedShare, _ rejection: Rejection, into output: inout ByteBuffer
    ) -> Step {
        .judged(self.finish(share, .refused(rejection), into: &output))
    }

    mutating func refuseMalformed(
        _ rejection: Rejection, request: MessageID, into output: inout ByteBuffer
    ) -> JudgedShare {
        let share = JudgedShare(
            request: request,
            user: self.user,
            worker: self.handle,
            job: nil,
            difficulty: self.difficulty ?? 0,
            shareDifficulty: 0,
            verdict: .pending,
            found: FoundNonce(),
            grant: self.nonce
        )
        return self.finish(share, .refused(rejection), into: &output)
    }

    // MARK: Replies

    /// Settles a share at once: writes its reply.
    private mutating func finish(
        _ share: JudgedShare,
        _ verdict: ShareVerdict,
        into output: inout ByteBuffer
    ) -> JudgedShare {
        var share = share
        share.verdict = verdict
        if case .refused = verdict { self.invalidInARow += 1 }
        let reply = self.count(verdict)
        if let judgement = share.judgement {
            _ = self.replies.settle(.judgement(judgement), reply, by: self.dialogue, into: &output)
        } else {
            self.replies.answer(reply, id: share.request, by: self.dialogue, into: &output)
        }
        return share
    }

    /// The share went to the pool: its reply comes with the verdict, or now if the route says so.
    package mutating func forwarded(_ id: Int64, _ share: JudgedShare, into output: inout ByteBuffer) {
        if self.invalidSinceChange != nil, share.shareDifficulty == 0, share.grant == self.nonce {
            self.firstSinceChange = min(self.firstSinceChange ?? id, id)
        }
        switch (self.settings.reply, share.judgement) {
        case (.verdict, let judgement?):
            self.replies.replace(.judgement(judgement), by: .verdict(id))
        case (.verdict, nil):
            self.replies.await(.verdict(id), id: share.request)
        case (.immediate, let judgement?):
            _ = self.replies.settle(.judgement(judgement), .accepted, by: self.dialogue, into: &output)
        case (.immediate, nil):
            self.replies.answer(.accepted, id: share.request, by: self.dialogue, into: &output)
        }
    }

    /// The verdict on a share that was sent to the pool.
    package mutating func settled(_ share: Int64, _ verdict: ShareVerdict, into output: inout ByteBuffer) {
        self.note(verdict, on: share)
        let reply = self.count(verdict)
        _ = self.replies.settle(.verdict(share), reply, by: self.dialogue, into: &output)
    }

    /// Where only the pool can tell, its verdict shows whether the miner has taken another slice of nonce space.
    private mutating func note(_ verdict: ShareVerdict, on share: Int64) {
        guard self.invalidSinceChange != nil, let first = self.firstSinceChange, share >= first else { return }
        switch verdict {
        case .accepted: self.invalidSinceChange = nil
        case .refused: self.invalidSinceChange? += 1
        case .pending, .counted, .lost: break
        }
    }

    /// True when the session has sent nothing but invalid shares for too long.
    package var isHopeless: Bool { self.invalidInARow >= self.settings.limits.invalidSharesInARow }

    private mutating func count(_ verdict: ShareVerdict) -> SubmitReply {
        switch verdict {
        case .accepted, .counted, .pending:
            self.acceptedShares += 1
            return .accepted
        case .refused(let rejection):
            self.refusedShares += 1
            return .refused(rejection)
        case .lost(let cause):
            self.refusedShares += 1
            return .refused(Rejection(code: 21, message: "Job not found (\(cause))"))
        }
    }

    /// The authorised name a submit is for. A name that differs is accepted if there is exactly one and one of the two is
    /// the other with a suffix (firmwares that add `.worker` on their own).
    private func worker(named bytes: ByteBuffer) -> Worker? {
        let name = bytes.readableBytesView
        guard let first = self.firstWorker else { return nil }
        if first.isNamed(name) { return first }
        guard self.otherWorkers.isEmpty else { return self.otherWorkers.first { $0.isNamed(name) } }
        let isLonger = name.starts(with: first.user.utf8)
        return !name.isEmpty && (isLonger || first.user.utf8.starts(with: name)) ? first : nil
    }
}
