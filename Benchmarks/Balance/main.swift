import Foundation
import NIOCore
import PoolPool
import Router

// How long the decisions of a route take: balancing, and finding everybody a pool after a failure.
//
//   balance-benchmark [SESSIONS] [POOLS]
//
// Figures are medians and maxima of a hundred runs.

let arguments = CommandLine.arguments.dropFirst().compactMap { Int($0) }
let sessionCount = max(1, arguments.first ?? 20_000)
let poolCount = min(64, max(2, arguments.dropFirst().first ?? 3))

/// A route whose pools share the work, and whose sessions all mine at the first one.
func makePolicy(sessions sessionCount: Int, pools poolCount: Int, _ now: NIODeadline) -> RoutePolicy {
    var random = RandomSource(seed: 1)
    let pools = (0..<poolCount).map { index in
        PoolConfiguration(
            name: "pool-\(index)",
            endpoint: PoolEndpoint(transport: .tcp, host: "pool-\(index).example.com", port: 3333),
            user: "account",
            weight: Double(index + 1)
        )
    }
    var policy = RoutePolicy(
        configuration: RouteConfiguration(
            name: "btc",
            listeners: [],
            pools: pools,
            balance: BalanceConfiguration(movesPerSecond: 1, patience: .zero)
        ),
        now: now
    )
    for (index, pool) in pools.enumerated() {
        policy.add(pool, now: now)
        _ = policy.linkReady(index, now: now)
    }
    for session in 0..<sessionCount {
        let hashrate = 1e12 * pow(1000, Double.random(in: 0...1, using: &random))
        policy.arrived(
            ArrivingSession(
                session: Int64(session),
                identity: SessionIdentity(login: "farm.\(session)"),
                estimate: HashrateEstimate(hashrate: hashrate, shares: 20)
            )
        )
        policy.assigned(Int64(session), to: 0)
    }
    return policy
}

func measure(_ what: String, runs: Int = 100, _ body: (Int) -> Int) {
    let clock = ContinuousClock()
    var results = 0
    var times: [Double] = []
    for run in 0..<runs {
        let time = clock.measure { results += body(run) }
        times.append(Double(time.components.seconds) * 1e3 + Double(time.components.attoseconds) / 1e15)
    }
    times.sort()
    let median = times[times.count / 2]
    let slowest = times[times.count - 1]
    print(
        "\(what): median \(String(format: "%.2f", median)) ms, slowest \(String(format: "%.2f", slowest)) ms, "
            + "\(results / runs) moves a run"
    )
}

let start = NIODeadline.uptimeNanoseconds(3_600_000_000_000)
print("\(sessionCount) sessions, \(poolCount) pools")

let unbalanced = makePolicy(sessions: sessionCount, pools: poolCount, start)
measure("rebalance, all sessions at one pool") { run in
    var policy = unbalanced
    return policy.balance(now: start + .seconds(Int64(run) + 10)).count
}

var balanced = unbalanced
for move in balanced.balance(now: start + .seconds(10)) { balanced.assigned(move.session, to: move.to) }
measure("rebalance, nothing to do") { run in
    var policy = balanced
    return policy.balance(now: start + .seconds(Int64(run) + 20)).count
}

let failed = balanced
measure("failover, everybody of one pool placed anew", runs: 20) { run in
    var policy = failed
    let now = start + .seconds(Int64(run) + 20)
    _ = policy.linksFailed(0, "closed", now: now)
    var moved = 0
    for session in 0..<sessionCount {
        let id = Int64(session)
        guard let pool = policy.pool(of: id), !policy.mayStay(id, at: pool, now: now) else { continue }
        policy.assigned(id, to: policy.walk(id).first)
        moved += 1
    }
    return moved
}
