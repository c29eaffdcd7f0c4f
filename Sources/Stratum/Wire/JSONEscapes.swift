/// The escapes inside JSON strings.
public enum JSONEscapes {
    /// The UTF-8 of a string's content with its escapes resolved. Escapes that JSON does not know stand for themselves,
    /// lone surrogates become U+FFFD.
    public static func resolving(_ content: UnsafeRawBufferPointer) -> [UInt8] {
        var resolved: [UInt8] = []
        resolved.reserveCapacity(content.count)
        var rest = content[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), let escaped = rest.popFirst() else {
                resolved.append(byte)
                continue
            }
            switch escaped {
            case UInt8(ascii: "b"): resolved.append(0x08)
            case UInt8(ascii: "f"): resolved.append(0x0C)
            case UInt8(ascii: "n"): resolved.append(0x0A)
            case UInt8(ascii: "r"): resolved.append(0x0D)
            case UInt8(ascii: "t"): resolved.append(0x09)
            case UInt8(ascii: "u"): resolved.append(contentsOf: String(Self.takeScalar(&rest)).utf8)
            default: resolved.append(escaped)
            }
        }
        return resolved
    }

    /// The scalar of `XXXX` or `XXXX\uXXXX` at the start of `rest`.
    private static func takeScalar(_ rest: inout Slice<UnsafeRawBufferPointer>) -> Unicode.Scalar {
        guard let unit = Self.takeUnit(&rest) else {
            return "\u{FFFD}"
        }
        if let scalar = Unicode.Scalar(unit) {
            return scalar
        }
        var afterSecond = rest
        guard UTF16.isLeadSurrogate(unit),
            afterSecond.popFirst() == UInt8(ascii: "\\"),
            afterSecond.popFirst() == UInt8(ascii: "u"),
            let second = Self.takeUnit(&afterSecond),
            UTF16.isTrailSurrogate(second)
        else {
            return "\u{FFFD}"
        }
        rest = afterSecond
        let code = 0x1_0000 + (UInt32(unit) & 0x3FF) << 10 + UInt32(second) & 0x3FF
        return Unicode.Scalar(code) ?? "\u{FFFD}"
    }

    private static func takeUnit(_ rest: inout Slice<UnsafeRawBufferPointer>) -> UInt16? {
        let digits = rest.prefix(4)
        guard digits.count == 4, let unit = Hex.integer(digits, maximumDigits: 4) else {
            return nil
        }
        rest = rest.dropFirst(4)
        return UInt16(truncatingIfNeeded: unit)
    }
}
