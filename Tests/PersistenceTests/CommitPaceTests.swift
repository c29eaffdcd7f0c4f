import Testing

@testable import Persistence

@Suite struct CommitPaceTests {
    /// The pauses, in milliseconds, while `perSecond` events are recorded; the ledger was idle before.
    private static func pauses(_ perSecond: Int, _ durability: LedgerDurability = .process) -> [Duration] {
        var pace = CommitPace(shortest: .milliseconds(50), durability: durability)
        return (0..<20).map { _ in
            pace.note(events: Int(pace.pause / .milliseconds(1)) * perSecond / 1_000, isComplete: true)
            return pace.pause
        }
    }

    @Test(arguments: [
        (0, 50), (200, 50), (400, 500), (1_000, 500), (2_000, 500), (4_000, 250), (8_000, 125), (20_000, 50),
        (1_000_000, 50),
    ])
    func commitHasAboutAThousandEvents(perSecond: Int, milliseconds: Int) {
        #expect(Self.pauses(perSecond).last == .milliseconds(milliseconds))
    }

    @Test func powerNeverWaitsLonger() {
        for perSecond in [0, 400, 2_000, 8_000] {
            #expect(Self.pauses(perSecond, .power).allSatisfy { $0 == .milliseconds(50) })
        }
    }

    @Test func idleLedgerIsQuickAgain() {
        var pace = CommitPace(shortest: .milliseconds(50), durability: .process)
        pace.note(events: 100, isComplete: true)
        #expect(pace.pause == .milliseconds(500))
        pace.note(events: 0, isComplete: true)
        #expect(pace.pause == .milliseconds(50))
    }

    @Test func pauseGrowsToASecondWhileNothingCanBeWritten() {
        var pace = CommitPace(shortest: .milliseconds(50), durability: .power)
        for milliseconds in [100, 200, 400, 800, 1_000, 1_000] {
            pace.note(events: 0, isComplete: false)
            #expect(pace.pause == .milliseconds(milliseconds))
        }
        pace.note(events: 5_000, isComplete: true)
        #expect(pace.pause == .milliseconds(50))
    }
}
