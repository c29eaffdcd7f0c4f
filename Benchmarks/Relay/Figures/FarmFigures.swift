import Foundation

extension Benchmark {
    /// A new job for ten thousand miners: through the router, and from a loop that does nothing but send.
    func fanOut() {
        let count = 10_000
        for name in ["router", "bare"] {
            let pool = self.stage.pool(measured: name == "bare")
            let router = name == "router" ? self.stage.router(to: [pool.port]) : nil
            let miners = self.miners()
            miners.join(count, port: router?.port ?? pool.port)
            var times: [Int64] = []
            for _ in 0..<9 {
                times.append(miners.untilAllInformed { Int64(pool.peer.ask("notify")) ?? 0 })
                // Vardiff and the like come to rest.
                miners.idle(seconds: 0.2)
            }
            self.results.note("\(name): fan-out to 10,000, ms", quantile(times, 0.5) / 1e6)
        }
        self.ratio(
            "fan-out", between: "router: fan-out to 10,000, ms", and: "bare: fan-out to 10,000, ms", "bare send loop")
    }

    /// What idle miners cost.
    func memory() {
        let pool = self.stage.pool()
        let (peer, port) = self.stage.router(to: [pool.port])
        let miners = self.miners()
        miners.idle(seconds: 1)
        let base = peer.usage.residentBytes
        self.results.note("router: base, MB", Double(base) / 1e6)
        for count in [10_000, 19_000] {
            miners.join(count - miners.miners.count, port: port)
            miners.idle(seconds: 2)
            let bytes = Double(peer.usage.residentBytes - base) / Double(count)
            self.results.note("router: KB per idle miner at \(count)", bytes / 1024)
        }
    }

    /// Ten thousand miners connect at once. HAProxy needs two descriptors for each of them, so both have as many as that
    /// allows.
    func acceptStorm() {
        for relay in Relay.allCases {
            let pool = self.stage.pool()
            let (peer, port) = relay.start(self.stage, pool: pool.port)
            let miners = self.miners()
            let time = miners.join(9_900, port: port, atOnce: .max)
            self.results.note("\(relay): 9,900 miners at once, ms", Double(time) / 1e6)
            withExtendedLifetime(peer) {}
        }
        self.ratio("accept storm", "9,900 miners at once, ms")
    }

    /// The pool of ten thousand miners ends with RST; the last of them has work of the other pool.
    func failover() {
        var times: [Int64] = []
        for _ in 0..<3 {
            let pools = [self.stage.pool(), self.stage.pool()]
            let (peer, port) = self.stage.router(to: pools.map(\.port))
            let miners = self.miners()
            miners.join(10_000, port: port)
            miners.idle(seconds: 1)
            times.append(miners.untilAllInformed { Int64(pools[0].peer.ask("reset")) ?? 0 })
            if miners.closed > 0 { give(up: "\(miners.closed) miners were disconnected by the failover") }
            withExtendedLifetime(peer) {}
        }
        let time = quantile(times, 0.5) / 1e6
        self.results.note("router: failover of 10,000, ms", time)
        if let fanOut = self.results.values["router: fan-out to 10,000, ms"]?.last {
            self.results.note("failover beyond fan-out, ms", time - fanOut)
        }
    }

    /// A thousand miners that never read, a job every second for a minute.
    func slowReaders() {
        let pool = self.stage.pool()
        let (peer, port) = self.stage.router(to: [pool.port])
        let miners = self.miners()
        miners.join(1000, port: port)
        miners.readNothing()
        let base = peer.usage.residentBytes
        var peak = base
        for _ in 0..<60 {
            _ = pool.peer.ask("notify")
            miners.idle(seconds: 1)
            peak = max(peak, peer.usage.residentBytes)
        }
        self.results.note("router: KB per miner that never reads", Double(peak - base) / 1024 / 1000)
    }

    private func ratio(_ name: String, between ours: String, and theirs: String, _ other: String) {
        guard let ours = self.results.values[ours]?.last, let theirs = self.results.values[theirs]?.last else { return }
        self.results.note("\(name): router ÷ \(other)", ours / theirs)
    }
}
