/// A login with wildcards: `*` stands for any number of characters, `?` for one (in bytes of UTF-8). Upper and lower case differ.
package struct WorkerPattern: Sendable, Hashable {
    package let text: String
    private let pattern: [UInt8]

    package init(_ text: String) {
        self.text = text
        self.pattern = Array(text.utf8)
    }

    /// Compares bytes, in time proportional to the product of the lengths at worst.
    package func matches(_ login: String) -> Bool {
        let name = Array(login.utf8)
        var (p, n) = (0, 0)
        // Where the last star stands, and how much of the name it has taken.
        var star: (pattern: Int, name: Int)?
        while n < name.count {
            if p < self.pattern.count, self.pattern[p] == UInt8(ascii: "*") {
                star = (p, n)
                p += 1
            } else if p < self.pattern.count, self.pattern[p] == UInt8(ascii: "?") || self.pattern[p] == name[n] {
                p += 1
                n += 1
            } else if let last = star {
                star = (last.pattern, last.name + 1)
                p = last.pattern + 1
                n = last.name + 1
            } else {
                return false
            }
        }
        return self.pattern[p...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
