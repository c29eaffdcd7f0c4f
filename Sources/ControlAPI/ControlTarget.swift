/// What an operator may do to a pool of the running router.
package enum PoolAction: String, Sendable, CaseIterable {
    /// Give it nothing new, move its sessions away a few at a time, wait for the verdicts on shares in flight, then close
    /// its links.
    case drain
    /// Undo drain and disable.
    case enable
    /// Move its sessions away and close its links at once.
    case disable
}

/// What became of an operator's command.
package enum ControlOutcome: Sendable, Equatable {
    /// One sentence for the operator.
    case done(String)
    /// No such pool or session.
    case notFound
    /// The command makes sense, but not now; the reason is one sentence.
    case refused(String)
}

/// The running router as the control interfaces see it.
///
/// Called from any task, concurrently. Every call must return within seconds: a client gives up after five.
package protocol ControlTarget: Sendable {
    func status() async -> StatusReport
    /// - Parameter route: nil for all routes; an unknown name gives an empty list.
    func pools(route: String?) async -> [PoolReport]
    func workers(route: String?) async -> [WorkerReport]
    func sessions(route: String?) async -> [SessionReport]
    /// Why the sessions of a worker mine where they mine; empty if it has none.
    func explain(worker: String, route: String?) async -> [ExplanationReport]
    /// - Parameter within: how long a drain may take; the other actions are done at once.
    func setPool(_ name: String, _ action: PoolAction, within: Duration) async -> ControlOutcome
    func kick(session: Int64) async -> ControlOutcome
}
