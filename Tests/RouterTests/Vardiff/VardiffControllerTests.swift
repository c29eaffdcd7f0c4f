import Foundation
import NIOCore
import PoolPool
import Router
import Stratum
import Testing

@Suite struct VardiffControllerTests {
    /// A miner that finds shares at random, at a steady hashrate, and takes each new difficulty at once.
    private struct SteadyMiner {
        var controller: VardiffController
        var difficulty: Double
        /// Shares of difficulty 1 per second.
        var rate: Double
        var poolDifficulty = 1e15
        var random: RandomSource
        private(set) var seconds = 0
        private(set) var changes = 0

        init(idealDifficulty: Double, start: Double, seed: UInt64, minimum: Double = 1e-6) {
            let configuration = VardiffConfiguration(minimum: minimum, initial: start)
            self.controller = VardiffController(
                configuration: configuration, dialect: BitcoinDialect(), now: Self.time(0)
            )
            self.difficulty = self.controller.difficulty(poolDifficulty: 1e15)
            self.rate = idealDifficulty / 10
            self.random = RandomSource(seed: seed)
        }

        static func time(_ milliseconds: Int) -> NIODeadline {
            .uptimeNanoseconds(3_600_000_000_000 + UInt64(milliseconds) * 1_000_000)
        }

        /// Shares in one second: a Poisson process.
        private mutating func shareCount() -> Int {
            var count = 0
            var left = self.rate / self.difficulty
            while count < 10_000 {
                left += log(Double.random(in: Double.leastNonzeroMagnitude...1, using: &self.random))
                guard left > 0 else { break }
                count += 1
            }
            return count
        }

        mutating func mines(seconds: Int) {
            for _ in 0..<seconds {
                for share in 0..<self.shareCount() {
                    let now = Self.time(self.seconds * 1000 + share % 1000)
                    self.controller.shareReceived(difficulty: self.difficulty, now: now)
                }
                self.seconds += 1
                let now = Self.time(self.seconds * 1000)
                if self.controller.retarget(current: self.difficulty, poolDifficulty: self.poolDifficulty, now: now) {
                    self.difficulty = self.controller.difficulty(poolDifficulty: self.poolDifficulty)
                    self.changes += 1
                }
            }
        }
    }

    @Test(arguments: [0.001, 0.01, 0.1, 1, 10, 100, 1000])
    func convergesWithinAMinute(error: Double) {
        var offCount = 0
        for seed in 1...100 as ClosedRange<UInt64> {
            var miner = SteadyMiner(idealDifficulty: 1000, start: 1000 * error, seed: seed)
            miner.mines(seconds: 60)
            let found = miner.difficulty / 1000
            #expect((0.08...12).contains(found), "\(found), seed \(seed)")
            if !(0.2...5).contains(found) { offCount += 1 }
        }
        // Six shares do not say more.
        #expect(offCount <= 5, "\(offCount) of 100 miners are off by more than a factor of five")
    }

    @Test func restsUnderTheNoiseOfASteadyMiner() {
        var changes = 0
        for seed in 1...40 as ClosedRange<UInt64> {
            var miner = SteadyMiner(idealDifficulty: 1000, start: 1000, seed: seed)
            miner.mines(seconds: 300)
            let before = miner.changes
            miner.mines(seconds: 3600)
            changes += miner.changes - before
            #expect((0.2...5).contains(miner.difficulty / 1000), "\(miner.difficulty), seed \(seed)")
        }
        // Less than one change an hour, on average.
        #expect(changes <= 40, "\(changes) changes in 40 hours")
    }

    @Test(arguments: [0.1, 8])
    func followsAMinerThatBecameAnother(factor: Double) {
        for seed in 1...20 as ClosedRange<UInt64> {
            var miner = SteadyMiner(idealDifficulty: 1000, start: 1000, seed: seed)
            miner.mines(seconds: 600)
            miner.rate *= factor
            miner.mines(seconds: 600)
            #expect((0.2...5).contains(miner.difficulty / (1000 * factor)), "\(miner.difficulty), seed \(seed)")
        }
    }

