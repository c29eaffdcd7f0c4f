import Foundation

extension Benchmark {
    /// What a share costs, and how long it takes to the pool, behind the router and behind HAProxy. Both stand ready; their
    /// windows take turns, first one, then the other, then in the other order.
    func shares() {
        let sides = Relay.allCases.map { Side($0, self, count: 500) }
        let turns = sides + sides.reversed()
        for rate in [4000, 1000] {
            for side in turns {
                // The router's ledger is up to half a second behind: as much comes into the window as is left at its end.
                side.miners.mine(rate: Double(rate), seconds: 0.6)
                side.measure { $0.mine(rate: Double(rate), seconds: self.window) }
            }
            for side in sides {
                let window = side.take()
                self.results.note("\(side.relay): CPU per share at \(rate)/s, µs", window.cost)
                self.results.note("\(side.relay): waits for its core at \(rate)/s, %", window.part(\.waiting))
                for (name, part) in [("p50", 0.5), ("p99", 0.99)] {
                    if rate == 4000 {
                        self.results.note(
                            "\(side.relay): delay to the pool \(name), ms", quantile(window.delays, part) / 1e6)
                    }
                    self.results.note(
                        "\(side.relay): verdict after, at \(rate)/s, \(name), ms", quantile(window.verdicts, part) / 1e6
                    )
                }
            }
        }
        var throughput: [Relay: [Double]] = [:]
        for side in turns {
            side.measure {
                throughput[side.relay, default: []].append($0.saturate(inFlight: 4, seconds: self.window))
            }
        }
        for side in sides {
            let rates = throughput[side.relay] ?? []
            self.results.note("\(side.relay): shares/s at saturation", rates.reduce(0, +) / Double(rates.count))
            let window = side.take()
            self.results.note("\(side.relay): CPU per share at saturation, µs", window.cost)
            self.results.note("\(side.relay): busy at saturation, %", window.part(\.relay))
            self.results.note("\(side.relay): waits for its core at saturation, %", window.part(\.waiting))
            self.results.note("\(side.relay): its pool busy at saturation, %", window.part(\.pool))
            self.results.note("\(side.relay): generator busy at saturation, %", window.part(\.generator))
        }
        self.results.note(
            "windows in which the rate was not held", Double(sides.map(\.miners.lateWindows).reduce(0, +)))
        for figure in [
            "CPU per share at 4000/s, µs", "CPU per share at 1000/s, µs", "CPU per share at saturation, µs",
            "delay to the pool p50, ms", "delay to the pool p99, ms", "shares/s at saturation",
        ] { self.ratio(figure) }
    }

    /// What a share costs with few and with many miners that send the same number in all.
    func scaling() {
        let pool = self.stage.pool()
        let (peer, port) = self.stage.router(to: [pool.port])
        let miners = self.miners()
        var costs: [(miners: Int, cost: Double)] = []
        for count in [100, 1000, 10_000, 19_000] {
            miners.join(count - miners.miners.count, port: port)
            miners.mine(rate: 4000, seconds: 1)
            let cost = Self.cost(of: peer, miners) { $0.mine(rate: 4000, seconds: self.window) }
            costs.append((count, cost))
            self.results.note("router: CPU per share with \(count) miners, µs", cost)
        }
        miners.requireIntact()
        let mean = costs.map(\.cost).reduce(0, +) / Double(costs.count)
        for (count, cost) in costs {
            self.results.note("CPU per share with \(count) miners, % from the mean", (cost / mean - 1) * 100)
        }
    }

    /// Notes the last value of the router by that of another.
    func ratio(_ figure: String, by other: String = "haproxy") {
        guard let ours = self.results.last("router: \(figure)"), let theirs = self.results.last("\(other): \(figure)")
        else { return }
        let name = figure.replacing(/, (µs|ms)$/, with: "")
        self.results.note("\(name), router ÷ \(other)", ours / theirs)
    }
}
