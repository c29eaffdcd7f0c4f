package import NIOCore

/// Whether a pool is put aside, for how long and why. The time grows with each ejection and is forgiven by and by.
package struct Ejection: Sendable {
    package enum State: Sendable, Hashable {
        case none
        /// Put aside until then.
        case until(NIODeadline, reason: String, badness: Double)
        /// Put aside until told otherwise.
        case held(reason: String, badness: Double)
    }

    package private(set) var state = State.none
    /// Ejections in memory: those so far, less one for each `ejectionMaximum` that the pool was not put aside. Brought up to
    /// date by each call that takes the time.
    package private(set) var count = 0
    /// The newest `ejectionMaximum`.
    private var forgivenAfter = TimeAmount.zero
    /// Time that counts towards the next forgiveness.
    private var credit = TimeAmount.zero
    private var creditedAt = NIODeadline.distantPast

    package init() {}

    /// Puts the pool aside for `ejection` × ``count``, at most `ejectionMaximum`, and returns how long that is. While it is
    /// put aside already, nothing changes: returns the time that is left, or zero if it is held.
    package mutating func eject(
        reason: String, badness: Double, configuration: OutlierConfiguration, now: NIODeadline
    ) -> TimeAmount {
        self.forgive(now: now)
        guard !self.isEjected else { return self.remaining(now: now) ?? .zero }
        self.forgivenAfter = max(.zero, TimeAmount(configuration.ejectionMaximum))
        self.count += 1
        let (product, overflow) = TimeAmount(configuration.ejection).nanoseconds
            .multipliedReportingOverflow(by: Int64(self.count))
        let length = overflow ? self.forgivenAfter : max(.zero, min(.nanoseconds(product), self.forgivenAfter))
        self.state = .until(now + length, reason: reason, badness: badness)
        return length
    }

    /// Puts the pool aside until ``release(now:)``, also if it is put aside already; the newest reason holds. It is not an
    /// ejection that ``count`` counts.
    package mutating func hold(reason: String, badness: Double, now: NIODeadline) {
        self.forgive(now: now)
        self.state = .held(reason: reason, badness: badness)
    }

    /// Ends whatever put the pool aside.
    package mutating func release(now: NIODeadline) {
        self.forgive(now: now)
        self.state = .none
    }

    /// True when the time is over and the pool is readmitted by this call.
    package mutating func tick(now: NIODeadline) -> Bool {
        self.forgive(now: now)
        guard case .until(let end, _, _) = self.state, now >= end else { return false }
        self.state = .none
        return true
    }

    package var isEjected: Bool { self.state != .none }

    /// Why the pool is put aside; nil: it is not.
    package var reason: String? {
        switch self.state {
        case .none: nil
        case .until(_, let reason, _), .held(let reason, _): reason
        }
    }

    /// 0...1, to choose the least bad of several; 0 if it is not put aside.
    package var badness: Double {
        switch self.state {
        case .none: 0
        case .until(_, _, let badness), .held(_, let badness): badness
        }
    }

    /// Time until the pool is readmitted, zero if that is due; nil: it is not put aside, or nobody knows for how long.
    package func remaining(now: NIODeadline) -> TimeAmount? {
        guard case .until(let end, _, _) = self.state else { return nil }
        return max(.zero, end - now)
    }

    /// Credits the time since the last call, unless the pool was put aside.
    private mutating func forgive(now: NIODeadline) {
        let elapsed = max(.zero, now - self.creditedAt)
        self.creditedAt = max(self.creditedAt, now)
        guard !self.isEjected, self.count > 0 else { return }
        guard self.forgivenAfter > .zero else {
            self.count = 0
            return
        }
        let (credit, overflow) = self.credit.nanoseconds.addingReportingOverflow(elapsed.nanoseconds)
        let total = overflow ? Int64.max : credit
        let forgiven = total / self.forgivenAfter.nanoseconds
        self.count = Int(max(0, Int64(self.count) - forgiven))
        self.credit = self.count == 0 ? .zero : .nanoseconds(total % self.forgivenAfter.nanoseconds)
    }
}
