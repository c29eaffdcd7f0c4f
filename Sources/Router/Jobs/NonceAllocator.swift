package import NIOCore
package import Stratum

/// Gives out prefixes so that no two live sessions of a space share one, and no prefix starts another.
///
/// A released prefix rests until every link of its space has had a clean job since: a successor would otherwise repeat the
/// work of the one who left. Then it is given out before any that was never used, so that what is remembered grows with the
/// sessions that are there and not with those that have been. When a space has nothing left, another one begins.
package struct NonceAllocator: Sendable {
    private struct Released {
        var prefix: UInt64
        var at: NIODeadline
    }

    private struct Space {
        var layout: NonceLayout
        /// The next never-used prefix of each length; nil once there is none.
        var next: [Int: UInt64] = [:]
        /// Of each length, in the order of their release.
        var released: [Int: CircularBuffer<Released>] = [:]
        /// Prefixes released before this may be used again.
        var reusableBefore = NIODeadline.uptimeNanoseconds(0)
        /// Sessions that have a prefix of it, also those that may come back.
        var holders = 0
    }

    private var spaces: [Space] = []

    package init() {}

    package var spaceCount: Int { self.spaces.count }

    /// Sessions that have a prefix of a space, also those that may come back.
    package func holders(of space: Int) -> Int { self.spaces.indices.contains(space) ? self.spaces[space].holders : 0 }

    /// A fresh prefix of `range`.
    package mutating func allocate(layout: NonceLayout, range: PrefixRange) -> NonceGrant {
        for index in self.spaces.indices where self.spaces[index].layout == layout {
            if let prefix = self.take(from: index, range) { return self.grant(index, prefix, range) }
        }
        self.spaces.append(Space(layout: layout))
        let index = self.spaces.count - 1
        return self.grant(index, self.take(from: index, range) ?? Self.prefix(0, count: range.count), range)
    }

    /// The session that had it is gone and cannot come back.
    package mutating func release(_ grant: NonceGrant, now: NIODeadline) {
        guard self.spaces.indices.contains(grant.space) else { return }
        self.spaces[grant.space].holders -= 1
        guard !grant.isShared else { return }
        let value = grant.prefix.reduce(0) { $0 << 8 | UInt64($1) }
        self.spaces[grant.space].released[grant.prefix.count, default: []].append(Released(prefix: value, at: now))
    }

    /// Every link of `space` has had a clean job at `time` or later.
    package mutating func cleaned(space: Int, at time: NIODeadline) {
        guard self.spaces.indices.contains(space) else { return }
        self.spaces[space].reusableBefore = max(self.spaces[space].reusableBefore, time)
    }

    private mutating func take(from index: Int, _ range: PrefixRange) -> [UInt8]? {
        guard range.isExclusive else { return Self.prefix(range.values.lowerBound, count: range.count) }
        if let oldest = self.spaces[index].released[range.count]?.first, oldest.at < self.spaces[index].reusableBefore {
            self.spaces[index].released[range.count]?.removeFirst()
            return Self.prefix(oldest.prefix, count: range.count)
        }
        let next = self.spaces[index].next[range.count] ?? range.values.lowerBound
        guard range.values.contains(next) else { return nil }
        // Beyond the last one there is none: the number is outside of the range then.
        self.spaces[index].next[range.count] = next == .max ? 0 : next + 1
        return Self.prefix(next, count: range.count)
    }

    private mutating func grant(_ index: Int, _ prefix: [UInt8], _ range: PrefixRange) -> NonceGrant {
        self.spaces[index].holders += 1
        return NonceGrant(
            space: index, prefix: prefix, layout: self.spaces[index].layout, isShared: !range.isExclusive
        )
    }

    private static func prefix(_ value: UInt64, count: Int) -> [UInt8] {
        (0..<count).reversed().map { UInt8(truncatingIfNeeded: value >> UInt64($0 * 8)) }
    }
}
