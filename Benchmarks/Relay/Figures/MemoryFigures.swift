import Foundation

extension Benchmark {
    /// What idle miners cost when they have joined, and when they have been sent jobs for a while.
    func memory() {
        let pool = self.stage.pool()
        let (peer, port) = self.stage.router(to: [pool.port])
        let miners = self.miners()
        miners.idle(seconds: 1)
        let base = peer.usage.residentBytes
        self.results.note("router: memory without miners, MB", Double(base) / 1e6)
        let note = { (name: String) in
            miners.idle(seconds: 2)
            let bytes = Double(peer.usage.residentBytes - base)
            self.results.note("router: memory of an idle miner \(name), KB", bytes / 1024 / Double(miners.miners.count))
        }
        for count in [10_000, 19_000] {
            miners.join(count - miners.miners.count, port: port)
            note("of \(count)")
        }
        for _ in 0..<40 { _ = self.announce(pool.peer, to: miners) }
        note("of 19000 after 40 jobs")
        miners.requireIntact()
    }

    /// A thousand miners that never read, and whose kernel keeps little for them: a job every second for a minute, then one
    /// after the other until the router has closed them all.
    func slowReaders() {
        let count = 1000
        let pool = self.stage.pool()
        let (peer, port) = self.stage.router(to: [pool.port])
        let miners = self.miners()
        miners.join(count, port: port, receiveBuffer: 4096)
        miners.readNothing()
        let base = peer.usage.residentBytes
        let descriptors = peer.descriptors
        var peak = base
        var jobs = 0
        let next = { (seconds: Double) in
            _ = pool.peer.ask("notify")
            jobs += 1
            miners.idle(seconds: seconds)
            peak = max(peak, peer.usage.residentBytes)
        }
        let kilobytes = { Double(peak - base) / 1024 / Double(count) }
        for _ in 0..<60 { next(1) }
        self.results.note("router: memory of a miner that never reads, after 60 jobs, KB", kilobytes())
        self.results.note("router: of them closed after 60 jobs", Double(descriptors - peer.descriptors))
        while descriptors - peer.descriptors < count, jobs < 600 { next(0.05) }
        let closed = descriptors - peer.descriptors
        if closed < count {
            give(up: "only \(closed) of \(count) miners that never read were closed after \(jobs) jobs")
        }
        self.results.note("router: most memory of a miner that never reads, KB", kilobytes())
        self.results.note("router: jobs until all of them are closed", Double(jobs))
    }
}
