import NIOCore
import Stratum
import Testing

/// Options, units and the issuing of jobs.
@Suite struct EquihashDialectTests {
    @Test func itIsAmongTheStandardDialects() {
        #expect(DialectRegistry.standard["equihash"] == EquihashDialect.self)
        #expect(EquihashDialect.options.filter { $0.scope == .pool }.map(\.name) == ["personalization"])
    }

    // MARK: Options

    @Test(arguments: [
        ("validate", "some"), ("validate", ""), ("parameters", "210,9"), ("parameters", "zcash"),
        ("personalization", "Zcash"), ("personalization", "ZcashPoWx"), ("personalization", "ZcashP\u{F6}W"),
    ])
    func anOptionThatCannotBeIsRefusedByName(name: String, text: String) {
        #expect {
            try EquihashDialect(DialectOptions([name: text]))
        } throws: { error in
            (error as? DialectOptionError)?.option == name
        }
    }

    @Test(arguments: [
        [:], ["validate": "sample"], ["parameters": "144_5", "personalization": "BgoldPoW"],
        ["parameters": "125,4", "personalization": "ZelProof"], ["personalization": "VerusHash", "validate": "off"],
    ])
    func optionsOfKnownCoinsAreTaken(options: [String: String]) throws {
        _ = try EquihashDialect(DialectOptions(options))
    }

    private static let job: [JSONValue] = [
        .string("j"), .string("04000000"), .string(String(repeating: "11", count: 32)),
        .string(String(repeating: "22", count: 32)), .string("40420f00" + String(repeating: "00", count: 28)),
        .string("c0ffee5a"), .string("ffff071f"), .bool(true),
    ]

    private static func work(
        _ options: [String: String], pool: [String: String] = [:], extra: [JSONValue] = []
    ) throws -> EquihashWork {
        var link = try EquihashLink(options, pool: pool)
        link.open(nonce1: "0a0b0c0d")
        let job = try link.job(Self.job + extra)
        return try #require(job.work as? EquihashWork)
    }

    @Test func thePoolsPersonalizationGoesBeforeTheRoutesAndTheJobsBeforeBoth() throws {
        let route = ["parameters": "144,5", "personalization": "BgoldPoW"]
        #expect(try Self.work([:]).verifier == EquihashCoin.zcash.verifier)
        #expect(try Self.work(route).verifier?.parameters == .zhash)
        #expect(try Self.work(route).verifier?.personalization.description == "BgoldPoW")
        let pool = ["personalization": "BitcoinZ"]
        #expect(try Self.work(route, pool: pool).verifier?.personalization.description == "BitcoinZ")
        let extra: [JSONValue] = [.string("192_7"), .string("ZERO_PoW")]
        let announced = try Self.work(route, pool: pool, extra: extra).verifier
        #expect(announced?.personalization.description == "ZERO_PoW" && announced?.parameters == .zero)
        #expect(try Self.work(["personalization": "VerusHash"]).verifier == nil)
        #expect(try Self.work([:], extra: [.string("verus"), .string("VerusHash")]).verifier == nil)
        #expect(try Self.work(["personalization": "VerusHash"], extra: extra).verifier != nil)
    }

    @Test func aPoolWithAPersonalizationThatCannotBeFailsAtOnce() throws {
        var link = try EquihashLink(pool: ["personalization": "short"])
        guard case .failed(let failure) = link.pool.connected(now: EquihashLink.start, into: &link.output) else {
            Issue.record("connected")
            return
        }
        #expect(failure.detail.contains("personalization"))
        #expect(link.output.readableBytes == 0)
    }

    @Test func algorithmAndPersonalizationAreForwardedUnchanged() throws {
        let extra: [JSONValue] = [.string("144_5"), .string("Any Name")]
        var link = try EquihashLink()
        link.open(nonce1: "0a")
        let job = try link.job(Self.job + [.null, .string("BitcoinZ")])
        var session = EquihashSession(link.dialect, base: job.base, prefix: [0, 1])
        let lines = session.deliver(try link.issue(job, jobID: "1"), job)
        #expect(try parameters(of: line(lines.last ?? "")).suffix(2) == [.null, .string("BitcoinZ")])
        let next = try link.job(Self.job + extra)
        let more = session.deliver(try link.issue(next, jobID: "2"), next)
        #expect(try parameters(of: line(more.last ?? "")).suffix(2) == [.string("144_5"), .string("Any Name")])
    }

    @Test func aSolutionThatOnlyThePoolCanJudgeIsBelieved() throws {
        var link = try EquihashLink(["personalization": "VerusHash"])
        link.open(nonce1: "0a0b0c0d")
        let job = try link.job(
            target: String(repeating: "0", count: 22) + "2" + String(repeating: "0", count: 41), Self.job)
        #expect(job.work.tip?.isProvable == false)
        let work = try link.issue(job, jobID: "1")
        var session = EquihashSession(link.dialect, base: job.base, prefix: [0, 1])
        let submission = try session.submission([
            .string("w"), .string("1"), .string("c0ffee5a"), .string(String(repeating: "00", count: 26)),
            .string("fd4005" + String(repeating: "01", count: 1344)),
        ])
        guard case .judged(let judged) = session.judge(submission, work, job) else {
            Issue.record("malformed")
            return
        }
        #expect(judged.meetsDifficulty && judged.meetsPoolTarget && !judged.meetsNetworkTarget)
        #expect(judged.shareDifficulty == 0)
    }

    @Test func onlyBitcoinGoldSaysItsHeight() throws {
        #expect(try Self.work([:]).tip?.height == nil)
        #expect(try Self.work(["parameters": "144,5", "personalization": "BgoldPoW"]).tip?.height == 1_000_000)
        #expect(try Self.work([:]).tip?.nbits == 0x1F07_FFFF)
    }

    // MARK: Difficulty

    @Test func difficultyOneIsTheEasiestTargetOfZcash() {
        let one = "0007" + String(repeating: "f", count: 60)
        #expect(EquihashDifficulty.one.value.displayHex == one)
        #expect(EquihashDifficulty.target(1) == EquihashDifficulty.one)
        #expect(EquihashDifficulty.difficulty(of: EquihashDifficulty.one) == 1)
        #expect(EquihashDifficulty.target(0x1p-13) == Target.maximum)
        #expect(EquihashDifficulty.difficulty(of: Target.maximum) == 0x1p-13)
        #expect(EquihashDifficulty.target(8).value.displayHex == "0000" + String(repeating: "f", count: 60))
        #expect(EquihashDifficulty.target(3).value.displayHex.hasPrefix("0002aaaaaaaaaaaa"))
        #expect(EquihashDifficulty.target(1e300).value == .zero)
        for odd in [0, -1, .infinity, .nan, .leastNonzeroMagnitude] as [Double] {
            #expect(EquihashDifficulty.target(odd) == Target.maximum, "\(odd)")
        }
    }

    @Test(arguments: [0xD1FF_0001, 0xD1FF_0002] as [UInt64])
    func difficultyAndTargetAreEachOthersReverse(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<5_000 {
            let difficulty =
                Double.random(in: 1..<2, using: &generator)
                * Double(sign: .plus, exponent: .random(in: -12...200, using: &generator), significand: 1)
            let target = EquihashDifficulty.target(difficulty)
            let back = EquihashDifficulty.difficulty(of: target)
            #expect(abs(back / difficulty - 1) < 1e-12, "seed \(seed): \(difficulty)")
            #expect(
                EquihashDifficulty.target(difficulty * 1.000_001).value <= target.value, "seed \(seed): \(difficulty)")
        }
    }

    // MARK: Issue

    private static func issue(_ job: UpstreamJob, before: UInt64, age: Int64, last: UInt32) throws -> UInt32? {
        let request = IssueRequest(
            jobID: "1", layout: EquihashNonce.layout, issuedBefore: before, age: age, lastNtime: last
        )
        return try EquihashDialect().issue(job, request)?.ntime
    }

    @Test func anotherIssueIsNewWorkByItsTime() throws {
        var link = try EquihashLink()
        link.open(nonce1: "0a0b0c0d")
        let job = try link.job(Self.job)
        let time: UInt32 = 0x5AEE_FFC0
        #expect(try Self.issue(job, before: 0, age: 100, last: 0) == time)
        #expect(try Self.issue(job, before: 1, age: 100, last: time) == time + 100)
        #expect(try Self.issue(job, before: 2, age: 100, last: time + 100) == time + 101)
        #expect(try Self.issue(job, before: 6, age: 100, last: time + 104) == time + 105)
        #expect(try Self.issue(job, before: 7, age: 100, last: time + 105) == nil)
        #expect(try Self.issue(job, before: 7, age: 101, last: time + 105) == time + 106)
        #expect(try Self.issue(job, before: 7, age: 100_000, last: time + 105) == time + 6900)
        #expect(try Self.issue(job, before: 7, age: .min, last: .max) == nil)
    }

    @Test func aTimeAtTheEndOfAllTimesIsNotMoved() throws {
        var link = try EquihashLink()
        link.open(nonce1: "0a0b0c0d")
        var params = Self.job
        params[5] = .string("ffffffff")
        let job = try link.job(params)
        #expect(try Self.issue(job, before: 0, age: 1, last: 0) == .max)
        #expect(try Self.issue(job, before: 1, age: 1, last: .max) == nil)
    }

    // MARK: Nonce space and first lines

    @Test func aPoolWithTooLongANonceServesNobody() throws {
        #expect(EquihashNonce.room(nonce1Count: 22) == 2)
        #expect(EquihashNonce.room(nonce1Count: 23) == 0)
        let dialect = try EquihashDialect()
        #expect(dialect.layout(rooms: [0]) == nil)
        #expect(dialect.layout(rooms: []) == nil)
        #expect(dialect.layout(rooms: [0, 2]) == dialect.assumedLayout)
        let prefixes = dialect.makeMinerDialogue(MinerDialogueSettings()).prefixes(layout: dialect.assumedLayout)
        #expect(prefixes == PrefixRange(count: 2, values: 0...0xFFFF))
    }

    @Test(arguments: [
        (#"{"id":1,"method":"mining.subscribe","params":["nheqminer/0.5c", null,"127.0.0.1","19586"]}"#, true),
        (#"{"id":1,"method":"mining.subscribe","params":["miner/1", "old", "pool.example.com", 3333]}"#, true),
        (#"{"id":1,"method":"mining.subscribe","params":["pool.example.com",5555,"agent","NULL"]}"#, true),
        (#"{"id":1,"method":"mining.subscribe","params":["cgminer/4.11"]}"#, false),
        (#"{"id":1,"method":"mining.subscribe","params":["lolMiner","EthereumStratum/1.0.0"]}"#, false),
        (#"{"id":1,"method":"mining.configure","params":["a",null,"b",1]}"#, false),
        ("{", false),
    ])
    func theFirstLineOfItsMinersIsKnown(text: String, isKnown: Bool) {
        #expect(EquihashDialect.recognizes(line(text)) == isKnown)
    }
}
