import Foundation
import Testing

/// Random histories of a whole route: what must always hold (unique work, one answer a submit, balanced books, work for
/// everyone while any pool is usable, headers equal on both sides) holds after every event.
///
/// A failure names its seed. To repeat it: `SWIFT_DETERMINISTIC_HASHING=1 ROUTER_INVARIANTS_SEED=n swift test --filter
/// InvariantTests`. `ROUTER_INVARIANTS_SEQUENCES` sets how many sequences are run.
@Suite struct InvariantTests {
    private static let batches = 4
    private static let failureLimit = 3

    private static func number(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
    }

    @Test(arguments: 0..<batches) func everythingHoldsInRandomHistories(batch: Int) {
        let count = Self.number("ROUTER_INVARIANTS_SEQUENCES") ?? 10_000
        let seeds: [UInt64]
        if let seed = Self.number("ROUTER_INVARIANTS_SEED") {
            seeds = batch == 0 ? [seed] : []
        } else {
            seeds = stride(from: UInt64(batch), to: count, by: Self.batches).map { $0 }
        }
        var failures = 0
        var shares = 0
        for seed in seeds where failures < Self.failureLimit {
            let world = InvariantWorld(seed: seed)
            world.run()
            shares += world.observer.shares
            guard !world.violations.isEmpty else { continue }
            failures += 1
            let trace = world.trace.suffix(60).joined(separator: "\n")
            Issue.record("seed \(seed):\n\(world.violations.prefix(5).joined(separator: "\n"))\nafter\n\(trace)")
        }
        #expect(shares > seeds.count * 2 || seeds.count < 100)
    }
}
