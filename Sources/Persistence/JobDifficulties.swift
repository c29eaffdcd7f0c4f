import Synchronization

/// The pool difficulty of recent jobs, for totals of shares whose rows are not written.
final class JobDifficulties: Sendable {
    private struct State {
        var current: [Int64: Double] = [:]
        var previous: [Int64: Double] = [:]
    }

    private static let generationSize = 4_096

    private let state = Mutex(State())

    /// Remembers a job and forgets the oldest ones.
    func note(_ job: LedgerJob) {
        self.state.withLock { state in
            state.current[job.id] = job.poolDifficulty
            guard state.current.count >= Self.generationSize else { return }
            state.previous = state.current
            state.current = [:]
        }
    }

    /// 0 for a job that is not remembered.
    func poolDifficulty(of job: Int64) -> Double {
        self.state.withLock { $0.current[job] ?? $0.previous[job] ?? 0 }
    }
}
