import Foundation

/// Which program stands between miners and pool.
enum Relay: String, CaseIterable {
    case router, haproxy

    func start(_ stage: Stage, pool: UInt16) -> (peer: Peer, port: UInt16) {
        switch self {
        case .router: stage.router(to: [pool])
        case .haproxy: stage.haproxy(to: pool)
        }
    }
}

extension Benchmark {
    /// What a share costs, and how long it takes to the pool, behind the router and behind HAProxy.
    func shares() {
        for relay in Relay.allCases {
            let pool = self.stage.pool()
            let (peer, port) = relay.start(self.stage, pool: pool.port)
            let miners = self.miners()
            miners.join(500, port: port)
            for rate in [4000, 1000] {
                miners.mine(rate: Double(rate), seconds: 1)
                let cost = self.cost(of: peer, miners, rate: Double(rate), seconds: self.window)
                self.results.note("\(relay): µs per share at \(rate)/s", cost)
                guard rate == 4000 else { continue }
                self.results.note("\(relay): delay to the pool p50, ms", quantile(miners.delaysToPool, 0.5) / 1e6)
                self.results.note("\(relay): delay to the pool p99, ms", quantile(miners.delaysToPool, 0.99) / 1e6)
            }
            let before = peer.usage
            miners.forgetShares()
            let throughput = miners.saturate(inFlight: 4, seconds: self.window)
            let after = peer.usage
            self.results.note("\(relay): shares/s at saturation", throughput)
            self.results.note(
                "\(relay): µs per share at saturation",
                Double(after.processorTime - before.processorTime) / 1000 / Double(miners.sent.count)
            )
            if miners.refused > 0 { give(up: "\(miners.refused) shares were refused") }
        }
        self.ratio("CPU per share at 4,000/s", "µs per share at 4000/s")
        self.ratio("CPU per share at 1,000/s", "µs per share at 1000/s")
        self.ratio("CPU per share at saturation", "µs per share at saturation")
        self.ratio("delay to the pool, p50", "delay to the pool p50, ms")
        self.ratio("delay to the pool, p99", "delay to the pool p99, ms")
        self.ratio("shares/s at saturation", "shares/s at saturation")
    }

    /// What a share costs with few and with many miners that send the same number in all.
    func scaling() {
        let pool = self.stage.pool()
        let (peer, port) = self.stage.router(to: [pool.port])
        let miners = self.miners()
        var costs: [Double] = []
        for count in [100, 1000, 10_000, 19_000] {
            miners.join(count - miners.miners.count, port: port)
            miners.mine(rate: 4000, seconds: 1)
            costs.append(self.cost(of: peer, miners, rate: 4000, seconds: self.window))
            self.results.note("router: µs per share, \(count) miners", costs[costs.count - 1])
        }
        let mean = costs.reduce(0, +) / Double(costs.count)
        self.results.note("scaling: largest deviation, %", costs.map { abs($0 / mean - 1) * 100 }.max() ?? 0)
    }

    /// Processor time of `peer` for each share, in microseconds.
    private func cost(of peer: Peer, _ miners: Miners, rate: Double, seconds: Double) -> Double {
        miners.forgetShares()
        let before = peer.usage
        miners.mine(rate: rate, seconds: seconds)
        let after = peer.usage
        return Double(after.processorTime - before.processorTime) / 1000 / Double(miners.sent.count)
    }

    /// Notes the last value of the router by that of HAProxy.
    func ratio(_ name: String, _ figure: String) {
        guard let ours = self.results.values["router: \(figure)"]?.last,
            let theirs = self.results.values["haproxy: \(figure)"]?.last
        else { return }
        self.results.note("\(name): router ÷ HAProxy", ours / theirs)
    }
}
