package import NIOCore

/// How the extranonce2 of the pools is divided: `total` bytes are the router's prefix and the miner's part together, what a
/// pool gives beyond them is padding. Every session of a nonce space has the same total, so that all of a link's notify
/// lines are the same bytes. The sizes are those that every firmware accepts (stratum-v1 §12, §13.3).
package struct NonceLayout: Sendable, Hashable {
    package let total: Int

    /// The layout for pools whose smallest extranonce2 has `size` bytes; nil below three, where no layout is possible.
    package init?(smallestExtranonce2Size size: Int) {
        guard size >= 3 else { return nil }
        self.total = min(size, 6)
    }

    /// Used while no pool has said its size.
    package static let assumed = NonceLayout(total: 6)

    private init(total: Int) {
        self.total = total
    }

    /// Bytes of the prefix for a miner with this agent string; the rest of the total is the miner's extranonce2.
    ///
    /// 6 → 2 + 4; 5 → 1 + 4; 4 → 1 + 3, but 2 + 2 for NerdMiner, which knows the sizes 2, 4 and 8 only; 3 → 1 + 2.
    package func prefixCount(userAgent: String) -> Int {
        switch self.total {
        case 6...: 2
        case 4: userAgent.lowercased().contains("nerdminer") ? 2 : 1
        default: 1
        }
    }
}

/// A session's slice of nonce space: its constant extranonce1 and the size of the part that the miner rolls.
package struct SessionNonce: Sendable, Hashable {
    /// Index of the nonce space; each has pool links of its own.
    package var space: Int
    /// The extranonce1 the miner is given.
    package var prefix: [UInt8]
    package var extranonce2Size: Int
    package var layout: NonceLayout

    package init(space: Int, prefix: [UInt8], extranonce2Size: Int, layout: NonceLayout) {
        self.space = space
        self.prefix = prefix
        self.extranonce2Size = extranonce2Size
        self.layout = layout
    }
}

/// Gives out prefixes so that no two live sessions of a space share one, and no prefix starts another.
///
/// A released prefix rests until every link of its space has had a clean job since: a successor would otherwise repeat the
/// work of the one who left. When a space has nothing left, another one begins.
package struct NonceAllocator: Sendable {
    private struct Released {
        var prefix: [UInt8]
        var at: NIODeadline
    }

    private struct Space {
        var layout: NonceLayout
        /// Next never-used prefix of one byte and of two.
        var nextShort: UInt64
        var nextLong: UInt64
        var released: [Released] = []
        /// Prefixes released before this may be used again.
        var reusableBefore = NIODeadline.uptimeNanoseconds(0)
    }

    private var spaces: [Space] = []

    package init() {}

    package var spaceCount: Int { self.spaces.count }

    /// A fresh prefix of `prefixCount` bytes (1 or 2).
    package mutating func allocate(layout: NonceLayout, prefixCount: Int) -> SessionNonce {
        for index in self.spaces.indices where self.spaces[index].layout == layout {
            if let prefix = self.take(from: index, count: prefixCount) {
                return Self.nonce(space: index, prefix: prefix, layout: layout)
            }
        }
        self.spaces.append(Space(layout: layout, nextShort: 1, nextLong: Self.longRange(layout).lowerBound))
        let index = self.spaces.count - 1
        let prefix = self.take(from: index, count: prefixCount) ?? Self.prefix(1, count: prefixCount)
        return Self.nonce(space: index, prefix: prefix, layout: layout)
    }

    /// The session that had it is gone and cannot come back.
    package mutating func release(_ nonce: SessionNonce, now: NIODeadline) {
        guard self.spaces.indices.contains(nonce.space) else { return }
        self.spaces[nonce.space].released.append(Released(prefix: nonce.prefix, at: now))
    }

    /// Every link of `space` has had a clean job at `time` or later.
    package mutating func cleaned(space: Int, at time: NIODeadline) {
        guard self.spaces.indices.contains(space) else { return }
        self.spaces[space].reusableBefore = max(self.spaces[space].reusableBefore, time)
    }

    /// One-byte prefixes of a space that also gives two-byte ones end where those begin.
    private static func longRange(_ layout: NonceLayout) -> ClosedRange<UInt64> {
        layout.total >= 6 ? 0x0001...0xffff : 0xe000...0xffff
    }

    private mutating func take(from index: Int, count: Int) -> [UInt8]? {
        let range = Self.longRange(self.spaces[index].layout)
        if count >= 2 {
            if self.spaces[index].nextLong <= range.upperBound {
                defer { self.spaces[index].nextLong += 1 }
                return Self.prefix(self.spaces[index].nextLong, count: 2)
            }
        } else if self.spaces[index].nextShort <= 0xdf {
            defer { self.spaces[index].nextShort += 1 }
            return Self.prefix(self.spaces[index].nextShort, count: 1)
        }
        let reusableBefore = self.spaces[index].reusableBefore
        let found = self.spaces[index].released.firstIndex { $0.prefix.count == count && $0.at < reusableBefore }
        return found.map { self.spaces[index].released.remove(at: $0).prefix }
    }

    private static func prefix(_ value: UInt64, count: Int) -> [UInt8] {
        (0..<count).reversed().map { UInt8(truncatingIfNeeded: value >> UInt64($0 * 8)) }
    }

    private static func nonce(space: Int, prefix: [UInt8], layout: NonceLayout) -> SessionNonce {
        SessionNonce(
            space: space,
            prefix: prefix,
            extranonce2Size: max(0, layout.total - prefix.count),
            layout: layout
        )
    }
}
