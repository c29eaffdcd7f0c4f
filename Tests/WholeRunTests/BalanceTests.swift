import Foundation
import NIOCore
import NIOPosix
import Persistence
import PoolPool
import Router
import Simulation
import Testing

@testable import RouterCLI

/// Weights, as the pools' own logs have them.
@Suite(.serialized) struct BalanceTests {
    /// From 400 to 6,000 H/s, each 1.28 times as fast as the one before, in an order that favours nobody.
    private static let rates: [Double] = [400, 511, 654, 837, 1_071, 1_370, 1_752, 2_242, 2_868, 3_669, 4_695, 6_000]
    private static let order = [7, 0, 10, 3, 11, 5, 1, 8, 2, 6, 9, 4]
    /// Two minutes of work.
    private static let goal = 6_000
    /// This far from its weight a pool's part of the work may be after two minutes.
    private static let tolerance = 0.03
    private static let weights = [60.0, 40.0]

    /// A route, its pools and its miners.
    private struct Half: Sendable {
        var name: String
        var pools: [SimulatedPool]
        var route: RouteConfiguration

        init(_ name: String, seed: UInt64, vardiff: VardiffConfiguration) async throws {
            self.name = name
            self.pools = []
            for (index, weight) in BalanceTests.weights.enumerated() {
                let pool = try await SmallWorld.pool("\(name)-\(Int(weight))", seed: seed + UInt64(index)) {
                    // 26,069 H/s find a share in 520 hashes: fifty a second.
                    $0.difficulty = 520 / 0x1p32
                }
                self.pools.append(pool)
            }
            self.route = .local(zip(self.pools, BalanceTests.weights).map { .local($0, weight: $1) })
            self.route.name = name
            self.route.vardiff = vardiff
        }

        func farm(port: Int) async throws -> SimulatedFarm {
            try await SmallWorld.farm(BalanceTests.rates.count, port: port, user: self.name) { miner, index in
                miner.hashesPerSecond = BalanceTests.rates[BalanceTests.order[index]]
                // NerdMiner has no other extranonce2: its nonces must last from one job to the next.
                miner.noncesPerRoll = 1 << 20
            }
        }

        /// Accepted by both pools.
        var shares: Int { self.pools.reduce(0) { $0 + $1.log.acceptedShares } }

        func report(since start: NIODeadline) {
            let deviations = self.deviations.map { String(format: "%+.2f %%", $0 * 100) }
            print(
                "balance: \(self.name): \(self.shares) shares, \((NIODeadline.now() - start).text): "
                    + "\(deviations.joined(separator: ", ")) from the weights")
        }

        /// How each pool's part of the accepted work differs from its weight.
        var deviations: [Double] {
            let work = self.pools.map(\.log.acceptedWork)
            let weights = BalanceTests.weights
            let (sum, whole) = (work.reduce(0, +), weights.reduce(0, +))
            return zip(work, weights).map { $0 / sum - $1 / whole }
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func twoMinutesOfUnequalMinersAreSplitByWeightWithAndWithoutVardiff() async throws {
        let halves = [
            try await Half("plain", seed: 1, vardiff: VardiffConfiguration(enabled: false)),
            try await Half(
                "vardiff", seed: 11, vardiff: VardiffConfiguration(targetInterval: .milliseconds(200), minimum: 1e-9)),
        ]
        let router = try await RunningRouter.start(halves.map(\.route))
        let start = NIODeadline.now()
        var farms: [SimulatedFarm] = []
        for half in halves { farms.append(try await half.farm(port: router.port(of: half.name))) }
        for part in 1...4 {
            for (half, farm) in zip(halves, farms) {
                try await farm.wait(
                    "\(half.name): \(part) quarters of the work",
                    until: { _ in half.shares >= Self.goal * part / 4 },
                    timeout: .seconds(240)
                )
                half.report(since: start)
            }
        }
        for half in halves {
            for deviation in half.deviations { #expect(abs(deviation) < Self.tolerance, "\(half.name)") }
        }
        for farm in farms { farm.expectUndisturbed() }
        let rows = try await router.settle(farms, halves.flatMap(\.pools))
        #expect(rows.allSatisfy { $0.verdict == .accepted || $0.verdict == .counted })
        for half in halves {
            let own = rows.filter { $0.route == half.name }
            let moves = try router.events("rebalance").filter { $0.route == half.name }
            let told = moves.reduce(0) { $0 + ($1.sessionsMoved ?? 0) }
            let deviations = half.deviations.map { String(format: "%+.2f %%", $0 * 100) }
            print(
                "balance: \(half.name): \(own.count { $0.forwarded }) shares forwarded, "
                    + "\(own.count { !$0.forwarded }) counted, \(told) moves told in "
                    + "\(moves.count) events, at the end \(deviations.joined(separator: ", "))"
            )
            // How many must move depends on the order in which strangers arrive; whoever did is told of.
            let seen = Dictionary(grouping: own, by: \.worker).values.reduce(0) { $0 + Set($1.map(\.pool)).count - 1 }
            #expect(told >= seen, "\(half.name)")
        }
        #expect(try router.events("failover", "down", "suspect", "ejected").isEmpty)
        try router.removeFiles()
    }
}
