/// The newest latencies and their median.
package struct LatencyWindow: Sendable {
    private var samples: [Int64] = []
    private var next = 0

    private static let size = 101

    package init() {}

    package mutating func add(_ microseconds: Int64) {
        if self.samples.count < Self.size {
            self.samples.append(microseconds)
        } else {
            self.samples[self.next] = microseconds
            self.next = (self.next + 1) % Self.size
        }
    }

    /// Microseconds; nil without samples.
    package var median: Int64? {
        guard !self.samples.isEmpty else { return nil }
        return self.samples.sorted()[self.samples.count / 2]
    }
}
