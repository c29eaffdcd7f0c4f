import NIOCore
import NIOPosix
import Simulation
import Stratum
import Testing

/// How much faster than usual miners may hash where there are few of them.
private let fewMinersHaste = 6.0

/// Starts a pool of a protocol with its usual difficulty and no jobs of its own accord, and stops it after `body`.
func withPool(
    _ protocol: SimulatedProtocol,
    _ change: (inout SimulatedPoolConfiguration) -> Void = { _ in },
    _ body: (SimulatedPool) async throws -> Void
) async throws {
    try await withPool(
        {
            $0 = SimulatedPoolConfiguration(name: "pool", protocol: `protocol`)
            $0.jobInterval = nil
            $0.acceptsShortNonces = true
            change(&$0)
        },
        body
    )
}

/// Starts a miner of a protocol on `pool`, and stops it after `body`.
func withMiner(
    on pool: SimulatedPool,
    _ protocol: SimulatedProtocol,
    _ change: (inout SimulatedMinerConfiguration) -> Void = { _ in },
    _ body: (SimulatedMiner) async throws -> Void
) async throws {
    try await withMiner(
        on: pool,
        .plain,
        {
            $0 = SimulatedMinerConfiguration(user: "farm.1", protocol: `protocol`, port: pool.port)
            $0.reconnectDelay = .milliseconds(10)
            $0.hashesPerSecond *= fewMinersHaste
            change(&$0)
        },
        body
    )
}

/// Starts one miner for each habit of the protocol on `pool`, and stops them after `body`.
func withFarm(
    on pool: SimulatedPool,
    _ protocol: SimulatedProtocol,
    count: Int,
    _ body: (SimulatedFarm) async throws -> Void
) async throws {
    var configurations = SimulatedFarm.configurations(count: count, speaking: `protocol`, port: pool.port)
    for index in configurations.indices {
        configurations[index].reconnectDelay = .milliseconds(10)
        if count <= 10 { configurations[index].hashesPerSecond *= fewMinersHaste }
    }
    let farm = try await SimulatedFarm.start(configurations, on: MultiThreadedEventLoopGroup.singleton)
    do {
        try await body(farm)
    } catch {
        try await farm.stop()
        throw error
    }
    try await farm.stop()
}

/// A share as both sides must have written it down.
private struct Line: Hashable {
    var jobID: String
    var extranonce2: String
    var ntime: String
    var nonce: String
    var versionBits: String?
    var proof: String?
    var difficulty: Double
    var isAccepted: Bool
}

/// Both logs tell the same shares in the same order, with the same difficulty but for rounding.
func expectEqualLogs(_ pool: SimulatedPool, _ miner: SimulatedMiner, comparesDifficulty: Bool = true) {
    func rounded(_ difficulty: Double) -> Double {
        comparesDifficulty && difficulty.isNormal ? Double(Float(difficulty)) : 0
    }
    let sent = miner.log.submissions.map {
        Line(
            jobID: $0.jobID,
            extranonce2: $0.extranonce2,
            ntime: $0.ntime,
            nonce: $0.nonce,
            versionBits: $0.versionBits,
            proof: $0.proof,
            difficulty: rounded($0.difficulty),
            isAccepted: $0.reply == .accepted
        )
    }
    let judged = pool.shareLog.filter { $0.worker == miner.configuration.user }.map {
        Line(
            jobID: $0.jobID,
            extranonce2: $0.extranonce2,
            ntime: $0.ntime,
            nonce: $0.nonce,
            versionBits: $0.versionBits,
            proof: $0.proof,
            difficulty: rounded($0.jobDifficulty),
            isAccepted: $0.isAccepted
        )
    }
    #expect(sent == judged)
}

extension RawClient {
    /// The members of the first line, from the one with that number on, in which `text` stands; waits for it.
    func line(with text: String, after count: Int = 0) async throws -> JSONObject {
        try await self.wait("a line with \(text)") { $0.lines.dropFirst(count).contains { $0.contains(text) } }
        let line = self.lines.dropFirst(count).first { $0.contains(text) } ?? ""
        return try #require(try JSONValue(parsing: ByteBuffer(string: line)).object)
    }
}
