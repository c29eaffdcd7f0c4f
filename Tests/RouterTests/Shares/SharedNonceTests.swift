import NIOCore
import PoolPool
import Router
import Stratum
import Testing

/// Sessions that search one nonce space because their protocol cannot divide it: no share goes to the pool twice.
@Suite struct SharedNonceTests {
    private static let ethash = EthashLines()

    /// Two miners of eth-proxy on one link, with a job.
    private static func two() throws -> (world: ShardWorld, miners: [Int], link: IssuingLink) {
        let dialect = try ConfiguredDialect(EthashDialect.self)
        let world = ShardWorld { $0.dialect = dialect }
        var miners: [Int] = []
        for _ in 0..<2 {
            let miner = try world.connects()
            try world.says(miner, Self.ethash.login, Self.ethash.getWork)
            miners.append(miner)
        }
        let link = try IssuingLink(1, layout: NonceLayout(total: 2), dialect: Self.ethash.dialect)
        let job = try #require(link.receives(try Self.ethash.job("1", flavor: .proxy)))
        world.receives(.job(job, .new), .assign(sessions: [1, 2], link: 1))
        for miner in miners { #expect(try world.hears(miner).last?.contains(EthashLines.header(1)) == true) }
        _ = world.told()
        _ = world.recorded()
        return (world, miners, link)
    }

    private static let duplicate = "Duplicate share"

    @Test func theSecondToFindAShareHearsThatItIsADuplicate() throws {
        let (world, miners, _) = try Self.two()
        try world.says(miners[0], Self.ethash.submitWork(1, nonce: "0000000000000007"))
        try world.says(miners[1], Self.ethash.submitWork(1, nonce: "0000000000000007", request: 6))
        #expect(world.forwarded().count == 1)
        let heard = try world.hears(miners[1])
        #expect(heard.count == 1)
        #expect(heard.first?.hasPrefix(#"{"id":6,"#) == true && heard.first?.contains(Self.duplicate) == true)
        #expect(try world.hears(miners[0]) == [])
        #expect(world.recorded() == ["share 1 forwarded", "share 2 settled"])
        // The same once more is a duplicate of its own.
        try world.says(miners[0], Self.ethash.submitWork(1, nonce: "0000000000000007"))
        #expect(world.forwarded().isEmpty)
    }

    @Test func otherNoncesAndOtherWorkAreOtherShares() throws {
        let (world, miners, link) = try Self.two()
        try world.says(miners[0], Self.ethash.submitWork(1, nonce: "0000000000000007"))
        try world.says(miners[1], Self.ethash.submitWork(1, nonce: "0000000000000008"))
        let job = try #require(link.receives(try Self.ethash.job("2", flavor: .proxy)))
        world.receives(.job(job, .new))
        try world.says(miners[1], Self.ethash.submitWork(2, nonce: "0000000000000007"))
        #expect(world.forwarded().count == 3)
    }

    /// Random shares of few nonces: each goes to the pool once, each submit has one answer.
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func nothingGoesToThePoolTwice(seed: UInt64) throws {
        let (world, miners, _) = try Self.two()
        var random = RandomSource(seed: seed)
        var sent: Set<UInt64> = []
        var forwarded: [UpstreamShare] = []
        for request in 10..<60 {
            let nonce = UInt64.random(in: 0..<30, using: &random)
            sent.insert(nonce)
            let digits = String(String(nonce + 1 << 60, radix: 16).dropFirst())
            let miner = try #require(miners.randomElement(using: &random))
            try world.says(miner, Self.ethash.submitWork(1, nonce: "0" + digits, request: request))
            forwarded += world.forwarded()
        }
        #expect(forwarded.count == sent.count, "seed \(seed)")
        #expect(Set(forwarded.map(\.share.found.extranonce2)).count == sent.count, "seed \(seed)")
        for share in forwarded { world.receives(.settled(share.ticket, .accepted, latencyMicroseconds: 1)) }
        let replies = try miners.flatMap { try world.hears($0) }
        #expect(replies.count == 50, "seed \(seed)")
        #expect(replies.count { $0.contains(Self.duplicate) } == 50 - sent.count, "seed \(seed)")
    }
}