    @Test func changesAreThirtySecondsApartAfterTheFirstMinute() {
        for seed in 1...20 as ClosedRange<UInt64> {
            var miner = SteadyMiner(idealDifficulty: 1000, start: 1000, seed: seed)
            miner.mines(seconds: 120)
            miner.rate *= 1000
            var last: Int?
            for _ in 0..<600 {
                let before = miner.changes
                miner.mines(seconds: 1)
                guard miner.changes > before else { continue }
                if let last { #expect(miner.seconds - last >= 30, "seed \(seed)") }
                last = miner.seconds
            }
            #expect(last != nil, "seed \(seed)")
        }
    }

    @Test func neverAbovePoolsDifficultyAndNeverAsksForIt() {
        var miner = SteadyMiner(idealDifficulty: 1_000_000, start: 64, seed: 1)
        miner.poolDifficulty = 64
        miner.mines(seconds: 600)
        #expect(miner.difficulty == 64)
        #expect(miner.changes == 0)
    }

    @Test(
        arguments: [
            // minimum, maximum, initial, pool, expected
            (1, nil, nil, 512, 512), (1, nil, nil, 1e9, 1_048_576), (1, nil, 16, 512, 16), (1000, nil, nil, 512, 512),
            (1000, nil, 16, 5000, 1000), (1, 100, nil, 512, 100), (1, nil, nil, 1e-6, 1e-6),
        ] as [(Double, Double?, Double?, Double, Double)]
    )
    func bounds(minimum: Double, maximum: Double?, initial: Double?, pool: Double, expected: Double) {
        let configuration = VardiffConfiguration(minimum: minimum, maximum: maximum, initial: initial)
        let controller = VardiffController(
            configuration: configuration, dialect: BitcoinDialect(), now: SteadyMiner.time(0)
        )
        #expect(controller.difficulty(poolDifficulty: pool) == expected)
    }

    @Test func disabledMeansThePoolsDifficulty() {
        var controller = VardiffController(
            configuration: .init(initial: 1, enabled: false), dialect: BitcoinDialect(), now: SteadyMiner.time(0)
        )
        #expect(controller.difficulty(poolDifficulty: 4096) == 4096)
        let asks = controller.retarget(current: 4096, poolDifficulty: 4096, now: SteadyMiner.time(600_000))
        #expect(!asks)
    }

    @Test(arguments: [0, -1, .infinity, .nan] as [Double])
    func nonsenseSuggestionsAreIgnored(value: Double) {
        var controller = VardiffController(
            configuration: .init(initial: 8), dialect: BitcoinDialect(), now: SteadyMiner.time(0)
        )
        controller.suggested(value)
        #expect(controller.difficulty(poolDifficulty: 512) == 8)
    }

    @Test func sharesOfFormerJobsCountByTheirOwnDifficulty() {
        var controller = VardiffController(
            configuration: .init(minimum: 1e-6, initial: 1), dialect: BitcoinDialect(), now: SteadyMiner.time(0)
        )
        // 64 easy shares that were on their way are one share of the new difficulty.
        for share in 0..<64 { controller.shareReceived(difficulty: 1, now: SteadyMiner.time(share)) }
        let asks = controller.retarget(current: 64, poolDifficulty: 1e6, now: SteadyMiner.time(6_000))
        #expect(!asks)
    }

    @Test func theHashrateIsEstimated() throws {
        var miner = SteadyMiner(idealDifficulty: 1000, start: 100, seed: 5)
        #expect(miner.controller.estimate(now: SteadyMiner.time(0)) == nil)
        miner.mines(seconds: 600)
        let hashrate = try #require(miner.controller.estimate(now: SteadyMiner.time(600_000))?.hashrate)
        #expect((0.5...1.6).contains(hashrate / (100 * BitcoinDialect().hashesPerDifficulty)))
        // It fades when nothing comes any more.
        let later = try #require(miner.controller.estimate(now: SteadyMiner.time(1_200_000))?.hashrate)
        #expect(later < hashrate / 20)
    }
}
