package import Router

/// A day to be simulated: a route, its miners, and what goes wrong.
package struct ForecastScenario: Sendable {
    package var route: RouteConfiguration
    package var miners: [ForecastMiner]
    package var faults: [ForecastFault]
    /// Seconds.
    package var duration: Double
    package var seed: UInt64
    /// This part of the miners leaves in an hour, at random moments, and comes back some minutes later. 0...1.
    package var churn: Double
    /// Each pool's difficulty is such that the whole farm would find a share in this many seconds.
    package var shareInterval = 3.0
    /// Seconds between blocks, on average.
    package var blockInterval = 600.0
    /// Seconds between the jobs of a pool.
    package var jobInterval = 30.0
    /// Refused by healthy pools all the same.
    package var rejectRatio = 0.002
    /// Seconds at which the shares so far are noted.
    package var checkpoints: [Double] = []

    package init(
        route: RouteConfiguration,
        miners: [ForecastMiner],
        faults: [ForecastFault] = [],
        duration: Double,
        seed: UInt64 = 1,
        churn: Double = 0
    ) {
        self.route = route
        self.miners = miners
        self.faults = faults
        self.duration = duration
        self.seed = seed
        self.churn = churn
    }
}

/// One miner of a simulated farm.
package struct ForecastMiner: Sendable, Hashable {
    /// From `time` on (seconds) it has this hashrate; 0: it is not connected.
    package struct Step: Sendable, Hashable {
        package var time: Double
        package var hashrate: Double

        package init(time: Double, hashrate: Double) {
            self.time = time
            self.hashrate = hashrate
        }
    }

    package var login: String
    package var remote: String
    package var listener: String
    /// In order of time.
    package var steps: [Step]

    package init(login: String, remote: String = "", listener: String = "", steps: [Step]) {
        self.login = login
        self.remote = remote
        self.listener = listener
        self.steps = steps
    }

    /// `count` miners named `farm.1` and so on, whose hashrates lie between `low` and `high` (H/s), evenly on a logarithmic
    /// scale, in an order that follows from the seed.
    package static func farm(_ count: Int, from low: Double, to high: Double, user: String = "farm") -> [ForecastMiner]
    {
        (0..<max(count, 0)).map { index in
            let part = count > 1 ? Double(index) / Double(count - 1) : 0
            let hashrate = low * exponential(part * logarithm(high / low))
            return ForecastMiner(login: "\(user).\(index + 1)", steps: [Step(time: 0, hashrate: hashrate)])
        }
    }
}

/// Something that goes wrong at a pool of a simulated route.
package struct ForecastFault: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        /// Closes its links and refuses new ones.
        case down
        /// Keeps its links open and says nothing.
        case frozen
        /// Down and up in turn, each for this many seconds.
        case flapping(period: Double)
        /// Refuses this part of the shares, 0...1.
        case rejects(ratio: Double)
        /// Answers shares after so many seconds.
        case slow(latency: Double)
        /// Announces no new block.
        case oldBlock
    }

    package var pool: String
    package var kind: Kind
    /// Seconds from the beginning.
    package var start: Double
    package var length: Double

    package init(pool: String, kind: Kind, start: Double, length: Double) {
        self.pool = pool
        self.kind = kind
        self.start = start
        self.length = length
    }
}
