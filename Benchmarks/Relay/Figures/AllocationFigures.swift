import Foundation

extension Benchmark {
    /// How often the router asks for memory. Counts do not depend on how busy the machine is, so these have ceilings that
    /// `.ci/run` holds it to.
    func allocations() {
        let pool = self.stage.pool()
        let file = self.stage.folder.appendingPathComponent("allocations").path
        guard let environment = AllocationCounts.environment(file: file) else {
            give(up: "libAllocationCounter.so is not beside this program")
        }
        let (peer, port) = self.stage.router(to: [pool.port], environment: environment)
        let counts = AllocationCounts(file: file)
        let miners = self.miners()
        miners.join(100, port: port)
        // Collections that grow have grown.
        miners.mineInTurn(shares: 2000)
        let before = counts.read(of: peer.number)
        let shares = 4000
        miners.mineInTurn(shares: shares)
        let afterShares = counts.read(of: peer.number)
        self.results.note("allocations per share", Double(afterShares.loop - before.loop) / Double(shares))
        self.results.note(
            "allocations per share in the ledger", Double(afterShares.others - before.others) / Double(shares))
        miners.join(900, port: port)
        let notify = { Int64(pool.peer.ask("notify")) ?? 0 }
        for _ in 0..<3 { _ = miners.untilAllInformed(notify) }
        let beforeJobs = counts.read(of: peer.number)
        let jobs = 20
        for _ in 0..<jobs { _ = miners.untilAllInformed(notify) }
        let afterJobs = counts.read(of: peer.number)
        self.results.note(
            "allocations per session and job", Double(afterJobs.loop - beforeJobs.loop) / Double(1000 * jobs)
        )
    }
}
