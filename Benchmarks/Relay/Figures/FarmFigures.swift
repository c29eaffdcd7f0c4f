import Foundation

extension Benchmark {
    /// A new job for ten thousand miners: through the router, and from a loop that does nothing but send. Which of them is
    /// first changes with each run: sockets for both at once are more than a process may have.
    func fanOut() {
        for name in self.inTurn(["router", "bare"]) {
            let pool = self.stage.pool(measured: name == "bare")
            let router = name == "router" ? self.stage.router(to: [pool.port]) : nil
            let miners = self.miners()
            miners.join(10_000, port: router?.port ?? pool.port)
            var times: [Int64] = []
            for _ in 0..<9 {
                times.append(self.announce(pool.peer, to: miners))
                // Vardiff and the like come to rest.
                miners.idle(seconds: 0.2)
            }
            miners.requireIntact()
            self.results.note("\(name): fan-out to 10000, ms", quantile(times, 0.5) / 1e6)
            self.stage.clear()
        }
        self.ratio("fan-out to 10000, ms", by: "bare")
    }

    /// Ten thousand miners connect at once. HAProxy needs two descriptors for each of them, so both have as many as that
    /// allows.
    func acceptStorm() {
        for relay in self.inTurn(Relay.allCases) {
            let pool = self.stage.pool()
            let port = relay.start(self.stage, pool: pool.port).port
            let miners = self.miners()
            let time = miners.join(9_900, port: port, atOnce: .max)
            miners.requireIntact()
            self.results.note("\(relay): 9900 miners at once have work, ms", Double(time) / 1e6)
            self.stage.clear()
        }
        self.ratio("9900 miners at once have work, ms")
    }

    /// The pool of ten thousand miners ends with RST and takes no connections; the last of them has work of the other pool.
    func failover() {
        let pools = [self.stage.pool(), self.stage.pool()]
        let port = self.stage.router(to: pools.map(\.port)).port
        let miners = self.miners()
        miners.join(10_000, port: port)
        miners.idle(seconds: 1)
        let time = miners.untilAllInformed(of: Int(pools[1].peer.ask("job"))) {
            Int64(pools[0].peer.ask("down")) ?? 0
        }
        miners.requireIntact()
        self.results.note("router: failover of 10000, ms", Double(time) / 1e6)
        if let fanOut = self.results.last("router: fan-out to 10000, ms") {
            self.results.note("failover of 10000 beyond fan-out, ms", Double(time) / 1e6 - fanOut)
        }
    }

    /// From a pool's new job to the last miner that has it, in nanoseconds.
    func announce(_ pool: Peer, to miners: Miners) -> Int64 {
        let job = Int(pool.ask("job")).map { $0 + 1 }
        return miners.untilAllInformed(of: job) { Int64(pool.ask("notify")) ?? 0 }
    }
}
