/// Sizes as `64KiB`.
enum ByteSize {
    private static let units = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]

    /// Bytes; `Int.max` when there are more than that.
    static func parse(_ text: String) throws(ValueProblem) -> Int {
        let (unit, factor) = self.units.first { text.hasSuffix($0.0) } ?? ("", 1)
        guard let count = digits(text.dropLast(unit.count)) else {
            throw ValueProblem("is no size; write one as in 64KiB, 1MiB or 65536 (bytes)")
        }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: factor)
        return overflow ? Int.max : bytes
    }

    /// In the largest unit that needs no fraction.
    static func format(_ bytes: Int) -> String {
        let (unit, factor) = self.units.first { bytes > 0 && bytes.isMultiple(of: $0.1) } ?? ("", 1)
        return "\(bytes / factor)\(unit)"
    }
}

/// Durations as `10s`.
enum DurationText {
    private static let units: [(name: String, milliseconds: Int64)] = [
        ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
    ]
    /// Ten years, so that no sum of a few of them overflows anything.
    private static let maximum: Int64 = 3650 * 86_400_000

    /// A whole number of one unit, at most ten years.
    static func parse(_ text: String) throws(ValueProblem) -> Duration {
        let number = text.prefix { $0.isASCII && $0.isNumber }
        let suffix = text.dropFirst(number.count)
        guard let count = digits(number), let unit = self.units.first(where: { $0.name == suffix }) else {
            throw ValueProblem("is no duration; write a whole number and a unit, as in 500ms, 10s, 5m, 2h or 30d")
        }
        let (milliseconds, overflow) = Int64(count).multipliedReportingOverflow(by: unit.milliseconds)
        guard !overflow, milliseconds <= self.maximum else {
            throw ValueProblem("is too long; 3650d is the most")
        }
        return .milliseconds(milliseconds)
    }

    /// In the unit that people use for that length: `90s` and `120s`, `10m`, `24h`, `30d`.
    static func format(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        guard attoseconds == 0 else { return "\(seconds * 1000 + attoseconds / 1_000_000_000_000_000)ms" }
        let hour: Int64 = 3600
        if seconds >= 48 * hour, seconds.isMultiple(of: 24 * hour) { return "\(seconds / (24 * hour))d" }
        if seconds >= hour, seconds.isMultiple(of: hour) { return "\(seconds / hour)h" }
        if seconds >= 600, seconds.isMultiple(of: 60) { return "\(seconds / 60)m" }
        return "\(seconds)s"
    }
}

extension ValueType where Value == Duration {
    /// A duration within `range`.
    static func duration(_ range: ClosedRange<Duration>) -> Self {
        let bounds = "\(DurationText.format(range.lowerBound)) to \(DurationText.format(range.upperBound))"
        return ValueType(name: "duration, \(bounds)") { text throws(ValueProblem) in
            let duration = try DurationText.parse(text)
            guard range.contains(duration) else { throw ValueProblem("is out of range; \(bounds) is possible") }
            return duration
        } format: {
            DurationText.format($0)
        }
    }
}

extension ValueType where Value == Duration? {
    /// A duration, or a word that means none.
    static func duration(_ range: ClosedRange<Duration>, orNone word: String) -> Self {
        let type = ValueType<Duration>.duration(range)
        return ValueType(name: "\(word), or \(type.name)") { text throws(ValueProblem) in
            text == word ? nil : try type.parse(text)
        } format: {
            $0.map(type.format) ?? word
        }
    }
}

/// A number of nothing but decimal digits.
private func digits(_ text: Substring) -> Int? {
    text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int(text) : nil
}
