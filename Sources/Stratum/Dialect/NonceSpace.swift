/// How the part of a nonce that a pool leaves to its client is divided between the router and its miners. Every session
/// of a nonce space has the same layout.
public struct NonceLayout: Sendable, Hashable {
    /// Room that a pool must leave for it. What it counts is the dialect's matter; most count bytes.
    public let total: Int

    public init(total: Int) {
        self.total = total
    }
}

/// Which prefixes sessions may be given.
public struct PrefixRange: Sendable, Hashable {
    /// Bytes of a prefix, 0...8.
    public var count: Int
    /// What those bytes may say as a big-endian number. No prefix of one range may begin one of another range that is
    /// used with the same layout.
    public var values: ClosedRange<UInt64>
    /// False: the protocol has no prefixes, and any number of sessions shares the space.
    public var isExclusive: Bool

    public init(count: Int, values: ClosedRange<UInt64>, isExclusive: Bool = true) {
        self.count = count
        self.values = values
        self.isExclusive = isExclusive
    }

    /// For miners that search the whole space wherever they like.
    public static let shared = PrefixRange(count: 0, values: 0...0, isExclusive: false)
    /// For a space that one session fills.
    public static let single = PrefixRange(count: 0, values: 0...0)
}

/// A session's slice of nonce space.
///
/// It is noted with every job of every session and hardly ever changes, so its values stand in one place that is referred
/// to.
public struct NonceGrant: Sendable, Hashable {
    private struct Values: Sendable, Hashable {
        var space: Int
        var prefix: [UInt8]
        var layout: NonceLayout
        var isShared: Bool
        var base: [UInt8]
    }

    private final class Place: Sendable {
        let values: Values

        init(_ values: Values) {
            self.values = values
        }
    }

    private var place: Place

    public init(space: Int, prefix: [UInt8], layout: NonceLayout, isShared: Bool = false, base: [UInt8] = []) {
        self.place = Place(Values(space: space, prefix: prefix, layout: layout, isShared: isShared, base: base))
    }

    private mutating func change(_ change: (inout Values) -> Void) {
        var values = self.place.values
        change(&values)
        self.place = Place(values)
    }

    /// Index of the nonce space; each has pool links of its own.
    public var space: Int {
        get { self.place.values.space }
        set { self.change { $0.space = newValue } }
    }

    /// What the router has set apart for this session alone.
    public var prefix: [UInt8] {
        get { self.place.values.prefix }
        set { self.change { $0.prefix = newValue } }
    }

    public var layout: NonceLayout {
        get { self.place.values.layout }
        set { self.change { $0.layout = newValue } }
    }

    /// Sessions share the space, and their prefixes are all the same.
    public var isShared: Bool {
        get { self.place.values.isShared }
        set { self.change { $0.isShared = newValue } }
    }

    /// What the link's pool wants all nonces to begin with, where miners must be told so (``MinerDialogue/followsPool``);
    /// empty elsewhere.
    public var base: [UInt8] {
        get { self.place.values.base }
        set { self.change { $0.base = newValue } }
    }

    /// What the miner is told its nonces begin with.
    public var told: [UInt8] { self.base + self.prefix }

    public static func == (left: NonceGrant, right: NonceGrant) -> Bool {
        left.place === right.place || left.place.values == right.place.values
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(self.place.values)
    }
}
