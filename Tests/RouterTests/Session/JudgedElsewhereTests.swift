import NIOCore
import NIOEmbedded
import PoolPool
import Stratum
import Testing

@testable import Router

/// Shares that are judged on other threads: how many at once, in what order they are answered, and what becomes of them
/// when their session goes.
@Suite(.serialized) struct JudgedElsewhereTests {
    private static func yes(_ id: Int) -> String { #"{"id":\#(id),"result":true,"error":null}"# }
    private static let ping = #"{"id":99,"method":"mining.multi_version","params":[1]}"#
    private static let gate = GatedDialect.gate

    @Test(.timeLimit(.minutes(1))) func aNinthShareWaitsUntilOneIsBackAndNothingIsReadMeanwhile() async throws {
        let world = try await SlowWorld()
        let miner = try await world.joins()
        try await world.submits(miner, Array(1...7))
        try await world.says(miner, Self.ping)
        // With seven there is room for one more: everything is read and answered.
        #expect(try await world.hears(miner, 1) == [Self.yes(99)])
        #expect(try await world.judgements == 7)
        try await world.submits(miner, [8, 9, 10])
        try await world.says(miner, Self.ping)
        #expect(try await world.judgements == 8)
        #expect(!world.isReading(miner))
        #expect(try await miner.readOutbound(as: ByteBuffer.self) == nil)

        // One is back: one more is taken, and the tenth waits.
        Self.gate.open(1)
        #expect(try await world.hears(miner, 1).count == 1)
        #expect(try await world.judgements == 8)
        #expect(!world.isReading(miner))

        Self.gate.open(9)
        let rest = try await world.hears(miner, 10)
        #expect(rest.count { $0 == Self.yes(99) } == 1)
        #expect(rest.count == 10)
        try await world.rests()
        #expect(world.isReading(miner))
        #expect(world.forwarded.count == 10)
        #expect(Set(world.forwarded.map(\.share.found.nonce)) == Set(1...10))
    }

    /// A miner that waits keeps nobody else waiting.
    @Test(.timeLimit(.minutes(1))) func theOthersAreReadMeanwhile() async throws {
        let world = try await SlowWorld()
        let (busy, other) = (try await world.joins(), try await world.joins())
        try await world.submits(busy, Array(1...20))
        try await world.says(other, Self.ping)
        #expect(try await world.hears(other, 1) == [Self.yes(99)])
        #expect(world.isReading(other))
        Self.gate.open(20)
        #expect(try await world.hears(busy, 20).count == 20)
        try await world.rests()
    }

    /// cpuminer gives every submit the same id.
    @Test(.timeLimit(.minutes(1))) func repliesToOneIDComeInTheOrderOfTheSubmits() async throws {
        let world = try await SlowWorld()
        let miner = try await world.joins()
        // The second is known to be a duplicate at once, and must not be heard before the first.
        try await world.submits(miner, [1, 1, 2], id: 4)
        #expect(try await world.judgements == 2)
        #expect(try await miner.readOutbound(as: ByteBuffer.self) == nil)
        Self.gate.open(2)
        let heard = try await world.hears(miner, 3)
        #expect(heard == [Self.yes(4), #"{"id":4,"result":null,"error":[22,"Duplicate share",null]}"#, Self.yes(4)])
        try await world.rests()
    }

    /// With verdicts of the pool: a share is judged, sent on, and its place among the replies is kept.
    @Test(.timeLimit(.minutes(1))) func aVerdictIsHeardInTheOrderOfTheSubmits() async throws {
        let world = try await SlowWorld(reply: .verdict)
        let miner = try await world.joins()
        try await world.submits(miner, [1, 1, 2], id: 4)
        Self.gate.open(2)
        try await world.rests()
        let shares = world.forwarded.sorted { $0.share.found.nonce < $1.share.found.nonce }
        #expect(shares.count == 2)
        let (first, second) = (try #require(shares.first), try #require(shares.last))
        try await world.onLoop { shard in
            shard.received([.settled(second.ticket, .accepted, latencyMicroseconds: 1)])
        }
        #expect(try await miner.readOutbound(as: ByteBuffer.self) == nil)
        let refusal = ShareVerdict.refused(Rejection(code: 23, message: "Low"))
        try await world.onLoop { $0.received([.settled(first.ticket, refusal, latencyMicroseconds: 1)]) }
        let heard = try await world.hears(miner, 3)
        #expect(
            heard == [
                #"{"id":4,"result":null,"error":[23,"Low",null]}"#,
                #"{"id":4,"result":null,"error":[22,"Duplicate share",null]}"#,
                Self.yes(4),
            ]
        )
    }

    @Test(.timeLimit(.minutes(1))) func theShareOfASessionThatWentCountsOnce() async throws {
        let world = try await SlowWorld()
        let miner = try await world.joins()
        try await world.submits(miner, [1])
        #expect(try await world.judgements == 1)
        try await miner.close()
        #expect(try await world.onLoop { $0.sessionCount } == 0)
        #expect(world.forwarded.isEmpty)
        Self.gate.open(1)
        try await world.rests()
        #expect(world.forwarded.map(\.share.found.nonce) == [1])
        #expect(world.recorded.count { $0 == "share 1 forwarded" } == 1)
        let ticket = try #require(world.forwarded.first?.ticket)
        try await world.onLoop { $0.received([.settled(ticket, .accepted, latencyMicroseconds: 1)]) }
        #expect(world.recorded.suffix(2) == ["share 1 forwarded", "settled 1"])
    }

    /// What came in behind eight shares is not judged once its session is gone.
    @Test(.timeLimit(.minutes(1))) func linesThatWaitedEndWithTheirSession() async throws {
        let world = try await SlowWorld()
        let miner = try await world.joins()
        try await world.submits(miner, Array(1...12))
        #expect(try await world.judgements == 8)
        try await miner.close()
        Self.gate.open(8)
        try await world.rests()
        #expect(Set(world.forwarded.map(\.share.found.nonce)) == Set(1...8))
    }

    /// Nothing is read any more when the route stops, also when the last judgement is back.
    @Test(.timeLimit(.minutes(1))) func nothingIsReadOnceTheRouteStops() async throws {
        let world = try await SlowWorld()
        let miner = try await world.joins()
        try await world.submits(miner, Array(1...8))
        try await world.onLoop { $0.stopReading() }
        Self.gate.open(8)
        #expect(try await world.hears(miner, 8).count == 8)
        try await world.rests()
        #expect(!world.isReading(miner))
        #expect(world.forwarded.count == 8)
    }
}
