import NIOCore
import PoolPool
import Router
import Stratum
import Testing

@Suite struct NonceAllocatorTests {
    private static func time(_ seconds: UInt64) -> NIODeadline { .uptimeNanoseconds(seconds * 1_000_000_000) }

    private static func layout(_ size: Int) throws -> NonceLayout {
        try #require(NonceLayout(smallestExtranonce2Size: size))
    }

    private static func startsWith(_ prefix: [UInt8], _ other: [UInt8]) -> Bool {
        other.starts(with: prefix) || prefix.starts(with: other)
    }

    @Test(
        arguments: [
            // the pools' smallest extranonce2, agent, bytes of the prefix and of the miner's part
            (12, "cgminer/4.11.1", 2, 4), (8, "cgminer/4.11.1", 2, 4), (6, "NerdMinerV2", 2, 4),
            (5, "cgminer/4.11.1", 1, 4),
            (5, "NerdMinerV2", 1, 4), (4, "cgminer/4.11.1", 1, 3), (4, "NerdMinerV2/V1.7", 2, 2), (4, "", 1, 3),
            (3, "cgminer/4.11.1", 1, 2), (3, "NerdMinerV2", 1, 2),
        ]
    )
    func sizesSuitTheFirmware(size: Int, agent: String, prefix: Int, extranonce2: Int) throws {
        let layout = try Self.layout(size)
        var allocator = NonceAllocator()
        let nonce = allocator.allocate(layout: layout, range: layout.bitcoinPrefixes(userAgent: agent))
        #expect(nonce.prefix.count == prefix)
        #expect(nonce.bitcoinExtranonce2Size == extranonce2)
    }

    @Test(arguments: [-1, 0, 1, 2])
    func belowThreeBytesNoLayoutIsPossible(size: Int) {
        #expect(NonceLayout(smallestExtranonce2Size: size) == nil)
    }

    @Test func noPrefixIsEmptyOrZero() throws {
        for size in 3...6 {
            var allocator = NonceAllocator()
            let layout = try Self.layout(size)
            let nonce = allocator.allocate(layout: layout, range: layout.bitcoinPrefixes(userAgent: ""))
            #expect(nonce.prefix.contains { $0 != 0 })
        }
    }

    @Test func releasedPrefixesRestUntilEveryLinkHadACleanJob() throws {
        var allocator = NonceAllocator()
        let layout = try Self.layout(4)
        let range = layout.bitcoinPrefixes(userAgent: "")
        let first = allocator.allocate(layout: layout, range: range)
        for _ in 0..<0xde { _ = allocator.allocate(layout: layout, range: range) }
        #expect(allocator.spaceCount == 1)
        allocator.release(first, now: Self.time(100))
        // The clean job of the very moment does not count: it may have been before the release.
        allocator.cleaned(space: 0, at: Self.time(100))
        #expect(allocator.allocate(layout: layout, range: range).space == 1)
        allocator.cleaned(space: 0, at: Self.time(101))
        let again = allocator.allocate(layout: layout, range: range)
        #expect(again == first)
        #expect(allocator.allocate(layout: layout, range: range).space == 1)
    }

    /// Or the prefixes of all who have ever been here would be remembered.
    @Test func aPrefixThatHasRestedComesBeforeAFreshOne() throws {
        var allocator = NonceAllocator()
        let layout = try Self.layout(8)
        let range = layout.bitcoinPrefixes(userAgent: "")
        var seen: Set<[UInt8]> = []
        for second in 1...5_000 as ClosedRange<UInt64> {
            let nonce = allocator.allocate(layout: layout, range: range)
            seen.insert(nonce.prefix)
            allocator.release(nonce, now: Self.time(second))
            if second.isMultiple(of: 10) { allocator.cleaned(space: nonce.space, at: Self.time(second + 1)) }
        }
        #expect(seen.count == 10)
    }

    @Test func aFullSpaceIsFollowedByAnother() throws {
        var allocator = NonceAllocator()
        let layout = try Self.layout(6)
        let range = layout.bitcoinPrefixes(userAgent: "")
        for _ in 0..<0xffff { #expect(allocator.allocate(layout: layout, range: range).space == 0) }
        let next = allocator.allocate(layout: layout, range: range)
        #expect(next.space == 1)
        #expect(next.prefix == [0, 1])
    }

    @Test func eachLayoutHasItsOwnSpace() throws {
        var allocator = NonceAllocator()
        for (size, space) in [(6, 0), (4, 1), (6, 0)] {
            let layout = try Self.layout(size)
            let range = layout.bitcoinPrefixes(userAgent: "")
            #expect(allocator.allocate(layout: layout, range: range).space == space)
        }
    }

    @Test func anUnknownSpaceIsIgnored() {
        var allocator = NonceAllocator()
        allocator.release(NonceGrant(space: 7, prefix: [1], layout: .bitcoinAssumed), now: Self.time(1))
        allocator.cleaned(space: -1, at: Self.time(1))
        #expect(allocator.spaceCount == 0)
    }

    /// Sessions come and go: no two live ones of a space overlap, and none takes up what has not rested.
    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func livePrefixesNeverOverlap(seed: UInt64) throws {
        var random = RandomSource(seed: seed)
        let layout = try Self.layout([3, 4, 4, 5, 6].randomElement(using: &random) ?? 4)
        var allocator = NonceAllocator()
        var live: [NonceGrant] = []
        var resting: [(nonce: NonceGrant, since: NIODeadline)] = []
        var cleaned = Self.time(0)
        for step in 1...600 as ClosedRange<UInt64> {
            let now = Self.time(step)
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<65:
                let agent = Bool.random(using: &random) ? "NerdMiner" : "cgminer"
                let nonce = allocator.allocate(layout: layout, range: layout.bitcoinPrefixes(userAgent: agent))
                #expect(nonce.prefix.count + nonce.bitcoinExtranonce2Size == layout.total, "seed \(seed)")
                for other in live where other.space == nonce.space {
                    #expect(!Self.startsWith(other.prefix, nonce.prefix), "seed \(seed), step \(step)")
                }
                for other in resting where other.nonce.space == nonce.space && other.since >= cleaned {
                    #expect(other.nonce.prefix != nonce.prefix, "seed \(seed), step \(step)")
                }
                live.append(nonce)
            case 65..<95:
                guard let index = live.indices.randomElement(using: &random) else { break }
                allocator.release(live[index], now: now)
                resting.append((live.remove(at: index), now))
            default:
                cleaned = now
                for space in 0..<allocator.spaceCount { allocator.cleaned(space: space, at: now) }
            }
        }
    }
}
