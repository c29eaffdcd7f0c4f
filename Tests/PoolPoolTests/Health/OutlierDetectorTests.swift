import NIOCore
import PoolPool
import Stratum
import Testing

@Suite struct OutlierDetectorTests {
    private static let low = Rejection(code: 23, message: "Above target")
    private static let stale = Rejection(code: 21, message: "Job not found")

    private static func time(_ seconds: Double) -> NIODeadline {
        .uptimeNanoseconds(UInt64(seconds * 1_000_000_000))
    }

    private static func detector(_ configuration: OutlierConfiguration = OutlierConfiguration()) -> OutlierDetector {
        OutlierDetector(configuration: configuration)
    }

    /// A pool with one verdict for each character, half a second apart: `+` accepted, `-` refused, `s` refused as stale,
    /// `u` refused as unauthorised, `?` no verdict, `~` accepted after 21.4 s; the workers take turns.
    private static func feed(
        _ detector: inout OutlierDetector, _ verdicts: String, workers: [Int32] = Array(1...20),
        from start: Double = 1000
    ) {
        for (index, verdict) in verdicts.enumerated() {
            let (now, worker) = (Self.time(start + Double(index) / 2), workers[index % workers.count])
            let latency = TimeAmount.milliseconds(80)
            switch verdict {
            case "+": detector.accepted(worker: worker, latency: latency, now: now)
            case "~": detector.accepted(worker: worker, latency: .milliseconds(21_400), now: now)
            case "-": detector.rejected(Self.low, worker: worker, latency: latency, now: now)
            case "s": detector.rejected(Self.stale, worker: worker, latency: latency, now: now)
            case "u":
                let rejection = Rejection(code: 24, message: "Unauthorized worker")
                detector.rejected(rejection, worker: worker, latency: latency, now: now)
            default: detector.unanswered(1, now: now)
            }
        }
    }

    private static func judged(_ verdicts: String, workers: [Int32] = Array(1...20), at now: Double = 1030) -> String? {
        var detector = Self.detector()
        Self.feed(&detector, verdicts, workers: workers)
        return detector.judge(now: Self.time(now))?.reason
    }

    // MARK: - Each rule

    @Test(
        arguments: [
            ("+++++++---+++++++---", "refused 6 of 20 shares in 60 s (30 %), all for \"Above target\""),
            ("++++++++--+++++++---", nil),
            ("+++++++---+++++++--", nil),
            ("++++--++++ss++++--+++s++---", "refused 10 of 27 shares in 60 s (37 %), most for \"Above target\""),
            ("+++++++???+++++++???", "did not answer 6 of 20 shares in 60 s (30 %)"),
            (
                "+++++++-??+++++++---",
                "refused 4 and ignored 2 of 20 shares in 60 s (30 %), all for \"Above target\""
            ),
            ("++++++++++----------", "refused 10 shares in a row"),
            ("++++++++++---------+", "refused 9 of 20 shares in 60 s (45 %), all for \"Above target\""),
            ("+++++---------", nil),
            ("----------", "refused 10 shares in a row"),
            ("-----+-----", nil),
            ("-----?-----", "refused or ignored 11 shares in a row"),
            ("??????????", "did not answer 10 shares in a row"),
            ("++uuuuuuuuuuuuuuuuuuuuuuuuuu", nil),
            ("-----uuu-----", "refused 10 shares in a row"),
            ("~~~~+", "4 of 5 verdicts took more than 10 s, the slowest 21.4 s"),
            ("~~~~", nil),
            ("~~~~++++", nil),
            ("", nil),
        ] as [(String, String?)])
    func verdictsAreJudged(verdicts: String, reason: String?) {
        #expect(Self.judged(verdicts) == reason)
    }

    @Test func verdictsLeaveTheWindow() {
        var detector = Self.detector()
        Self.feed(&detector, "+++++++---+++++++---", from: 1000)
        #expect(detector.judge(now: Self.time(1059)) != nil)
        // Of the first three refusals, one is 60 s old.
        #expect(detector.judge(now: Self.time(1064)) == nil)
        #expect(detector.badness(now: Self.time(1064)) > 0)
        #expect(detector.badness(now: Self.time(1070)) == 0)
    }

    @Test func aRowMayTakeLongerThanTheWindow() {
        var detector = Self.detector()
        for second in 1...10 {
            detector.rejected(Self.low, worker: 1, latency: .zero, now: Self.time(Double(second) * 50))
            #expect((detector.judge(now: Self.time(Double(second) * 50)) != nil) == (second == 10))
        }
    }

