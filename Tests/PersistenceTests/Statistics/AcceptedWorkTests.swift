import Testing

@testable import Persistence

@Suite struct AcceptedWorkTests {
    private static let hour: Int64 = 3_600_000
    private static let edge: Int64 = 60_000

    private static func portion(
        _ times: ClosedRange<Int64>,
        worker: Int32 = 1,
        shares: Int64 = 1,
        work: Double = 10,
        isAccepted: Bool = true
    ) -> AcceptedWork.Portion {
        AcceptedWork.Portion(worker: worker, times: times, shares: shares, work: work, isAccepted: isAccepted)
    }

    private static func work(_ portions: [AcceptedWork.Portion], edge: Int64 = edge) -> AcceptedWork {
        var work = AcceptedWork(periods: [0..<hour, hour..<2 * hour], edge: edge)
        for portion in portions { work.add(portion) }
        return work
    }

    @Test func sharesAreSummedInTheirPeriod() {
        let work = Self.work([
            Self.portion(-1...(-1)), Self.portion(0...0), Self.portion(600_000...600_000, worker: 2, work: 20),
            Self.portion(Self.hour...Self.hour, work: 40),
        ])
        let first = work.amounts(of: nil, in: [0..<Self.hour], edge: 0)
        #expect((first.shares, first.work, first.squares) == (2, 30, 500))
        let second = work.amounts(of: [1], in: [Self.hour..<2 * Self.hour], edge: 0)
        #expect((second.shares, second.work, second.squares) == (1, 40, 1_600))
        #expect(work.amounts(of: [1, 2], in: [0..<Self.hour], edge: 0).work == 30)
        #expect(work.workers == [1, 2])
    }

    @Test func workNearABorderMayBeElsewhere() {
        let work = Self.work([
            Self.portion(-30_000...(-30_000), work: 1), Self.portion(30_000...30_000, work: 2),
            Self.portion(1_800_000...1_800_000, work: 4), Self.portion(Self.hour - 1...Self.hour - 1, work: 8),
            Self.portion(Self.hour...Self.hour, work: 16),
            Self.portion(Self.hour + 60_000...Self.hour + 60_000, work: 32),
        ])
        let first = work.amounts(of: nil, in: [0..<Self.hour], edge: Self.edge)
        #expect((first.work, first.mayBeElsewhere, first.mayBeHere) == (14, 10, 17))
        // Inside of what is taken together there are no borders.
        let both = work.amounts(of: nil, in: [0..<2 * Self.hour], edge: Self.edge)
        #expect((both.work, both.mayBeElsewhere, both.mayBeHere) == (62, 2, 1))
    }

    @Test func whatMayBeOnEitherSideOfABorderIsKnownAsSuch() {
        let work = Self.work(
            [
                Self.portion(Self.hour - 10...Self.hour + 10, shares: 2, work: 8),
                Self.portion(1_000...2_000, shares: 4, work: 8),
            ],
            edge: 0
        )
        let first = work.amounts(of: [1], in: [0..<Self.hour], edge: 0)
        #expect((first.shares, first.work, first.squares) == (6, 16, 48))
        #expect((first.mayBeElsewhere, first.mayBeHere) == (8, 0))
        let second = work.amounts(of: [1], in: [Self.hour..<2 * Self.hour], edge: 0)
        #expect((second.work, second.mayBeElsewhere, second.mayBeHere) == (0, 0, 8))
    }

    @Test func unsettledWorkMayHaveBeenCredited() {
        let work = Self.work([Self.portion(1_000...1_000, work: 5, isAccepted: false), Self.portion(2_000...2_000)])
        let amounts = work.amounts(of: nil, in: [0..<Self.hour], edge: 0)
        #expect((amounts.shares, amounts.work, amounts.mayBeHere) == (1, 10, 5))
    }

    @Test func cutsWithinMinutesDivideTheTime() {
        let aligned = AcceptedWork(periods: [0..<Self.hour], edge: 90_000)
        #expect(aligned.stretches(limit: 10) == [-120_000..<Self.hour + 120_000])
        let within = AcceptedWork(periods: [0..<90_001, 90_001..<Self.hour], edge: 0)
        #expect(within.stretches(limit: 10) == [0..<90_001, 90_001..<Self.hour])
        #expect(within.stretches(limit: 0) == [0..<Self.hour])
        #expect(AcceptedWork(periods: [], edge: 5).stretches(limit: 1).isEmpty)
    }

    @Test func farTimesDoNotTrap() {
        let periods = [Int64.min..<Int64.min + 1, 0..<1, Int64.max - 1..<Int64.max]
        var work = AcceptedWork(periods: periods, edge: .max)
        work.add(Self.portion(.min ... .max, work: .greatestFiniteMagnitude))
        work.add(Self.portion(.min ... .max, work: .greatestFiniteMagnitude, isAccepted: false))
        let amounts = work.amounts(of: nil, in: periods, edge: .max)
        for model in Reconciliation.Model.allCases {
            #expect(Reconciliation(model: model).finding(amounts).verdict == .notEnough)
        }
    }
}
