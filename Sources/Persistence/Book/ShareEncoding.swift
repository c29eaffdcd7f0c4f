/// The number of a row in the book: its segment and its place there.
struct LedgerEntry: Hashable, Sendable {
    private static let placeBits: Int64 = 18
    private static let placeMask: Int64 = 1 << placeBits - 1
    /// Most rows of a segment.
    static let segmentLimit = 1 << Int(placeBits)

    var segment: Int64
    var place: Int

    init(segment: Int64, place: Int) {
        self.segment = segment
        self.place = place
    }

    init(_ number: Int64) {
        self.init(segment: number >> Self.placeBits, place: Int(number & Self.placeMask))
    }

    var number: Int64 { self.segment << Self.placeBits | Int64(self.place) }

    /// All numbers of a segment.
    static func numbers(of segment: Int64) -> ClosedRange<Int64> {
        segment << Self.placeBits...(segment << Self.placeBits | Self.placeMask)
    }
}

/// Verdict and flags of a share in one number; the commonest one is 1, which takes no room in SQLite.
struct ShareOutcome: Hashable, Sendable {
    static let notForwarded: UInt8 = 16
    static let answeredImmediately: UInt8 = 32
    static let withoutVersionBits: UInt8 = 64
    /// What totals tell apart.
    static let totalsMask: UInt8 = 0x1F

    var rawValue: UInt8

    init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    init(verdict: LedgerVerdictKind, forwarded: Bool, answeredImmediately: Bool = false, hasVersionBits: Bool = true) {
        self.rawValue = verdict.rawValue
        if !forwarded { self.rawValue |= Self.notForwarded }
        if answeredImmediately { self.rawValue |= Self.answeredImmediately }
        if !hasVersionBits { self.rawValue |= Self.withoutVersionBits }
    }

    init(_ share: LedgerShare) {
        self.init(
            verdict: share.verdict,
            forwarded: share.forwarded,
            answeredImmediately: share.answeredImmediately,
            hasVersionBits: share.versionBits != nil
        )
    }

    /// nil: none that this release knows.
    var verdict: LedgerVerdictKind? { LedgerVerdictKind(rawValue: self.rawValue & 15) }
    var forwarded: Bool { self.rawValue & Self.notForwarded == 0 }
    var answeredImmediately: Bool { self.rawValue & Self.answeredImmediately != 0 }
    var hasVersionBits: Bool { self.rawValue & Self.withoutVersionBits == 0 }
}

/// A share difficulty in four bytes: 24 significant bits, rounded down.
///
/// Eight bytes would be an eighth of a row; nothing is summed from these.
enum PackedDifficulty {
    private static let mantissaBits = 24
    /// Added to exponents, so that they are positive.
    private static let bias = 64
    private static let exponents = 2...126

    /// 0 for what is not a positive number; the largest that fits for what is larger.
    static func pack(_ difficulty: Double) -> Int64 {
        guard difficulty > 0 else { return 0 }
        guard difficulty.isFinite else { return Self.largest }
        let exponent = Int(difficulty.exponent) - (Self.mantissaBits - 1) + Self.bias
        guard exponent >= Self.exponents.lowerBound else { return 0 }
        guard exponent <= Self.exponents.upperBound else { return Self.largest }
        // In 1..<2, so 24 bits with the leading one; conversion cuts the rest off.
        let mantissa = Int64(difficulty.significand * 8_388_608)
        return Int64(exponent) << Self.mantissaBits | mantissa
    }

    /// The value of anything that may stand in a file.
    static func unpack(_ packed: Int64) -> Double {
        let exponent = Int(packed >> Self.mantissaBits) - Self.bias
        return Double(sign: .plus, exponent: min(max(exponent, -200), 200), significand: Double(packed & 0xFF_FFFF))
    }

    private static var largest: Int64 {
        Int64(Self.exponents.upperBound) << Self.mantissaBits | 0xFF_FFFF
    }
}

/// What the miner claims to have found, as sent to the pool.
struct ShareClaim: Hashable, Sendable {
    /// Bytes before the extranonce2.
    static let headSize = 12
    /// How many bytes a claim may have.
    static let sizes = headSize...headSize + LedgerExtranonce2.limit

    var nonce: UInt32
    var ntime: UInt32
    /// 0 when there are none.
    var versionBits: UInt32
    var extranonce2: LedgerExtranonce2

    init(_ share: LedgerShare) {
        self.nonce = share.nonce
        self.ntime = share.ntime
        self.versionBits = share.versionBits ?? 0
        self.extranonce2 = share.extranonce2
    }

    /// nil: not a claim.
    init?(bytes: some Collection<UInt8>) {
        guard Self.sizes.contains(bytes.count) else { return nil }
        var words: [UInt32] = [0, 0, 0]
        for (offset, byte) in bytes.prefix(Self.headSize).enumerated() {
            words[offset / 4] = words[offset / 4] << 8 | UInt32(byte)
        }
        (self.nonce, self.ntime, self.versionBits) = (words[0], words[1], words[2])
        self.extranonce2 = LedgerExtranonce2(bytes: bytes.dropFirst(Self.headSize))
    }

    /// Hands the bytes to `body`.
    @inline(__always)
    func withBytes(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        try withUnsafeTemporaryAllocation(byteCount: Self.sizes.upperBound, alignment: 8) { buffer in
            guard let base = buffer.baseAddress else { return }
            try body(UnsafeRawBufferPointer(start: base, count: self.write(to: base)))
        }
    }

    @inline(__always)
    private func write(to base: UnsafeMutableRawPointer) -> Int {
        base.storeBytes(of: self.nonce.bigEndian, as: UInt32.self)
        base.storeBytes(of: self.ntime.bigEndian, toByteOffset: 4, as: UInt32.self)
        base.storeBytes(of: self.versionBits.bigEndian, toByteOffset: 8, as: UInt32.self)
        let count = Int(self.extranonce2.count)
        for position in 0..<count {
            let byte = self.extranonce2.byte(at: position)
            base.storeBytes(of: byte, toByteOffset: Self.headSize + position, as: UInt8.self)
        }
        return Self.headSize + count
    }
}
