public import NIOCore

extension JSONValue {
    /// The one value in the readable bytes of `text`. Broken UTF-8 is repaired; numbers beyond a `Double` are refused.
    public init(parsing text: ByteBuffer) throws(StratumError) {
        self = try text.withUnsafeReadableBytes { (bytes) throws(StratumError) in
            var scanner = JSONScanner(bytes)
            let value = try scanner.scanValue()
            try scanner.expectEnd()
            return value
        }
    }
}

extension JSONScanner {
    /// Steps over the next value and makes it.
    mutating func scanValue(depth: Int = 0) throws(StratumError) -> JSONValue {
        self.skipBlanks()
        switch self.next {
        case UInt8(ascii: "\""):
            let token = try self.scanString()
            return .string(self.text(token))
        case UInt8(ascii: "["):
            var elements: [JSONValue] = []
            try self.forEachElement(depth: depth) { (scanner, depth) throws(StratumError) in
                elements.append(try scanner.scanValue(depth: depth))
            }
            return .array(elements)
        case UInt8(ascii: "{"):
            var object = JSONObject()
            try self.forEachMember(depth: depth) { (scanner, name, depth) throws(StratumError) in
                let value = try scanner.scanValue(depth: depth)
                object.members.append(.init(name: scanner.text(name), value: value))
            }
            return .object(object)
        case UInt8(ascii: "t"):
            try self.scanLiteral("true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try self.scanLiteral("false")
            return .bool(false)
        case UInt8(ascii: "n"):
            try self.scanLiteral("null")
            return .null
        default:
            return try self.scanNumberValue()
        }
    }

    private mutating func scanNumberValue() throws(StratumError) -> JSONValue {
        let start = self.position
        let isInteger = try self.scanNumber()
        if isInteger, let integer = self.integer(start..<self.position) {
            return .integer(integer)
        }
        let digits = String(decoding: self.slice(start..<self.position), as: UTF8.self)
        guard let number = Double(digits), number.isFinite else {
            throw self.malformed("number out of range")
        }
        return .number(number)
    }

    /// The integer that was scanned in `range`; nil if it exceeds 64 bits.
    func integer(_ range: Range<Int>) -> Int64? {
        var digits = self.slice(range)[...]
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative {
            digits.removeFirst()
        }
        var value: Int64 = 0
        for digit in digits {
            // Counted downwards, since the negative numbers reach one further.
            let (product, productOverflow) = value.multipliedReportingOverflow(by: 10)
            let (difference, overflow) = product.subtractingReportingOverflow(Int64(digit) - 0x30)
            guard !productOverflow, !overflow else {
                return nil
            }
            value = difference
        }
        guard !isNegative else {
            return value
        }
        return value == .min ? nil : -value
    }
}
