import NIOCore
import PoolPool
import Testing

@Suite struct SilenceTrackerTests {
    private static func time(_ seconds: Int) -> NIODeadline {
        .uptimeNanoseconds(UInt64(seconds) * 1_000_000_000)
    }

    @Test func beforeAnythingIsLearnedNinetySeconds() {
        var tracker = SilenceTracker(setting: .auto)
        tracker.restarted(now: Self.time(100))
        // The first job of a connection comes at once and says nothing about the pool's rhythm.
        tracker.freshJobReceived(now: Self.time(100))
        #expect(tracker.suspectAfter == .seconds(90))
        #expect(tracker.judge(now: Self.time(189)) == .fresh)
        #expect(tracker.judge(now: Self.time(190)) == .suspect)
        #expect(tracker.judge(now: Self.time(279)) == .suspect)
        #expect(tracker.judge(now: Self.time(280)) == .silent)
    }

    @Test(arguments: [(1, 45), (10, 45), (30, 60), (55, 110), (600, 1200), (7200, 3600)])
    func suspectAtTwiceTheLearnedIntervalButNotBelowTheFloor(interval: Int, suspectAfter: Int64) {
        var tracker = SilenceTracker(setting: .auto)
        for job in 0...20 { tracker.freshJobReceived(now: Self.time(job * interval)) }
        #expect(abs((tracker.suspectAfter - .seconds(suspectAfter)).nanoseconds) < 1_000)
        #expect(tracker.silentAfter == tracker.suspectAfter * 2)
    }

    @Test func anOutageIsNotLearned() {
        var tracker = SilenceTracker(setting: .auto)
        for job in 0...20 { tracker.freshJobReceived(now: Self.time(job * 30)) }
        tracker.restarted(now: Self.time(4000))
        tracker.freshJobReceived(now: Self.time(4000))
        #expect(tracker.suspectAfter == .seconds(60))
        tracker.freshJobReceived(now: Self.time(4030))
        #expect(tracker.suspectAfter == .seconds(60))
    }

    @Test func aFixedSettingIsKept() {
        var tracker = SilenceTracker(setting: .after(.seconds(20)))
        for job in 0...20 { tracker.freshJobReceived(now: Self.time(job * 300)) }
        #expect(tracker.suspectAfter == .seconds(20))
        #expect(tracker.judge(now: Self.time(6020)) == .suspect)
        #expect(tracker.judge(now: Self.time(6040)) == .silent)
    }

    @Test func withoutAConnectionNothingIsJudged() {
        let tracker = SilenceTracker(setting: .auto)
        #expect(tracker.age(now: Self.time(5000)) == .zero)
        #expect(tracker.judge(now: Self.time(5000)) == .fresh)
    }
}
