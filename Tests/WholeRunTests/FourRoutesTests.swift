import Foundation
import Persistence
import PoolPool
import Router
import Simulation
import Stratum
import Testing

@testable import RouterCLI

/// One process with routes of four protocols: what happens to one is nothing to the others.
@Suite(.serialized) struct FourRoutesTests {
    /// A route with all that is around it.
    private struct Side {
        var `protocol`: SimulatedProtocol
        var pools: [SimulatedPool]
        var farm: SimulatedFarm

        /// Its name, as `route(_:)` gives it.
        var route: String { self.protocol.rawValue }
        /// Headers or hashes tried so far.
        var hashes: Int { self.farm.totals.hashes }
    }

    private static let miners = 12
    private static let protocols = [SimulatedProtocol.bitcoin, .equihash, .cryptonote, .ethereumStratum1]
    private static let seed: UInt64 = 0x40

    private static func pools(_ protocol: SimulatedProtocol, _ index: Int) async throws -> [SimulatedPool] {
        var pools: [SimulatedPool] = []
        for number in 1...2 {
            let name = "\(`protocol`.rawValue)-\(number)"
            let seed = Self.seed + UInt64(2 * index + number)
            pools.append(
                `protocol` == .bitcoin
                    ? try await SmallWorld.pool(name, seed: seed)
                    : try await ProtocolTests.pool(name, `protocol`, seed: seed)
            )
        }
        return pools
    }

    private static func farm(_ protocol: SimulatedProtocol, port: Int) async throws -> SimulatedFarm {
        `protocol` == .bitcoin
            ? try await SmallWorld.farm(Self.miners, port: port, user: "bitcoin.farm")
            : try await ProtocolTests.farm(Self.miners, `protocol`, port: port)
    }

    private static func milliseconds() -> Int64 { Int64(Date().timeIntervalSince1970 * 1000) }

    /// The pools of one route are all killed: its miners are held and then sent away, the others do not notice. Then the
    /// pools come back and everybody mines. One ledger has it all, each share in the unit of its protocol.
    @Test(.timeLimit(.minutes(3)))
    func oneRouteWithoutPoolsDoesNotDisturbTheOthers() async throws {
        print("seed \(Self.seed)")
        var routes: [RouteConfiguration] = []
        var pools: [[SimulatedPool]] = []
        for (index, `protocol`) in Self.protocols.enumerated() {
            let both = try await Self.pools(`protocol`, index)
            var route = try ProtocolTests.route(
                `protocol`, [.local(both[0]), .local(both[1], priority: 2)]
            )
            route.health.hold = .seconds(1)
            route.health.failbackAfter = .milliseconds(500)
            routes.append(route)
            pools.append(both)
        }
        let router = try await RunningRouter.start(routes)
        var sides: [Side] = []
        for (`protocol`, pools) in zip(Self.protocols, pools) {
            let farm = try await Self.farm(`protocol`, port: router.port(of: `protocol`.rawValue))
            sides.append(Side(protocol: `protocol`, pools: pools, farm: farm))
        }
        for side in sides { try await side.farm.mineOn(1, "\(side.route): all mine") }

        let (since, before) = (Self.milliseconds(), sides.map(\.hashes))
        let struck = try #require(sides.first { $0.protocol == .cryptonote })
        let others = sides.filter { $0.protocol != .cryptonote }
        for pool in struck.pools { try await pool.inject(.reset) }
        try await struck.farm.wait("all are sent away", until: { $0.allSatisfy { $0.disconnects >= 1 } })
        let accepted = struck.farm.totals.accepted
        for side in others { try await side.farm.mineOn(2, "\(side.route) mines on") }
        #expect(struck.farm.totals.accepted == accepted)
        for side in others {
            side.farm.expectUndisturbedLinks()
            #expect(side.pools[1].log.acceptedShares == 0, "\(side.route)")
        }
        let (until, after) = (Self.milliseconds(), sides.map(\.hashes))

        for pool in struck.pools { try await pool.inject(.healthy) }
        try await struck.farm.mineOn(2, "\(struck.route) is back")
        for side in others { side.farm.expectUndisturbedLinks() }

        let rows = try await router.settle(sides.map(\.farm), sides.flatMap(\.pools))
        let seconds = Double(until - since) / 1000
        for (index, side) in sides.enumerated() {
            let name = try side.protocol.dialect.name
            let mine = rows.filter { $0.route == side.route }
            #expect(!mine.isEmpty && mine.allSatisfy { $0.protocol == name }, "\(side.route)")
            #expect(Set(mine.compactMap(\.worker)).count == Self.miners)
            guard side.protocol != struck.protocol else { continue }
            try self.check(
                router, side, since: since, until: until, hashrate: Double(after[index] - before[index]) / seconds
            )
        }
        let report = try LedgerReader(path: router.ledgerPath).report(
            by: [.route], period: LedgerPeriod(), now: Self.milliseconds()
        )
        #expect(Set(report.map(\.key)) == Set(sides.map { [$0.route] }))
        #expect(report.allSatisfy { !$0.mixesUnits && ($0.hashrate ?? 0) > 0 })
        let closed = try router.events("session_closed").filter { $0.cause == SessionCloseReason.noPool.rawValue }
        #expect(closed.count >= Self.miners)
        #expect(closed.allSatisfy { $0.worker?.hasPrefix("cryptonote.") ?? false })
        try router.removeFiles()
    }

    /// The route's line in a report over this time has the hashrate of its miners, give or take what chance does and a
    /// header of Equihash having two solutions.
    private func check(
        _ router: RunningRouter, _ side: Side, since: Int64, until: Int64, hashrate: Double
    ) throws {
        let rows = try LedgerReader(path: router.ledgerPath).report(
            by: [.route], period: LedgerPeriod(since: since, until: until), now: until
        )
        let row = try #require(rows.first { $0.key == [side.route] }, "\(side.route)")
        #expect(row.protocols.map(\.name) == [try side.protocol.dialect.name])
        let ratio = (row.hashrate ?? 0) / hashrate
        print("\(side.route): \(row.hashrate ?? 0) H/s, the miners \(hashrate) H/s, ratio \(ratio)")
        #expect((1.0 / 3...3).contains(ratio), "\(side.route)")
    }
}
