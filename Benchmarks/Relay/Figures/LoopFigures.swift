import Foundation

extension Benchmark {
    /// What a second event loop brings where a core is free for it. Router, ledger, pool and miners would need four of them,
    /// so each loop gets a part of one: two loops have twice as much, and the others have what is left.
    func loops() {
        guard self.stage.otherCore != nil else { return print("not measured: this machine has one core") }
        var rates: [Int: Double] = [:]
        for count in self.inTurn([1, 2]) {
            let pool = self.stage.pool()
            let (peer, port) = self.stage.router(to: [pool.port], loops: count)
            let miners = self.miners()
            miners.join(500, port: port)
            miners.mine(rate: 4000, seconds: 1)
            let cost = Self.cost(of: peer, miners) { $0.mine(rate: 4000, seconds: self.window) }
            let name = count == 1 ? "one loop" : "two loops"
            self.results.note("router: CPU per share at 4000/s, \(name) on all cores, µs", cost)
            guard let held = peer.hold(loopsTo: 300) else {
                return print("not measured, threads cannot be held up: \(String(cString: strerror(errno)))")
            }
            if held != count { give(up: "\(held) event loops instead of \(count)") }
            miners.forgetShares()
            let rate = miners.saturate(inFlight: 4, seconds: 2 * self.window)
            miners.requireIntact()
            rates[count] = rate
            self.results.note("router: shares/s at saturation, \(name) of 0.3 cores", rate)
            self.stage.clear()
        }
        if let one = rates[1], let two = rates[2] {
            self.results.note("shares/s at saturation, two loops ÷ one", two / one)
        }
    }

    /// Processor time of `peer` for each of the shares that `body` has sent, in microseconds.
    static func cost(of peer: Peer, _ miners: Miners, _ body: (Miners) -> Void) -> Double {
        miners.forgetShares()
        let before = peer.usage.processorTime
        body(miners)
        return Double(peer.usage.processorTime - before) / 1000 / Double(miners.sent.count)
    }
}
