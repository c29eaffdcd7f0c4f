/// Finds which of many names somebody may have meant.
enum SimilarNames {
    /// Longer names are compared by their beginnings.
    private static let longest = 64

    /// The nearest first, at most `limit`, each once. Similar is what holds `name`, is held by it, or differs from it in a
    /// third of its letters at most; upper and lower case are the same.
    static func find(_ name: String, among names: [String], limit: Int) -> [String] {
        let wanted = self.plain(name)
        guard !wanted.isEmpty else { return [] }
        let found = Set(names).compactMap { candidate in
            self.difference(wanted, self.plain(candidate)).map { (difference: $0, name: candidate) }
        }
        return found.sorted { ($0.difference, $0.name) < ($1.difference, $1.name) }.prefix(limit).map(\.name)
    }

    private static func plain(_ name: String) -> [Unicode.Scalar] {
        Array(String(name.prefix(self.longest)).lowercased().unicodeScalars.prefix(self.longest))
    }

    /// Letters that differ; nil if the two are not similar.
    private static func difference(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int? {
        let (short, long) = left.count < right.count ? (left, right) : (right, left)
        guard !short.isEmpty else { return nil }
        let extra = long.count - short.count
        // One letter is in nearly every name.
        if short.count > 1, long.contains(short) { return extra }
        let allowed = max(1, left.count / 3)
        guard extra <= allowed else { return nil }
        let distance = self.distance(short, long)
        return distance <= allowed ? distance : nil
    }

    /// Letters to insert, delete or replace.
    private static func distance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
        var row = Array(0...right.count)
        for (index, letter) in left.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in right.indices {
                let replaced = diagonal + (letter == right[column] ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(replaced, diagonal + 1, row[column] + 1)
            }
        }
        return row[right.count]
    }
}
