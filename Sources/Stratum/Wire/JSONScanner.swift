/// Walks over the bytes of one JSON text without making values of them.
///
/// The pointer is borrowed for the duration of one decoding call; every access is checked against its bounds.
public struct JSONScanner {
    /// A string's content between the quotes.
    public struct StringToken {
        /// Where the content is.
        var range: Range<Int>
        /// The content has to be resolved before it is used.
        var hasEscapes: Bool
    }

    /// Arrays and objects may be nested this deep.
    public static let maximumDepth = 32

    /// The whole text.
    public let bytes: UnsafeRawBufferPointer
    /// The next byte to look at.
    public var position = 0

    /// A scanner at the start of `bytes`.
    public init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    /// The byte at `position`; nil at the end.
    public var next: UInt8? {
        self.position < self.bytes.count ? self.bytes[self.position] : nil
    }

    /// The error that says what is wrong at `position`.
    public func malformed(_ what: String) -> StratumError {
        .malformedJSON(at: self.position, what: what)
    }

    /// Steps over what may stand between tokens.
    public mutating func skipBlanks() {
        while let byte = self.next, byte == 0x20 || byte == 0x0D || byte == 0x0A || byte == 0x09 {
            self.position += 1
        }
    }

    /// Steps over `byte` if it is next after blanks.
    public mutating func take(_ byte: UInt8) -> Bool {
        self.skipBlanks()
        guard self.next == byte else {
            return false
        }
        self.position += 1
        return true
    }

    /// Nothing but blanks may be left.
    public mutating func expectEnd() throws(StratumError) {
        self.skipBlanks()
        guard self.next == nil else {
            throw self.malformed("text after the value")
        }
    }

    /// Steps over a string. Control characters inside it are tolerated.
    public mutating func scanString() throws(StratumError) -> StringToken {
        guard self.take(UInt8(ascii: "\"")) else {
            throw self.malformed("string expected")
        }
        let start = self.position
        var hasEscapes = false
        while let byte = self.next {
            self.position += 1
            if byte == UInt8(ascii: "\"") {
                return StringToken(range: start..<(self.position - 1), hasEscapes: hasEscapes)
            }
            if byte == UInt8(ascii: "\\") {
                hasEscapes = true
                // Whatever is escaped, it does not end the string.
                self.position = min(self.position + 1, self.bytes.count)
            }
        }
        throw self.malformed("unfinished string")
    }

    /// Steps over a number of JSON's grammar; false if it has a fraction or an exponent.
    public mutating func scanNumber() throws(StratumError) -> Bool {
        if self.next == UInt8(ascii: "-") {
            self.position += 1
        }
        if self.next == UInt8(ascii: "0") {
            self.position += 1
        } else {
            try self.scanDigits()
        }
        var isInteger = true
        if self.next == UInt8(ascii: ".") {
            isInteger = false
            self.position += 1
            try self.scanDigits()
        }
        if self.next == UInt8(ascii: "e") || self.next == UInt8(ascii: "E") {
            isInteger = false
            self.position += 1
            if self.next == UInt8(ascii: "+") || self.next == UInt8(ascii: "-") {
                self.position += 1
            }
            try self.scanDigits()
        }
        return isInteger
    }

