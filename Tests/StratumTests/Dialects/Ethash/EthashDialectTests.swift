import NIOCore
import Stratum
import Testing

/// What the flavours have to do with each other.
@Suite struct EthashDialectTests {
    private static let hello =
        #"{"id":0,"method":"mining.hello","params":{"agent":"x","host":"h","port":"4d2","proto":"EthereumStratum/2.0.0"}}"#
    private static let subscribe =
        #"{"id":1,"method":"mining.subscribe","params":["miner/1.0","EthereumStratum/1.0.0"]}"#
    private static let bare = #"{"id":1,"method":"mining.subscribe","params":["miner/1.0"]}"#
    private static let login = #"{"id":1,"method":"eth_submitLogin","params":["0xw"],"worker":"r"}"#

    @Test func isOfTheStandardDialects() throws {
        #expect(DialectRegistry.standard["ethash"] is EthashDialect.Type)
        #expect(try ConfiguredDialect(EthashDialect.self, DialectOptions(["algorithm": "etchash"])).name == "ethash")
        #expect(throws: DialectOptionError.self) {
            try ConfiguredDialect(EthashDialect.self, DialectOptions(["algorithm": "x"]))
        }
        #expect(try EthashDialect(DialectOptions()).knowsShareDifficulty == false)
        #expect(BitcoinDialect().knowsShareDifficulty)
    }

    @Test func recognizesFirstLines() {
        for text in [
            Self.hello, Self.subscribe, Self.login, #"{"id":5,"method":"eth_getWork"}"#, #"{"method":"eth_login"}"#,
        ] {
            #expect(EthashDialect.recognizes(line(text)), "\(text)")
        }
        for text in [Self.bare, #"{"id":1,"method":"mining.configure"}"#, "", "{", #"{"id":1,"result":true}"#] {
            #expect(!EthashDialect.recognizes(line(text)), "\(text)")
        }
    }

    @Test func refusesInTheWordsOfTheFlavor() throws {
        let rows = [
            (Self.hello, #"{"id":0,"error":{"code":400,"message":"no"}}"#),
            (Self.subscribe, #"{"id":1,"result":null,"error":[20,"no",null]}"#),
            (Self.login, #"{"id":1,"jsonrpc":"2.0","result":false,"error":{"code":20,"message":"no"}}"#),
        ]
        for (text, refusal) in rows {
            #expect(String(buffer: EthashDialect.refusal(of: line(text), "no")) == refusal + "\n")
        }
    }

    @Test func bareStratumIsRefusedAndAnotherFlavorMayFollow() throws {
        var miner = EthashMinerProbe()
        let reply = try #require(try objects(miner.send(Self.bare)).first)
        #expect(reply["id"] == .integer(1))
        #expect(reply["error"]?.array?.count == 3)
        #expect(miner.step == nil)
        #expect(try miner.send(Self.subscribe).isEmpty)
        #expect(miner.dialogue.kind == 2)
        // The flavour is kept.
        _ = try miner.send(#"{"id":5,"method":"eth_getWork"}"#)
        guard case .unknown(.integer(5), "eth_getWork") = miner.step else {
            Issue.record("\(String(describing: miner.step))")
            return
        }
    }

    /// ethminer tries the newest first: it must not be taken in by a route that has only work of another flavour.
    @Test func flavorsWithoutAPoolAreRefused() throws {
        var miner = EthashMinerProbe()
        miner.surroundings.kinds = 1
        #expect(try objects(miner.send(Self.hello)).first?["error"]?.object != nil)
        #expect(try objects(miner.send(Self.subscribe)).first?["error"]?.array != nil)
        #expect(try miner.send(Self.login).isEmpty)
        #expect(miner.dialogue.kind == 1)
        miner = EthashMinerProbe()
        miner.surroundings.kinds = 6
        #expect(try objects(miner.send(Self.login)).first?["error"]?.object != nil)
        #expect(try objects(miner.send(Self.hello.replacing("/2.0.0", with: "/3.0.0"))).first?["error"] != nil)
        #expect(miner.dialogue.kind == 0xff)
        _ = try miner.send(Self.hello)
        #expect(miner.dialogue.kind == 4)
    }

    @Test func roomsDecideTheLayout() throws {
        let dialect = try EthashDialect(DialectOptions())
        #expect(dialect.layout(rooms: [2, 2])?.total == 2)
        #expect(dialect.layout(rooms: [2, 1])?.total == 1)
        #expect(dialect.layout(rooms: [2, 0])?.total == 2)
        #expect(dialect.layout(rooms: [0]) == nil)
        #expect(dialect.layout(rooms: []) == nil)
        #expect((0...7).map { EthashWork.room(extranonceCount: $0) } == [2, 2, 1, 1, 1, 1, 0, 0])
        for dialogue in [EthereumStratum1MinerDialogue(), EthereumStratum2MinerDialogue()] as [any MinerDialogue] {
            #expect(dialogue.prefixes(layout: NonceLayout(total: 2)) == PrefixRange(count: 2, values: 0...0xffff))
            #expect(dialogue.prefixes(layout: NonceLayout(total: 1)) == PrefixRange(count: 1, values: 0...0xff))
        }
    }

    private static func deliver(_ work: EthashWork, to first: [String], _ algorithm: EthashAlgorithm) throws
        -> [JSONObject]
    {
        var miner = EthashMinerProbe()
        for line in first { _ = try miner.send(line) }
        let grant = NonceGrant(space: 0, prefix: [9], layout: NonceLayout(total: 1), base: work.extranonce)
        return try objects(miner.deliver(work, jobID: "a1", grant, algorithm: algorithm))
    }

    @Test func firstVersionPoolServesSecondVersionMiner() throws {
        let seed = try #require(EthashSeed.seed(at: 440))
        let work = try EthashSample.work(seed: seed.displayHex, difficulty: 0.5, extranonce: [0xaf])
        let lines = try Self.deliver(work, to: [Self.hello], .etchash)
        let set = try #require(lines.first?["params"]?.object)
        #expect(set["epoch"] == .string("dc"))
        #expect(set["algo"] == .string("etchash"))
        #expect(set["extranonce"] == .string("af09"))
        #expect(set["target"] == .string("00000001fffe0000000000000000000000000000000000000000000000000000"))
        // The first block of the epoch stands for a height that the pool does not tell.
        let height = String(220 * 60_000, radix: 16)
        #expect(
            lines.last?["params"]
                == .array([.string("a1"), .string(height), .string(EthashSample.header), .string("1")])
        )
        let ethash = try Self.deliver(work, to: [Self.hello], .ethash)
        #expect(ethash.first?["params"]?.object?["epoch"] == .string("1b8"))
    }

    @Test func secondVersionPoolServesFirstVersionMiner() throws {
        let seed = try #require(EthashSeed.seed(at: 440))
        let work = try EthashSample.work(
            flavor: .stratum2, seed: seed.displayHex, epoch: 220, algorithm: "etchash", extranonce: [0xaf]
        )
        let lines = try Self.deliver(work, to: [Self.subscribe], .ethash)
        let difficulty = try #require(lines.first?["params"]?.array?.first?.number)
        #expect(Target(difficulty: difficulty).value <= work.target.value)
        #expect(abs(difficulty / 0.93132 - 1) < 1e-4)
        #expect(lines.last?["params"]?.array?.value(at: 1) == .string(seed.displayHex))
    }

    @Test func workGoesToThoseWhoUnderstandIt() throws {
        let unknown = EthashSample.header
        #expect(try EthashSample.work(flavor: .proxy).kinds == 1)
        #expect(try EthashSample.work(flavor: .stratum1).kinds == 6)
        #expect(try EthashSample.work(flavor: .stratum1, seed: unknown).kinds == 2)
        #expect(try EthashSample.work(flavor: .stratum2, epoch: 1).kinds == 6)
        #expect(try EthashSample.work(flavor: .stratum2, seed: nil, epoch: 99_999).kinds == 4)
        #expect(try Self.deliver(EthashSample.work(seed: unknown), to: [Self.hello], .ethash).isEmpty)
        #expect(try Self.deliver(EthashSample.work(seed: unknown), to: [Self.subscribe], .ethash).count == 2)
        #expect(try Self.deliver(EthashSample.work(flavor: .proxy), to: [Self.subscribe], .ethash).isEmpty)
        let orphan = try EthashSample.work(flavor: .stratum2, seed: nil, epoch: 99_999, algorithm: "progpow")
        #expect(try Self.deliver(orphan, to: [Self.subscribe], .ethash).isEmpty)
        #expect(try Self.deliver(orphan, to: [Self.hello], .ethash).count == 2)
    }
}
