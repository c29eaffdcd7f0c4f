import NIOCore
import PoolPool
import Testing

@Suite struct BackoffTests {
    @Test func boundsDoubleUpToTheMaximum() {
        var random = RandomSource(seed: 1)
        var backoff = Backoff(initial: .seconds(1), maximum: .seconds(60))
        var bounds: [Int64] = []
        for _ in 0..<9 {
            bounds.append(backoff.bound.nanoseconds / 1_000_000_000)
            _ = backoff.next(using: &random)
        }
        #expect(bounds == [1, 2, 4, 8, 16, 32, 60, 60, 60])
        backoff.reset()
        #expect(backoff.bound == .seconds(1))
    }

    @Test(arguments: 1...100 as ClosedRange<UInt64>)
    func delaysAreWithinTheirBound(seed: UInt64) {
        var random = RandomSource(seed: seed)
        var backoff = Backoff(initial: .seconds(1), maximum: .seconds(60))
        for _ in 0..<100 {
            let bound = backoff.bound
            let delay = backoff.next(using: &random)
            #expect(delay >= .zero && delay <= bound, "seed \(seed)")
        }
    }

    @Test func delaysUseTheWholeRange() {
        var random = RandomSource(seed: 1)
        let delays = (0..<1000).map { _ in
            var backoff = Backoff(initial: .seconds(1), maximum: .seconds(60))
            return backoff.next(using: &random)
        }
        #expect(delays.contains { $0 < .milliseconds(50) })
        #expect(delays.contains { $0 > .milliseconds(950) })
    }

    @Test(arguments: [TimeAmount.zero, .nanoseconds(.max)])
    func absurdSettingsDoNotTrap(initial: TimeAmount) {
        var random = RandomSource(seed: 1)
        var backoff = Backoff(initial: initial, maximum: .seconds(60))
        for _ in 0..<100 { #expect(backoff.next(using: &random) <= .seconds(60)) }
    }
}
