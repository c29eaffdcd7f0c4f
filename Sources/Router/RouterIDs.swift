import Synchronization

/// Gives out the numbers by which the router knows shares, sessions, jobs and links. Each continues where the last run ended.
package final class RouterIDs: Sendable {
    private let share: Atomic<Int64>
    private let session: Atomic<Int64>
    private let job: Atomic<UInt64>
    private let link = Atomic<Int>(1)
    private let connection = Atomic<Int>(1)
    private let token: @Sendable () -> UInt64

    /// - Parameter token: random numbers for subscription ids, hard to guess.
    package init(
        firstShare: Int64,
        firstSession: Int64,
        firstJob: UInt64,
        token: @escaping @Sendable () -> UInt64 = { UInt64.random(in: .min ... .max) }
    ) {
        self.share = Atomic(firstShare)
        self.session = Atomic(firstSession)
        self.job = Atomic(firstJob)
        self.token = token
    }

    package func nextShare() -> Int64 { self.share.wrappingAdd(1, ordering: .relaxed).oldValue }
    package func nextSession() -> Int64 { self.session.wrappingAdd(1, ordering: .relaxed).oldValue }
    package func nextJob() -> UInt64 { self.job.wrappingAdd(1, ordering: .relaxed).oldValue }
    package func nextLink() -> Int { self.link.wrappingAdd(1, ordering: .relaxed).oldValue }
    package func nextConnection() -> Int { self.connection.wrappingAdd(1, ordering: .relaxed).oldValue }
    package func nextToken() -> UInt64 { self.token() }
}
