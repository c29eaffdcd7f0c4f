/// Difficulties and targets of CryptoNote, in the arithmetic of XMRig: 64 bits, divisions truncated.
struct CryptonoteTarget: Equatable {
    /// A share's last eight bytes, taken little-endian, must be below this.
    let value: UInt64

    init(value: UInt64) {
        self.value = value
    }

    /// The target of a difficulty, as `bytes` bytes can tell it.
    init(difficulty: Double, bytes: Int) {
        let whole = max(UInt64(exactly: difficulty.rounded()) ?? 1, 1)
        let exact = UInt64.max / whole
        guard bytes == 4 else {
            self.value = exact
            return
        }
        self.value = Self.widened(max(UInt32(truncatingIfNeeded: exact >> 32), 1))
    }

    /// Eight or sixteen digits as they come in a job; nil for anything else, and for zero.
    init?(hex text: String) {
        guard let bytes = HexText.bytes(text), bytes.contains(where: { $0 != 0 }) else { return nil }
        let number = bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        switch bytes.count {
        case 4: self.value = Self.widened(UInt32(truncatingIfNeeded: number))
        case 8: self.value = number
        default: return nil
        }
    }

    /// The last 64 bits of a number.
    init(number: Number256) {
        self.value = number.bytes.suffix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// The same in 256 bits.
    var number: Number256 {
        Number256(padding: (0..<8).reversed().map { UInt8(truncatingIfNeeded: self.value >> (8 * UInt64($0))) })
    }

    /// The difficulty, at least 1.
    var difficulty: Double { Double(UInt64.max / max(self.value, 1)) }

    /// As it stands in a job.
    func hex(bytes: Int) -> String {
        // The 32 bits t whose widening this is: value = M / (m / t), so m / t = M / value.
        let number = bytes == 4 ? 0xffff_ffff / max(UInt64.max / max(self.value, 1), 1) : self.value
        return HexText.text((0..<bytes).map { UInt8(truncatingIfNeeded: number >> (8 * UInt64($0))) })
    }

    /// Whether the hash is a share.
    func isMet(by hash: [UInt8]) -> Bool { Self.tail(of: hash) < self.value }

    /// The difficulty a hash reaches.
    static func difficulty(of hash: [UInt8]) -> Double {
        Double(UInt64.max / max(Self.tail(of: hash), 1))
    }

    private static func tail(of hash: [UInt8]) -> UInt64 {
        hash.suffix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    private static func widened(_ short: UInt32) -> UInt64 {
        UInt64.max / (0xffff_ffff / UInt64(max(short, 1)))
    }
}
