import Foundation
import Persistence
import Simulation

/// The end of the demo: what the ledger says, held against what the pools and the miners say.
enum DemoSummary {
    private struct Tally {
        var accepted = 0
        var counted = 0
        var refused = 0
        var lost = 0
        var open = 0

        mutating func add(_ verdict: LedgerVerdictKind) {
            switch verdict {
            case .accepted: self.accepted += 1
            case .counted: self.counted += 1
            case .lost: self.lost += 1
            case .pending, .unknown: self.open += 1
            case .rejected, .stale, .duplicate, .lowDifficulty, .malformed, .unauthorized: self.refused += 1
            }
        }

        var total: Int { self.accepted + self.counted + self.refused + self.lost + self.open }
        var values: [OutputValue] {
            [self.total, self.accepted, self.counted, self.refused, self.lost].map { .integer(Int64($0)) }
        }
    }

    /// Prints the summary; false if the books do not agree.
    static func print(_ world: DemoWorld) async throws -> Bool {
        let reader = try LedgerReader(path: world.ledgerPath)
        var byPair: [String: [String: Tally]] = [:]
        var forwarded: [String: Tally] = [:]
        try reader.shares(LedgerShareFilter()) { share in
            let pool = share.pool ?? "-"
            byPair[share.worker ?? "-", default: [:]][pool, default: Tally()].add(share.verdict)
            if share.forwarded { forwarded[pool, default: Tally()].add(share.verdict) }
        }
        var rows: [[OutputValue]] = []
        for (worker, pools) in byPair.sorted(by: { $0.key.localizedStandardCompare($1.key) == .orderedAscending }) {
            for (pool, tally) in pools.sorted(by: { $0.key > $1.key }) {
                rows.append([.text(worker), .text(pool)] + tally.values)
            }
        }
        Swift.print("\nThe ledger, \(world.ledgerPath):\n")
        Swift.print(
            Table(columns: ["WORKER", "POOL", "SHARES", "ACCEPTED", "COUNTED", "REFUSED", "LOST"], rows: rows).render()
        )
        var filter = LedgerEventFilter()
        filter.kinds = ["failover", "failback"]
        for event in try reader.events(filter) {
            let detail = [
                event.sessionsMoved.map { "\($0) miners moved" }, event.sharesLost.map { "\($0) shares lost" },
            ].compactMap { $0 }.joined(separator: ", ")
            Swift.print(
                "\(event.kind): \(event.fromPool ?? "-") → \(event.toPool ?? "-"), \(detail) (\(event.cause ?? "-"))")
        }
        let agrees = Self.compare(world, byPair: byPair, forwarded: forwarded)
        Swift.print(self.moves(world.farm.miners.map { ($0.configuration.user, $0.log.connects) }, world.spoken))
        Swift.print("look on: router-cli report --by worker,pool --ledger \(world.ledgerPath)")
        return agrees
    }

    private static func compare(_ world: DemoWorld, byPair: [String: [String: Tally]], forwarded: [String: Tally])
        -> Bool
    {
        var agrees = true
        Swift.print("")
        for pool in [world.primary, world.backup] {
            let ledger = forwarded[pool.name] ?? Tally()
            let log = pool.log
            // A share whose verdict was on its way when the pool died is `lost` here and may be accepted there.
            let fits =
                (ledger.accepted...(ledger.accepted + ledger.lost)).contains(log.acceptedShares) && ledger.open == 0
            agrees = agrees && fits
            Swift.print(
                "\(pool.name): ledger \(ledger.accepted) accepted and \(ledger.lost) lost, "
                    + "pool's own log \(log.acceptedShares) accepted: \(fits ? "agrees" : "DOES NOT AGREE")"
            )
        }
        var wrong = 0
        for miner in world.farm.miners {
            let pools = byPair[miner.configuration.user] ?? [:]
            let good = pools.values.reduce(0) { $0 + $1.accepted + $1.counted }
            let log = miner.log
            // What was under way when the miner connected again was answered to nobody.
            if !(log.accepted...(log.accepted + max(0, log.unanswered))).contains(good) { wrong += 1 }
        }
        agrees = agrees && wrong == 0
        Swift.print(
            "miners: \(world.farm.totals.accepted) shares answered true; "
                + (wrong == 0
                    ? "each miner's count agrees with the ledger"
                    : "\(wrong) miners' counts DO NOT AGREE with the ledger")
        )
        return agrees
    }

    /// How many miners noticed that their pool was another one, and why.
    static func moves(_ miners: [(user: String, connects: Int)], _ spoken: DemoProtocol) -> String {
        let again = miners.filter { $0.connects > 1 }
        let reconnects = again.reduce(0) { $0 + $1.connects - 1 }
        let names = again.prefix(6).map(\.user).joined(separator: ", ") + (again.count > 6 ? ", …" : "")
        let noticed =
            again.isEmpty
            ? "none reconnected" : "\(again.count) reconnected, \(reconnects) times in all (\(names))"
        return """
            changes of pool: \(miners.count - again.count) of \(miners.count) miners never noticed, \(noticed)
            \(spoken.rawValue): \(spoken.changeOfPool)
            """
    }
}
