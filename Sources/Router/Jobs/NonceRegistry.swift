import NIOConcurrencyHelpers
package import NIOCore

/// A route's nonce space and the sessions that may resume theirs. Shared by the route's event loops; used once a connection,
/// never for a share.
package final class NonceRegistry: Sendable {
    private struct Parked {
        var machine: SessionStateMachine
        var nonce: SessionNonce
        var until: NIODeadline
    }

    private struct State {
        var allocator = NonceAllocator()
        var parked: [String: Parked] = [:]
    }

    private let state = NIOLockedValueBox(State())

    /// A miner that comes back within this gets its extranonce1 again. cgminer keeps shares for 120 s.
    private static let resumeTime = TimeAmount.seconds(180)
    private static let parkedLimit = 50_000

    package init() {}

    /// Nonce spaces in use so far.
    package var spaceCount: Int { self.state.withLockedValue { $0.allocator.spaceCount } }

    package func allocate(layout: NonceLayout, userAgent: String) -> SessionNonce {
        self.state.withLockedValue {
            $0.allocator.allocate(layout: layout, prefixCount: layout.prefixCount(userAgent: userAgent))
        }
    }

    package func release(_ nonce: SessionNonce, now: NIODeadline) {
        self.state.withLockedValue { $0.allocator.release(nonce, now: now) }
    }

    /// Keeps a closed session's work for its miner's return under `token`.
    package func park(_ machine: SessionStateMachine, nonce: SessionNonce, token: String, now: NIODeadline) {
        self.state.withLockedValue { state in
            guard state.parked.count < Self.parkedLimit else {
                state.allocator.release(nonce, now: now)
                return
            }
            state.parked[token] = Parked(machine: machine, nonce: nonce, until: now + Self.resumeTime)
        }
    }

    /// The session that was parked under `token`, if it is still there and fits `layout`.
    package func resume(_ token: String, layout: NonceLayout) -> (machine: SessionStateMachine, nonce: SessionNonce)? {
        self.state.withLockedValue { state in
            guard let parked = state.parked[token], parked.nonce.layout.total <= layout.total else { return nil }
            state.parked[token] = nil
            return (parked.machine, parked.nonce)
        }
    }

    /// Every link of `space` has had a clean job at `time` or later.
    package func cleaned(space: Int, at time: NIODeadline) {
        self.state.withLockedValue { $0.allocator.cleaned(space: space, at: time) }
    }

    /// Gives up parked sessions whose time is over.
    package func tick(now: NIODeadline) {
        self.state.withLockedValue { state in
            for (token, parked) in state.parked where parked.until <= now {
                state.parked[token] = nil
                state.allocator.release(parked.nonce, now: now)
            }
        }
    }
}
