package import NIOCore

/// Many simulated miners, started and asked together.
package final class SimulatedFarm: Sendable {
    /// The miners, in the order of their configurations.
    package let miners: [SimulatedMiner]
    private let changes: Journal<FarmChanges>

    private struct FarmChanges: Sendable, CustomStringConvertible {
        var count = 0
        var description: String { "\(self.count) changes" }
    }

    private init(miners: [SimulatedMiner], changes: Journal<FarmChanges>) {
        self.miners = miners
        self.changes = changes
    }

    /// Starts one miner per configuration on the loops of `group`, in turn.
    package static func start(
        _ configurations: [SimulatedMinerConfiguration],
        on group: any EventLoopGroup
    ) async throws -> SimulatedFarm {
        let changes = Journal(FarmChanges())
        var miners: [SimulatedMiner] = []
        for configuration in configurations {
            miners.append(
                try await SimulatedMiner.start(configuration, on: group) { changes.update { $0.count &+= 1 } }
            )
        }
        return SimulatedFarm(miners: miners, changes: changes)
    }

    /// `count` miners with the given profiles in turn, named `user.1`, `user.2` and so on.
    package static func configurations(
        count: Int,
        profiles: [MinerProfile] = MinerProfile.allCases,
        user: String = "farm",
        host: String = "127.0.0.1",
        port: Int,
        hashesPerSecond: Double = 2_000
    ) -> [SimulatedMinerConfiguration] {
        guard !profiles.isEmpty else { return [] }
        return (0..<max(count, 0)).map { index in
            var configuration = SimulatedMinerConfiguration(
                user: "\(user).\(index + 1)",
                profile: profiles[index % profiles.count],
                host: host,
                port: port
            )
            configuration.hashesPerSecond = hashesPerSecond
            return configuration
        }
    }

    /// `count` miners of one protocol with all the habits that its simulated miners know, in turn, named `user.1`, `user.2`
    /// and so on.
    ///
    /// - Parameter hashesPerSecond: of each miner; nil for the protocol's default.
    package static func configurations(
        count: Int,
        speaking protocol: SimulatedProtocol,
        user: String = "farm",
        host: String = "127.0.0.1",
        port: Int,
        hashesPerSecond: Double? = nil
    ) -> [SimulatedMinerConfiguration] {
        let habits = SimulatedMinerConfiguration.everyHabit(of: `protocol`)
        return (0..<max(count, 0)).map { index in
            var configuration = SimulatedMinerConfiguration(
                user: "\(user).\(index + 1)",
                protocol: `protocol`,
                host: host,
                port: port
            )
            habits[index % habits.count](&configuration)
            if let hashesPerSecond { configuration.hashesPerSecond = hashesPerSecond }
            return configuration
        }
    }

    /// The logs of all miners now.
    package var logs: [MinerLog] { self.miners.map(\.log) }

    /// The sums over all miners now.
    package var totals: FarmTotals { FarmTotals(self.logs) }

    /// Returns as soon as `condition` holds for the logs of all miners.
    ///
    /// - Throws: `SimulationTimeout` with the sums when it did not come true in time.
    package func wait(
        _ what: String = "the farm",
        until condition: @escaping @Sendable ([MinerLog]) -> Bool,
        timeout: Duration = .seconds(60)
    ) async throws {
        let miners = self.miners
        do {
            try await self.changes.wait(what, until: { _ in condition(miners.map(\.log)) }, timeout: timeout)
        } catch let timeout as SimulationTimeout {
            throw SimulationTimeout(description: "\(timeout.description); \(self.totals)")
        }
    }

    /// Stops hashing everywhere, and returns when no submit is unanswered any more.
    package func drain(timeout: Duration = .seconds(30)) async throws {
        for miner in self.miners { try await miner.pause() }
        try await self.wait("all replies", until: { $0.allSatisfy { $0.unanswered == 0 } }, timeout: timeout)
    }

    /// Ends all miners.
    package func stop(abort: Bool = false) async throws {
        for miner in self.miners { try await miner.stop(abort: abort) }
    }
}

/// Sums over the logs of several miners.
package struct FarmTotals: Sendable, Hashable, CustomStringConvertible {
    /// Miners with an authorised link.
    package private(set) var mining = 0
    /// Links opened and lost.
    package private(set) var connects = 0, disconnects = 0
    /// Shares sent, accepted, refused, and without an answer.
    package private(set) var submitted = 0, accepted = 0, rejected = 0, unanswered = 0
    /// Hashes computed.
    package private(set) var hashes = 0
    /// Broken rules.
    package private(set) var violations: [String] = []
    /// Refusals by code and text.
    package private(set) var rejections: [MinerReply: Int] = [:]

    /// Sums these logs up.
    package init(_ logs: [MinerLog]) {
        for log in logs {
            self.mining += log.isMining ? 1 : 0
            self.connects += log.connects
            self.disconnects += log.disconnects
            self.submitted += log.submitted
            self.accepted += log.accepted
            self.rejected += log.rejected
            self.unanswered += log.unanswered
            self.hashes += log.hashes
            self.violations += log.violations
            for case .some(.rejected(let code, let text)) in log.submissions.map(\.reply) {
                self.rejections[.rejected(code: code, text: text), default: 0] += 1
            }
        }
    }

    /// The sums on one line.
    package var description: String {
        "mining \(self.mining), connects \(self.connects), disconnects \(self.disconnects), hashes \(self.hashes), "
            + "shares \(self.submitted) sent \(self.accepted) accepted \(self.rejected) rejected "
            + "\(self.unanswered) unanswered, rejections \(self.rejections), violations \(self.violations)"
    }
}
