public import NIOCore

/// Writes whole lines, each one JSON object and LF, at the end of a buffer.
///
/// Replies to miners and notifications are in `MessageEncoder+Downstream`, requests to pools in
/// `MessageEncoder+Upstream`.
public enum MessageEncoder {
    /// The start of a request up to its first parameter.
    public static func beginRequest(id: Int, method: StaticString, into buffer: inout ByteBuffer) {
        buffer.writeStaticString("{\"id\":")
        buffer.writeJSON(id)
        self.beginParameters(method: method, into: &buffer)
    }

    /// The start of a notification up to its first parameter.
    public static func beginNotification(method: StaticString, into buffer: inout ByteBuffer) {
        buffer.writeStaticString("{\"id\":null")
        self.beginParameters(method: method, into: &buffer)
    }

    private static func beginParameters(method: StaticString, into buffer: inout ByteBuffer) {
        buffer.writeStaticString(",\"method\":\"")
        buffer.writeStaticString(method)
        buffer.writeStaticString("\",\"params\":[")
    }

    /// The end of a request or notification behind its last parameter.
    public static func endParameters(into buffer: inout ByteBuffer) {
        buffer.writeStaticString("]}\n")
    }

    /// The start of a successful reply up to its result.
    public static func beginResult(id: MessageID, into buffer: inout ByteBuffer) {
        buffer.writeStaticString("{\"id\":")
        buffer.writeJSON(id)
        buffer.writeStaticString(",\"result\":")
    }

    /// The end of a successful reply behind its result.
    public static func endResult(into buffer: inout ByteBuffer) {
        buffer.writeStaticString(",\"error\":null}\n")
    }
}

extension ByteBuffer {
    /// A number in plain digits.
    public mutating func writeJSON(_ number: Int) {
        self.writeString(String(number))
    }

    /// `true` or `false`.
    public mutating func writeJSON(_ flag: Bool) {
        self.writeStaticString(flag ? "true" : "false")
    }

    /// The shortest form that reads back as the same double, integers up to 2⁵³ in plain digits. JSON has no infinity:
    /// what is not finite becomes null.
    public mutating func writeJSON(_ number: Double) {
        if let integer = Int(exactly: number), integer.magnitude <= 1 << 53 {
            self.writeJSON(integer)
        } else {
            self.writeString(number.isFinite ? number.description : "null")
        }
    }

    /// The id as it came, null if there was none.
    public mutating func writeJSON(_ id: MessageID) {
        switch id {
        case .absent, .null: self.writeStaticString("null")
        case .integer(let number): self.writeString(String(number))
        case .token(let text): self.writeString(text)
        }
    }

    /// A string in quotes with what JSON wants escaped.
    public mutating func writeJSON(_ text: String) {
        self.writeInteger(UInt8(ascii: "\""))
        if text.utf8.allSatisfy(Self.isPlain) {
            self.writeString(text)
        } else {
            for byte in text.utf8 {
                self.writeEscaped(byte)
            }
        }
        self.writeInteger(UInt8(ascii: "\""))
    }

    /// A string of hex digits in quotes.
    public mutating func writeJSON(hex bytes: [UInt8]) {
        self.writeInteger(UInt8(ascii: "\""))
        Hex.append(bytes, to: &self)
        self.writeInteger(UInt8(ascii: "\""))
    }

    /// A string of eight hex digits in quotes.
    public mutating func writeJSON(hex number: UInt32) {
        self.writeInteger(UInt8(ascii: "\""))
        Hex.append(number, to: &self)
        self.writeInteger(UInt8(ascii: "\""))
    }

    /// The comma between two values.
    public mutating func writeComma() {
        self.writeInteger(UInt8(ascii: ","))
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    private mutating func writeEscaped(_ byte: UInt8) {
        if Self.isPlain(byte) {
            self.writeInteger(byte)
        } else if byte < 0x20 {
            self.writeStaticString("\\u00")
            Hex.append(byte, to: &self)
        } else {
            self.writeInteger(UInt8(ascii: "\\"))
            self.writeInteger(byte)
        }
    }
}
