public import NIOCore

/// Hexadecimal digits: written in lower case, read in either case.
public enum Hex {
    /// The bytes of an even number of digits, with or without `0x`; nil if anything else is in `text` or if there are
    /// more than `maximumCount` bytes.
    public static func decode(_ text: String, maximumCount: Int) -> [UInt8]? {
        let digits = Self.withoutPrefix(text.utf8)
        let count = digits.count
        guard count.isMultiple(of: 2), count / 2 <= maximumCount else {
            return nil
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count / 2)
        var high: UInt8?
        for digit in digits {
            guard let nibble = Self.nibble(digit) else {
                return nil
            }
            if let first = high {
                bytes.append(first << 4 | nibble)
                high = nil
            } else {
                high = nibble
            }
        }
        return bytes
    }

    /// The number of at most eight digits, with or without `0x`; fewer digits are padded on the left. Nil if empty.
    public static func uint32(_ text: some Collection<UInt8>) -> UInt32? {
        Self.integer(Self.withoutPrefix(text), maximumDigits: 8).map { UInt32(truncatingIfNeeded: $0) }
    }

    /// The number of 1...`maximumDigits` (at most 16) digits.
    @inlinable
    public static func integer(_ digits: some Collection<UInt8>, maximumDigits: Int) -> UInt64? {
        guard !digits.isEmpty, digits.count <= min(maximumDigits, 16) else {
            return nil
        }
        var value: UInt64 = 0
        for digit in digits {
            guard let nibble = Self.nibble(digit) else {
                return nil
            }
            value = value << 4 | UInt64(nibble)
        }
        return value
    }

    /// `text` after a leading `0x` or `0X`.
    public static func withoutPrefix<Text: Collection<UInt8>>(_ text: Text) -> Text.SubSequence {
        let rest = text.dropFirst(2)
        guard let mark = text.dropFirst().first, mark == UInt8(ascii: "x") || mark == UInt8(ascii: "X"),
            text.first == UInt8(ascii: "0")
        else {
            return text[...]
        }
        return rest
    }

    /// Appends two digits.
    public static func append(_ byte: UInt8, to buffer: inout ByteBuffer) {
        buffer.writeInteger(UInt16(Self.digit(byte >> 4)) << 8 | UInt16(Self.digit(byte & 0x0F)))
    }

    /// Appends eight digits.
    public static func append(_ number: UInt32, to buffer: inout ByteBuffer) {
        var digits: UInt64 = 0
        for shift in stride(from: UInt32(28), through: 0, by: -4) {
            digits = digits << 8 | UInt64(Self.digit(UInt8(truncatingIfNeeded: number >> shift) & 0x0F))
        }
        buffer.writeInteger(digits)
    }

    /// Appends two digits for each byte.
    public static func append(_ bytes: some Collection<UInt8>, to buffer: inout ByteBuffer) {
        for byte in bytes {
            Self.append(byte, to: &buffer)
        }
    }

    /// The value of one digit; nil if it is none.
    @inlinable
    public static func nibble(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// The digit of a number below 16.
    private static func digit(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
    }
}
