import NIOCore
import Stratum

/// The verdicts of one pool over the newest seconds, in one bucket for each, with running totals: what a verdict costs
/// does not depend on how many there are. See ``OutlierDetector`` for what follows from them.
///
/// Refusals as stale are put aside at first. They count when they are older than `staleDelay` and are taken back when a
/// new block comes within `staleGrace`.
struct OutlierEvidence: Sendable {
    /// How often each key occurred; keys that did not are not in it.
    struct Tally<Key: Hashable & Sendable>: Sendable {
        private(set) var counts: [Key: Int] = [:]

        subscript(key: Key) -> Int { self.counts[key] ?? 0 }

        mutating func add(_ key: Key) {
            self.counts[key, default: 0] += 1
        }

        mutating func add(_ other: Tally) {
            for (key, count) in other.counts { self.counts[key, default: 0] += count }
        }

        mutating func subtract(_ other: Tally) {
            for (key, count) in other.counts {
                let left = self[key] - count
                self.counts[key] = left > 0 ? left : nil
            }
        }
    }

    /// Verdicts, counted in all ways that a judgement asks for.
    struct Counts: Sendable {
        var accepted = 0
        /// Including those without an answer.
        var refused = 0
        var unanswered = 0
        var slow = 0
        /// Refused or slow.
        var bad = 0
        var refusals = Tally<Int32>()
        var slowOnes = Tally<Int32>()
        var kinds = Tally<Rejection.Kind>()

        var total: Int { self.accepted + self.refused }
        /// Those that came, which a latency belongs to.
        var answered: Int { self.total - self.unanswered }

        mutating func accept(worker: Int32, isSlow: Bool) {
            self.accepted += 1
            guard isSlow else { return }
            self.bad += 1
            self.slow += 1
            self.slowOnes.add(worker)
        }

        mutating func refuse(_ kind: Rejection.Kind, worker: Int32, isSlow: Bool) {
            self.refused += 1
            self.bad += 1
            self.refusals.add(worker)
            self.kinds.add(kind)
            guard isSlow else { return }
            self.slow += 1
            self.slowOnes.add(worker)
        }

        mutating func giveUp(_ count: Int) {
            self.refused += count
            self.unanswered += count
            self.bad += count
        }

        mutating func add(_ other: Counts) {
            self.accepted += other.accepted
            self.refused += other.refused
            self.unanswered += other.unanswered
            self.slow += other.slow
            self.bad += other.bad
            self.refusals.add(other.refusals)
            self.slowOnes.add(other.slowOnes)
            self.kinds.add(other.kinds)
        }

        mutating func subtract(_ other: Counts) {
            self.accepted -= other.accepted
            self.refused -= other.refused
            self.unanswered -= other.unanswered
            self.slow -= other.slow
            self.bad -= other.bad
            self.refusals.subtract(other.refusals)
            self.slowOnes.subtract(other.slowOnes)
            self.kinds.subtract(other.kinds)
        }
    }

    private struct Bucket {
        /// What counts, whatever else happens.
        var counts = Counts()
        /// Refusals as stale.
        var stales = Counts()
        var stalesCount = false
        /// Those of them that belong to the row of this number.
        var staleRow = Tally<Int32>()
        var row: UInt64 = 0
        var slowest = TimeAmount.zero
        /// Acceptances of the foremost worker since it was that for the time of this number.
        var acceptedOfForemost = 0
        var reign: UInt64 = 0
    }

    /// The refusals since the last acceptance.
    struct Row: Sendable {
        var total = 0
        var unanswered = 0
        var workers = Tally<Int32>()
    }

    private struct Acceptance {
        var worker: Int32
        var time: NIODeadline
    }

    /// The bucket of second `s` is at `s` modulo their number.
    private var buckets: [Bucket]
    /// The newest second that has a bucket; -1: none has.
    private var second: Int64 = -1
    /// Stale refusals up to this second count unless a block excused them.
    private var settled: Int64 = -1
    private var lastBlock: NIODeadline?
    private let staleDelay: TimeAmount
    private let staleGrace: TimeAmount

