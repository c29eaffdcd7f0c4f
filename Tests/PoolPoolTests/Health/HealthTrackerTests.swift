import NIOCore
import PoolPool
import Testing

@Suite struct HealthTrackerTests {
    private static func time(_ seconds: Int) -> NIODeadline {
        .uptimeNanoseconds(UInt64(seconds) * 1_000_000_000)
    }

    private static func tracker() -> HealthTracker {
        HealthTracker(failbackAfter: .seconds(120), now: Self.time(0))
    }

    /// A tracker that came up at 0 s.
    private static func up() -> HealthTracker {
        var tracker = Self.tracker()
        _ = tracker.linkReady(now: Self.time(0))
        return tracker
    }

    @Test func theFirstSuccessBringsItUpAtOnce() {
        var tracker = Self.tracker()
        #expect(tracker.state == .untested)
        #expect(tracker.linkReady(now: Self.time(1)) == .cameUp)
        #expect(tracker.linkReady(now: Self.time(2)) == nil)
        #expect(tracker.state == .up)
        #expect(tracker.since == Self.time(1))
    }

    @Test func theFirstFailureTakesItDown() {
        var tracker = Self.tracker()
        #expect(tracker.linksFailed("refused", now: Self.time(1)) == .wentDown("refused"))
        #expect(tracker.linksFailed("timeout", now: Self.time(2)) == nil)
        #expect(tracker.state == .down("timeout"))
        #expect(tracker.since == Self.time(1))
    }

    @Test func suspicionComesAndGoes() {
        var tracker = Self.up()
        #expect(tracker.suspected("no job", now: Self.time(5)) == .becameSuspect("no job"))
        #expect(tracker.suspected("no answer", now: Self.time(6)) == nil)
        #expect(tracker.suspected(nil, now: Self.time(7)) == .cleared)
        #expect(tracker.suspected(nil, now: Self.time(8)) == nil)
        #expect(tracker.state == .up)
    }

    @Test func aNewReadyLinkClearsSuspicion() {
        var tracker = Self.up()
        _ = tracker.suspected("no job", now: Self.time(5))
        #expect(tracker.linkReady(now: Self.time(6)) == .cleared)
    }

    @Test func trustReturnsAfterTheFailbackTime() {
        var tracker = Self.up()
        #expect(tracker.linksFailed("closed", now: Self.time(10)) == .wentDown("closed"))
        #expect(tracker.linkReady(now: Self.time(20)) == .beganRecovery)
        #expect(tracker.tick(now: Self.time(139)) == nil)
        #expect(tracker.tick(now: Self.time(140)) == .recovered)
        #expect(tracker.state == .up)
    }

    @Test func aFailureOrSuspicionStartsTheFailbackTimeAnew() {
        var tracker = Self.up()
        _ = tracker.linksFailed("closed", now: Self.time(10))
        _ = tracker.linkReady(now: Self.time(20))
        #expect(tracker.suspected("no job", now: Self.time(100)) == nil)
        #expect(tracker.tick(now: Self.time(140)) == nil)
        #expect(tracker.tick(now: Self.time(220)) == .recovered)
        _ = tracker.linksFailed("closed", now: Self.time(300))
        _ = tracker.linkReady(now: Self.time(310))
        #expect(tracker.linksFailed("closed", now: Self.time(400)) == .wentDown("closed"))
        #expect(tracker.tick(now: Self.time(900)) == nil)
    }

    /// Up and down every ten seconds for a day: it never gets up again.
    @Test func aFlappingPoolStaysOut() {
        var tracker = Self.up()
        var recoveries = 0
        for step in 1...8640 {
            if step.isMultiple(of: 2) {
                _ = tracker.linkReady(now: Self.time(step * 10))
            } else {
                _ = tracker.linksFailed("closed", now: Self.time(step * 10))
            }
            if tracker.tick(now: Self.time(step * 10 + 9)) == .recovered { recoveries += 1 }
        }
        #expect(recoveries == 0)
    }
}
