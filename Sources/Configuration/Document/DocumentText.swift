/// The text of a configuration file, checked and prepared for the parser.
///
/// The parser follows aliases itself and hashes every key with everything in it, so that a key of a few hundred bytes
/// can keep it busy for longer than anyone lives; and it gives up at the first key that stands twice. So both are hidden
/// from it behind private-use characters, which no place in the text is moved by: ``ConfigurationReader`` follows aliases, and
/// counts, and ``Section`` reports repeated keys.
struct DocumentText {
    /// Stands for `*`.
    private static let aliasMark: Character = "\u{e1ff}"
    /// Stands for the first letter of a key that comes again; counted upwards.
    private static let firstKeyMark: UInt32 = 0xe000
    private static let marks: ClosedRange<Unicode.Scalar> = "\u{e000}"..."\u{e1ff}"

    /// What the parser is to see.
    private(set) var text: String

    /// - Throws: ``DocumentProblem`` when this is too large, no UTF-8, or holds characters that no configuration needs.
    init(bytes: [UInt8]) throws(DocumentProblem) {
        guard bytes.count <= YAMLDocument.sizeLimit else {
            throw DocumentProblem(
                "the file is larger than \(ByteSize.format(YAMLDocument.sizeLimit)); it is no configuration"
            )
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw DocumentProblem("this is no text in UTF-8; is it the right file?", at: Self.firstInvalid(in: bytes))
        }
        let byteOrderMark: Unicode.Scalar = "\u{feff}"
        let scalars = text.unicodeScalars
        self.text = scalars.first == byteOrderMark ? String(scalars.dropFirst()) : text
        try self.refuseStrangeCharacters()
        self.text = String(self.text.map { $0 == "*" ? Self.aliasMark : $0 })
    }

    /// `text`, which came from the parser, as it stands in the file.
    static func restore(_ text: String) -> String {
        text.contains(self.aliasMark) ? String(text.map { $0 == self.aliasMark ? "*" : $0 }) : text
    }

    /// The anchor that an unquoted scalar refers to, if it is an alias.
    static func alias(in scalar: String) -> String? {
        scalar.first == self.aliasMark ? String(scalar.dropFirst()) : nil
    }

    /// Line `number`, from 1, as it stands in the file; empty if there is none.
    func line(_ number: Int) -> String {
        let lines = self.text.split(separator: "\n", maxSplits: max(0, number), omittingEmptySubsequences: false)
        return lines.dropFirst(max(0, number - 1)).first.map { Self.restore(String($0)) } ?? ""
    }

    /// Hides the key `name` at `position`, differently for each `number`. False if it does not stand there as it is.
    mutating func hideKey(_ name: String, at position: TextPosition, number: Int) -> Bool {
        guard let mark = Unicode.Scalar(Self.firstKeyMark + UInt32(number)), var index = self.index(of: position) else {
            return false
        }
        var scalars = self.text.unicodeScalars
        if scalars[index] == "\"" || scalars[index] == "'" { index = scalars.index(after: index) }
        guard !name.isEmpty, scalars[index...].starts(with: name.unicodeScalars) else { return false }
        scalars.replaceSubrange(index..<scalars.index(after: index), with: CollectionOfOne(mark))
        self.text = String(scalars)
        return true
    }

    /// nil when the text has no character there.
    private func index(of position: TextPosition) -> String.Index? {
        let scalars = self.text.unicodeScalars
        var place = TextPosition.start
        for index in scalars.indices {
            if place == position { return index }
            place.advance(over: scalars[index], before: scalars[scalars.index(after: index)...].first)
        }
        return nil
    }

    private func refuseStrangeCharacters() throws(DocumentProblem) {
        var place = TextPosition.start
        var rest = self.text.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            let isControl =
                scalar.properties.generalCategory == .control && !["\t", "\n", "\r", "\u{85}"].contains(scalar)
            if isControl || Self.marks.contains(scalar) {
                let code = String(scalar.value, radix: 16, uppercase: true)
                throw DocumentProblem("the character U+\(code) has no place in a configuration; remove it", at: place)
            }
            place.advance(over: scalar, before: rest.first)
        }
    }

    private static func firstInvalid(in bytes: [UInt8]) -> TextPosition {
        var place = TextPosition.start
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        while case .scalarValue(let scalar) = decoder.decode(&iterator) {
            place.advance(over: scalar, before: nil)
        }
        return place
    }
}

extension TextPosition {
    /// Goes on by one character. A carriage return before a line feed is part of the same line end.
    fileprivate mutating func advance(over scalar: Unicode.Scalar, before next: Unicode.Scalar?) {
        switch scalar {
        case "\r" where next == "\n": break
        case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}": self = TextPosition(line: self.line + 1, column: 1)
        default: self.column += 1
        }
    }
}
