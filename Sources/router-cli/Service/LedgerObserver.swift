import Persistence
import PoolPool
import Router
import Stratum

/// Turns what the router announces into ledger rows. The router never sees SQLite, the ledger never sees a channel.
struct LedgerObserver: RouterObserver {
    let ledger: Ledger

    var nextShareID: Int64 { self.ledger.nextShareID }
    var nextSessionID: Int64 { self.ledger.nextSessionID }
    var nextJobNumber: UInt64 { UInt64(max(1, self.ledger.nextJobID)) }

    func makeLane() -> any RouterLane { LedgerRouterLane(self.ledger, self.ledger.makeLane()) }
    func worker(_ name: String, route: String) -> Int32 { self.ledger.worker(name, route: route) }
    func pool(_ name: String, route: String) -> Int32 { self.ledger.pool(name, route: route) }
}

extension FailoverReceipt {
    /// As the ledger keeps it.
    fileprivate var ledgerDetail: LedgerEventDetail {
        LedgerEventDetail(
            lastGood: self.lastGood,
            completion: self.completion,
            sessionsWaiting: Int64(self.sessionsWaiting),
            sessionsClosed: Int64(self.sessionsClosed),
            workLost: self.workLost,
            hashesLost: self.hashesLost
        )
    }
}

/// One event loop's way into the ledger.
private final class LedgerRouterLane: RouterLane {
    private let ledger: Ledger
    private let lane: LedgerLane
    /// Numbers of reject reasons already known here: the same few come again and again.
    private var reasons: [String: Int32] = [:]

    init(_ ledger: Ledger, _ lane: LedgerLane) {
        self.ledger = ledger
        self.lane = lane
    }

    func opened(session: Int64, time: Int64, worker: Int32, remote: String, userAgent: String) {
        let opened = LedgerSession(id: session, time: time, worker: worker, remote: remote, userAgent: userAgent)
        self.lane.record(.sessionOpened(opened))
    }

    func closed(session: Int64, time: Int64, reason: String) {
        self.lane.record(.sessionClosed(id: session, time: time, reason: reason))
    }

    func issued(_ job: IssuedJob) {
        let issued = LedgerJob(
            id: Int64(clamping: job.number),
            jobID: job.id,
            pool: job.pool,
            poolJobID: job.upstream.work.id,
            poolDifficulty: job.upstream.difficulty
        )
        self.lane.record(.job(issued))
    }

    func received(_ share: ShareRecord) {
        let (verdict, reason, code) = self.describe(share.verdict)
        var extranonce2 = LedgerExtranonce2()
        for byte in share.padding { extranonce2.append(byte) }
        for byte in share.prefix { extranonce2.append(byte) }
        for index in 0..<share.extranonce2.count { extranonce2.append(share.extranonce2.byte(at: index)) }
        let received = LedgerShare(
            id: share.id,
            time: share.time,
            session: share.session,
            worker: share.worker,
            pool: share.pool,
            job: Int64(clamping: share.job),
            difficulty: share.difficulty,
            shareDifficulty: share.shareDifficulty,
            forwarded: share.forwarded,
            answeredImmediately: share.answeredImmediately,
            verdict: verdict,
            reason: reason,
            reasonCode: code,
            extranonce2: extranonce2,
            ntime: share.ntime,
            nonce: share.nonce,
            versionBits: share.versionBits
        )
        self.lane.record(.share(received))
    }

    func settled(_ share: SettledShare) {
        self.lane.record(.settled(self.verdict(share)))
    }

    func settledLate(_ share: SettledShare) {
        self.lane.record(.lateVerdict(self.verdict(share)))
    }

    func happened(_ event: RouteEvent) {
        let kind: LedgerPoolEventKind
        switch event.kind {
        case .up: kind = .up
        case .down: kind = .down
        case .suspect: kind = .suspect
        case .cleared, .recovering: kind = .readmitted
        case .failover: kind = .failover
        case .failback: kind = .failback
        case .rebalance: kind = .rebalance
        case .drained: kind = .drained
        case .enabled: kind = .enabled
        case .disabled: kind = .disabled
        case .authorizationRefused: kind = .authorizationRefused
        case .hold: kind = .hold
        case .ejected: kind = .ejected
        case .readmitted: kind = .readmitted
        case .panic: kind = .panic
        case .payout: kind = .payout
        case .overstep: kind = .overstep
        case .stranger: kind = .stranger
        }
        let pool = { (name: String) in self.ledger.pool(name, route: event.route) }
        let happened = LedgerPoolEvent(
            time: event.time,
            kind: kind,
            pool: pool(event.pool),
            cause: event.cause,
            detection: event.detection,
            sessionsMoved: event.sessionsMoved.map(Int64.init),
            sharesLost: event.sharesLost.map(Int64.init),
            fromPool: event.from.map(pool),
            toPool: event.to.map(pool),
            detail: event.receipt?.ledgerDetail.text ?? ""
        )
        self.lane.record(.poolEvent(happened))
    }

    private func verdict(_ share: SettledShare) -> LedgerVerdict {
        let (verdict, reason, code) = self.describe(share.verdict)
        return LedgerVerdict(
            id: share.id,
            verdict: verdict,
            reason: reason,
            reasonCode: code,
            latency: share.latencyMicroseconds
        )
    }

    private func describe(_ verdict: ShareVerdict) -> (LedgerVerdictKind, reason: Int32, code: Int32?) {
        switch verdict {
        case .pending: (.pending, 0, nil)
        case .accepted: (.accepted, 0, nil)
        case .counted: (.counted, 0, nil)
        case .lost(let cause): (.lost, self.reason(cause), nil)
        case .refused(let rejection):
            (Self.kind(rejection.kind), self.reason(rejection.message), Int32(clamping: rejection.code))
        }
    }

    private static func kind(_ kind: Rejection.Kind) -> LedgerVerdictKind {
        switch kind {
        case .stale: .stale
        case .duplicate: .duplicate
        case .lowDifficulty: .lowDifficulty
        case .unauthorized, .notSubscribed: .unauthorized
        case .malformed: .malformed
        case .other: .rejected
        }
    }

    private func reason(_ text: String) -> Int32 {
        if let known = self.reasons[text] { return known }
        let reason = self.ledger.reason(text)
        if self.reasons.count < 1000 { self.reasons[text] = reason }
        return reason
    }
}