    private mutating func scanDigits() throws(StratumError) {
        let start = self.position
        while let byte = self.next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
            self.position += 1
        }
        guard self.position > start else {
            throw self.malformed("digit expected")
        }
    }

    /// Steps over `true`, `false` or `null`.
    public mutating func scanLiteral(_ literal: StaticString) throws(StratumError) {
        let end = self.position + literal.utf8CodeUnitCount
        guard end <= self.bytes.count, self.isEqual(self.position..<end, literal) else {
            throw self.malformed("value expected")
        }
        self.position = end
    }

    /// Steps over any value and returns where it is.
    public mutating func skipValue(depth: Int = 0) throws(StratumError) -> Range<Int> {
        self.skipBlanks()
        let start = self.position
        switch self.next {
        case UInt8(ascii: "\""):
            _ = try self.scanString()
        case UInt8(ascii: "["):
            try self.forEachElement(depth: depth) { (scanner, depth) throws(StratumError) in
                _ = try scanner.skipValue(depth: depth)
            }
        case UInt8(ascii: "{"):
            try self.forEachMember(depth: depth) { (scanner, _, depth) throws(StratumError) in
                _ = try scanner.skipValue(depth: depth)
            }
        case UInt8(ascii: "t"):
            try self.scanLiteral("true")
        case UInt8(ascii: "f"):
            try self.scanLiteral("false")
        case UInt8(ascii: "n"):
            try self.scanLiteral("null")
        default:
            _ = try self.scanNumber()
        }
        return start..<self.position
    }

    /// Steps over an array; `body` must step over each element.
    public mutating func forEachElement(
        depth: Int,
        _ body: (inout JSONScanner, _ depth: Int) throws(StratumError) -> Void
    ) throws(StratumError) {
        try self.enter(UInt8(ascii: "["), depth: depth)
        guard !self.take(UInt8(ascii: "]")) else {
            return
        }
        repeat {
            try body(&self, depth + 1)
        } while self.take(UInt8(ascii: ","))
        guard self.take(UInt8(ascii: "]")) else {
            throw self.malformed("\",\" or \"]\" expected")
        }
    }

    /// Steps over an object; `body` gets each name and must step over the member's value.
    public mutating func forEachMember(
        depth: Int,
        _ body: (inout JSONScanner, StringToken, _ depth: Int) throws(StratumError) -> Void
    ) throws(StratumError) {
        try self.enter(UInt8(ascii: "{"), depth: depth)
        guard !self.take(UInt8(ascii: "}")) else {
            return
        }
        repeat {
            let name = try self.scanString()
            guard self.take(UInt8(ascii: ":")) else {
                throw self.malformed("\":\" expected")
            }
            try body(&self, name, depth + 1)
        } while self.take(UInt8(ascii: ","))
        guard self.take(UInt8(ascii: "}")) else {
            throw self.malformed("\",\" or \"}\" expected")
        }
    }

    private mutating func enter(_ bracket: UInt8, depth: Int) throws(StratumError) {
        guard self.take(bracket) else {
            throw self.malformed("value expected")
        }
        guard depth < Self.maximumDepth else {
            throw self.malformed("nested deeper than \(Self.maximumDepth)")
        }
    }

    /// The bytes in `range`, clamped to what there is.
    public func slice(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: self.bytes[range.clamped(to: 0..<self.bytes.count)])
    }

    /// Whether the bytes in `range` are those of `literal`.
    public func isEqual(_ range: Range<Int>, _ literal: StaticString) -> Bool {
        guard range.count == literal.utf8CodeUnitCount else {
            return false
        }
        return literal.withUTF8Buffer { self.slice(range).elementsEqual($0) }
    }

    /// The content of the string that fills `range`; nil if there is another kind of value.
    public func stringToken(_ range: Range<Int>) -> StringToken? {
        let value = self.slice(range)
        guard value.count >= 2, value.first == UInt8(ascii: "\"") else {
            return nil
        }
        return StringToken(
            range: range.dropFirst().dropLast(),
            hasEscapes: value.contains(UInt8(ascii: "\\"))
        )
    }

    /// Whether a string says `literal`, with escapes or without.
    public func isEqual(_ token: StringToken, _ literal: StaticString) -> Bool {
        token.hasEscapes ? self.text(token) == literal.description : self.isEqual(token.range, literal)
    }

    /// The text of a string, with escapes resolved and broken UTF-8 repaired.
    public func text(_ token: StringToken) -> String {
        let content = self.slice(token.range)
        guard token.hasEscapes else {
            return String(decoding: content, as: UTF8.self)
        }
        return String(decoding: JSONEscapes.resolving(content), as: UTF8.self)
    }
}
