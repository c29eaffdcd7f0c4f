import Testing

@testable import Persistence

@Suite struct ReconciliationTests {
    /// `shares` of the difficulty 100, of which the pool credited `part`.
    private static func amounts(
        _ shares: Int64,
        credited part: Double,
        _ change: (inout Reconciliation.Amounts) -> Void = { _ in }
    ) -> Reconciliation.Amounts {
        var amounts = Reconciliation.Amounts()
        amounts.shares = shares
        amounts.work = Double(shares) * 100
        amounts.squares = Double(shares) * 10_000
        amounts.credited = amounts.work * part
        change(&amounts)
        return amounts
    }

    struct Row: Sendable {
        var model: Reconciliation.Model
        var shares: Int64
        var part: Double
        var verdict: Reconciliation.Verdict
    }

    @Test(arguments: [
        Row(model: .sampled, shares: 200_000, part: 1, verdict: .consistent),
        Row(model: .sampled, shares: 200_000, part: 0.997, verdict: .consistent),
        Row(model: .sampled, shares: 200_000, part: 0.99, verdict: .underCredited),
        Row(model: .sampled, shares: 200_000, part: 1.01, verdict: .overCredited),
        Row(model: .sampled, shares: 1_000, part: 0.99, verdict: .notEnough),
        Row(model: .sampled, shares: 1_000, part: 0.9, verdict: .underCredited),
        Row(model: .sampled, shares: 3, part: 0, verdict: .notEnough),
        Row(model: .sampled, shares: 4, part: 0, verdict: .underCredited),
        Row(model: .sampled, shares: 0, part: 1, verdict: .notEnough),
        Row(model: .exact, shares: 1_000, part: 1, verdict: .consistent),
        Row(model: .exact, shares: 1_000, part: 0.999, verdict: .underCredited),
        Row(model: .exact, shares: 1_000, part: 1.001, verdict: .overCredited),
        Row(model: .exact, shares: 1_000, part: 1 - 1e-12, verdict: .consistent),
    ])
    func verdictIsAsExpected(row: Row) {
        let finding = Reconciliation(model: row.model).finding(Self.amounts(row.shares, credited: row.part))
        #expect(finding.verdict == row.verdict, "\(row) \(finding)")
    }

    @Test func sharesNeededAreThoseOfTheFormula() {
        let table = [0.005: 419_666.0, 0.01: 104_759, 0.02: 26_111, 0.05: 4_140, 0.1: 1_019]
        for (shortfall, needed) in table {
            let reconciliation = Reconciliation(model: .sampled, shortfall: shortfall)
            #expect(reconciliation.equalSharesNeeded == needed)
            let finding = reconciliation.finding(Self.amounts(10, credited: 1))
            #expect(abs((finding.sharesNeeded ?? 0) - needed) < 1e-6 * needed)
        }
    }

    @Test func unequalSharesTakeMore() {
        let equal = Reconciliation(model: .sampled).finding(Self.amounts(1_000, credited: 1))
        let unequal = Reconciliation(model: .sampled).finding(Self.amounts(1_000, credited: 1) { $0.squares *= 3 })
        #expect(abs((unequal.sharesNeeded ?? 0) - 3 * (equal.sharesNeeded ?? 0)) < 1)
    }

    @Test func intervalOfTheSampledModelIsThatOfTheCount() throws {
        let finding = Reconciliation(model: .sampled).finding(Self.amounts(10, credited: 1))
        let interval = try #require(finding.interval)
        #expect(abs(interval.lowerBound - (0.47953886961 - 1)) < 1e-9)
        #expect(abs(interval.upperBound - (1.83903560418 - 1)) < 1e-9)
    }

    @Test func bordersAndRoundingAreAllowedFor() {
        let exact = Reconciliation(model: .exact)
        let near = exact.finding(Self.amounts(1_000, credited: 0.995) { $0.mayBeElsewhere = 600 })
        #expect(near.verdict == .consistent)
        let rounded = exact.finding(Self.amounts(1_000, credited: 0.995) { $0.rounding = 600 })
        #expect(rounded.verdict == .consistent)
        let beyond = exact.finding(Self.amounts(1_000, credited: 0.99) { $0.mayBeElsewhere = 600 })
        #expect(beyond.verdict == .underCredited)
        let late = exact.finding(Self.amounts(1_000, credited: 1.005) { $0.mayBeHere = 600 })
        #expect(late.verdict == .consistent)
        let blurred = exact.finding(Self.amounts(1_000, credited: 1) { $0.mayBeElsewhere = 1_000 })
        #expect(blurred.verdict == .notEnough && blurred.sharesNeeded == nil)
    }

    @Test func manyLinesAreJudgedMoreStrictly() {
        let amounts = Self.amounts(10_000, credited: 0.975)
        let reconciliation = Reconciliation(model: .sampled)
        #expect(reconciliation.finding(amounts).verdict == .underCredited)
        #expect(reconciliation.finding(amounts, among: 100).verdict == .notEnough)
        #expect(reconciliation.finding(amounts).interval == reconciliation.finding(amounts, among: 100).interval)
    }

    @Test func nothingTrapsAndNothingIsNaN() {
        let odd: [Double] = [.nan, -.infinity, -1, 0, 1e-300, 1, 1e200, .greatestFiniteMagnitude, .infinity]
        for model in Reconciliation.Model.allCases {
            for work in odd {
                for squares in odd {
                    for credited in odd {
                        var amounts = Reconciliation.Amounts()
                        (amounts.shares, amounts.work, amounts.squares) = (7, work, squares)
                        (amounts.credited, amounts.rounding) = (credited, 1)
                        let finding = Reconciliation(model: model).finding(amounts, among: .max)
                        #expect(finding.interval?.lowerBound.isNaN != true)
                        #expect(finding.difference?.isNaN != true)
                    }
                }
            }
        }
    }
}
