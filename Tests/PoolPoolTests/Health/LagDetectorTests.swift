import NIOCore
import PoolPool
import Stratum
import Testing

@Suite struct LagDetectorTests {
    private static func time(_ seconds: Double) -> NIODeadline {
        .uptimeNanoseconds(UInt64(((seconds + 1000) * 1_000_000).rounded()) * 1000)
    }

    /// Block `number` of a chain, or the one beside it.
    private static func block(
        _ number: Int, side: UInt8 = 0, chain: UInt8 = 0, height: Int? = nil, isProven: Bool = true
    ) -> BlockTip {
        let number = number & 0xff_ffff
        var hash = [UInt8](repeating: 0, count: 32)
        hash[0] = chain
        hash[1] = side
        for byte in 0..<3 { hash[2 + byte] = UInt8(number >> (8 * byte) & 0xff) }
        return BlockTip(hash: hash, height: height, isProven: isProven)
    }

    /// What pools announce, as `pool:block`, one second apart from 0 s on; `pool!` leaves. With `'`, the other block of
    /// this height.
    private static func detector(_ events: String, heights: Bool = true, isProven: Bool = true) -> LagDetector {
        var detector = LagDetector()
        Self.feed(&detector, events, heights: heights, isProven: isProven)
        return detector
    }

    private static func feed(
        _ detector: inout LagDetector, _ events: String, from start: Int = 0, heights: Bool = true,
        isProven: Bool = true
    ) {
        for (second, event) in events.split(separator: " ").enumerated() {
            let parts = event.split(separator: ":")
            if event.hasSuffix("!") {
                detector.left(pool: Int(event.dropLast()) ?? -1)
            } else if parts.count == 2, let pool = Int(parts[0]) {
                let number = Int(parts[1].prefix { $0 != "'" }) ?? -1
                let block = Self.block(
                    number, side: parts[1].hasSuffix("'") ? 1 : 0, height: heights ? number : nil, isProven: isProven
                )
                detector.announced(pool: pool, coin: "", block: block, now: Self.time(Double(start + second)))
            }
        }
    }

    // MARK: - Behind

    /// Histories, and who is behind pool 0 and since when at their end; nil: it is not behind.
    @Test(
        arguments: [
            // Three pools: one that is past it may be wrong, two are not.
            ("0:1 1:1 2:1 1:2", nil),
            ("0:1 1:1 2:1 1:2 2:2", (4, [1, 2])),
            ("0:1 1:1 2:1 1:2 2:2 1:3 2:3 1:4", (4, [1, 2])),
            ("0:1 1:1 2:1 1:2 2:2 0:2", nil),
            ("0:1 1:1 2:1 3:1 3:2 1:2 2:2", (5, [1, 2, 3])),
            // It moved, but not far enough: time counts from there.
            ("0:1 1:1 2:1 1:2 2:2 1:3 2:3 0:2", (7, [1, 2])),
            // Two pools.
            ("0:1 1:1 1:2", (2, [1])),
            ("0:1 1:1 1:2 0:2", nil),
            ("0:1 1:1 0:2", nil),
            // Links of one pool are not in step.
            ("0:1 1:1 2:1 0:2 1:2 2:2 0:1", nil),
            ("0:1 1:1 2:1 1:2 2:2 1:1 2:1", (4, [1, 2])),
            ("0:1 1:1 2:1 1:2 2:2 1:3 2:3 0:3 0:2", nil),
            // The others are not there, or it is not there itself.
            ("0:1 1:1 2:1 1:2 2:2 2!", (3, [1])),
            ("0:1 1:1 2:1 1:2 2:2 1! 2!", nil),
            ("0:1 1:1 2:1 1:2 2:2 0!", nil),
            ("0:1 1:1 2:1 1:2 2:2 0! 0:1", (6, [1, 2])),
            ("0:1 1:1 2:1 1:2 2:2 2! 2:2", (6, [1, 2])),
            // One that comes back with an old block is not past anything.
            ("1:1 0:2 1:2 1! 1:1", nil),
            // Nobody to compare it with.
            ("0:1", nil),
            ("0:1 1:2 2:2 1:3 2:3", nil),
        ] as [(String, (Int, [Int])?)],
        [true, false]
    )
    func aPoolOnAnOldBlockIsBehind(row: (events: String, behind: (since: Int, others: [Int])?), heights: Bool) {
        let behind = Self.detector(row.events, heights: heights).behind(0)
        let expected = row.behind.map { LagDetector.Behind(since: Self.time(Double($0.since)), others: $0.others) }
        #expect(behind == expected, "\(row.events)")
    }

