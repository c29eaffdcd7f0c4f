import NIOConcurrencyHelpers
package import NIOCore
package import Stratum

/// A route's nonce space and the sessions that may resume theirs. Shared by the route's event loops; used once a connection,
/// and for a share only where sessions share their space.
package final class NonceRegistry: Sendable {
    private struct Parked {
        var machine: SessionStateMachine
        var nonce: NonceGrant
        var until: NIODeadline
    }

    private struct State {
        var allocator = NonceAllocator()
        var parked: [String: Parked] = [:]
        /// Shares of sessions that have no part of the nonce space to themselves.
        var sharedShares = RecentShares(generationSize: 65_536)
    }

    private let state = NIOLockedValueBox(State())

    /// A miner that comes back within this gets its extranonce1 again. cgminer keeps shares for 120 s.
    private static let resumeTime = TimeAmount.seconds(180)
    private static let parkedLimit = 50_000

    package init() {}

    /// Nonce spaces in use so far.
    package var spaceCount: Int { self.state.withLockedValue { $0.allocator.spaceCount } }

    /// Sessions that have a prefix of a space, also those that may come back.
    package func holders(of space: Int) -> Int { self.state.withLockedValue { $0.allocator.holders(of: space) } }

    package func allocate(layout: NonceLayout, range: PrefixRange) -> NonceGrant {
        self.state.withLockedValue { $0.allocator.allocate(layout: layout, range: range) }
    }

    package func release(_ nonce: NonceGrant, now: NIODeadline) {
        self.state.withLockedValue { $0.allocator.release(nonce, now: now) }
    }

    /// Keeps a closed session's work for its miner's return under `token`.
    package func park(_ machine: SessionStateMachine, nonce: NonceGrant, token: String, now: NIODeadline) {
        self.state.withLockedValue { state in
            guard state.parked.count < Self.parkedLimit else {
                state.allocator.release(nonce, now: now)
                return
            }
            state.parked[token] = Parked(machine: machine, nonce: nonce, until: now + Self.resumeTime)
        }
    }

    /// The session that was parked under `token`, if it is still there and fits `layout`.
    package func resume(_ token: String, layout: NonceLayout) -> (machine: SessionStateMachine, nonce: NonceGrant)? {
        self.state.withLockedValue { state in
            guard let parked = state.parked[token], parked.nonce.layout.total <= layout.total else { return nil }
            state.parked[token] = nil
            return (parked.machine, parked.nonce)
        }
    }

    /// False if another session has found this share of a shared space. The one lock that is taken for a share, and for
    /// such shares only.
    package func claim(_ key: ShareKey, job: IssuedJob) -> Bool {
        self.state.withLockedValue { $0.sharedShares.insert(key, job: job) }
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
