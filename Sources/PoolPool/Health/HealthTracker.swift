package import NIOCore

/// The state of one pool, from what its links report. Knows nothing of connections or miners.
///
/// ```
/// untested → up ⇄ suspect
///     ↓       ↓      ↓
///    down ←───┴──────┘        down → recovering → up   (after `failbackAfter` without a failure)
/// ```
package struct HealthTracker: Sendable {
    package enum State: Sendable, Equatable {
        /// Never ready and never failed.
        case untested
        case up
        /// Carries what it has and takes nothing new: something speaks against it.
        case suspect(String)
        case down(String)
        /// Ready again after having been down, and not yet trusted.
        case recovering(since: NIODeadline)
    }

    package enum Change: Sendable, Equatable {
        case cameUp
        case becameSuspect(String)
        case cleared
        case wentDown(String)
        case beganRecovery
        case recovered
    }

    package private(set) var state = State.untested
    /// When the state last changed.
    package private(set) var since: NIODeadline
    /// How long a pool must be stable until it is trusted again; changes at a reload.
    package var failbackAfter: TimeAmount

    package init(failbackAfter: TimeAmount, now: NIODeadline) {
        self.failbackAfter = failbackAfter
        self.since = now
    }

    /// A link is authorised and holds a job.
    package mutating func linkReady(now: NIODeadline) -> Change? {
        switch self.state {
        case .untested:
            self.enter(.up, now: now)
            return .cameUp
        case .down:
            self.enter(.recovering(since: now), now: now)
            return .beganRecovery
        case .suspect:
            self.enter(.up, now: now)
            return .cleared
        case .up, .recovering:
            return nil
        }
    }

    /// The last link that was ready is gone, or an attempt failed while there was none.
    package mutating func linksFailed(_ cause: String, now: NIODeadline) -> Change? {
        switch self.state {
        case .untested, .up, .suspect, .recovering:
            self.enter(.down(cause), now: now)
            return .wentDown(cause)
        case .down:
            // Later attempts of the same outage fail for reasons of their own; the newest tells most.
            self.state = .down(cause)
            return nil
        }
    }

    /// Something speaks against the pool; nil: nothing does any more.
    package mutating func suspected(_ reason: String?, now: NIODeadline) -> Change? {
        switch (self.state, reason) {
        case (.up, .some(let reason)):
            self.enter(.suspect(reason), now: now)
            return .becameSuspect(reason)
        case (.recovering, .some):
            // Trust starts anew when it is cleared.
            self.enter(.recovering(since: now), now: now)
            return nil
        case (.suspect, nil):
            self.enter(.up, now: now)
            return .cleared
        case (.untested, _), (.down, _), (.up, nil), (.recovering, nil), (.suspect, .some):
            return nil
        }
    }

    package mutating func tick(now: NIODeadline) -> Change? {
        guard case .recovering(let since) = self.state, now - since >= self.failbackAfter else { return nil }
        self.enter(.up, now: now)
        return .recovered
    }

    private mutating func enter(_ state: State, now: NIODeadline) {
        self.state = state
        self.since = now
    }
}