    @Test(arguments: [true, false])
    func aForkRaceLeavesNobodyBehind(heights: Bool) {
        var detector = Self.detector("0:1 1:1 2:1 3:1 0:2 1:2' 2:2' 3:2'", heights: heights)
        for pool in 0...3 { #expect(detector.behind(pool) == nil) }
        Self.feed(&detector, "1:3 2:3 3:3", from: 100, heights: heights)
        // Who stays on the losing block is known from heights only.
        #expect(detector.behind(0)?.since == (heights ? Self.time(101) : nil))
        Self.feed(&detector, "0:3", from: 200, heights: heights)
        for pool in 0...3 { #expect(detector.behind(pool) == nil) }
    }

    @Test func aPoolThatGoesToTheOtherSideOfAForkIsNotBehind() {
        let detector = Self.detector("0:1 1:1 2:1 0:2 1:2' 2:2' 1:2 2:2 1:2' 2:2'")
        for pool in 0...2 { #expect(detector.behind(pool) == nil) }
    }

    @Test func linksOnBothSidesOfAForkDoNotMakeAPoolMove() {
        var detector = Self.detector("0:1 1:1 2:1 0:2 0:2' 1:2 2:2 1:3 2:3 0:2 0:2'")
        #expect(detector.behind(0)?.since == Self.time(8))
        detector = Self.detector("0:1 1:1 2:1 0:2 1:2'")
        let lag = detector.announced(pool: 0, coin: "", block: Self.block(2, side: 1, height: 2), now: Self.time(7))
        #expect(lag == .seconds(3), "the other side is new to it")
    }

    @Test(arguments: [true, false])
    func aSingleWitnessMustHaveAProvenBlock(isProven: Bool) {
        var detector = Self.detector("0:1 1:1 1:2", isProven: isProven)
        #expect((detector.behind(0) != nil) == isProven)
        // The proof may come later.
        Self.feed(&detector, "1:2", from: 10)
        #expect(detector.behind(0)?.since == Self.time(2))
        // Two witnesses need none.
        #expect(Self.detector("0:1 1:1 2:1 1:2 2:2", isProven: isProven).behind(0) != nil)
    }

    @Test func aHeightOfOnePoolDecidesNothing() {
        var detector = LagDetector()
        for pool in 0...2 { detector.announced(pool: pool, coin: "", block: Self.block(1), now: Self.time(0)) }
        for pool in 1...2 {
            detector.announced(pool: pool, coin: "", block: Self.block(2, height: 2), now: Self.time(5))
        }
        #expect(detector.behind(0)?.since == Self.time(5))
        detector.announced(pool: 0, coin: "", block: Self.block(2), now: Self.time(6))
        #expect(detector.behind(0) == nil)
    }

    @Test func anAbsurdHeightDecidesNothing() {
        var detector = Self.detector("0:1 1:1 2:1 3:1")
        for pool in 1...2 {
            let block = Self.block(2, height: pool == 1 ? .max : 90_000_000)
            detector.announced(pool: pool, coin: "", block: block, now: Self.time(10))
        }
        Self.feed(&detector, "3:2 0:2", from: 20)
        for pool in 0...3 { #expect(detector.behind(pool) == nil) }
        // It can be seen to be behind, and to come back.
        Self.feed(&detector, "0:3 3:3 2:3", from: 30)
        #expect(detector.behind(1)?.since == Self.time(31))
        Self.feed(&detector, "1:3", from: 40)
        #expect(detector.behind(1) == nil)
    }

    @Test func otherCoinsAreNotCompared() {
        var detector = LagDetector()
        for (number, pools) in [(1, 0...5), (2, 1...5)] {
            for pool in pools {
                let coin = pool.isMultiple(of: 2) ? "btc" : "other"
                let now = Self.time(Double(number))
                detector.announced(pool: pool, coin: coin, block: Self.block(number, height: number), now: now)
            }
        }
        #expect(detector.behind(0)?.others == [2, 4])
    }

    @Test func anotherCoinIsAnotherPool() {
        var detector = Self.detector("0:1 1:1 2:1 1:2 2:2")
        let lag = detector.announced(pool: 0, coin: "bch", block: Self.block(2), now: Self.time(9))
        #expect(lag == nil)
        #expect(detector.behind(0) == nil)
        #expect(detector.rememberedBlocks(coin: "bch") == 1)
        for pool in 1...2 {
            detector.announced(pool: pool, coin: "bch", block: Self.block(3), now: Self.time(10))
        }
        #expect(detector.rememberedBlocks(coin: "") == 0)
    }

    // MARK: - Lag

    @Test func theLagIsThatBehindTheFirst() {
        var detector = LagDetector()
        func lag(_ pool: Int, _ number: Int, at seconds: Double) -> TimeAmount? {
            detector.announced(
                pool: pool, coin: "", block: Self.block(number, height: number), now: Self.time(seconds)
            )
        }
        #expect(lag(0, 1, at: 0) == nil, "its first block")
        #expect(lag(1, 1, at: 3) == nil, "its first block")
        #expect(lag(0, 2, at: 10) == .zero)
        #expect(lag(1, 2, at: 11.5) == .milliseconds(1500))
        #expect(lag(1, 2, at: 12) == nil, "again")
        #expect(lag(1, 4, at: 20) == .zero)
        #expect(lag(0, 3, at: 21) == .zero)
        #expect(lag(1, 3, at: 22) == nil, "it is on a newer one")
        #expect(lag(0, 4, at: 19) == .zero, "the clock went back")
        detector.left(pool: 1)
        #expect(lag(0, 5, at: 30) == .zero)
        #expect(lag(1, 5, at: 60) == nil, "it was away")
        #expect(lag(0, 6, at: 70) == .zero)
        #expect(lag(1, 6, at: 70.25) == .milliseconds(250))
    }

    @Test(arguments: [0, 31, 33])
    func aHashOfAnotherLengthIsIgnored(length: Int) {
        var detector = LagDetector()
        let block = BlockTip(hash: Array(repeating: 1, count: length), height: nil, isProven: false)
        let lag = detector.announced(pool: 0, coin: "", block: block, now: Self.time(0))
        #expect(lag == nil)
        #expect(detector.rememberedBlocks(coin: "") == 0)
    }

    // MARK: - Strangers

    @Test(
        arguments: [
            ("0:1 1:101 0:2 1:102 0:3", []),
            ("0:1 1:101 0:2 1:102 0:3 1:103", [[0, 1]]),
            ("0:1 1:101 0:2 1:102 0:3 1:103 2:3 2:4 0:4 2:5 1:104 1:105", [[0, 1], [1, 2]]),
            ("0:1 1:1 0:2 1:102 0:3 1:103 0:4 1:104", []),
            ("0:1 1:101 0:2 1:102 0:3 1:103 1:3", []),
            // Away while the other announced its blocks.
            ("0:1 0:2 0:3 0:4 0! 1:5 1:6 1:7 1:8", []),
            ("0:1 1:101 0:2 0:3 0:4 0! 1:102 1:103", []),
            // The same again is no new block.
            ("0:1 1:101 0:2 0:2 0:2 1:102 1:102", []),
        ] as [(String, [[Int]])])
    func poolsWithNothingInCommonAreStrangers(events: String, pairs: [[Int]]) {
        let detector = Self.detector(events, heights: false, isProven: false)
        #expect(detector.strangers().map { [$0.0, $0.1] } == pairs)
        for pool in 0...2 { #expect(detector.behind(pool) == nil) }
    }

    // MARK: - Memory

    @Test func aRemovedPoolMovesTheOthersDown() {
        var detector = Self.detector("1:1 3:1 4:1 2:7 3:2 4:2 2:8 2:9")
        detector.removed(pool: 2)
        #expect(detector.behind(1) == LagDetector.Behind(since: Self.time(5), others: [2, 3]))
        #expect(detector.behind(2) == nil)
        #expect(detector.behind(3) == nil)
        #expect(detector.behind(4) == nil)
        detector.removed(pool: 2)
        #expect(detector.behind(1) == LagDetector.Behind(since: Self.time(5), others: [2]))
        detector.removed(pool: 0)
        #expect(detector.behind(0) == LagDetector.Behind(since: Self.time(5), others: [1]))
        detector.removed(pool: 0)
        detector.removed(pool: 0)
        #expect(detector.rememberedBlocks(coin: "") == 0)
        detector.removed(pool: 0)
    }

    @Test func poolsCanBeRenumbered() {
        var detector = Self.detector("0:1 1:101 0:2 1:102 0:3 1:103 2:3 2:4 3:3 3:4", heights: false)
        #expect(detector.strangers().map { [$0.0, $0.1] } == [[0, 1]])
        detector.renumber { 9 - $0 }
        #expect(detector.strangers().map { [$0.0, $0.1] } == [[8, 9]])
        #expect(detector.behind(9) == LagDetector.Behind(since: Self.time(9), others: [6, 7]))
        Self.feed(&detector, "7:5", from: 10, heights: false)
        #expect(detector.behind(9) == LagDetector.Behind(since: Self.time(9), others: [6, 7]))
        let lag = detector.announced(pool: 9, coin: "", block: Self.block(4), now: Self.time(10))
        #expect(lag == .seconds(3))
    }

    @Test(arguments: [true, false], [true, false])
    func aFloodOfInventionsGrowsNothingAndDrivesNothingOut(heights: Bool, isFirst: Bool) {
        var detector = Self.detector(isFirst ? "3:1 0:1 1:1 2:1" : "0:1 1:1 2:1 3:1", heights: heights)
        Self.feed(&detector, "1:2 2:2", from: 10, heights: heights)
        for number in 0..<5000 {
            let block = Self.block(number, chain: 9, height: heights ? number : nil, isProven: false)
            detector.announced(pool: 3, coin: "", block: block, now: Self.time(20))
            #expect(detector.rememberedBlocks(coin: "") <= 64)
        }
        #expect(detector.behind(0)?.since == Self.time(11))
        Self.feed(&detector, "1:3 2:3", from: 30, heights: heights)
        #expect(detector.behind(0)?.since == Self.time(11))
        let lag = detector.announced(
            pool: 0, coin: "", block: Self.block(3, height: heights ? 3 : nil), now: Self.time(40)
        )
        #expect(lag == .seconds(10))
        #expect(detector.behind(0) == nil)
        #expect(detector.behind(1) == nil)
    }

    @Test func morePoolsThanBlocksThatAreRememberedDoNotTrap() {
        var detector = LagDetector()
        for number in 0..<3 {
            for pool in 0..<100 {
                let block = Self.block(pool * 10 + number)
                detector.announced(pool: pool, coin: "", block: block, now: Self.time(Double(number)))
            }
        }
        #expect(detector.rememberedBlocks(coin: "") == 64)
        for pool in 0..<100 { #expect(detector.behind(pool) == nil) }
    }

    // MARK: - At random

    /// An announcement that is to come.
    private struct Announcement {
        var time: Double
        var pool: Int
        var number: Int
        var side: UInt8 = 0
    }

    /// One chain as several pools announce it, each block within 10 s.
    private struct History {
        var pools: Int
        /// Which pools name heights.
        var heights: [Bool]
        var isProven: Bool
        var announcements: [Announcement] = []
        /// When each block is found.
        var blocks: [Double] = []

        init(pools: Int, blocks: Int, shortest: Double, using random: inout RandomSource) {
            self.pools = pools
            let kind = Int.random(in: 0...2, using: &random)
            self.heights = (0..<pools).map { _ in kind == 0 || kind == 1 && Bool.random(using: &random) }
            self.isProven = Bool.random(using: &random)
            var time = 0.0
            for number in 0..<blocks {
                time += Double.random(in: shortest...(Bool.random(using: &random) ? shortest + 5 : 600), using: &random)
                self.blocks.append(time)
                for pool in 0..<pools {
                    let delay = Double.random(in: 0...10, using: &random)
                    self.announcements.append(Announcement(time: time + delay, pool: pool, number: number))
                }
            }
            self.announcements.sort { $0.time < $1.time }
        }

        func tell(_ announcement: Announcement, to detector: inout LagDetector) {
            let height = self.heights[announcement.pool] ? 800_000 + announcement.number : nil
            let block = LagDetectorTests.block(
                announcement.number, side: announcement.side, height: height, isProven: self.isProven
            )
            let now = LagDetectorTests.time(announcement.time)
            detector.announced(pool: announcement.pool, coin: "", block: block, now: now)
        }
    }

    /// Also where blocks come within a second and pools announce them in another order, links come and go, and one more
    /// pool invents blocks.
    @Test(arguments: 1...100 as ClosedRange<UInt64>)
    func aPoolThatKeepsUpIsNeverBehindForLong(seed: UInt64) {
        var random = RandomSource(seed: seed)
        let pools = Int.random(in: 2...6, using: &random)
        let history = History(pools: pools, blocks: 100, shortest: 0.5, using: &random)
        let hasInventor = Bool.random(using: &random)
        var detector = LagDetector()
        var announcements = history.announcements
        for _ in 0..<100 {
            // The same job again, or another link of the pool that is late.
            guard let one = history.announcements.randomElement(using: &random) else { continue }
            let late = one.time + .random(in: 0...300, using: &random)
            announcements.append(Announcement(time: late, pool: one.pool, number: one.number))
        }
        announcements.sort { $0.time < $1.time }
        var numbers: [Int: Int] = [:]
        for (index, announcement) in announcements.enumerated() {
            history.tell(announcement, to: &detector)
            if hasInventor {
                let isReal = index < 20
                let number = isReal ? announcement.number : index
                let height = 800_000 + announcement.number + (isReal ? 0 : 1)
                let block = Self.block(number, chain: isReal ? 0 : 9, height: height, isProven: isReal)
                detector.announced(pool: pools, coin: "", block: block, now: Self.time(announcement.time))
            }
            numbers[announcement.pool] = max(numbers[announcement.pool] ?? 0, announcement.number)
            if Int.random(in: 0..<50, using: &random) == 0 {
                detector.left(pool: announcement.pool)
                let number = numbers[announcement.pool] ?? 0
                let again = Announcement(time: announcement.time, pool: announcement.pool, number: number)
                history.tell(again, to: &detector)
            }
            let next = index + 1 < announcements.count ? announcements[index + 1].time : announcement.time + 100
            for pool in 0..<pools {
                guard let behind = detector.behind(pool) else { continue }
                let lasted = Self.time(next) - behind.since
                #expect(lasted < .seconds(30), "seed \(seed), pool \(pool) of \(pools) at \(announcement.time) s")
            }
        }
    }

    @Test(arguments: 1...100 as ClosedRange<UInt64>)
    func aPoolThatStopsIsFoundWhenTwoOthersMove(seed: UInt64) {
        var random = RandomSource(seed: seed)
        let history = History(pools: .random(in: 3...6, using: &random), blocks: 120, shortest: 20, using: &random)
        let last = Int.random(in: 2...80, using: &random)
        var detector = LagDetector()
        var moved: [Int: Double] = [:]
        for announcement in history.announcements {
            if announcement.pool == 0 && announcement.number > last { continue }
            history.tell(announcement, to: &detector)
            if announcement.number > last, moved[announcement.pool] == nil {
                moved[announcement.pool] = announcement.time
            }
            guard announcement.number > last else { continue }
            let second = moved.values.sorted().dropFirst().first
            #expect(detector.behind(0)?.since == second.map(Self.time), "seed \(seed) at \(announcement.time) s")
        }
        #expect(detector.behind(0)?.others == Array(1..<history.pools), "seed \(seed)")
        for pool in 1..<history.pools { #expect(detector.behind(pool) == nil, "seed \(seed)") }
    }

    @Test(arguments: 1...100 as ClosedRange<UInt64>)
    func aPoolThatStopsIsFoundByAProvenBlockOfTheOnlyOther(seed: UInt64) {
        var random = RandomSource(seed: seed)
        let history = History(pools: 2, blocks: 100, shortest: 20, using: &random)
        let last = Int.random(in: 2...80, using: &random)
        var detector = LagDetector()
        for announcement in history.announcements where announcement.pool == 1 || announcement.number <= last {
            history.tell(announcement, to: &detector)
        }
        #expect((detector.behind(0) != nil) == history.isProven, "seed \(seed)")
        #expect(detector.behind(1) == nil, "seed \(seed)")
    }

    @Test(arguments: 1...100 as ClosedRange<UInt64>)
    func forkRacesLeaveNobodyBehind(seed: UInt64) {
        var random = RandomSource(seed: seed)
        let history = History(pools: .random(in: 2...6, using: &random), blocks: 100, shortest: 20, using: &random)
        var detector = LagDetector()
        var numbers: [Int: Int] = [:]
        for var announcement in history.announcements {
            // Every third block has a rival; each pool takes a side, and one that names heights may change it.
            if announcement.number.isMultiple(of: 3) { announcement.side = .random(in: 0...1, using: &random) }
            history.tell(announcement, to: &detector)
            if history.heights.allSatisfy({ $0 }), announcement.number.isMultiple(of: 3) {
                announcement.side ^= .random(in: 0...1, using: &random)
                history.tell(announcement, to: &detector)
            }
            numbers[announcement.pool] = announcement.number
            guard numbers.count == history.pools, Set(numbers.values).count == 1 else { continue }
            for pool in 0..<history.pools {
                #expect(detector.behind(pool) == nil, "seed \(seed), pool \(pool) at \(announcement.time) s")
            }
        }
    }
}
