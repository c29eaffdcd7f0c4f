import Logging
import NIOCore
import PoolPool
import Router
import Stratum
import Testing

/// Miners at the port of another protocol: told so in their own words, and gone.
@Suite struct StrangerTests {
    /// What a miner of a protocol says first, and how it hears that it is wrong.
    struct Stranger: Sendable, CustomTestStringConvertible {
        var dialect: any Dialect.Type
        var line: String
        /// Its refusal begins and ends so.
        var refusal: (start: String, end: String)

        var testDescription: String { "\(self.dialect.name): \(self.line)" }
    }

    static let strangers = [
        Stranger(
            dialect: BitcoinDialect.self,
            line: #"{"id":7,"method":"mining.configure","params":[["version-rolling"],{}]}"#,
            refusal: (#"{"id":7,"result":null,"error":[20,"This route"#, #"the miner bitcoin",null]}"#)
        ),
        Stranger(
            dialect: EquihashDialect.self,
            line: #"{"id":7,"method":"mining.subscribe","params":["miner/1",null,"pool.example",3333]}"#,
            refusal: (#"{"id":7,"result":null,"error":[20,"This route"#, #"the miner equihash",null]}"#)
        ),
        Stranger(
            dialect: CryptoNoteDialect.self,
            line: #"{"id":7,"jsonrpc":"2.0","method":"login","params":{"login":"w","pass":"x","agent":"XMRig"}}"#,
            refusal: (#"{"id":7,"jsonrpc":"2.0","error":{"code":-1,"message":"This route"#, #"the miner cryptonote"}}"#)
        ),
        Stranger(
            dialect: EthashDialect.self,
            line: #"{"id":7,"jsonrpc":"2.0","method":"eth_submitLogin","params":["0xaa"]}"#,
            refusal: (#"{"id":7,"jsonrpc":"2.0","#, #"the miner ethash"}}"#)
        ),
        Stranger(
            dialect: EthashDialect.self,
            line: #"{"id":7,"method":"mining.subscribe","params":["miner/1","EthereumStratum/1.0.0"]}"#,
            refusal: (#"{"id":7,"result":null,"error":[20,"This route"#, #"the miner ethash",null]}"#)
        ),
    ]

    private static let routes: [any Dialect.Type] = [
        BitcoinDialect.self, ScryptDialect.self, EquihashDialect.self, CryptoNoteDialect.self, EthashDialect.self,
    ]

    private static func world(_ dialect: any Dialect.Type, log: LogKeeper = LogKeeper()) throws -> ShardWorld {
        let dialect = try ConfiguredDialect(dialect)
        return ShardWorld(log: log) { $0.dialect = dialect }
    }

    @Test(arguments: StrangerTests.strangers)
    func aStrangerIsToldSoInItsOwnWordsEverywhere(_ stranger: Stranger) throws {
        for route in Self.routes where route != stranger.dialect {
            // Scrypt speaks the same words as Bitcoin: what its miners say first tells nothing about their hash.
            if route == ScryptDialect.self, stranger.dialect == BitcoinDialect.self { continue }
            let world = try Self.world(route)
            let miner = try world.connects()
            try world.says(miner, stranger.line, stranger.line)
            let heard = try world.hears(miner)
            #expect(heard.count == 1, "\(route.name)")
            let line = heard.first ?? ""
            #expect(line.hasPrefix(stranger.refusal.start) && line.hasSuffix(stranger.refusal.end), "\(line)")
            #expect(line.contains("This route speaks \(route.name)"), "\(line)")
            #expect(!world.isConnected(miner))
            #expect(world.shard.sessionCount == 0)
            // It never was a session, no share of it was invalid, and it holds no part of the nonce space.
            #expect(world.told().isEmpty)
            #expect(world.recorded().isEmpty)
            #expect(world.registry.spaceCount == 0)
        }
    }

    @Test(arguments: StrangerTests.strangers)
    func aMinerAtItsOwnPortIsNoStranger(_ stranger: Stranger) throws {
        let world = try Self.world(stranger.dialect)
        let miner = try world.connects()
        try world.says(miner, stranger.line)
        #expect(world.isConnected(miner))
        #expect(try !world.hears(miner).contains { $0.contains("This is a") })
    }

    @Test func theOthersAreNotDisturbed() throws {
        let world = try Self.world(BitcoinDialect.self)
        let good = try world.joins()
        let job = try #require(IssuingLink().receives(upstreamJob()))
        world.receives(.job(job, .new), .assign(sessions: [1], link: 1))
        _ = try world.hears(good)
        for stranger in Self.strangers where stranger.dialect != BitcoinDialect.self {
            let miner = try world.connects()
            try world.says(miner, stranger.line)
            #expect(!world.isConnected(miner))
        }
        try world.says(
            good,
            #"{"id":5,"method":"mining.submit","params":["acct.w1","\#(job.id)","00000000","6553f100","00000001"]}"#
        )
        #expect(world.forwarded().count == 1)
        #expect(world.isConnected(good))
    }

    /// Only the first line of a connection says what a miner speaks.
    @Test func aLaterLineOfAnotherProtocolIsAMessageLikeAnyOther() throws {
        let world = try Self.world(BitcoinDialect.self)
        let miner = try world.joins()
        _ = try world.hears(miner)
        for stranger in Self.strangers { try world.says(miner, stranger.line) }
        #expect(world.isConnected(miner))
        #expect(try world.hears(miner).count == Self.strangers.count)
    }

    @Test func oneInAMinuteIsAWarning() throws {
        let log = LogKeeper()
        let world = try Self.world(EquihashDialect.self, log: log)
        let stranger = Self.strangers[2]
        func come(_ count: Int) throws {
            for _ in 0..<count { try world.says(try world.connects(), stranger.line) }
        }
        try come(5)
        #expect(log.lines(from: .info).count == 1)
        #expect(log.lines().count { $0 == "debug: miner turned away: it speaks another protocol" } == 4)
        world.waits(seconds: 59)
        try come(1)
        #expect(log.lines(from: .info).count == 1)
        world.waits(seconds: 1)
        try come(2)
        #expect(
            log.lines(from: .info)
                == Array(repeating: "warning: miner turned away: it speaks another protocol", count: 2)
        )
    }
}
