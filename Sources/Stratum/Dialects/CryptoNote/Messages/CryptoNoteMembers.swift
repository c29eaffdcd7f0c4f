/// The members of one object in a line, none of them decoded. Of repeated ones the last counts, and the others are gone:
/// what is forwarded must not be read otherwise by somebody who takes the first.
struct CryptoNoteMembers {
    struct Member {
        var name: String
        /// The name as it came, without its quotes.
        var rawName: Range<Int>
        var value: Range<Int>
    }

    /// An object may have so many members.
    static let maximumCount = 64

    private(set) var members: [Member] = []

    /// Nil if `range` is no object, or one with too many members.
    init?(_ range: Range<Int>?, in scanner: JSONScanner) {
        guard let range, scanner.slice(range).first == UInt8(ascii: "{") else { return nil }
        var scanner = scanner
        scanner.position = range.lowerBound
        var members: [Member] = []
        var count = 0
        do throws(StratumError) {
            try scanner.forEachMember(depth: 1) { (scanner, token, depth) throws(StratumError) in
                let value = try scanner.skipValue(depth: depth)
                count &+= 1
                guard count <= Self.maximumCount else { return }
                let name = scanner.text(token)
                members.removeAll { $0.name == name }
                members.append(Member(name: name, rawName: token.range, value: value))
            }
        } catch {
            return nil
        }
        guard count <= Self.maximumCount else { return nil }
        self.members = members
    }

    subscript(name: String) -> Range<Int>? {
        self.members.first { $0.name == name }?.value
    }
}

extension JSONScanner {
    /// The text of a string, or the digits of a number: some peers send one for the other. Nil if it is neither or has
    /// more than `maximumCount` bytes.
    func cryptoNoteText(_ range: Range<Int>?, maximumCount: Int) -> String? {
        guard let range else { return nil }
        if let token = self.stringToken(range) {
            // An escape is never shorter than what it stands for.
            guard token.range.count <= maximumCount else { return nil }
            return self.text(token)
        }
        let digits = self.slice(range)
        guard (1...maximumCount).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return String(decoding: digits, as: UTF8.self)
    }

    /// An integer of 64 bits.
    func cryptoNoteInteger(_ range: Range<Int>?) -> Int? {
        guard let range, let value = try? self.value(range) else { return nil }
        return value.integer
    }

    /// The texts in an array of at most `maximumCount` elements; what is no short string is left out.
    func cryptoNoteTexts(_ range: Range<Int>?, maximumCount: Int) -> [String] {
        guard let range, self.slice(range).first == UInt8(ascii: "[") else { return [] }
        var scanner = self
        scanner.position = range.lowerBound
        var texts: [String] = []
        var count = 0
        do throws(StratumError) {
            try scanner.forEachElement(depth: 1) { (scanner, depth) throws(StratumError) in
                let value = try scanner.skipValue(depth: depth)
                count &+= 1
                guard count <= maximumCount, let token = scanner.stringToken(value), token.range.count <= 64 else {
                    return
                }
                texts.append(scanner.text(token))
            }
        } catch {
            return []
        }
        return texts
    }

    func cryptoNoteIsNull(_ range: Range<Int>?) -> Bool {
        guard let range else { return true }
        return self.isEqual(range, "null")
    }
}
