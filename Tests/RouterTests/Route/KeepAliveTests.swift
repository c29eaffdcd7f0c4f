import NIOCore
import PoolPool
import Stratum
import Testing

@testable import Router

@Suite struct KeepAliveTests {
    /// In Ethash another issue of a job would only lead the miners over what they have searched.
    @Test func aJobThatCannotBeMadeNewWorkIsNotIssuedAgain() throws {
        let world = try CoreWorld([(name: "a", extranonce: "a1")]) { $0.keepAlive = .seconds(1) }
        let session = world.waits(nonce: world.allocate())
        world.authorizes(session)
        #expect(world.pool(of: session) == "a")
        _ = world.told()
        world.passes(seconds: 10)
        #expect(Self.jobs(world.told()) == 0)
        try world.sendsJob("a")
        #expect(Self.jobs(world.told()) == 1)
    }

    private static func jobs(_ messages: [ShardMessage]) -> Int {
        messages.count { if case .job = $0 { true } else { false } }
    }
}