    /// What counts of the newest seconds.
    private(set) var totals = Counts()
    private(set) var row = Row()
    /// So that stale refusals which begin to count later know whether their row is still the present one.
    private var rowNumber: UInt64 = 0
    /// The worker with most refusals.
    private(set) var foremost: Int32?
    /// Its acceptances, as far as they were counted while it was foremost.
    private(set) var acceptedOfForemost = 0
    private var reign: UInt64 = 0
    /// The newest acceptance, and the newest one of any other worker.
    private var newest: Acceptance?
    private var newestOfAnother: Acceptance?

    /// Covers 1 s to one hour.
    init(window: TimeAmount, staleGrace: TimeAmount) {
        self.buckets = Array(repeating: Bucket(), count: Self.length(window))
        self.staleGrace = max(.zero, staleGrace)
        self.staleDelay = min(.seconds(5), self.staleGrace)
    }

    private static func length(_ window: TimeAmount) -> Int {
        let limited = min(max(window, .seconds(1)), .hours(1))
        return Int((limited.nanoseconds + 999_999_999) / 1_000_000_000)
    }

    private static func second(_ time: NIODeadline) -> Int64 {
        Int64(time.uptimeNanoseconds / 1_000_000_000)
    }

    private func slot(_ second: Int64) -> Int {
        Int(second % Int64(self.buckets.count))
    }

    // MARK: - What happened

    mutating func accepted(worker: Int32, latency: TimeAmount, isSlow: Bool, now: NIODeadline) {
        self.advance(to: now)
        let slot = self.slot(self.second)
        self.totals.accept(worker: worker, isSlow: isSlow)
        self.buckets[slot].counts.accept(worker: worker, isSlow: isSlow)
        self.noteLatency(latency, slot: slot)
        if self.foremost == worker {
            if self.buckets[slot].reign != self.reign {
                self.buckets[slot].reign = self.reign
                self.buckets[slot].acceptedOfForemost = 0
            }
            self.buckets[slot].acceptedOfForemost += 1
            self.acceptedOfForemost += 1
        }
        if self.row.total > 0 { self.row = Row() }
        self.rowNumber &+= 1
        if let newest = self.newest, newest.worker != worker { self.newestOfAnother = newest }
        self.newest = Acceptance(worker: worker, time: now)
    }

    mutating func refused(
        _ kind: Rejection.Kind, worker: Int32, latency: TimeAmount, isSlow: Bool, now: NIODeadline
    ) {
        self.advance(to: now)
        let slot = self.slot(self.second)
        if kind == .stale {
            if let lastBlock = self.lastBlock, now - lastBlock <= self.staleGrace { return }
            self.buckets[slot].stales.refuse(kind, worker: worker, isSlow: isSlow)
            if self.buckets[slot].row != self.rowNumber {
                self.buckets[slot].row = self.rowNumber
                self.buckets[slot].staleRow = Tally()
            }
            self.buckets[slot].staleRow.add(worker)
        } else {
            self.totals.refuse(kind, worker: worker, isSlow: isSlow)
            self.buckets[slot].counts.refuse(kind, worker: worker, isSlow: isSlow)
            self.row.total += 1
            self.row.workers.add(worker)
            self.findForemost(among: CollectionOfOne(worker))
        }
        self.noteLatency(latency, slot: slot)
    }

    /// `count` is at least 0 and no more than a million.
    mutating func unanswered(_ count: Int, now: NIODeadline) {
        self.advance(to: now)
        self.totals.giveUp(count)
        self.buckets[self.slot(self.second)].counts.giveUp(count)
        self.row.total += count
        self.row.unanswered += count
    }

    mutating func blockChanged(now: NIODeadline) {
        self.advance(to: now)
        self.lastBlock = now
        let first = max(Self.second(now - self.staleGrace), self.second - Int64(self.buckets.count) + 1, 0)
        guard first <= self.second else { return }
        for second in first...self.second {
            let slot = self.slot(second)
            guard self.buckets[slot].stales.refused > 0 else { continue }
            if self.buckets[slot].stalesCount { self.discount(slot) }
            self.buckets[slot].stales = Counts()
            self.buckets[slot].staleRow = Tally()
        }
    }

