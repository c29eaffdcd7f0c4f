package import NIOCore

/// Lets verdicts gather in the kernel while shares come in quick succession, so that one wake-up brings several.
///
/// While it does, there is something to read once the kernel holds as many bytes as the shortest line with a job has: some
/// verdicts, which are much shorter, or a job, which so never waits. Whatever is shorter waits ``longest`` at most.
package struct VerdictGathering {
    /// The longest that a line of the pool waits.
    package static let longest = TimeAmount.milliseconds(25)
    /// Beyond this time between two shares it would bring little, and a miner its verdict later.
    package static let pause = TimeAmount.milliseconds(2)

    /// It begins after so many shares, each within ``pause`` of the one before: two are no rate. Twice as many each time that
    /// too few verdicts came: a miner that sends the next share when it has the verdict on the last would wait and wait.
    private static let quickShares = 4...64

    private var isOn = false
    private var quickInARow = 0
    private var needed = VerdictGathering.quickShares.lowerBound
    private var lastShare: NIODeadline?
    private var lastRead = NIODeadline.uptimeNanoseconds(0)

    package init() {}

    /// A share was sent. True: gathering begins, and ``expired(now:)`` is to be called ``longest`` from now.
    package mutating func sent(now: NIODeadline) -> Bool {
        let isQuick = self.lastShare.map { now - $0 < Self.pause } ?? false
        self.lastShare = now
        self.quickInARow = isQuick ? min(self.quickInARow + 1, Self.quickShares.upperBound) : 0
        guard !self.isOn, self.quickInARow >= self.needed else { return false }
        self.isOn = true
        self.lastRead = now
        return true
    }

    /// All that had come was read.
    package mutating func read(now: NIODeadline) {
        self.lastRead = now
        if self.isOn { self.needed = Self.quickShares.lowerBound }
    }

    /// A line may have waited its time. Nil: gathering ends, and what has come is to be read. Otherwise the next time to ask.
    package mutating func expired(now: NIODeadline) -> NIODeadline? {
        let next = self.lastRead + Self.longest
        guard next <= now else { return next }
        self.isOn = false
        self.needed = min(2 * self.needed, Self.quickShares.upperBound)
        return nil
    }
}
