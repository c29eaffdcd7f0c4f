import Synchronization

/// The latest jobs: the writer may meet a share before its job, which another lane recorded, and totals of shares whose
/// rows are not written need the pool difficulty.
final class RecentJobs: Sendable {
    private struct State {
        var current: [Int64: LedgerJob] = [:]
        var previous: [Int64: LedgerJob] = [:]
    }

    private static let generationSize = 1 << 14

    private let state = Mutex(State())

    /// Remembers a job and forgets the oldest ones.
    func note(_ job: LedgerJob) {
        self.state.withLock { state in
            state.current[job.id] = job
            guard state.current.count >= Self.generationSize else { return }
            state.previous = state.current
            state.current = [:]
        }
    }

    /// nil for a job that is not remembered.
    subscript(id: Int64) -> LedgerJob? {
        self.state.withLock { $0.current[id] ?? $0.previous[id] }
    }
}
