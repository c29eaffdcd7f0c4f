import PoolPool
import Testing

@Suite struct PoolSelectorTests {
    private static func pool(
        _ name: String,
        _ priority: Int,
        _ standing: PoolCandidate.Standing,
        weight: Double = 1
    ) -> PoolCandidate {
        PoolCandidate(name: name, priority: priority, weight: weight, standing: standing)
    }

    private static func names(_ candidates: [PoolCandidate]) -> String {
        PoolSelector.tiers(candidates)
            .map { tier in tier.map { candidates[$0].name }.joined(separator: ",") }
            .joined(separator: " | ")
    }

    @Test func tiers() {
        let rows: [([PoolCandidate], String)] = [
            ([], ""),
            ([Self.pool("a", 1, .unusable)], ""),
            ([Self.pool("a", 1, .good), Self.pool("b", 1, .good)], "a,b"),
            ([Self.pool("b", 2, .good), Self.pool("a", 1, .good)], "a | b"),
            ([Self.pool("a", 1, .unusable), Self.pool("b", 2, .good)], "b"),
            ([Self.pool("a", 1, .recovering), Self.pool("b", 2, .good)], "b | a"),
            ([Self.pool("a", 1, .suspect), Self.pool("b", 2, .recovering)], "b | a"),
            ([Self.pool("a", 1, .suspect), Self.pool("b", 1, .suspect)], "a,b"),
            (
                [
                    Self.pool("a", 1, .suspect), Self.pool("b", 2, .good), Self.pool("c", 1, .good),
                    Self.pool("d", 2, .good), Self.pool("e", 3, .unusable),
                ],
                "c | b,d | a"
            ),
        ]
        for (candidates, expected) in rows { #expect(Self.names(candidates) == expected) }
    }

    @Test(arguments: 1...300 as ClosedRange<UInt64>)
    func everyUsablePoolIsInExactlyOneTierInOrder(seed: UInt64) {
        var random = RandomSource(seed: seed)
        let candidates = (0..<Int.random(in: 0...12, using: &random)).map { index in
            Self.pool(
                "p\(index)",
                Int.random(in: 1...3, using: &random),
                PoolCandidate.Standing(rawValue: Int.random(in: 0...4, using: &random)) ?? .good
            )
        }
        let tiers = PoolSelector.tiers(candidates)
        let usable = candidates.indices.filter { candidates[$0].standing != .unusable }
        #expect(tiers.joined().sorted() == usable, "seed \(seed)")
        let keys = tiers.map { (candidates[$0[0]].standing.rawValue, candidates[$0[0]].priority) }
        for (left, right) in zip(keys, keys.dropFirst()) { #expect(left < right, "seed \(seed)") }
        for tier in tiers {
            #expect(Set(tier.map { candidates[$0].priority }).count == 1, "seed \(seed)")
            #expect(Set(tier.map { candidates[$0].standing }).count == 1, "seed \(seed)")
        }
    }
}
