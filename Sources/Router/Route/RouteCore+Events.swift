import Logging
import NIOCore
import PoolPool
import Stratum

/// Two pools between which sessions move.
struct PoolPair: Hashable {
    var from: String
    var to: String

    init(_ from: String, _ to: String) {
        self.from = from
        self.to = to
    }
}

/// A failover that is told when its last session has its new job.
struct OpenReceipt {
    var event: RouteEvent
    let pair: PoolPair
    let since: NIODeadline
    var waiting: Int
    /// When the last one had its job, so far.
    var delivered: NIODeadline
}

/// Moves without need that are told as one: those between two pools, for the same reason.
struct Telling: Hashable {
    var pair: PoolPair
    var kind: RouteEvent.Kind
}

/// How many such moves there were.
struct ToldMoves {
    var count = 0
    var since: NIODeadline
    var last: NIODeadline
}

// What the ledger and the log are told.
extension RouteCore {
    /// Moves of one kind are told together: when there were none for some seconds, or after a minute.
    private static let tellingPause = TimeAmount.seconds(6)
    private static let tellingTime = TimeAmount.seconds(60)
    /// What moves between the same pools within this belongs to the same failover.
    private static let joining = TimeAmount.seconds(1)
    /// A failover whose sessions do not all have a job after this is told as it is.
    private static let receiptTime = TimeAmount.seconds(10)
    /// A pool's payouts are told of no more often than this.
    private static let payoutPause = TimeAmount.minutes(10)
    /// A pool that sends what it may not send is told of no more often than this.
    private static let nonsensePause = TimeAmount.minutes(10)
    private static let attackPause = TimeAmount.minutes(1)

    /// Tells of sessions that had to move. Returns the number of the failover whose end is awaited.
    func announce(_ pair: PoolPair, sessions: Int, cause: String, isFailure: Bool) -> Int? {
        guard let from = self.poolIndex(pair.from), let to = self.poolIndex(pair.to) else { return nil }
        let source = self.policy.pools[from]
        let kind = self.kind(of: pair, isFailure: isFailure)
        guard kind == .failover else {
            self.announce(kind, pool: to, cause: cause, from: pair.from, to: pair.to, sessions: sessions)
            return nil
        }
        let lost = self.pools[from].lostInOutage
        let workLost = self.pools[from].workLostInOutage
        // Each lost share is told once.
        self.pools[from].lostInOutage = 0
        self.pools[from].workLostInOutage = 0
        // Links of one pool fail one after the other.
        if let (id, _) = self.receipts.first(where: {
            $0.value.pair == pair && self.now - $0.value.since < Self.joining
        }) {
            self.receipts[id]?.waiting += sessions
            self.receipts[id]?.event.sessionsMoved? += sessions
            self.receipts[id]?.event.sharesLost? += lost
            self.receipts[id]?.event.receipt?.workLost += workLost
            return id
        }
        let lastGood = source.lastGood.map { self.time - (self.now - $0).nanoseconds / 1_000_000 }
        var event = self.event(kind, pool: from, cause: cause, from: pair.from, to: pair.to)
        event.detection = source.putAside != nil ? nil : self.pools[from].lastFailure?.detection
        event.sessionsMoved = sessions
        event.sharesLost = lost
        event.receipt = FailoverReceipt(lastGood: lastGood, workLost: workLost)
        let id = self.nextReceipt
        self.nextReceipt += 1
        self.receipts[id] = OpenReceipt(
            event: event, pair: pair, since: self.now, waiting: sessions, delivered: self.now
        )
        return id
    }

    private func kind(of pair: PoolPair, isFailure: Bool) -> RouteEvent.Kind {
        guard let from = self.poolIndex(pair.from), let to = self.poolIndex(pair.to) else { return .rebalance }
        let (source, target) = (self.policy.pools[from], self.policy.pools[to])
        guard source.administration == .enabled else { return .rebalance }
        if isFailure || source.standing == .unusable || source.standing == .ejected { return .failover }
        return target.configuration.priority < source.configuration.priority ? .failback : .rebalance
    }

    /// Sessions of a failover have their new job.
    func delivered(_ id: Int, sessions: Int) {
        self.receipts[id]?.waiting -= sessions
        self.receipts[id]?.delivered = self.now
    }

    /// A session of a failover is gone before it had its new job: it was not moved.
    func closed(_ id: Int) {
        self.receipts[id]?.event.sessionsMoved? -= 1
        self.receipts[id]?.event.receipt?.sessionsClosed += 1
        self.delivered(id, sessions: 1)
    }

    /// Tells of failovers that are over, or were waited for long enough.
    func closeReceipts() {
        for (id, receipt) in self.receipts {
            let age = self.now - receipt.since
            guard receipt.waiting <= 0 && age >= Self.joining || age >= Self.receiptTime else { continue }
            self.close(receipt: id)
        }
    }