    @Test func switchedOffItFindsNothing() {
        var detector = Self.detector(OutlierConfiguration(enabled: false))
        Self.feed(&detector, "------------------------------")
        #expect(detector.judge(now: Self.time(1015)) == nil)
        #expect(detector.badness(now: Self.time(1015)) == 1)
        detector.configuration.enabled = true
        #expect(detector.judge(now: Self.time(1015)) != nil)
    }

    @Test func aReloadChangesTheRules() {
        var detector = Self.detector()
        Self.feed(&detector, "+++++++++-+++++++++-")
        #expect(detector.judge(now: Self.time(1010)) == nil)
        detector.configuration.rejectRatio = 0.05
        #expect(detector.judge(now: Self.time(1010)) == nil, "of others there must be three")
        Self.feed(&detector, "+++++++--+-+", from: 1010)
        #expect(detector.judge(now: Self.time(1016))?.badness == 0.15625)
        detector.configuration.window = .seconds(30)
        #expect(detector.judge(now: Self.time(1016)) == nil)
        #expect(detector.badness(now: Self.time(1016)) == 0)
    }

    @Test func aResetForgetsVerdictsButNotTheBlock() {
        var detector = Self.detector()
        Self.feed(&detector, "----------")
        detector.blockChanged(now: Self.time(1005))
        detector.reset(now: Self.time(1006))
        #expect(detector.judge(now: Self.time(1006)) == nil)
        #expect(detector.badness(now: Self.time(1006)) == 0)
        Self.feed(&detector, "---------", from: 1006)
        #expect(detector.judge(now: Self.time(1011)) == nil)
        Self.feed(&detector, "ssssss", from: 1011)
        #expect(detector.judge(now: Self.time(1060)) == nil)
    }

    @Test func badnessIsThePartOfBadVerdicts() {
        var detector = Self.detector()
        #expect(detector.badness(now: Self.time(1000)) == 0)
        Self.feed(&detector, "+++++~-?")
        #expect(detector.badness(now: Self.time(1004)) == 0.375)
    }

    @Test(arguments: [("", "all without a text (other)"), ("\u{1b}[31mno\n", "all for \"?[31mno?\"")])
    func aPoolsTextIsMadeHarmless(text: String, expected: String) {
        var detector = Self.detector(OutlierConfiguration(minimumShares: 4, consecutiveRejects: 100))
        for worker in 1...4 as ClosedRange<Int32> {
            let rejection = Rejection(code: nil, message: text)
            detector.rejected(rejection, worker: worker, latency: .zero, now: Self.time(5))
        }
        #expect(detector.judge(now: Self.time(5))?.reason == "refused 4 of 4 shares in 60 s (100 %), \(expected)")
    }

    @Test func aPoolsTextIsShortened() throws {
        var detector = Self.detector(OutlierConfiguration(minimumShares: 1))
        let rejection = Rejection(code: 23, message: String(repeating: "x", count: 100_000))
        detector.rejected(rejection, worker: 1, latency: .zero, now: Self.time(5))
        let reason = try #require(detector.judge(now: Self.time(5))?.reason)
        #expect(reason.count < 200)
    }

    // MARK: - A miner's own faults

    @Test(
        arguments: [
            // One that is refused throughout, among others that are not.
            ("-++-++-++-++-++-++-++-++-++-++", [7, 1, 2], false),
            ("-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+", [7, 1], false),
            ("+++---------------------------", [1, 2, 3, 7, 7, 7], true),
            ("++----------", [1, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7], false),
            // The others are refused too.
            ("--+--+--+--+--+--+--+--+--+--+", [7, 1, 2], true),
            ("-++----++----++----++----++---", [7, 1, 2], true),
            // One refusal of another does not show that it is the pool.
            ("-+--+--+--+--+--+--+--+-----+-", [7, 1, 7, 7, 2, 7], false),
            // Nobody to compare it with.
            ("+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-", [7], true),
            ("+++---------------", [7], true),
            ("-+++-+++-+++-+++-+++", [7], false),
            // All but nobody: two verdicts of another in the window do not tell anything.
            ("-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+", [7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 1], true),
        ] as [(String, [Int32], Bool)])
    func oneWorkerDoesNotMakeAPoolBad(verdicts: String, workers: [Int32], isFound: Bool) {
        #expect((Self.judged(verdicts, workers: workers, at: 1015) != nil) == isFound)
    }

