package import NIOCore

/// What all links to one pool remember of it. Confined to the links' event loop.
package final class PoolMemory {
    private enum Configure {
        /// Nothing is known of how the pool takes `mining.configure`.
        case unknown
        /// It has answered: a close or silence in its place is an outage.
        case agreed
        /// It closed or was silent on it; whether that was a refusal shows when a connection without it gets further.
        case doubted
        /// A connection without it subscribed after one with it had failed.
        case refused(NIODeadline)
    }

    private var configure = Configure.unknown

    /// After this a pool that refused is asked again: it may have been an accident, or mended.
    private static let refusalHolds = TimeAmount.hours(1)

    package init() {}

    /// Whether to send `mining.configure` on a new connection.
    package func shouldConfigure(now: NIODeadline) -> Bool {
        switch self.configure {
        case .unknown, .agreed: true
        case .doubted: false
        case .refused(let since): now - since >= Self.refusalHolds
        }
    }

    /// The pool has answered `mining.configure` with a mask.
    package func agreed() {
        self.configure = .agreed
    }

    /// A connection ended while `mining.configure` was unanswered. False if that says nothing, as the pool has agreed before.
    package func endedWhileConfiguring() -> Bool {
        if case .agreed = self.configure { return false }
        self.configure = .doubted
        return true
    }

    /// A connection without `mining.configure` has subscribed. True if that settles that the pool refuses it.
    package func subscribedWithoutConfigure(now: NIODeadline) -> Bool {
        guard case .doubted = self.configure else { return false }
        self.configure = .refused(now)
        return true
    }

    /// A connection without `mining.configure` ended before it subscribed: the pool is out of order, no more is known.
    package func endedWithoutConfigure() {
        if case .doubted = self.configure { self.configure = .unknown }
    }
}
