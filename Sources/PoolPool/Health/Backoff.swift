package import NIOCore

/// Delays between attempts to reach a pool: uniformly random between 0 and `initial × 2ⁿ`, capped ("full jitter", so that
/// many routers do not come back to a restarted pool in step).
///
/// With initial 1 s and maximum 60 s the upper bounds are 1, 2, 4, 8, 16, 32, 60, 60, … s.
package struct Backoff: Sendable {
    private let initial: TimeAmount
    private let maximum: TimeAmount
    /// Failures since the last ``reset()``.
    package private(set) var attempts = 0

    package init(initial: TimeAmount, maximum: TimeAmount) {
        self.initial = initial
        self.maximum = maximum
    }

    /// Upper bound of the next delay.
    package var bound: TimeAmount {
        let doublings = min(self.attempts, 30)
        let (product, overflow) = self.initial.nanoseconds.multipliedReportingOverflow(by: Int64(1) << doublings)
        return overflow ? self.maximum : min(.nanoseconds(product), self.maximum)
    }

    /// The delay before the next attempt; counts one failure.
    package mutating func next(using generator: inout some RandomNumberGenerator) -> TimeAmount {
        let bound = self.bound
        self.attempts += 1
        return .nanoseconds(Int64.random(in: 0...max(0, bound.nanoseconds), using: &generator))
    }

    /// Call when an attempt succeeded.
    package mutating func reset() {
        self.attempts = 0
    }
}
