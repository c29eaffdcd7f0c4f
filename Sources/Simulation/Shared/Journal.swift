import Synchronization

/// A value that grows by events, readable from anywhere, on which tests wait without polling.
package final class Journal<Value: Sendable & CustomStringConvertible>: Sendable {
    private struct Waiter {
        let id: UInt64
        let isMet: @Sendable (Value) -> Bool
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var value: Value
        var waiters: [Waiter] = []
        var cancelled: Set<UInt64> = []
        var nextID: UInt64 = 0
    }

    private let state: Mutex<State>
    private let changed: (@Sendable () -> Void)?

    /// - Parameter changed: called after each change, outside the lock.
    package init(_ value: Value, changed: (@Sendable () -> Void)? = nil) {
        self.state = Mutex(State(value: value))
        self.changed = changed
    }

    /// The value now.
    package var value: Value { self.state.withLock { $0.value } }

    /// Changes the value and wakes those whose condition is now met.
    package func update(_ change: (inout Value) -> Void) {
        let woken = self.state.withLock { state in
            change(&state.value)
            guard !state.waiters.isEmpty else { return [Waiter]() }
            let value = state.value
            let woken = state.waiters.filter { $0.isMet(value) }
            state.waiters.removeAll { waiter in woken.contains { $0.id == waiter.id } }
            return woken
        }
        woken.forEach { $0.continuation.resume() }
        self.changed?()
    }

    /// Changes the value without waking anyone: for numbers that run all the time.
    package func updateQuietly(_ change: (inout Value) -> Void) {
        self.state.withLock { change(&$0.value) }
    }

    /// Returns as soon as `condition` holds.
    ///
    /// - Throws: `SimulationTimeout` with a description of the value when it did not come true in time.
    package func wait(
        _ what: String = "a condition",
        until condition: @escaping @Sendable (Value) -> Bool,
        timeout: Duration
    ) async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await self.wait(until: condition)
                return true
            }
            group.addTask {
                try await Task.sleep(for: timeout)
                return false
            }
            defer { group.cancelAll() }
            if try await group.next() == true { return }
            throw SimulationTimeout(description: "waited \(timeout) for \(what); state: \(self.value)")
        }
    }

    private func wait(until condition: @escaping @Sendable (Value) -> Bool) async throws {
        let id = self.state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let result: Result<Void, any Error>? = self.state.withLock { state in
                    if state.cancelled.remove(id) != nil { return .failure(CancellationError()) }
                    if condition(state.value) { return .success(()) }
                    state.waiters.append(Waiter(id: id, isMet: condition, continuation: continuation))
                    return nil
                }
                if let result { continuation.resume(with: result) }
            }
        } onCancel: {
            let waiter: Waiter? = self.state.withLock { state in
                guard let index = state.waiters.firstIndex(where: { $0.id == id }) else {
                    state.cancelled.insert(id)
                    return nil
                }
                return state.waiters.remove(at: index)
            }
            waiter?.continuation.resume(throwing: CancellationError())
        }
    }
}

/// A wait that ended before its condition came true.
package struct SimulationTimeout: Error, CustomStringConvertible {
    /// What was awaited, for how long, and the state at the end.
    package let description: String
}
