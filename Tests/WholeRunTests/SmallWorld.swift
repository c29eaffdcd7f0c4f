import NIOCore
import NIOPosix
import Persistence
import PoolPool
import Router
import Simulation
import Testing

@testable import RouterCLI

/// The parts that whole runs of rare and hostile things are made of: small pools, slow miners, and the books at the end.
enum SmallWorld {
    /// Where simulated pools and miners live.
    static let outside = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    /// A pool whose shares take about 430 hashes.
    static func pool(
        _ name: String,
        seed: UInt64 = 1,
        _ change: (inout SimulatedPoolConfiguration) -> Void = { _ in }
    ) async throws -> SimulatedPool {
        var configuration = SimulatedPoolConfiguration(name: name)
        configuration.difficulty = 1e-7
        configuration.jobInterval = .seconds(2)
        configuration.seed = seed
        change(&configuration)
        return try await SimulatedPool.start(configuration, on: Self.outside)
    }

    /// Miners of all kinds; at 800 H/s each finds about two shares a second in a pool of this world.
    static func farm(
        _ count: Int,
        port: Int,
        user: String = "farm",
        profiles: [MinerProfile] = MinerProfile.allCases,
        hashesPerSecond: Double = 800,
        _ change: (inout SimulatedMinerConfiguration, Int) -> Void = { _, _ in }
    ) async throws -> SimulatedFarm {
        var configurations = SimulatedFarm.configurations(
            count: count,
            profiles: profiles,
            user: user,
            port: port,
            hashesPerSecond: hashesPerSecond
        )
        for index in configurations.indices {
            configurations[index].reconnectDelay = .milliseconds(100)
            change(&configurations[index], index)
        }
        return try await SimulatedFarm.start(configurations, on: Self.outside)
    }
}

extension MinerLog {
    /// When it got its first clean job after `time`.
    func cleanJob(after time: NIODeadline) -> NIODeadline? {
        var first: NIODeadline?
        for event in self.events.reversed() {
            guard event.time > time else { break }
            if case .job(_, true, _, _) = event.kind { first = event.time }
        }
        return first
    }
}

extension TimeAmount {
    /// As `1.23 s`.
    var text: String {
        let hundredths = self.nanoseconds / 10_000_000
        return "\(hundredths / 100).\(String(hundredths % 100 + 100).dropFirst()) s"
    }
}

/// What was awaited in the router, and how its pools stood at the end.
struct NeverCame: Error {
    var what: String
    var pools: [String]
}

extension SimulatedFarm {
    /// Returns when each miner has had this many more shares accepted than now.
    func mineOn(_ shares: Int, _ what: String = "all mine", timeout: Duration = .seconds(60)) async throws {
        let before = self.logs.map(\.accepted)
        try await self.wait(
            what, until: { zip($0, before).allSatisfy { $0.accepted >= $1 + shares } }, timeout: timeout)
    }

    /// Stops hashing, and returns when every submit on a link that is still up is answered.
    func rest() async throws {
        for miner in self.miners { try await miner.pause() }
        try await self.wait(
            "all replies",
            until: { logs in
                logs.allSatisfy { log in
                    !log.submissions.contains { $0.reply == nil && $0.connection == log.connects - 1 }
                }
            },
            timeout: .seconds(60)
        )
    }

    /// Nobody was disconnected, nobody saw a broken rule.
    func expectUndisturbedLinks() {
        #expect(self.totals.disconnects == 0)
        #expect(self.totals.violations.isEmpty)
    }

    /// Nobody was disconnected, nobody saw a broken rule, no share was refused.
    func expectUndisturbed() {
        self.expectUndisturbedLinks()
        #expect(self.totals.rejected == 0, "\(self.totals)")
    }
}

extension RunningRouter {
    /// The port of a route's first listener.
    func port(of route: String) -> Int {
        self.assembly.listeners[route]?.first?.address?.port ?? 0
    }

    /// Returns when `condition` holds for a route, as the router itself sees it.
    func eventually(_ what: String, _ condition: (RouteSnapshot) -> Bool) async throws {
        let (snapshots, watcher) = AsyncStream.makeStream(of: RouteSnapshot.self)
        for route in self.assembly.routes { route.watch(watcher) }
        // Only a test that fails gets so far.
        let limit = Task {
            try await Task.sleep(for: .seconds(60))
            watcher.finish()
        }
        defer {
            limit.cancel()
            watcher.finish()
        }
        for await snapshot in snapshots where condition(snapshot) { return }
        throw NeverCame(what: what, pools: await self.assembly.control.pools(route: nil).map { "\($0)" })
    }

    /// Ends the run: all books agree. Returns the ledger's rows.
    @discardableResult
    func settle(_ farms: [SimulatedFarm], _ pools: [SimulatedPool]) async throws -> [LedgerShareRecord] {
        for farm in farms { try await farm.rest() }
        try await self.stop()
        let rows = try self.shares()
        Books.checkSettled(rows)
        for pool in pools { Books.check(rows, against: pool) }
        for miner in farms.flatMap(\.miners) {
            Books.check(rows, against: miner)
            #expect(miner.log.violations.isEmpty)
        }
        for farm in farms { try await farm.stop() }
        for pool in pools { try await pool.stop() }
        return rows
    }
}
