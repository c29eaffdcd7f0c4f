/// Why a text is no value of a type.
struct ValueProblem: Error {
    /// Goes on after the name of the key and the text: "is no duration; …".
    let message: String
    /// The message says all; the text is not to be shown with it.
    let isComplete: Bool

    /// A message that goes on after the text.
    init(_ message: String) {
        self.message = message
        self.isComplete = false
    }

    /// A message that needs no text, or must not be shown with it.
    init(complete message: String) {
        self.message = message
        self.isComplete = true
    }
}

/// How a kind of value is written in the file.
struct ValueType<Value: Sendable>: Sendable {
    /// As the documentation calls it.
    let name: String
    /// True when the text must not appear in a message.
    var isSecret = false
    /// The value, once `${NAME}` is replaced.
    let parse: @Sendable (_ text: String) throws(ValueProblem) -> Value
    /// The value as the file would say it.
    let format: @Sendable (_ value: Value) -> String
}

extension ValueType where Value == Bool {
    /// `true` or `false`, as YAML 1.2 has it.
    static let truth = ValueType(name: "true or false") { text throws(ValueProblem) in
        switch text {
        case "true": return true
        case "false": return false
        default: throw ValueProblem("is neither true nor false")
        }
    } format: {
        "\($0)"
    }
}

extension ValueType where Value == Int {
    /// A whole number within `range`.
    static func whole(_ range: ClosedRange<Int>) -> Self {
        ValueType(name: "whole number, \(range.lowerBound) to \(range.upperBound)") { text throws(ValueProblem) in
            guard let number = Int(text), range.contains(number) else {
                throw ValueProblem("is no whole number from \(range.lowerBound) to \(range.upperBound)")
            }
            return number
        } format: {
            "\($0)"
        }
    }

    /// Bytes.
    static func size(_ range: ClosedRange<Int>) -> Self {
        let bounds = "\(ByteSize.format(range.lowerBound)) to \(ByteSize.format(range.upperBound))"
        return ValueType(name: "size, \(bounds)") { text throws(ValueProblem) in
            let bytes = try ByteSize.parse(text)
            guard range.contains(bytes) else { throw ValueProblem("is out of range; \(bounds) is possible") }
            return bytes
        } format: {
            ByteSize.format($0)
        }
    }
}

extension ValueType where Value == Int? {
    /// `type`, or `auto`, which is nil.
    static func automatic(or type: ValueType<Int>) -> Self {
        ValueType(name: "auto, or \(type.name)") { text throws(ValueProblem) in
            text == "auto" ? nil : try type.parse(text)
        } format: {
            $0.map(type.format) ?? "auto"
        }
    }
}

extension ValueType where Value == Double {
    /// A number from 0 on.
    static let weight = ValueType.number("number, 0 to 1000000000") { $0 >= 0 && $0 <= 1e9 }
    /// A difficulty.
    static let difficulty = ValueType.number("number above 0") { $0 > 0 && $0 <= 1e18 }

    /// A part of a whole, written in hundredths: 5% is 0.05.
    static func percentage(_ percent: ClosedRange<Double>) -> Self {
        let format: @Sendable (Double) -> String = { percent in
            // What was divided by 100 is no round number when it is multiplied again.
            let rounded = (percent * 1e6).rounded() / 1e6
            return (Int(exactly: rounded).map(String.init) ?? "\(rounded)") + "%"
        }
        let bounds = "\(format(percent.lowerBound)) to \(format(percent.upperBound))"
        return ValueType(name: "percentage, \(bounds)") { text throws(ValueProblem) in
            let digits = text.dropLast()
            let isDecimal = digits.utf8.allSatisfy { "0123456789.".utf8.contains($0) }
            guard text.last == "%", isDecimal, let number = Double(digits) else {
                throw ValueProblem("is no percentage; write a number with a percent sign, as in 5% or 0.5%")
            }
            guard percent.contains(number) else { throw ValueProblem("is out of range; \(bounds) is possible") }
            return number / 100
        } format: {
            format($0 * 100)
        }
    }

    private static func number(_ name: String, isValid: @escaping @Sendable (Double) -> Bool) -> Self {
        ValueType(name: name) { text throws(ValueProblem) in
            let isDecimal = text.utf8.allSatisfy { "0123456789+-.eE".utf8.contains($0) }
            guard isDecimal, let number = Double(text), isValid(number) else {
                throw ValueProblem("is no \(name)")
            }
            return number
        } format: {
            Int(exactly: $0).map(String.init) ?? "\($0)"
        }
    }
}

extension ValueType where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    /// One of the words of an enumeration.
    static var choice: Self { .choice(Array(Value.allCases)) }
}

extension ValueType where Value: RawRepresentable, Value.RawValue == String {
    /// One of these words.
    static func choice(_ values: [Value]) -> Self {
        let words = values.map(\.rawValue)
        return ValueType(name: words.joined(separator: " or ")) { text throws(ValueProblem) in
            guard let value = values.first(where: { $0.rawValue == text }) else {
                throw ValueProblem("is not possible; write \(words.joined(separator: " or "))")
            }
            return value
        } format: {
            $0.rawValue
        }
    }
}