    /// A failover is over, or was waited for long enough.
    func close(receipt id: Int) {
        guard var receipt = self.receipts.removeValue(forKey: id) else { return }
        if let from = self.poolIndex(receipt.pair.from) {
            // Shares that were on their way here when the pool went.
            receipt.event.sharesLost? += self.pools[from].lostInOutage
            receipt.event.receipt?.workLost += self.pools[from].workLostInOutage
            self.pools[from].lostInOutage = 0
            self.pools[from].workLostInOutage = 0
        }
        let workLost = receipt.event.receipt?.workLost ?? 0
        receipt.event.receipt?.hashesLost = workLost * self.dialect.hashesPerDifficulty
        receipt.event.receipt?.sessionsWaiting = max(0, receipt.waiting)
        if receipt.waiting <= 0 {
            receipt.event.receipt?.completion = (receipt.delivered - receipt.since).nanoseconds / 1_000_000
        }
        self.announce(receipt.event)
    }

    /// A session moved although nothing forced it.
    func tell(_ pair: PoolPair) {
        let telling = Telling(pair: pair, kind: self.kind(of: pair, isFailure: false))
        let now = self.now
        self.tellings[telling, default: ToldMoves(since: now, last: now)].count += 1
        self.tellings[telling]?.last = now
    }

    /// Tells of moves that have come to an end, or of all.
    func tellMoves(all: Bool) {
        for (telling, moves) in self.tellings {
            let isOver = self.now - moves.last >= Self.tellingPause || self.now - moves.since >= Self.tellingTime
            guard all || isOver else { continue }
            self.tellings[telling] = nil
            guard let from = self.poolIndex(telling.pair.from), let to = self.poolIndex(telling.pair.to) else {
                continue
            }
            let cause: String
            switch telling.kind {
            case .failback: cause = "\(telling.pair.to) carries load again"
            default:
                let isDrained = self.policy.pools[from].administration != .enabled
                cause = isDrained ? "\(telling.pair.from) is drained" : "balance"
            }
            self.announce(
                telling.kind, pool: to, cause: cause, from: telling.pair.from, to: telling.pair.to,
                sessions: moves.count
            )
        }
    }

    func announce(
        _ kind: RouteEvent.Kind,
        pool index: Int?,
        cause: String,
        from: String? = nil,
        to: String? = nil,
        detection: Int64? = nil,
        sessions: Int? = nil,
        lost: Int? = nil
    ) {
        var event = self.event(kind, pool: index, cause: cause, from: from, to: to)
        event.detection = detection
        event.sessionsMoved = sessions
        event.sharesLost = lost
        self.announce(event)
    }

    private func event(
        _ kind: RouteEvent.Kind, pool index: Int?, cause: String, from: String?, to: String?
    ) -> RouteEvent {
        RouteEvent(
            kind: kind,
            time: self.time,
            route: self.configuration.name,
            pool: index.map { self.policy.pools[$0].configuration.name } ?? "",
            from: from,
            to: to,
            cause: cause
        )
    }

    private func announce(_ event: RouteEvent) {
        self.lane.happened(event)
        var metadata: Logger.Metadata = ["pool": .string(event.pool), "cause": .string(event.cause)]
        if let from = event.from { metadata["from"] = .string(from) }
        if let to = event.to { metadata["to"] = .string(to) }
        if let detection = event.detection { metadata["detection-ms"] = "\(detection)" }
        if let sessions = event.sessionsMoved { metadata["sessions"] = "\(sessions)" }
        if let lost = event.sharesLost { metadata["shares-lost"] = "\(lost)" }
        if let completion = event.receipt?.completion { metadata["completion-ms"] = "\(completion)" }
        self.logger.log(level: event.kind.level, "\(event.kind.rawValue)", metadata: metadata)
    }

    /// What a decision about a pool means for everyone.
    func apply(_ change: PolicyChange?, to index: Int) {
        guard let change else { return }
        self.updateFacts()
        let name = self.policy.pools[index].configuration.name
        switch change {
        case .health(let change):
            self.apply(change, to: index, name: name)
        case .ejected(let reason, _):
            self.tell(change, of: index)
            self.placeAll(cause: reason)
        case .readmitted:
            self.tell(change, of: index)
            self.placeAll(cause: "\(name) is taken back")
        case .panic, .strangers:
            self.tell(change, of: index)
        }
    }

    /// Tells a decision about a pool that is no matter of its health.
    func tell(_ change: PolicyChange, of index: Int) {
        switch change {
        case .health:
            break
        case .ejected(let reason, let time):
            let duration = time.map { " for \($0.nanoseconds / 1_000_000_000) s" } ?? ""
            self.announce(.ejected, pool: index, cause: "put aside\(duration): \(reason)")
        case .readmitted(let reason):
            self.announce(.readmitted, pool: index, cause: reason)
        case .panic(let reason):
            self.announce(.panic, pool: index, cause: "not put aside, it is the last usable pool: \(reason)")
        case .strangers(let other):
            let known = self.policy.pools[other].configuration.name
            self.announce(
                .stranger, pool: index,
                cause: "works on another chain than \(known); give pools of different coins a coin:"
            )
        }
    }

