extension ValueType where Value == String {
    /// What a route or a pool is called in commands, logs and the ledger.
    static let name = ValueType.text("name") { text throws(ValueProblem) in
        let isTrimmed = text.first?.isWhitespace == false && text.last?.isWhitespace == false
        guard isTrimmed, text.utf8.count <= 64, !text.hasPrefix("-") else {
            throw ValueProblem(
                "is no name; write 1 to 64 bytes that neither begin with \"-\" nor begin or end with a blank"
            )
        }
    }

    /// The user that a pool is told.
    static let user = ValueType.text("text, at most 255 bytes") { text throws(ValueProblem) in
        guard !text.isEmpty else { throw ValueProblem("is empty; write a user, or leave the key out for {user}") }
        guard text.utf8.count <= 255 else { throw ValueProblem("is longer than 255 bytes, more than pools accept") }
        var rest = text[...]
        while let open = rest.firstIndex(of: "{") {
            rest = rest[open...].dropFirst()
            let word = rest.prefix { $0.isASCII && ($0.isLetter || $0 == "_") }
            guard rest.dropFirst(word.count).first == "}", !["user", "worker"].contains(word) else { continue }
            throw ValueProblem("contains {\(word)}, which means nothing; {user} and {worker} are known")
        }
    }

    /// A password; never shown.
    static let password = ValueType.secret("text") { _ throws(ValueProblem) in }

    /// A path in the file system.
    static let path = ValueType.text("path") { text throws(ValueProblem) in
        guard !text.isEmpty else { throw ValueProblem("is empty; write the path of a file") }
    }

    private static func text(
        _ name: String,
        check: @escaping @Sendable (String) throws(ValueProblem) -> Void
    ) -> Self {
        ValueType(name: name) { text throws(ValueProblem) in
            try refuseControlCharacters(in: text)
            try check(text)
            return text
        } format: {
            $0
        }
    }

    private static func secret(
        _ name: String,
        check: @escaping @Sendable (String) throws(ValueProblem) -> Void
    ) -> Self {
        var type = self.text(name, check: check)
        type.isSecret = true
        return type
    }
}

extension ValueType where Value == [UInt8] {
    /// SHA-256 of a certificate.
    static let fingerprint = ValueType(name: "64 hexadecimal digits, with or without colons") {
        text throws(ValueProblem) in
        let digits = Array(text.utf8.filter { $0 != UInt8(ascii: ":") })
        let bytes = stride(from: 0, to: digits.count, by: 2).compactMap { index in
            hexByte(digits[index...].prefix(2))
        }
        guard digits.count == 64, bytes.count == 32 else {
            throw ValueProblem(
                "is no SHA-256 fingerprint of 64 hexadecimal digits; "
                    + "\"openssl x509 -noout -fingerprint -sha256\" prints it"
            )
        }
        return bytes
    } format: {
        hexDigits($0)
    }
}

extension ValueType where Value == UInt32 {
    /// Bits of the block version.
    static let versionMask = ValueType(name: "hexadecimal number within 1fffffe0") { text throws(ValueProblem) in
        let isHex = text.utf8.count <= 8 && text.allSatisfy { $0.isASCII && $0.isHexDigit }
        guard isHex, let mask = UInt32(text, radix: 16), mask & ~0x1fff_ffe0 == 0 else {
            throw ValueProblem("is no mask of up to 8 hexadecimal digits within 1fffffe0; the usual one is 1fffe000")
        }
        return mask
    } format: { mask in
        let digits = String(mask, radix: 16)
        return String(repeating: "0", count: max(0, 8 - digits.count)) + digits
    }
}

/// Throws when `text` contains a line break or any other control character.
func refuseControlCharacters(in text: String) throws(ValueProblem) {
    guard !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
        throw ValueProblem("contains a control character, such as a line break or a tab; remove it")
    }
}

/// Two digits for each byte.
func hexDigits(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

private func hexByte(_ digits: ArraySlice<UInt8>) -> UInt8? {
    let text = String(decoding: digits, as: UTF8.self)
    return text.utf8.count == 2 && text.allSatisfy(\.isHexDigit) ? UInt8(text, radix: 16) : nil
}
