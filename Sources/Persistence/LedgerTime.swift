/// Points in time as users write and read them; everything is UTC.
package enum LedgerTime {
    private static let day: Int64 = 86_400_000

    /// RFC 3339 with milliseconds: `2026-01-31T09:05:00.250Z`. `milliseconds` count from 1970.
    package static func format(_ milliseconds: Int64) -> String {
        let days = Self.floorDivide(milliseconds, by: Self.day)
        // Wraps for the very first moments of Int64 and comes out right.
        let rest = milliseconds &- days &* Self.day
        let (year, month, dayOfMonth) = Self.civil(days)
        let date = "\(Self.pad(year, 4))-\(Self.pad(month, 2))-\(Self.pad(dayOfMonth, 2))"
        let clock = [rest / 3_600_000, rest / 60_000 % 60, rest / 1_000 % 60].map { Self.pad($0, 2) }
        return "\(date)T\(clock.joined(separator: ":")).\(Self.pad(rest % 1_000, 3))Z"
    }

    /// Milliseconds since 1970 of what a user wrote, nil if it is nothing of the kind:
    ///
    /// RFC 3339, `2026-01-31`, `2026-01-31 09:05`, `2026-01-31 09:05:30`, a duration back from `now` (`90s`, `15m`,
    /// `2h`, `30d`, `1d12h`), `now`, `today`, `yesterday`. A date without a time means its first moment.
    package static func parse(_ text: String, now: Int64) -> Int64? {
        switch text {
        case "now": return now
        case "today": return Self.floorDivide(now, by: Self.day) * Self.day
        case "yesterday": return (Self.floorDivide(now, by: Self.day) - 1) * Self.day
        default: break
        }
        if let back = Self.duration(text) {
            let (time, overflow) = now.subtractingReportingOverflow(back)
            return overflow ? nil : time
        }
        return Self.dateAndTime(text)
    }

    private static func duration(_ text: String) -> Int64? {
        let units: [Character: Int64] = ["s": 1_000, "m": 60_000, "h": 3_600_000, "d": Self.day, "w": 7 * Self.day]
        var total: Int64 = 0
        var rest = text[...]
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            guard digits.count <= 9, let count = Int64(digits) else { return nil }
            rest = rest.dropFirst(digits.count)
            guard let unit = rest.popFirst().flatMap({ units[$0] }) else { return nil }
            // At most 10⁹ weeks each: no overflow in sight before thousands of terms.
            let (sum, overflow) = total.addingReportingOverflow(count * unit)
            guard !overflow else { return nil }
            total = sum
        }
        return text.isEmpty ? nil : total
    }

    private static func dateAndTime(_ text: String) -> Int64? {
        var scanner = Scanner(rest: Array(text.utf8)[...])
        guard let year = scanner.number(4), scanner.take("-"), let month = scanner.number(2), scanner.take("-"),
            let day = scanner.number(2), (1...12).contains(month)
        else { return nil }
        let days = Self.days(year, month, day)
        guard Self.civil(days) == (year, month, day) else { return nil }
        guard !scanner.rest.isEmpty else { return days * Self.day }
        guard scanner.take("T") || scanner.take("t") || scanner.take(" ") else { return nil }
        guard let clock = scanner.clock(), let zone = scanner.zone(), scanner.rest.isEmpty else { return nil }
        return days * Self.day + clock - zone
    }

    /// Takes the parts of a time off the front of a text.
    private struct Scanner {
        var rest: ArraySlice<UInt8>

        mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard let first = self.rest.first, UInt32(first) == character.value else { return false }
            self.rest.removeFirst()
            return true
        }

        mutating func number(_ digits: Int) -> Int64? {
            let isNumber = self.rest.prefix(digits).allSatisfy { (0x30...0x39).contains($0) }
            guard self.rest.count >= digits, isNumber else { return nil }
            defer { self.rest.removeFirst(digits) }
            return self.rest.prefix(digits).reduce(0) { $0 * 10 + Int64($1 - 0x30) }
        }

        /// `HH:MM`, `HH:MM:SS`, `HH:MM:SS.fff…` in milliseconds.
        mutating func clock() -> Int64? {
            guard let hour = self.number(2), hour < 24, self.take(":"), let minute = self.number(2), minute < 60 else {
                return nil
            }
            var time = (hour * 60 + minute) * 60_000
            guard self.take(":") else { return time }
            guard let second = self.number(2), second < 60 else { return nil }
            time += second * 1_000
            guard self.take(".") else { return time }
            var scale: Int64 = 100
            guard let first = self.number(1) else { return nil }
            time += first * scale
            while let digit = self.number(1) {
                scale /= 10
                time += digit * scale
            }
            return time
        }

        /// Milliseconds ahead of UTC; nothing means UTC.
        mutating func zone() -> Int64? {
            if self.rest.isEmpty || self.take("Z") || self.take("z") { return 0 }
            let isBehind = self.take("-")
            guard isBehind || self.take("+"), let hour = self.number(2), hour < 24, self.take(":"),
                let minute = self.number(2), minute < 60
            else { return nil }
            return (hour * 60 + minute) * 60_000 * (isBehind ? -1 : 1)
        }
    }

    /// Days since 1970 of a date in the Gregorian calendar (years counted from March, so that the leap day comes last).
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let marchYear = month <= 2 ? year - 1 : year
        let era = Self.floorDivide(marchYear, by: 400)
        let yearOfEra = marchYear - era * 400
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func civil(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = Self.floorDivide(shifted, by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    }

    /// Minutes since 1970.
    static func minute(_ milliseconds: Int64) -> Int64 { Self.floorDivide(milliseconds, by: 60_000) }

    static func floorDivide(_ value: Int64, by divisor: Int64) -> Int64 {
        let quotient = value / divisor
        return value % divisor < 0 ? quotient - 1 : quotient
    }

    private static func pad(_ value: Int64, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
