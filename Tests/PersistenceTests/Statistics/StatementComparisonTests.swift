import Testing

@testable import Persistence

@Suite struct StatementComparisonTests {
    private static let day: Int64 = 86_400_000

    private static func row(_ worker: String?, _ day: Int64, _ credited: Double) -> PoolStatement.Row {
        PoolStatement.Row(
            worker: worker,
            period: day * Self.day..<(day + 1) * Self.day,
            credited: credited,
            rounding: 0,
            line: 2
        )
    }

    /// Each worker has 1,000 shares of the difficulty 10 a day, for three days.
    private static func comparison(
        _ rows: [PoolStatement.Row],
        names: [Int32: String] = [1: "a.rig1", 2: "a.rig2"],
        grouping: StatementComparison.Grouping = .row
    ) -> StatementComparison {
        var work = AcceptedWork(periods: rows.map(\.period), edge: 0)
        for worker in names.keys.sorted() {
            for start in (0..<3).map({ $0 * Self.day }) {
                work.add(
                    AcceptedWork.Portion(
                        worker: worker,
                        times: start...start,
                        shares: 1_000,
                        work: 10_000,
                        isAccepted: true
                    )
                )
            }
        }
        return StatementComparison(
            statement: PoolStatement(rows: rows, notes: []),
            work: work,
            names: names,
            edge: 0,
            grouping: grouping,
            with: Reconciliation(model: .exact)
        )
    }

    @Test func rowsMeetWorkersByNameOrByItsRest() throws {
        let comparison = Self.comparison(
            [Self.row("a.rig1", 0, 10_000), Self.row("rig2", 0, 9_000), Self.row("Total", 0, 19_000)]
        )
        #expect(comparison.lines.map(\.worker) == ["a.rig1", "rig2"])
        #expect(comparison.lines.map(\.finding.verdict) == [.consistent, .underCredited])
        #expect(comparison.strangers.map(\.worker) == ["Total"])
        #expect(comparison.unstated.isEmpty)
        let total = try #require(comparison.total)
        #expect(total.amounts.work == 20_000 && total.amounts.credited == 19_000)
        #expect(abs((total.finding.difference ?? 0) + 0.05) < 1e-12)
    }

    @Test func wholeNameComesFirst() {
        let comparison = Self.comparison([Self.row("rig1", 0, 10_000)], names: [1: "rig1", 2: "b.rig1"])
        #expect(comparison.lines.map(\.worker) == ["rig1", "b.rig1"])
        #expect(comparison.lines.map(\.amounts.work) == [10_000, 10_000])
        #expect(comparison.unstated == ["b.rig1"])
    }

    @Test func workersOfTheSameNameAreOne() {
        let comparison = Self.comparison([Self.row("rig1", 0, 20_000)], names: [1: "b.rig1", 2: "c.rig1"])
        #expect(comparison.lines.map(\.amounts.work) == [20_000])
        #expect(comparison.total?.finding.verdict == .consistent)
    }

    @Test func whatNoRowIsAboutCountsAsNotCredited() {
        let comparison = Self.comparison(
            [Self.row("rig1", 0, 10_000), Self.row("rig1", 1, 10_000), Self.row("rig2", 1, 10_000)]
        )
        #expect(comparison.lines.map(\.isStated) == [true, true, true, false])
        #expect(comparison.lines.last?.worker == "rig2")
        #expect(comparison.lines.last?.period == 0..<Self.day)
        #expect(comparison.lines.last?.finding.verdict == .underCredited)
        #expect(comparison.total?.amounts.work == 40_000)
        #expect(comparison.total?.amounts.credited == 30_000)
    }

    @Test func timeThatTheStatementLeavesOutIsNotCompared() {
        let comparison = Self.comparison([Self.row(nil, 0, 20_000), Self.row(nil, 2, 20_000)])
        #expect(comparison.lines.map(\.finding.verdict) == [.consistent, .consistent])
        #expect(comparison.total?.amounts.work == 40_000)
        #expect(comparison.total?.period == 0..<3 * Self.day)
    }

    @Test func workersCanBeTakenTogether() {
        let rows = [Self.row("rig1", 0, 11_000), Self.row("rig1", 1, 9_000), Self.row("rig2", 0, 10_000)]
        let comparison = Self.comparison(rows, grouping: .worker)
        #expect(comparison.lines.map(\.amounts.work) == [20_000, 20_000])
        #expect(comparison.lines.map(\.amounts.credited) == [20_000, 10_000])
    }

    @Test func emptyStatementHasNoTotal() {
        let comparison = Self.comparison([])
        #expect(comparison.total == nil && comparison.lines.isEmpty && comparison.unstated.isEmpty)
    }
}
