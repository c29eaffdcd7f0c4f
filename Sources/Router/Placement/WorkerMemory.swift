import PoolPool

/// The hashrates of workers that are not connected now, so that one who comes back is not taken for a stranger.
struct WorkerMemory: Sendable {
    private var estimates: [String: HashrateEstimate] = [:]
    private var order: [String] = []

    /// More are forgotten, the oldest first.
    private static let limit = 50_000

    mutating func remember(_ worker: String, _ estimate: HashrateEstimate) {
        if self.estimates.updateValue(estimate, forKey: worker) == nil { self.order.append(worker) }
        guard self.order.count > Self.limit else { return }
        for worker in self.order.prefix(Self.limit / 10) { self.estimates[worker] = nil }
        self.order.removeFirst(Self.limit / 10)
    }

    func estimate(of worker: String) -> HashrateEstimate? { self.estimates[worker] }
}
