import Foundation
package import NIOCore
package import PoolPool
package import Stratum

/// Chooses a session's difficulty from its shares so that one comes every `targetInterval`: in quick steps during the first
/// minute, then no more often than `retargetInterval` and only when the share rate has left a dead band (ckpool's rule).
///
/// Steps are powers of two, so that the small noise of a Poisson process does not show.
package struct VardiffController: Sendable {
    private let rule: VardiffRule
    /// What the session's rate asks for, before the pool's difficulty caps it.
    private var wanted: Double?
    private let started: NIODeadline
    private var windowStart: NIODeadline
    private var windowWork = 0.0
    private var shareCount = 0
    private var rate = RateEstimate()

    private static let quickPhase = TimeAmount.seconds(60)
    private static let quickInterval = TimeAmount.seconds(5)

    package init(rule: VardiffRule, now: NIODeadline) {
        self.rule = rule
        self.started = now
        self.windowStart = now
        self.wanted = rule.configuration.initial
    }

    package init(configuration: VardiffConfiguration, dialect: any Dialect, now: NIODeadline) {
        self.init(rule: VardiffRule(configuration, dialect: dialect), now: now)
    }

    /// The miner's own wish (`mining.suggest_difficulty`): where to start, not where to stay.
    package mutating func suggested(_ difficulty: Double) {
        guard difficulty > 0, difficulty.isFinite else { return }
        self.wanted = difficulty
    }

    /// The session difficulty for a job of a pool with `poolDifficulty`: never above the pool's, whatever `minimum` says.
    package func difficulty(poolDifficulty: Double) -> Double {
        guard self.rule.isEnabled else { return poolDifficulty }
        var result = self.wanted ?? min(poolDifficulty, self.rule.initialLimit)
        result = max(result, self.rule.configuration.minimum)
        if let maximum = self.rule.configuration.maximum { result = min(result, maximum) }
        return min(result, poolDifficulty)
    }

    /// A valid share of a job sent with `difficulty`.
    package mutating func shareReceived(difficulty: Double, now: NIODeadline) {
        self.windowWork += difficulty
        self.shareCount += 1
        self.rate.add(work: difficulty, now: now)
    }

    /// The session's hashrate; nil before there is anything to estimate from.
    package func estimate(now: NIODeadline) -> HashrateEstimate? {
        self.rate.estimate(now: now, since: self.started, hashesPerDifficulty: self.rule.hashesPerDifficulty)
    }

    /// Time has passed: true when the session's difficulty should become another one, with the next job.
    package mutating func retarget(current: Double, poolDifficulty: Double, now: NIODeadline) -> Bool {
        guard self.rule.isEnabled else { return false }
        let elapsed = now - self.windowStart
        let isQuick = now - self.started < Self.quickPhase
        let wait = isQuick ? Self.quickInterval : TimeAmount(self.rule.configuration.retargetInterval)
        guard elapsed >= wait else { return false }
        let seconds = Double(elapsed.nanoseconds) / 1e9
        let target = Double(TimeAmount(self.rule.configuration.targetInterval).nanoseconds) / 1e9
        let expected = seconds / target
        // In shares of the current difficulty: some may still have been for jobs sent with another one.
        let shares = self.windowWork / current
        // Outside the dead band: more than twice or less than half of what was aimed at, and not by chance alone
        // (three or four standard deviations of a Poisson count; in the first minute fewer).
        let deviation = max(1, expected).squareRoot()
        let tooMany = shares > 2 * expected && shares - expected > (isQuick ? 2 : 4) * deviation
        let tooFew = shares < expected / 2 && expected - shares > (isQuick ? 1 : 3) * deviation
        guard tooMany || tooFew else {
            // A window that tells nothing new is kept growing for a while, then replaced.
            if seconds > 24 * target { self.restartWindow(now: now) }
            return false
        }
        // One share more on both sides, so that few of them do not say too much. A miner that has hardly found any may
        // be far too small for its difficulty; a step too far is soon seen and undone.
        let isStuck = isQuick && self.shareCount < 3 && self.windowWork == 0
        let ratio = isStuck ? 1.0 / 16 : max(1.0 / 16, min(64, (shares + 1) / (expected + 1)))
        self.wanted = current * Self.powerOfTwo(nearest: ratio)
        self.restartWindow(now: now)
        return self.difficulty(poolDifficulty: poolDifficulty) != current
    }

    private mutating func restartWindow(now: NIODeadline) {
        self.windowStart = now
        self.windowWork = 0
    }

    private static func powerOfTwo(nearest ratio: Double) -> Double {
        var power = 1.0
        while power * 1.414 < ratio { power *= 2 }
        while power / 1.414 > ratio { power /= 2 }
        return power
    }
}

/// What the difficulties of a route's sessions follow.
package final class VardiffRule: Sendable {
    let configuration: VardiffConfiguration
    /// What a new session begins with at most.
    let initialLimit: Double
    let hashesPerDifficulty: Double
    let isEnabled: Bool

    package init(_ configuration: VardiffConfiguration, dialect: any Dialect) {
        self.configuration = configuration
        self.initialLimit = dialect.initialDifficulty
        self.hashesPerDifficulty = dialect.hashesPerDifficulty
        // What the router cannot judge by a difficulty of its own, it must not ask for.
        self.isEnabled = configuration.enabled && dialect.knowsShareDifficulty
    }
}

/// A rate with exponential forgetting, half of it after two minutes.
struct RateEstimate: Sendable {
    private var work = 0.0
    private var shares = 0.0
    private var last: NIODeadline?

    private static let timeConstant = 120 / 0.693_147_18

    mutating func add(work: Double, now: NIODeadline) {
        let factor = self.factor(now: now)
        self.work = self.work * factor + work
        self.shares = self.shares * factor + 1
        self.last = now
    }

    /// Corrected for the time before `since`, when nothing could have come.
    func estimate(now: NIODeadline, since: NIODeadline, hashesPerDifficulty: Double) -> HashrateEstimate? {
        guard self.last != nil else { return nil }
        let age = max(1, Double((now - since).nanoseconds) / 1e9)
        let weight = Self.timeConstant * (1 - exp(-age / Self.timeConstant))
        let factor = self.factor(now: now)
        return HashrateEstimate(
            hashrate: self.work * factor / weight * hashesPerDifficulty,
            shares: self.shares * factor
        )
    }

    private func factor(now: NIODeadline) -> Double {
        guard let last = self.last else { return 0 }
        return exp(-Double((now - last).nanoseconds) / 1e9 / Self.timeConstant)
    }
}
