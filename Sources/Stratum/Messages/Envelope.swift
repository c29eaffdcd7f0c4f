/// Where the members of one message are, before any of them is decoded.
public struct Envelope {
    public var id = MessageID.absent
    /// Nil also if it is no string; empty if the string is.
    public var method: JSONScanner.StringToken?
    public var params: Range<Int>?
    public var result: Range<Int>?
    public var error: Range<Int>?
    public var rejectReason: Range<Int>?

    /// Reads the object that fills `bytes`. Unknown members are skipped, of repeated ones the last counts.
    public init(_ bytes: UnsafeRawBufferPointer) throws(StratumError) {
        var scanner = JSONScanner(bytes)
        scanner.skipBlanks()
        guard scanner.next == UInt8(ascii: "{") else {
            _ = try scanner.skipValue()
            try scanner.expectEnd()
            throw .notAnObject
        }
        try scanner.forEachMember(depth: 0) { (scanner, name, depth) throws(StratumError) in
            let value = try scanner.skipValue(depth: depth)
            switch MemberName(name, in: scanner) {
            case .id: self.id = Self.id(value, in: scanner)
            case .method: self.method = scanner.stringToken(value)
            case .params: self.params = value
            case .result: self.result = value
            case .error: self.error = value
            case .rejectReason: self.rejectReason = value
            case nil: break
            }
        }
        try scanner.expectEnd()
    }

    private static func id(_ range: Range<Int>, in scanner: JSONScanner) -> MessageID {
        if scanner.isEqual(range, "null") {
            return .null
        }
        if let integer = scanner.plainInteger(range) {
            return .integer(integer)
        }
        guard range.count <= MessageID.maximumTokenCount else {
            return .null
        }
        return .token(String(decoding: scanner.slice(range), as: UTF8.self))
    }
}

private enum MemberName {
    case id
    case method
    case params
    case result
    case error
    case rejectReason

    public init?(_ token: JSONScanner.StringToken, in scanner: JSONScanner) {
        if scanner.isEqual(token, "id") {
            self = .id
        } else if scanner.isEqual(token, "method") {
            self = .method
        } else if scanner.isEqual(token, "params") {
            self = .params
        } else if scanner.isEqual(token, "result") {
            self = .result
        } else if scanner.isEqual(token, "error") {
            self = .error
        } else if scanner.isEqual(token, "reject-reason") {
            self = .rejectReason
        } else {
            return nil
        }
    }
}

extension JSONScanner {
    /// The integer in `range` if its usual form is exactly the text there.
    fileprivate func plainInteger(_ range: Range<Int>) -> Int64? {
        var digits = self.slice(range)[...]
        if digits.first == UInt8(ascii: "-") {
            digits.removeFirst()
            guard digits.first != UInt8(ascii: "0") else {
                return nil
            }
        }
        guard !digits.isEmpty, digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            return nil
        }
        return self.integer(range)
    }

    /// The value in `range`, null if there is none.
    public func value(_ range: Range<Int>?) throws(StratumError) -> JSONValue {
        guard let range else {
            return .null
        }
        var scanner = self
        scanner.position = range.lowerBound
        return try scanner.scanValue(depth: 1)
    }

    /// The value in `range`, null also if it cannot be read, such as a number beyond all bounds.
    func readable(_ range: Range<Int>?) -> JSONValue { (try? self.value(range)) ?? .null }

    /// The parameters of a request: the array in `range`, empty if there is something else.
    public func parameters(_ range: Range<Int>?) throws(StratumError) -> [JSONValue] {
        try self.value(range).array ?? []
    }
}

extension [JSONValue] {
    /// The element at `index`, null if there is none.
    public func value(at index: Int) -> JSONValue {
        self.indices.contains(index) ? self[index] : .null
    }
}
