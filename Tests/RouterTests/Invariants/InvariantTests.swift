import Foundation
import Testing

/// Random histories of a whole route: what must always hold (unique work, one answer a submit, balanced books, work for
/// everyone while any pool is usable, headers equal on both sides) holds after every event.
///
/// A failure names its seed. To repeat it: `SWIFT_DETERMINISTIC_HASHING=1 ROUTER_INVARIANTS_SEED=n swift test --filter
/// InvariantTests` (without deterministic hashing the router may take its sessions in another order). A debug build runs
/// 2,000 sequences, a release build 10,000, `ROUTER_INVARIANTS_SEQUENCES` any number.
@Suite struct InvariantTests {
    private static let batches = 4
    private static let failureLimit = 3
    #if DEBUG
        private static let usualCount: UInt64 = 2_000
    #else
        private static let usualCount: UInt64 = 10_000
    #endif

    private static func number(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
    }

    @Test func everythingHoldsInRandomHistories() async {
        let count = Self.number("ROUTER_INVARIANTS_SEQUENCES") ?? Self.usualCount
        let seeds = Self.number("ROUTER_INVARIANTS_SEED").map { [$0] } ?? Array(0..<count)
        // One history needs one thread; the machine has several.
        await withTaskGroup(of: Void.self) { group in
            for batch in 0..<Self.batches {
                group.addTask { Self.run(seeds.indices.filter { $0 % Self.batches == batch }.map { seeds[$0] }) }
            }
        }
    }

    private static func run(_ seeds: [UInt64]) {
        var failures = 0
        var shares = 0
        for seed in seeds where failures < Self.failureLimit {
            let world = InvariantWorld(seed: seed)
            world.run()
            shares += world.observer.shares
            guard !world.violations.isEmpty else { continue }
            failures += 1
            let trace = world.trace.joined(separator: "\n")
            Issue.record("seed \(seed):\n\(world.violations.prefix(5).joined(separator: "\n"))\nafter\n\(trace)")
        }
        #expect(shares > seeds.count * 2 || seeds.count < 100)
    }
}
