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

/// One relay with a pool and miners of its own, and what was measured of it so far.
final class Side {
    let relay: Relay
    let peer: Peer
    let miners: Miners
    private let pool: Peer
    private var total = Window()

    /// What a window used: nanoseconds, of processor time unless said otherwise.
    struct Window {
        var shares = 0
        var elapsed: Int64 = 0
        var relay: Int64 = 0
        /// That the relay waited for its core.
        var waiting: Int64 = 0
        var pool: Int64 = 0
        var generator: Int64 = 0
        var delays: [Int64] = []
        var verdicts: [Int64] = []

        /// Of the relay for each share, in microseconds.
        var cost: Double { Double(self.relay) / 1000 / Double(self.shares) }

        /// How much of the window that is, in percent of one core.
        func part(_ time: KeyPath<Window, Int64>) -> Double {
            Double(self[keyPath: time]) / Double(self.elapsed) * 100
        }
    }

    init(_ relay: Relay, _ benchmark: Benchmark, count: Int) {
        self.relay = relay
        let pool = benchmark.stage.pool()
        self.pool = pool.peer
        let (peer, port) = relay.start(benchmark.stage, pool: pool.port)
        self.peer = peer
        self.miners = benchmark.miners()
        self.miners.join(count, port: port)
        self.miners.mine(rate: 4000, seconds: 1)
    }

    /// Adds a window in which `body` has shares sent.
    func measure(_ body: (Miners) -> Void) {
        self.miners.forgetShares()
        let before = (self.peer.usage, self.pool.usage, ProcessUsage(of: getpid()), monotonicNow())
        body(self.miners)
        let after = (self.peer.usage, self.pool.usage, ProcessUsage(of: getpid()), monotonicNow())
        self.total.shares += self.miners.sent.count
        self.total.elapsed += after.3 - before.3
        self.total.relay += after.0.processorTime - before.0.processorTime
        self.total.waiting += after.0.waitingTime - before.0.waitingTime
        self.total.pool += after.1.processorTime - before.1.processorTime
        self.total.generator += after.2.processorTime - before.2.processorTime
        self.total.delays += self.miners.delaysToPool
        self.total.verdicts += self.miners.delaysOfVerdict
        self.miners.requireIntact()
    }

    /// What the windows since the last call came to.
    func take() -> Window {
        defer { self.total = Window() }
        return self.total
    }
}
