package import NIOCore

/// Judges how long a pool may send no new job, from the interval between its jobs so far (design D3).
///
/// Suspect after twice the learned interval, at least 45 s; 90 s while nothing is learned. Down at the hard limit, four
/// times the interval (at least twice the suspect time), whatever a second session says.
package struct SilenceTracker: Sendable {
    package enum Judgement: Sendable, Equatable {
        case fresh
        case suspect
        case silent
    }

    /// Changes at a reload.
    var setting: HealthConfiguration.Silence
    private var lastJob: NIODeadline?
    /// The next job ends a time without a connection, which says nothing about the pool's rhythm.
    private var isRestarted = false
    /// Exponentially weighted mean of the intervals between jobs.
    private var interval: Double?

    private static let floor = TimeAmount.seconds(45)
    private static let beforeLearned = TimeAmount.seconds(90)
    private static let smoothing = 0.25

    package init(setting: HealthConfiguration.Silence) {
        self.setting = setting
    }

    /// A job that is not the one before it again.
    package mutating func freshJobReceived(now: NIODeadline) {
        if let lastJob = self.lastJob, !self.isRestarted {
            let sample = Double((now - lastJob).nanoseconds)
            self.interval = self.interval.map { $0 + Self.smoothing * (sample - $0) } ?? sample
        }
        self.lastJob = now
        self.isRestarted = false
    }

    /// The connection is new. Time counts from here if there never was a job.
    package mutating func restarted(now: NIODeadline) {
        // A pool that is back with the job it had is suspect at once, and has the time until the hard limit again.
        let earliest = now - self.suspectAfter
        self.lastJob = self.lastJob.map { max($0, earliest) } ?? now
        self.isRestarted = true
    }

    /// How long without a new job until the pool is suspect.
    package var suspectAfter: TimeAmount {
        switch self.setting {
        case .after(let duration):
            return TimeAmount(duration)
        case .auto:
            guard let interval = self.interval else { return Self.beforeLearned }
            return max(Self.floor, .nanoseconds(Int64(min(interval * 2, 3.6e12))))
        }
    }

    /// How long without a new job until nothing else can save it.
    package var silentAfter: TimeAmount { self.suspectAfter * 2 }

    /// Time since the last new job.
    package func age(now: NIODeadline) -> TimeAmount {
        self.lastJob.map { now - $0 } ?? .zero
    }

    package func judge(now: NIODeadline) -> Judgement {
        let age = self.age(now: now)
        if age >= self.silentAfter { return .silent }
        return age >= self.suspectAfter ? .suspect : .fresh
    }
}
