package import NIOCore

/// What all links to one pool remember of it: whether it takes the question with which a conversation may begin
/// (``PoolDialogue/openQuestion``). Confined to the links' event loop.
package final class PoolMemory {
    private enum Question {
        /// Nothing is known of how the pool takes the question.
        case unknown
        /// It has answered: a close or silence in its place is an outage.
        case agreed
        /// It closed or was silent on it; whether that was a refusal shows when a connection without it gets further.
        case doubted
        /// A connection without it subscribed after one with it had failed.
        case refused(NIODeadline)
    }

    private var question = Question.unknown

    /// After this a pool that refused is asked again: it may have been an accident, or mended.
    private static let refusalHolds = TimeAmount.hours(1)

    package init() {}

    /// Whether to ask on a new connection.
    package func shouldAsk(now: NIODeadline) -> Bool {
        switch self.question {
        case .unknown, .agreed: true
        case .doubted: false
        case .refused(let since): now - since >= Self.refusalHolds
        }
    }

    /// The pool has answered the question.
    package func agreed() {
        self.question = .agreed
    }

    /// A connection ended while the question was unanswered. False if that says nothing, as the pool has agreed before.
    package func endedWhileAsking() -> Bool {
        if case .agreed = self.question { return false }
        self.question = .doubted
        return true
    }

    /// A connection without the question has subscribed. True if that settles that the pool refuses it.
    package func subscribedWithoutAsking(now: NIODeadline) -> Bool {
        guard case .doubted = self.question else { return false }
        self.question = .refused(now)
        return true
    }

    /// A connection without the question ended before it subscribed: the pool is out of order, no more is known.
    package func endedWithoutAsking() {
        if case .doubted = self.question { self.question = .unknown }
    }
}
