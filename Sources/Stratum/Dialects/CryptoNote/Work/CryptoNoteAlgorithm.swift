/// A proof-of-work algorithm as `algo` names it.
public struct CryptoNoteAlgorithm: Sendable, Hashable {
    /// As the peer wrote it.
    public let name: String
    /// The usual form of the name.
    private let canonical: String

    static let maximumNameCount = 32

    /// Nil if it cannot be a name: 1...32 bytes of letters, digits and `/ - _ .`.
    public init?(_ name: String) {
        guard (1...Self.maximumNameCount).contains(name.utf8.count), name.utf8.allSatisfy(Self.isNameByte) else {
            return nil
        }
        self.name = name
        self.canonical = Self.canonical(name.lowercased())
    }

    /// What Monero mines.
    static let standard = CryptoNoteAlgorithm(trusted: "rx/0")

    private init(trusted name: String) {
        self.name = name
        self.canonical = name
    }

    /// Two names of one algorithm are the same algorithm.
    public static func == (left: CryptoNoteAlgorithm, right: CryptoNoteAlgorithm) -> Bool {
        left.canonical == right.canonical
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(self.canonical) }

    /// Where the four bytes of the nonce are in the blob (cryptonote §2).
    public var nonceOffset: Int {
        switch self.canonical {
        case "ghostrider": 76
        case "rx/yada": 147
        default: 39
        }
    }

    /// The blob begins with two version numbers, a time and the id of the block before.
    public var hasCryptoNoteHeader: Bool { self.nonceOffset == 39 }

    /// Jobs are no work without a `seed_hash`.
    public var usesSeed: Bool { self.canonical.hasPrefix("rx/") }

    /// `target` is a plain hexadecimal number.
    public var hasPlainTarget: Bool { self.canonical == "rx/yada" }

    /// False for KawPow and its kin: their nonce has eight bytes and no byte that the router could own, and their shares
    /// are of another form. A pool that sends such a job is left.
    public var isServed: Bool { !self.canonical.hasPrefix("kawpow") && !self.canonical.hasPrefix("progpow") }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "-"), UInt8(ascii: "_"),
            UInt8(ascii: "."):
            true
        default: false
        }
    }

    /// The names that pools and miners use for one another's.
    private static func canonical(_ name: String) -> String {
        switch name {
        case "rx", "randomx", "rx/test", "randomx/test": return "rx/0"
        case "gr": return "ghostrider"
        case "cn", "cryptonight": return "cn/0"
        default: break
        }
        for (long, short) in [("randomx/", "rx/"), ("cryptonight/", "cn/")] where name.hasPrefix(long) {
            return short + name.dropFirst(long.count)
        }
        return name
    }
}
