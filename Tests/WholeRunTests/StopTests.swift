import Foundation
import Persistence
import PoolPool
import Router
import Simulation
import Stratum
import Testing

@testable import RouterCLI

/// The end of a run while shares are being judged.
@Suite(.serialized) struct StopTests {
    /// Closed until it is opened once.
    private final class Gate: Sendable {
        private let condition = NSCondition()
        private let isOpen = Journal(false)

        func pass() {
            self.condition.lock()
            defer { self.condition.unlock() }
            while !self.isOpen.value { self.condition.wait() }
        }

        func open() {
            self.condition.lock()
            defer { self.condition.unlock() }
            self.isOpen.update { $0 = true }
            self.condition.broadcast()
        }
    }

    /// Bitcoin, with a hash that is computed when the gate is open.
    private struct GatedDialect: BitcoinLikeDialect {
        static let name = "gated"
        static let summary = "none"
        static let gate = Gate()
        static let algorithm = BitcoinAlgorithm(isSlow: true) { header in
            Self.gate.pass()
            return header.powHash
        }

        init(_ options: DialectOptions) {}
    }

    @Test(.timeLimit(.minutes(1)))
    func stopWaitsForSharesThatAreBeingJudged() async throws {
        let pool = try await SmallWorld.pool("pool") { $0.difficulty = 1e-12 }
        var route = RouteConfiguration.local([.local(pool)])
        route.dialect = try ConfiguredDialect(GatedDialect.self)
        let router = try await RunningRouter.start([route])
        let miner = try await RawMiner.mining(on: router.port, user: "slow")
        for nonce in UInt32(1)...5 { try await miner.submit(id: 10 + Int(nonce), user: "slow", nonce: nonce) }
        // What is said behind them is answered when they have been read.
        try await miner.send(#"{"id":77,"method":"mining.multi_version","params":[1]}"#)
        _ = try await miner.reply(77)
        #expect(pool.shareLog.isEmpty)

        let stop = Task { try await router.stop() }
        // Nobody is let in any more: the stop has begun. Those outside can only try; each try waits for its answer.
        while try await !self.isRefused(router.port) {}
        GatedDialect.gate.open()
        try await stop.value
        for nonce in 1...5 { #expect(try await miner.reply(10 + nonce).contains("true")) }
        let rows = try router.shares()
        #expect(rows.count == 5)
        #expect(rows.allSatisfy { $0.verdict == .accepted && $0.forwarded })
        Books.check(rows, against: pool)
        #expect(pool.log.acceptedShares == 5)
        try await pool.stop()
        try router.removeFiles()
    }

    /// True if the router closes a new connection at once, or does not take it.
    private func isRefused(_ port: Int) async throws -> Bool {
        guard let guest = try? await RawMiner.connect(to: port) else { return true }
        try? await guest.send(#"{"id":1,"method":"mining.subscribe","params":[]}"#)
        try await guest.wait("an answer or the end") { $0.isClosed || $0.reply(1) != nil }
        let isClosed = guest.log.reply(1) == nil
        try await guest.close()
        return isClosed
    }
}
