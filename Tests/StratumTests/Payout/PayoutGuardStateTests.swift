import Stratum
import Testing

@Suite struct PayoutGuardStateTests {
    private let a = TestCoinbase.script(0xA)
    private let b = TestCoinbase.script(0xB)
    private let c = TestCoinbase.script(0xC)

    private var state = PayoutGuardState()

    /// The next job, which pays `scripts`.
    private mutating func job(_ scripts: [[UInt8]], expected: [[UInt8]] = []) -> PayoutGuardState.Finding? {
        self.job(part2: TestCoinbase.part2(paying: scripts), expected: expected)
    }

    private mutating func job(part2: [UInt8], expected: [[UInt8]] = []) -> PayoutGuardState.Finding? {
        self.state.received(
            coinbase1: TestCoinbase.part1,
            extranonceCount: TestCoinbase.extranonceCount,
            coinbase2: part2,
            expected: expected
        )
    }

    @Test mutating func firstJobIsNoChange() {
        #expect(self.job([self.a]) == nil)
    }

    @Test mutating func changeIsReportedOnce() {
        _ = self.job([self.a])
        #expect(self.job([self.b]) == .changed(from: [self.a], to: [self.b]))
        #expect(self.job([self.b]) == nil)
        #expect(self.job([self.b, self.b]) == nil)
    }

    @Test mutating func additionAndRemovalAreChanges() {
        _ = self.job([self.a, self.b])
        #expect(self.job([self.a, self.b, self.c]) == .changed(from: [self.a, self.b], to: [self.a, self.b, self.c]))
        #expect(self.job([self.c]) == .changed(from: [self.a, self.b, self.c], to: [self.c]))
        #expect(self.job([]) == .changed(from: [self.c], to: []))
    }

    @Test mutating func orderAmountsAndDataAreNoChange() {
        _ = self.job([self.a, self.b])
        #expect(self.job([self.b, self.a]) == nil)
        let data = bytes("6a0401020304")
        #expect(self.job(part2: TestCoinbase.part2([(7, self.b), (0, data), (9, self.a), (0, self.c)])) == nil)
    }

    @Test mutating func alternatingSetsAreReportedOnceEach() {
        _ = self.job([self.a])
        #expect(self.job([self.b]) != nil)
        for _ in 0..<40 {
            #expect(self.job([self.a]) == nil)
            #expect(self.job([self.b]) == nil)
        }
        #expect(self.job([self.c]) == .changed(from: [self.b], to: [self.c]))
    }

    @Test mutating func onlyTheLastSetsAreRemembered() {
        for byte in 1...16 as ClosedRange<UInt8> {
            _ = self.job([TestCoinbase.script(byte)])
        }
        // The oldest of sixteen; now the second is the oldest and goes for a new one.
        #expect(self.job([TestCoinbase.script(1)]) == nil)
        #expect(self.job([TestCoinbase.script(17)]) != nil)
        #expect(self.job([TestCoinbase.script(1)]) == nil)
        #expect(self.job([TestCoinbase.script(2)]) != nil)
    }

    @Test mutating func scriptsAreNotRunTogether() {
        _ = self.job([[0x51], [0x52, 0x53]])
        #expect(self.job([[0x51, 0x52], [0x53]]) != nil)
    }

    @Test mutating func unexpectedScriptIsReportedOncePerSet() {
        #expect(self.job([self.a], expected: [self.a, self.c]) == nil)
        #expect(self.job([self.a, self.b], expected: [self.a, self.c]) == .unexpected([self.b]))
        #expect(self.job([self.b, self.a], expected: [self.a, self.c]) == nil)
        #expect(self.job([self.a], expected: [self.a, self.c]) == nil)
        #expect(self.job([self.a, self.b], expected: [self.a, self.c]) == nil)
        #expect(self.job([self.b], expected: [self.a, self.c]) == .unexpected([self.b]))
    }

    @Test mutating func firstJobCanBeUnexpected() {
        #expect(self.job([self.b, self.a], expected: [self.c]) == .unexpected([self.b, self.a]))
    }

    @Test mutating func changeBetweenExpectedScriptsIsAChange() {
        _ = self.job([self.a], expected: [self.a, self.b])
        #expect(self.job([self.b], expected: [self.a, self.b]) == .changed(from: [self.a], to: [self.b]))
    }

    @Test mutating func newExpectationsHoldForTheSameJob() {
        #expect(self.job([self.a], expected: []) == nil)
        #expect(self.job([self.a], expected: [self.b]) == .unexpected([self.a]))
        #expect(self.job([self.a], expected: [self.a]) == nil)
    }

    @Test mutating func unreadableCoinbaseIsReportedOnce() {
        _ = self.job([self.a])
        #expect(self.job(part2: [1, 2, 3]) == .unreadable("coinbase ends in the sequence"))
        #expect(self.job(part2: [1, 2]) == nil)
        #expect(self.job([self.a]) == nil)
        #expect(self.job([self.b]) == .changed(from: [self.a], to: [self.b]))
    }

    @Test mutating func payoutWithExtranoncesIsUnexpectedButNoChange() {
        // The extranonces are a push before a script that pays somebody.
        let start = TestCoinbase.part1 + Array(repeating: 0, count: 12) + bytes("ffffffff02")
        let part1 = start + TestCoinbase.output(value: 1, script: self.a) + bytes("0500000000000000" + "0b" + "08")
        let findings = [[], [self.a]].map { expected in
            _ = self.job([self.a], expected: expected)
            return self.state.received(
                coinbase1: part1, extranonceCount: 8, coinbase2: bytes("7551" + "00000000"), expected: expected
            )
        }
        #expect(findings == [nil, .unexpected([bytes("0800000000000000007551")])])
    }
}
