import NIOCore
import Stratum

/// When a link tries again, and where.
struct ReconnectSchedule {
    private var backoff: Backoff
    private var random: RandomSource
    private var reconnectAt: NIODeadline?
    /// Where the pool asked for the next attempt to go; those after it go to the configured endpoint again.
    private var reconnectEndpoint: PoolEndpoint?
    private var successorAt: (deadline: NIODeadline, endpoint: PoolEndpoint)?
    private var readySince: NIODeadline?

    /// A connection that held this long was a success: the next failure starts a new backoff.
    private static let stableTime = TimeAmount.seconds(30)

    init(backoff: Backoff, random: RandomSource) {
        self.backoff = backoff
        self.random = random
    }

    /// Shares may flow on the current connection, which has not been told to be ``closed(now:)``.
    var isReady: Bool { self.readySince != nil }
    /// The pool has asked for a connection that is not opened yet.
    var awaitsSuccessor: Bool { self.successorAt != nil }

    /// Nothing is planned any more.
    mutating func cancel() {
        self.reconnectAt = nil
        self.reconnectEndpoint = nil
        self.successorAt = nil
    }

    /// True once when it is time to connect.
    mutating func takeReconnect(now: NIODeadline) -> Bool {
        guard let reconnectAt = self.reconnectAt, now >= reconnectAt else { return false }
        self.reconnectAt = nil
        return true
    }

    /// Where this attempt goes if the pool asked for that.
    mutating func takeEndpoint() -> PoolEndpoint? {
        defer { self.reconnectEndpoint = nil }
        return self.reconnectEndpoint
    }

    /// Once when it is time to open a connection that takes over: to which endpoint.
    mutating func takeSuccessor(now: NIODeadline) -> PoolEndpoint? {
        guard let successorAt = self.successorAt, now >= successorAt.deadline else { return nil }
        self.successorAt = nil
        return successorAt.endpoint
    }

    /// Plans a connection that takes over.
    mutating func openSuccessor(to endpoint: PoolEndpoint, at deadline: NIODeadline) {
        self.successorAt = (deadline, endpoint)
    }

    /// Shares may flow on the current connection.
    mutating func becameReady(now: NIODeadline) {
        self.reconnectAt = nil
        self.readySince = now
    }

    /// The current connection is gone.
    mutating func closed(now: NIODeadline) {
        if let readySince = self.readySince, now - readySince >= Self.stableTime { self.backoff.reset() }
        self.readySince = nil
    }

    /// Plans the next attempt after the current connection is gone and none takes over.
    /// - Parameter maximum: how long a pool is left alone that refused the credentials.
    mutating func plan(after failure: LinkFailure.Kind, now: NIODeadline, maximum: TimeAmount) {
        if let successorAt = self.successorAt {
            // The pool announced that it goes; its own time is better than ours.
            self.reconnectAt = successorAt.deadline
            self.reconnectEndpoint = successorAt.endpoint
            self.successorAt = nil
        } else if failure == .questionRefused {
            self.reconnectAt = now
        } else if failure == .authorizationRefused {
            // It will not change its mind in a second, and it may ban who keeps asking.
            self.reconnectAt = now + maximum
        } else {
            self.reconnectAt = now + self.backoff.next(using: &self.random)
        }
    }
}
