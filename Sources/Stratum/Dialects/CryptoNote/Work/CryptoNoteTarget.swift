/// What a share must stay below: bytes 24...31 of its result, little-endian, are less than this (cryptonote §3).
public struct CryptoNoteTarget: Sendable, Hashable {
    /// Above zero.
    public let value: UInt64

    /// Nil for zero, which no share meets.
    public init?(_ value: UInt64) {
        guard value > 0 else { return nil }
        self.value = value
    }

    /// The `target` of a job: eight bytes, or four that stand for `(2⁶⁴-1) / ((2³²-1) / t)`, little-endian both. Nil for
    /// any other number of digits and for zero.
    public init?(hex: String) {
        guard let bytes = Hex.decode(hex, maximumCount: 8), hex.utf8.count == bytes.count * 2 else { return nil }
        let number = bytes.reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
        switch bytes.count {
        case 8: self.init(number)
        case 4 where number > 0: self.init(.max / (UInt64(UInt32.max) / number))
        default: return nil
        }
    }

    /// The `target` of the one algorithm that writes it as a plain number of 1...16 digits
    /// (``CryptoNoteAlgorithm/hasPlainTarget``).
    public init?(plainHex: String) {
        guard let number = Hex.integer(Hex.withoutPrefix(plainHex.utf8), maximumDigits: 16) else { return nil }
        self.init(number)
    }

    /// Expected hashes for a share, rounded down.
    public var difficulty: UInt64 { .max / self.value }

    /// - Parameter hash: bytes 24...31 of a result, little-endian.
    public func isMet(by hash: UInt64) -> Bool { hash < self.value }

    /// What a result with these bytes 24...31 is worth, rounded down; the greatest number for a hash of zero.
    public static func difficulty(of hash: UInt64) -> UInt64 { hash == 0 ? .max : .max / hash }

    /// A difficulty as this protocol can say it: a whole number of at least 1. Rounded up, so that a share that meets it
    /// has done no less than what it is credited for. What is no number counts as 1.
    public static func whole(_ difficulty: Double) -> UInt64 {
        guard difficulty > 1 else { return 1 }
        return UInt64(exactly: difficulty.rounded(.up)) ?? .max
    }

    /// The eight bytes for a difficulty of at least 1.
    public static func eightBytes(difficulty: UInt64) -> [UInt8] {
        let number = UInt64.max / max(1, difficulty)
        return (0..<8).map { UInt8(truncatingIfNeeded: number >> UInt64($0 * 8)) }
    }

    /// The four bytes for a difficulty of at least 1: the upper half of the eight. Nil from 2³² on, where nothing is left
    /// of them.
    public static func fourBytes(difficulty: UInt64) -> [UInt8]? {
        guard difficulty <= UInt64(UInt32.max) else { return nil }
        return Array(self.eightBytes(difficulty: difficulty).suffix(4))
    }
}

/// A session's difficulty as its miner is told, and what the miner makes of it.
struct CryptoNoteSentTarget: Sendable, Hashable {
    /// What stands in the job.
    let digits: String
    /// The target that the digits say: shares are judged by this one, since four bytes are not exact.
    let target: CryptoNoteTarget

    /// Four bytes are what the oldest miners read, and exact to a thousandth up to here; above, eight.
    private static let fourByteLimit: UInt64 = 1_000_000

    init(difficulty: Double, isPlain: Bool) {
        let whole = CryptoNoteTarget.whole(difficulty)
        var bytes = CryptoNoteTarget.eightBytes(difficulty: whole)
        if isPlain {
            bytes.reverse()
        } else if whole <= Self.fourByteLimit, let four = CryptoNoteTarget.fourBytes(difficulty: whole) {
            bytes = four
        }
        self.digits = bytes.reduce(into: "") { text, byte in
            text += (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
        let decoded = isPlain ? CryptoNoteTarget(plainHex: self.digits) : CryptoNoteTarget(hex: self.digits)
        // Both forms of a whole difficulty say a number above zero.
        self.target = decoded ?? .everything
    }
}

extension CryptoNoteTarget {
    /// Difficulty 1.
    static let everything = CryptoNoteTarget(lenient: .max)

    private init(lenient value: UInt64) { self.value = max(1, value) }
}