    /// Forgets the verdicts, but not when the last block was.
    mutating func reset() {
        let lastBlock = self.lastBlock
        self = OutlierEvidence(window: .seconds(Int64(self.buckets.count)), staleGrace: self.staleGrace)
        self.lastBlock = lastBlock
    }

    private mutating func noteLatency(_ latency: TimeAmount, slot: Int) {
        if latency > self.buckets[slot].slowest { self.buckets[slot].slowest = latency }
    }

    // MARK: - What it comes to

    /// True when another worker than `worker` had a share accepted in the window.
    func othersAccepted(than worker: Int32, now: NIODeadline) -> Bool {
        let acceptance = self.newest?.worker == worker ? self.newestOfAnother : self.newest
        return acceptance.map { now - $0.time < .seconds(Int64(self.buckets.count)) } ?? false
    }

    /// The longest time to a verdict in the window.
    var slowest: TimeAmount { self.buckets.lazy.map(\.slowest).max() ?? .zero }

    /// Begins the seconds up to `now`: what is too old leaves, what was put aside counts. A clock that goes back stands
    /// still.
    mutating func advance(to now: NIODeadline) {
        let second = Self.second(now)
        if second > self.second {
            let count = Int64(self.buckets.count)
            // From the second after the last one, or all of them if that is longer ago.
            for newer in max(self.second + 1, second - count + 1)...second { self.clear(self.slot(newer)) }
            self.second = second
        }
        // All stale refusals of a second are old enough when its last one is.
        let due = Self.second(now - self.staleDelay) - 1
        guard due > self.settled else { return }
        let oldest = max(self.settled + 1, self.second - Int64(self.buckets.count) + 1, 0)
        self.settled = due
        guard oldest <= min(due, self.second) else { return }
        for settling in oldest...min(due, self.second) { self.count(self.slot(settling)) }
    }

    private mutating func clear(_ slot: Int) {
        let old = self.buckets[slot]
        guard old.counts.total > 0 || old.stales.refused > 0 || old.slowest > .zero else { return }
        self.buckets[slot] = Bucket()
        self.totals.subtract(old.counts)
        if old.stalesCount { self.totals.subtract(old.stales) }
        if old.reign == self.reign { self.acceptedOfForemost -= old.acceptedOfForemost }
        if old.counts.refused > 0 || old.stalesCount { self.findForemost() }
    }

    /// Stale refusals that no block excused.
    private mutating func count(_ slot: Int) {
        let bucket = self.buckets[slot]
        guard bucket.stales.refused > 0, !bucket.stalesCount else { return }
        self.buckets[slot].stalesCount = true
        self.totals.add(bucket.stales)
        if bucket.row == self.rowNumber {
            self.row.workers.add(bucket.staleRow)
            self.row.total += bucket.staleRow.counts.values.reduce(0, +)
        }
        self.findForemost(among: bucket.stales.refusals.counts.keys.sorted())
    }

    /// Stale refusals that counted, and that a late block excuses.
    private mutating func discount(_ slot: Int) {
        let bucket = self.buckets[slot]
        self.buckets[slot].stalesCount = false
        self.totals.subtract(bucket.stales)
        if bucket.row == self.rowNumber {
            self.row.workers.subtract(bucket.staleRow)
            self.row.total -= bucket.staleRow.counts.values.reduce(0, +)
        }
        self.findForemost()
    }

    /// The present one stays unless one of `candidates`, whose refusals grew, has more.
    private mutating func findForemost(among candidates: some Sequence<Int32>) {
        for worker in candidates where self.foremost != worker {
            guard self.totals.refusals[worker] > (self.foremost.map { self.totals.refusals[$0] } ?? 0) else { continue }
            self.setForemost(worker)
        }
    }

    /// After refusals left.
    private mutating func findForemost() {
        let counts = self.totals.refusals.counts
        let most = counts.values.max() ?? 0
        if let foremost = self.foremost, most > 0, counts[foremost] == most { return }
        self.setForemost(counts.lazy.filter { $0.value == most }.map(\.key).min())
    }

    private mutating func setForemost(_ worker: Int32?) {
        self.foremost = worker
        self.acceptedOfForemost = 0
        self.reign &+= 1
    }
}
