/// What came of a simulated time.
package struct ForecastReport: Sendable {
    /// One pool.
    package struct Pool: Sendable {
        package var name: String
        /// Σ difficulty of accepted shares.
        package var work: Double
        /// Its part of the route's accepted work, 0...1, and the part that it should have had by the shares that held at
        /// each moment.
        package var share: Double
        package var target: Double
        package var accepted: Int
        package var rejected: Int
        package var lost: Int
        /// Σ difficulty of lost shares.
        package var workLost: Double
        package var failovers: Int

        package var deviation: Double { self.share - self.target }
    }

    /// A pool was left, or put aside.
    package struct Failover: Sendable {
        /// Seconds from the beginning.
        package var time: Double
        package var pool: String
        package var cause: String
        package var sessions: Int
        /// Seconds from the beginning of the fault, if there was one.
        package var detection: Double?
    }

    /// A pool began to carry load after it had failed, or for the first time.
    package struct Start: Sendable {
        /// Seconds from the beginning.
        package var time: Double
        package var pool: String
        /// Seconds since it went down; nil if it never did.
        package var sinceFailure: Double?
        /// Another pool was good at that moment.
        package var hadAlternative: Bool
    }

    /// The shares at some moment.
    package struct Checkpoint: Sendable {
        package var time: Double
        package var shares: [Double]
        package var targets: [Double]
        /// Σ difficulty so far, and what it should have been, by pool.
        package var work: [Double]
        package var owed: [Double]

        /// The largest deviation of a pool.
        package var deviation: Double {
            zip(self.shares, self.targets).reduce(0) { max($0, abs($1.0 - $1.1)) }
        }
    }

    package var pools: [Pool] = []
    package var failovers: [Failover] = []
    package var starts: [Start] = []
    package var checkpoints: [Checkpoint] = []
    /// Sessions moved without need: for the balance, for failbacks.
    package var moves = 0
    /// Sessions moved because they had to.
    package var forcedMoves = 0
    /// Hours of all sessions together.
    package var sessionHours = 0.0
    /// Seconds of all sessions together without a pool.
    package var idleSeconds = 0.0
    package var ejections = 0
    /// The longest time, in seconds, that a session was without a pool.
    package var longestWait = 0.0
    /// Seconds of all sessions together without a pool though one was connected.
    package var needlessIdleSeconds = 0.0

    package var movesPerSessionHour: Double { self.sessionHours > 0 ? Double(self.moves) / self.sessionHours : 0 }
    package var workLost: Double { self.pools.reduce(0) { $0 + $1.workLost } }
}
