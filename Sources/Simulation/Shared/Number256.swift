/// An unsigned number of 256 bits: a target, or a hash taken as a number.
struct Number256: Comparable {
    static let maximum = Number256(padding: [UInt8](repeating: 0xff, count: 32))

    /// 32, the most significant first.
    let bytes: [UInt8]

    /// At most 32 bytes, the most significant first; missing ones are zero. More are cut off on the left.
    init(padding bytes: [UInt8]) {
        self.bytes = [UInt8](repeating: 0, count: max(32 - bytes.count, 0)) + bytes.suffix(32)
    }

    /// At most 64 digits, with or without `0x`, missing ones on the left taken as zeros.
    init?(hex text: String) {
        let digits = text.hasPrefix("0x") ? String(text.dropFirst(2)) : text
        guard (1...64).contains(digits.utf8.count) else { return nil }
        guard let bytes = HexText.bytes(digits.utf8.count.isMultiple(of: 2) ? digits : "0" + digits) else { return nil }
        self.init(padding: bytes)
    }

    /// ⌊`ones` binary ones · 2^`zeros` / `divisor`⌋, at most 2²⁵⁶ − 1: exact for every double.
    ///
    /// A divisor that is no positive finite number gives the maximum.
    init(ones: Int, zeros: Int, dividedBy divisor: Double) {
        guard divisor > 0, divisor.isNormal else {
            self = .maximum
            return
        }
        // divisor = factor · 2^exponent
        let factor = divisor.significandBitPattern | 1 << 52
        let exponent = Int(divisor.exponent) - 52
        var quotient: [Bool] = []
        var rest: UInt64 = 0
        for index in 0..<max(ones + zeros - min(exponent, 0), 0) {
            rest = rest << 1 | (index < ones ? 1 : 0)
            quotient.append(rest >= factor)
            if rest >= factor { rest -= factor }
        }
        let digits = Array(quotient.dropLast(max(exponent, 0)).drop { !$0 })
        guard digits.count <= 256 else {
            self = .maximum
            return
        }
        var bytes = [UInt8](repeating: 0, count: 32)
        for (place, digit) in digits.reversed().enumerated() where digit {
            bytes[31 - place / 8] |= 1 << UInt8(place % 8)
        }
        self.bytes = bytes
    }

    /// 64 digits.
    var hex: String { HexText.text(self.bytes) }

    /// As exact as a double can be.
    var double: Double { self.bytes.reduce(0) { $0 * 256 + Double($1) } }

    static func < (left: Number256, right: Number256) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}
