/// The work that a pool accepted from the router, by worker and by stretches of time.
///
/// Time is cut where statements begin and end; what lies between two cuts is summed up.
package struct AcceptedWork: Sendable {
    /// Shares that are added together.
    package struct Portion: Sendable, Hashable {
        package var worker: Int32
        /// The first and the last moment at which they may have come, milliseconds since 1970.
        package var times: ClosedRange<Int64>
        package var shares: Int64
        /// Σ pool difficulty.
        package var work: Double
        /// Whether the pool accepted them; otherwise what it made of them was never heard.
        package var isAccepted: Bool

        package init(worker: Int32, times: ClosedRange<Int64>, shares: Int64, work: Double, isAccepted: Bool) {
            self.worker = worker
            self.times = times
            self.shares = shares
            self.work = work
            self.isAccepted = isAccepted
        }
    }

    private struct Sums {
        var shares: Int64 = 0
        var work = 0.0
        var squares = 0.0
        var unsettled = 0.0
    }

    /// A worker (nil: all of them) between two cuts.
    private struct Cell: Hashable {
        var worker: Int32?
        var index: Int
    }

    /// Ascending.
    private let cuts: [Int64]
    private var cells: [Cell: Sums] = [:]
    /// Work of which it is not known between which of several cuts it was done. It is summed up at the first of them.
    private var spans: [Int32?: [ClosedRange<Int>: Double]] = [:]
    /// Those of whom there is any work.
    package private(set) var workers: Set<Int32> = []

    /// To ask for the amounts of `periods` with `edge`, both in milliseconds.
    package init(periods: some Sequence<Range<Int64>>, edge: Int64) {
        var cuts: Set<Int64> = []
        for border in periods.flatMap({ [$0.lowerBound, $0.upperBound] }) {
            let near = Self.surroundings(of: border, edge: edge)
            cuts.formUnion([near.lowerBound, border, near.upperBound])
        }
        self.cuts = cuts.sorted()
    }

    /// The time that is of interest, in pieces between the cuts that are within a minute: totals by minute serve for all
    /// other cuts. One piece when there are more cuts of that kind than `limit`.
    func stretches(limit: Int) -> [Range<Int64>] {
        let fine = self.cuts.dropFirst().dropLast().filter { $0 % 60_000 != 0 }
        guard let first = self.cuts.first, let last = self.cuts.last else { return [] }
        let borders = [first] + (fine.count > limit ? [] : fine) + [last]
        return zip(borders, borders.dropFirst()).map { $0..<$1 }
    }

    package mutating func add(_ portion: Portion) {
        let indices = self.index(of: portion.times.lowerBound)...self.index(of: portion.times.upperBound)
        guard indices.upperBound > 0, indices.lowerBound < self.cuts.count else { return }
        for worker in [portion.worker, nil] { self.add(portion, at: indices, of: worker) }
        self.workers.insert(portion.worker)
    }

    private mutating func add(_ portion: Portion, at indices: ClosedRange<Int>, of worker: Int32?) {
        guard portion.isAccepted else {
            for index in indices {
                self.cells[Cell(worker: worker, index: index), default: Sums()].unsettled += portion.work
            }
            return
        }
        let cell = Cell(worker: worker, index: indices.lowerBound)
        var sums = self.cells[cell] ?? Sums()
        sums.shares &+= portion.shares
        sums.work += portion.work
        // Exact when all of them have the same difficulty, a little small otherwise.
        if portion.shares > 0 { sums.squares += portion.work * portion.work / Double(portion.shares) }
        self.cells[cell] = sums
        if indices.count > 1 { self.spans[worker, default: [:]][indices, default: 0] += portion.work }
    }

    /// The router's side of a line about `workers` (nil: all of them) in `periods`, which must not overlap.
    ///
    /// `edge`: how far, in milliseconds, the pool's clock may be from the router's, so that work near a border may be
    /// booked on its other side. Periods and edge must be among those given at the beginning.
    package func amounts(of workers: [Int32]?, in periods: [Range<Int64>], edge: Int64) -> Reconciliation.Amounts {
        let borders = periods.flatMap { [$0.lowerBound, $0.upperBound] }
        let inside = Set(periods.flatMap { self.index(of: $0.lowerBound)..<self.index(of: $0.upperBound) })
        let near = Set(
            borders.flatMap { border in
                let near = Self.surroundings(of: border, edge: edge)
                return self.index(of: near.lowerBound)..<self.index(of: near.upperBound)
            }
        )
        let indices = inside.union(near).sorted()
        var amounts = Reconciliation.Amounts()
        for worker in workers.map({ $0.map(Optional.some) }) ?? [nil] {
            for index in indices {
                guard let sums = self.cells[Cell(worker: worker, index: index)] else { continue }
                amounts.mayBeHere += sums.unsettled
                guard inside.contains(index) else {
                    amounts.mayBeHere += sums.work
                    continue
                }
                amounts.shares &+= sums.shares
                amounts.work += sums.work
                amounts.squares += sums.squares
                if near.contains(index) { amounts.mayBeElsewhere += sums.work }
            }
            let spans = (self.spans[worker] ?? [:]).sorted { $0.key.lowerBound < $1.key.lowerBound }
            for (span, work) in spans {
                let parts = span.count { inside.contains($0) }
                if inside.contains(span.lowerBound) {
                    // It is in the sum above.
                    if parts < span.count { amounts.mayBeElsewhere += work }
                } else if parts > 0 {
                    amounts.mayBeHere += work
                }
            }
        }
        amounts.mayBeElsewhere = min(amounts.mayBeElsewhere, amounts.work)
        return amounts
    }

    /// How many cuts are not after `time`: 0 is what lies before the first.
    private func index(of time: Int64) -> Int {
        var (low, high) = (0, self.cuts.count)
        while low < high {
            let middle = (low + high) / 2
            if self.cuts[middle] <= time { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// What is no farther from a border than `edge`, in whole minutes.
    private static func surroundings(of border: Int64, edge: Int64) -> Range<Int64> {
        guard edge > 0 else { return border..<border }
        // A century is more than enough, and nothing overflows.
        let edge = min(edge, 3_155_760_000_000)
        let border = min(max(border, -1 << 60), 1 << 60)
        let first = LedgerTime.floorDivide(border - edge, by: 60_000)
        let last = LedgerTime.floorDivide(border + edge - 1, by: 60_000)
        return first * 60_000..<(last + 1) * 60_000
    }
}