    private func apply(_ change: HealthTracker.Change, to index: Int, name: String) {
        switch change {
        case .cameUp:
            self.announce(.up, pool: index, cause: "connected")
            self.placeAll(cause: "\(name) came up")
        case .becameSuspect(let reason):
            self.announce(.suspect, pool: index, cause: reason)
        case .cleared:
            self.announce(.cleared, pool: index, cause: "answers again")
        case .wentDown(let cause):
            let detection = self.pools[index].lastFailure?.detection
            self.announce(.down, pool: index, cause: cause, detection: detection, lost: self.pools[index].lostInOutage)
            self.placeAll(cause: cause)
            self.pools[index].lostInOutage = 0
            self.pools[index].workLostInOutage = 0
        case .beganRecovery:
            self.announce(.recovering, pool: index, cause: "connected again")
            self.placeAll(cause: "\(name) is back, not yet trusted")
        case .recovered:
            self.announce(.up, pool: index, cause: "stable for \(self.configuration.health.failbackAfter.text)")
            self.placeAll(cause: "\(name) has been stable")
        }
    }

    // MARK: Whom a pool pays

    /// Looks at the outputs of a job's coinbase.
    func guardPayout(_ upstream: UpstreamJob, on entry: RouteLink, index: Int) {
        guard self.configuration.payoutGuard != .off else { return }
        guard let coinbase = upstream.work.coinbase else { return }
        let finding = entry.payouts.received(
            coinbase1: coinbase.beforeExtranonce,
            extranonceCount: coinbase.extranonceCount,
            coinbase2: coinbase.afterExtranonce,
            expected: self.policy.pools[index].configuration.payoutScripts
        )
        guard let finding else { return }
        func names(_ scripts: [[UInt8]]) -> String {
            let shown = scripts.prefix(3).map { PayoutAddress.describe(script: $0) }.joined(separator: ", ")
            return scripts.count > 3 ? "\(shown) and \(scripts.count - 3) more" : scripts.isEmpty ? "nobody" : shown
        }
        switch finding {
        // From one that is expected to another is nobody's concern.
        case .changed where !self.policy.pools[index].configuration.payoutScripts.isEmpty:
            break
        case .changed(let former, let new):
            self.doubtPayout("the coinbase pays \(names(new)), before \(names(former))", index: index)
        case .unexpected(let scripts):
            self.doubtPayout("the coinbase pays \(names(scripts)), which is not in payout:", index: index)
        case .unreadable(let reason):
            self.announce(.payout, pool: index, cause: "the coinbase cannot be read: \(reason)")
        }
    }

    private func doubtPayout(_ what: String, index: Int) {
        self.pools[index].payoutWarning = what
        // Some pools pay other people with every block, and some may want to fill the ledger.
        let isRecent = self.pools[index].payoutTold.map { self.now - $0 < Self.payoutPause } ?? false
        if isRecent {
            self.pools[index].payoutUntold = what
        } else {
            self.tellPayout(what, index: index)
        }
        self.apply(self.policy.payoutDoubted(index, what, now: self.now), to: index)
    }

    private func tellPayout(_ what: String, index: Int) {
        self.pools[index].payoutTold = self.now
        self.pools[index].payoutUntold = nil
        self.announce(.payout, pool: index, cause: what)
    }

    /// Tells what came too soon after something else.
    func tellPayouts() {
        for index in self.pools.indices {
            guard let what = self.pools[index].payoutUntold, let told = self.pools[index].payoutTold,
                self.now - told >= Self.payoutPause
            else { continue }
            self.tellPayout(what, index: index)
        }
    }

    /// A pool sent what a pool may not send. It may have thousands of links, and do so with every line.
    func overstepped(_ what: String, isAttack: Bool, index: Int) {
        let told: WritableKeyPath<RoutePool, NIODeadline?> = isAttack ? \.attackTold : \.nonsenseTold
        let pause = isAttack ? Self.attackPause : Self.nonsensePause
        if self.pools[index][keyPath: told].map({ self.now - $0 >= pause }) ?? true {
            self.pools[index][keyPath: told] = self.now
            if self.configuration.payoutGuard != .off {
                self.announce(.overstep, pool: index, cause: what)
            } else if isAttack {
                let name = self.policy.pools[index].configuration.name
                self.logger.warning("\(what)", metadata: ["pool": .string(name)])
            }
        }
        guard isAttack, self.configuration.payoutGuard != .off else { return }
        self.pools[index].payoutWarning = what
        self.apply(self.policy.payoutDoubted(index, what, now: self.now), to: index)
    }
}

extension RouteEvent.Kind {
    fileprivate var level: Logger.Level {
        switch self {
        case .down, .failover, .suspect, .authorizationRefused, .hold, .ejected, .panic, .payout, .overstep, .stranger:
            .warning
        case .up, .cleared, .recovering, .failback, .rebalance, .drained, .enabled, .disabled, .readmitted: .notice
        }
    }
}
