/// What all headers with a time have in common: how far miners and the router may move it.
enum BlockTime {
    /// The router never moves it further beyond the time that has passed than this, in seconds.
    private static let lead: Int64 = 5
    /// Pools refuse a share whose time is 7000 s or more after the job's.
    private static let limit: Int64 = 6900
    /// How far a share's may be ahead of the clock, or of the job, in seconds.
    private static let aheadOfClock: UInt64 = 7200
    private static let aheadOfJob: UInt64 = 7000

    /// The time of another issue of a job of `jobTime`: moved on by what has passed.
    /// - Parameter isAllThatVaries: it must be later than in all issues before, so that this one is new work.
    /// - Returns: Nil while that would be too far ahead.
    static func moved(_ jobTime: UInt32, _ request: IssueRequest, isAllThatVaries: Bool) -> UInt32? {
        guard request.issuedBefore > 0 else { return jobTime }
        let passed = Int64(jobTime) + min(max(0, request.age), Self.limit)
        guard isAllThatVaries else { return UInt32(exactly: passed) }
        let time = max(passed, Int64(request.lastNtime) + 1)
        return time <= passed + Self.lead ? UInt32(exactly: time) : nil
    }

    /// The time of a share for a job of `jobTime` is one that pools take.
    static func isPossible(_ time: UInt32, jobTime: UInt32, unixTime: UInt64) -> Bool {
        let latest = max(unixTime &+ Self.aheadOfClock, UInt64(jobTime) + Self.aheadOfJob)
        return time >= jobTime && UInt64(time) <= latest
    }
}
