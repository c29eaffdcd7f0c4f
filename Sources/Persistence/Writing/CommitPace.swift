/// How long the writer pauses between two group commits.
///
/// A commit costs as much as some hundred shares, so that there should be many in it. What is recorded is safe before it
/// is committed; a longer pause only makes readers wait.
struct CommitPace {
    /// A commit should have about this many events.
    static let goal = 1_000
    /// Passes with fewer events than this come as often as may be.
    static let few = 16
    /// Between two commits that have enough to do.
    static let longest = Duration.milliseconds(500)
    /// After errors.
    static let longestAfterErrors = Duration.seconds(1)

    private let shortest: Duration
    private let longest: Duration
    /// Until the next pass.
    private(set) var pause: Duration

    /// `shortest` is what an idle ledger waits, and with `durability: power`, which promises it, any other.
    init(shortest: Duration, durability: LedgerDurability) {
        self.shortest = shortest
        self.longest = durability == .power ? shortest : max(shortest, Self.longest)
        self.pause = shortest
    }

    /// A pass has committed `events`; `isComplete`: without an error, and nothing is left.
    mutating func note(events: Int, isComplete: Bool) {
        guard isComplete else { return self.pause = min(self.pause * 2, max(self.pause, Self.longestAfterErrors)) }
        guard events >= Self.few else { return self.pause = self.shortest }
        self.pause = min(max(self.pause * Self.goal / events, self.shortest), self.longest)
    }
}