    @Test func aRowOfOneWorkerCountsOnlyIfNobodyElseFaredBetter() {
        var detector = Self.detector()
        detector.accepted(worker: 1, latency: .zero, now: Self.time(1000))
        Self.feed(&detector, "---------------", workers: [7], from: 1001)
        #expect(detector.judge(now: Self.time(1009)) == nil)
        Self.feed(&detector, "--", workers: [1, 2], from: 1009)
        #expect(detector.judge(now: Self.time(1010)) == nil)
        var others = detector
        Self.feed(&others, "-", workers: [1], from: 1011)
        #expect(others.judge(now: Self.time(1011))?.reason == "refused 18 shares in a row")
        // The acceptance of the other leaves the window.
        #expect(detector.judge(now: Self.time(1059.9)) == nil)
        #expect(detector.judge(now: Self.time(1060)) != nil)
    }

    /// Another one is now the worker with most refusals, without having been refused again.
    @Test func theWorkerThatIsLeftOutIsTheOneOfTheWindow() {
        var detector = Self.detector()
        Self.feed(&detector, "-+-+-+-+-+-+-+", workers: [7, 1], from: 1000)
        Self.feed(&detector, "-+-+-+-+-+-+++++++++", workers: [8, 1], from: 1030)
        for second in 1040...1100 { #expect(detector.judge(now: Self.time(Double(second))) == nil, "at \(second) s") }
    }

    @Test func aBadWorkerIsLeftOutForAsLongAsItMines() {
        var detector = Self.detector()
        for second in 0..<600 {
            let start = 1000 + Double(second)
            Self.feed(&detector, "-+", workers: [7], from: start)
            if second.isMultiple(of: 5) { Self.feed(&detector, "+", workers: [1], from: start + 0.9) }
            // Others need three verdicts before it shows.
            guard second >= 15 else { continue }
            #expect(detector.judge(now: Self.time(start + 0.9)) == nil, "after \(second) s")
        }
    }

    @Test func oneWorkersSlowLinkDoesNotMakeAPoolSlow() {
        #expect(Self.judged("~~~~~~~~+++", workers: [7, 7, 7, 7, 7, 7, 7, 7, 1, 2, 3]) == nil)
        #expect(Self.judged("~~~~~~~~+++", workers: [7, 1, 2, 3, 4, 7, 1, 2, 1, 2, 3]) != nil)
        #expect(Self.judged("~~~~~~~~", workers: [7]) != nil)
        #expect(Self.judged("~~~~++++", workers: [7]) == nil)
    }

    // MARK: - Stale around a block

    /// Times of stale refusals and blocks in seconds, and whether the pool is found bad at any second within a minute.
    @Test(
        arguments: [
            ("without a block", [0.0, 1, 2, 3], [], true),
            ("before the block", [0.0, 1, 2, 3], [4.5], false),
            ("after the block", [0.0, 1, 5, 9.5], [-0.1], false),
            ("between two blocks", [0.0, 9, 10], [-0.1, 15], false),
            ("too late after a block", [11.2, 12, 13, 14], [-0.1], true),
            ("too early before a block", [0.0, 1, 2, 3], [15], true),
        ] as [(String, [Double], [Double], Bool)])
    func staleSharesAroundABlockAreNobodysFault(
        title: String, stales: [Double], blocks: [Double], isFound: Bool
    ) {
        var events = blocks.map { (time: $0, isBlock: true) }
        for stale in stales { events += repeatElement((time: stale, isBlock: false), count: 10) }
        var detector = Self.detector()
        var reasons: Set<String> = []
        for tick in -2...60 {
            let now = Double(tick)
            for event in events.sorted(by: { $0.time < $1.time }) where event.time > now - 1 && event.time <= now {
                let time = Self.time(1000 + event.time)
                if event.isBlock {
                    detector.blockChanged(now: time)
                } else {
                    for worker in 1...5 as ClosedRange<Int32> {
                        detector.rejected(Self.stale, worker: worker, latency: .zero, now: time)
                    }
                }
                if let finding = detector.judge(now: time) { reasons.insert(finding.reason) }
            }
            if let finding = detector.judge(now: Self.time(1000 + now)) { reasons.insert(finding.reason) }
        }
        #expect(reasons.isEmpty != isFound, "\(title): \(reasons)")
    }

    @Test func aBlockTakesBackStaleSharesThatHadCounted() {
        var detector = Self.detector()
        Self.feed(&detector, "+++++++ss+++++++ss", from: 1000)
        #expect(detector.badness(now: Self.time(1005)) == 0)
        #expect(detector.badness(now: Self.time(1015)) > 0)
        detector.blockChanged(now: Self.time(1015))
        // Those at 1003.5 and 1004 are too old to be excused.
        #expect(detector.badness(now: Self.time(1020)) == 0.125)
    }

    @Test func excusedStaleSharesNeitherCountInARowNorEndIt() {
        var detector = Self.detector()
        Self.feed(&detector, "-----", from: 1000)
        detector.blockChanged(now: Self.time(1003))
        Self.feed(&detector, "ssssssssss", from: 1003)
        Self.feed(&detector, "----", from: 1009)
        #expect(detector.judge(now: Self.time(1011)) == nil)
        Self.feed(&detector, "-", from: 1011)
        #expect(detector.judge(now: Self.time(1011))?.reason == "refused 10 shares in a row")
    }

    @Test func aBlockTakesStaleSharesOutOfTheRow() {
        var detector = Self.detector()
        Self.feed(&detector, "sssss", from: 1000)
        #expect(detector.judge(now: Self.time(1008)) == nil)
        detector.blockChanged(now: Self.time(1009))
        Self.feed(&detector, "---------", from: 1010)
        #expect(detector.judge(now: Self.time(1015)) == nil)
        Self.feed(&detector, "-", from: 1015)
        #expect(detector.judge(now: Self.time(1015))?.reason == "refused 10 shares in a row")
    }

    @Test func staleSharesOfAnEndedRowDoNotJoinTheNext() {
        var detector = Self.detector()
        Self.feed(&detector, "sssss+---------", from: 1000)
        #expect(detector.judge(now: Self.time(1010)) == nil)
        Self.feed(&detector, "s", from: 1010)
        #expect(detector.judge(now: Self.time(1014)) == nil)
        #expect(detector.judge(now: Self.time(1017))?.reason == "refused 10 shares in a row")
    }

    // MARK: - At random

    /// The same, counted from a list.
    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func badnessIsWhatAListOfVerdictsSays(seed: UInt64) {
        var random = RandomSource(seed: seed)
        var detector = Self.detector()
        var verdicts: [(second: Int, isStale: Bool, isBad: Bool)] = []
        var now = 5000.0
        for _ in 0..<600 {
            now += Double.random(in: 0...(Int.random(in: 0..<100, using: &random) == 0 ? 90 : 0.9), using: &random)
            let (time, second, worker) = (Self.time(now), Int(now), Int32.random(in: 1...3, using: &random))
            switch Int.random(in: 0..<40, using: &random) {
            case 0:
                detector.blockChanged(now: time)
                // Ten seconds after it, nothing but good verdicts.
                verdicts.removeAll { $0.isStale && $0.second >= Int(now - 10) }
                now += 10.1
            case 1...8:
                detector.rejected(Self.stale, worker: worker, latency: .zero, now: time)
                verdicts.append((second, true, true))
            case 9...12:
                detector.rejected(Self.low, worker: worker, latency: .zero, now: time)
                verdicts.append((second, false, true))
            case 13:
                detector.accepted(worker: worker, latency: .seconds(11), now: time)
                verdicts.append((second, false, true))
            case 14:
                detector.unanswered(1, now: time)
                verdicts.append((second, false, true))
            default:
                detector.accepted(worker: worker, latency: .seconds(10), now: time)
                verdicts.append((second, false, false))
            }
            _ = detector.judge(now: Self.time(now))
            let counted = verdicts.filter { $0.second > Int(now) - 60 && (!$0.isStale || $0.second < Int(now - 5)) }
            let bad = counted.filter(\.isBad).count
            let expected = counted.isEmpty ? 0 : Double(bad) / Double(counted.count)
            #expect(detector.badness(now: Self.time(now)) == expected, "seed \(seed), at \(now) s")
        }
    }

    @Test(arguments: 1...200 as ClosedRange<UInt64>)
    func everySecondShareRefusedIsFoundWithinSixtyShares(seed: UInt64) {
        var random = RandomSource(seed: seed)
        var detector = Self.detector()
        let workers = Int32.random(in: 10...50, using: &random)
        var found: Int?
        for share in 1...60 where found == nil {
            let now = Self.time(1000 + Double(share) * 0.9)
            let worker = Int32.random(in: 1...workers, using: &random)
            if Bool.random(using: &random) {
                detector.rejected(Self.low, worker: worker, latency: .milliseconds(50), now: now)
            } else {
                detector.accepted(worker: worker, latency: .milliseconds(50), now: now)
            }
            if detector.judge(now: now) != nil { found = share }
        }
        #expect(found != nil, "seed \(seed), \(workers) workers")
        #expect(found ?? 0 >= 10, "seed \(seed)")
    }

    @Test(arguments: 1...50 as ClosedRange<UInt64>)
    func aGoodPoolThatTurnsSlowIsFoundWithinTheWindow(seed: UInt64) {
        var random = RandomSource(seed: seed)
        var detector = Self.detector()
        var found: Double?
        for tenth in 0..<3000 where found == nil {
            let now = 1000 + Double(tenth) / 10
            let isSlow = now >= 1200 && Double.random(in: 0...1, using: &random) < 0.8
            let latency = TimeAmount.milliseconds(isSlow ? .random(in: 10_001...59_000, using: &random) : 100)
            detector.accepted(worker: .random(in: 1...20, using: &random), latency: latency, now: Self.time(now))
            if detector.judge(now: Self.time(now)) != nil { found = now }
        }
        #expect(found.map { (1230...1260).contains($0) } == true, "seed \(seed), at \(found ?? 0) s")
    }

    /// Nine hours of 50 workers: 1 % refused for all reasons, a block every ten minutes with nothing but stale shares just
    /// and after the pool announces it, and one worker that is refused half the time.
    @Test(arguments: [1, 2, 3] as [UInt64])
    func aMillionHealthyVerdictsBringNoFinding(seed: UInt64) {
        var random = RandomSource(seed: seed)
        var detector = Self.detector()
        let rejections = ([20, 21, 22, 23, 24, 25, 27] as [Int]).map { Rejection(code: $0, message: "code \($0)") }
        #expect(Set(rejections.map(\.kind)).count == Rejection.Kind.allCases.count)
        var refusals = 0
        for tenth in 0..<(1_000_000 / 3) {
            let now = NIODeadline.uptimeNanoseconds(1_000_000_000_000 + UInt64(tenth) * 100_000_000)
            // The block is announced 300 s into each ten minutes.
            let sinceBlock = tenth % 6000 - 3000
            if sinceBlock == 0 { detector.blockChanged(now: now) }
            for _ in 0..<3 {
                let number = random.next()
                let worker = Int32(number % 50)
                let chance = number >> 8 & 0xffff
                var rejection: Rejection?
                if -40...90 ~= sinceBlock {
                    rejection = Self.stale
                } else if worker == 7 ? chance < 32_768 : chance < 655 {
                    rejection = rejections[Int(number >> 32) % rejections.count]
                }
                if let rejection {
                    detector.rejected(rejection, worker: worker, latency: .milliseconds(90), now: now)
                } else {
                    detector.accepted(worker: worker, latency: .milliseconds(90), now: now)
                }
                guard rejection != nil || tenth.isMultiple(of: 10) else { continue }
                if rejection != nil { refusals += 1 }
                if let finding = detector.judge(now: now) {
                    Issue.record("seed \(seed), after \(tenth / 10) s: \(finding)")
                    return
                }
            }
        }
        #expect(refusals > 20_000, "seed \(seed)")
    }

    @Test(arguments: [
        OutlierConfiguration(
            window: .zero, minimumShares: 0, rejectRatio: 0, consecutiveRejects: 0, latency: .zero, staleGrace: .zero
        ),
        OutlierConfiguration(
            window: .seconds(Int64.max), minimumShares: .max, rejectRatio: .infinity, consecutiveRejects: .max,
            latency: .seconds(Int64.max), staleGrace: .seconds(Int64.max)
        ),
        OutlierConfiguration(
            window: .seconds(-1), minimumShares: .min, rejectRatio: .nan, consecutiveRejects: .min,
            latency: .seconds(-1), staleGrace: .seconds(-1)
        ),
    ])
    func absurdSettingsAndTimesDoNotTrap(configuration: OutlierConfiguration) {
        var random = RandomSource(seed: 1)
        var detector = Self.detector(configuration)
        let times: [NIODeadline] = [.distantPast, Self.time(1), Self.time(7000), .distantFuture, Self.time(7001)]
        for _ in 0..<2000 {
            let now = times[Int.random(in: 0..<times.count, using: &random)]
            let worker = [Int32.min, 0, .max][Int.random(in: 0..<3, using: &random)]
            let latency = [TimeAmount.nanoseconds(.min), .zero, .nanoseconds(.max)][
                Int.random(in: 0..<3, using: &random)]
            switch Int.random(in: 0..<8, using: &random) {
            case 0: detector.accepted(worker: worker, latency: latency, now: now)
            case 1: detector.rejected(Self.low, worker: worker, latency: latency, now: now)
            case 2: detector.rejected(Self.stale, worker: worker, latency: latency, now: now)
            case 3: detector.unanswered([.min, 0, .max][Int.random(in: 0..<3, using: &random)], now: now)
            case 4: detector.blockChanged(now: now)
            case 5: detector.reset(now: now)
            default: _ = detector.judge(now: now)
            }
            #expect((0...1).contains(detector.badness(now: now)))
        }
    }
}
