import Foundation

extension Benchmark {
    /// Miners come, go and connect anew, the first pool fails and returns, shares flow all the while. What may not happen is
    /// counted, and the memory is watched.
    func soak() {
        let pools = [self.stage.pool(), self.stage.pool()]
        let (peer, port) = self.stage.router(to: pools.map(\.port))
        let miners = self.miners()
        miners.join(1000, port: port)
        var random = SplitMix64(state: 2)
        var resident = LeastSquares()
        var switches: [Int64] = []
        var jobs: [Int64] = []
        var isDown = false
        var (shares, reconnects, joined) = (0, 0, 0)
        let begin = monotonicNow()
        let end = begin + Int64(self.soakSeconds * 1e9)
        let half = begin + (end - begin) / 2
        var (nextSample, nextSwitch, nextJob) = (begin, begin + 20_000_000_000, begin + 15_000_000_000)
        while case let now = monotonicNow(), now < end {
            if now >= nextSwitch {
                switches.append(now)
                miners.send(shares: 20)
                _ = pools[0].peer.ask(isDown ? "up" : "down")
                isDown.toggle()
                nextSwitch += 20_000_000_000
            }
            if now >= nextJob {
                jobs.append(now)
                // A pool without new jobs would be suspect.
                for pool in pools { _ = pool.peer.ask("notify") }
                nextJob += 15_000_000_000
            }
            if now >= nextSample {
                if now >= half {
                    resident.add(Double(now - begin) / 60e9, Double(peer.usage.residentBytes) / 1024)
                }
                nextSample += 5_000_000_000
            }
            miners.mine(rate: 500, seconds: 0.25)
            shares += miners.sent.count
            miners.forgetShares()
            for _ in 0..<Int(random.next() % 8) {
                miners.reconnect(Int(random.next() % UInt64(miners.miners.count)), port: port)
                reconnects += 1
            }
            // As many as leave: memory would follow their number, up and down.
            let some = Int(random.next() % 10)
            miners.leave(some)
            miners.join(some, port: port)
            joined += some
            for index in miners.disconnected { miners.reconnect(index, port: port) }
        }
        // What is on the way when a pool goes down or comes back, or when a clean job comes, may be lost or late.
        let changes = switches + jobs
        let excused = miners.refused.filter { share in changes.contains { abs($0 - share) < 1_000_000_000 } }
        self.results.note("soak: seconds", Double(monotonicNow() - begin) / 1e9)
        self.results.note("soak: shares", Double(shares))
        self.results.note("soak: miners joined, and as many left", Double(joined))
        self.results.note("soak: miners connected anew", Double(reconnects))
        self.results.note("soak: pool failures and returns", Double(switches.count))
        self.results.note("soak: clean jobs", Double(jobs.count))
        self.results.note("soak: shares refused within a second of those", Double(excused.count))
        self.results.note("soak: other shares refused", Double(miners.refused.count - excused.count))
        self.results.note("soak: miners disconnected", Double(miners.closed))
        for (reason, count) in miners.refusals.sorted(by: { $0.key < $1.key }) {
            self.results.note("soak: shares refused: \(reason)", Double(count))
        }
        self.results.note("soak: memory at the end, MB", Double(peer.usage.residentBytes) / 1e6)
        if let line = resident.line {
            self.results.note("soak: memory slope over the second half, KB/min", line.slope)
            self.results.note("soak: its standard error, KB/min", line.error)
            self.results.note("soak: memory slope ÷ its standard error", line.slope / line.error)
        }
    }
}

/// A straight line through points.
struct LeastSquares {
    private var points: [(x: Double, y: Double)] = []

    mutating func add(_ x: Double, _ y: Double) { self.points.append((x, y)) }

    /// The slope and its standard error, of three points or more.
    var line: (slope: Double, error: Double)? {
        let count = Double(self.points.count)
        guard count > 2 else { return nil }
        let meanX = self.points.map(\.x).reduce(0, +) / count
        let meanY = self.points.map(\.y).reduce(0, +) / count
        let spread = self.points.map { ($0.x - meanX) * ($0.x - meanX) }.reduce(0, +)
        guard spread > 0 else { return nil }
        let slope = self.points.map { ($0.x - meanX) * ($0.y - meanY) }.reduce(0, +) / spread
        let rest = self.points.map { point in
            let distance = point.y - meanY - slope * (point.x - meanX)
            return distance * distance
        }
        // A page is the least that can be told apart.
        return (slope, max((rest.reduce(0, +) / (count - 2) / spread).squareRoot(), 4 / spread.squareRoot()))
    }
}
