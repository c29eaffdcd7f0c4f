import ControlAPI
import Foundation
import ServiceLifecycle
import Simulation

/// What happens in the demo: the primary dies and comes back, and someone watches.
struct DemoStage: Service {
    let world: DemoWorld
    let duration: Duration?

    private static let killEvery = 20
    private static let reviveAfter = 10
    private static let isTerminal = isatty(STDOUT_FILENO) == 1

    func run() async throws {
        self.line(
            "demo: router on \(self.world.assembly.listeners.values.joined().first?.text ?? "?"), two pools, \(self.world.farm.miners.count) miners"
        )
        self.line("demo: meanwhile: router-cli pools --socket \(self.world.socketPath)")
        let clock = ContinuousClock()
        let start = clock.now
        await cancelWhenGracefulShutdown {
            var second = 0
            while !Task.isCancelled {
                if let duration = self.duration, clock.now - start >= duration { break }
                await self.act(second)
                await self.show(second)
                second += 1
                try? await clock.sleep(until: start + .seconds(second))
            }
        }
        await self.finish()
    }

    /// Kills the primary at 10, 30, 50 … s and revives it ten seconds later.
    private func act(_ second: Int) async {
        switch second % Self.killEvery {
        case Self.reviveAfter:
            self.say("the primary pool is killed (RST)")
            try? await self.world.primary.inject(.reset)
        case 0 where second > 0:
            self.say("the primary pool is started again")
            try? await self.world.primary.inject(.healthy)
        default:
            break
        }
    }

    /// Also through a pipe each line is to be seen when it is printed.
    private func line(_ text: String) {
        print(text)
        fflush(nil)
    }

    private func say(_ text: String) {
        if !Self.isTerminal { self.line("demo: \(text)") }
    }

    private func show(_ second: Int) async {
        let pools = await self.world.assembly.control.pools(route: nil)
        let totals = self.world.farm.totals
        // Every miner's first connection is no reconnect, and none is dropped.
        let dropped = totals.disconnects
        guard Self.isTerminal else {
            guard second.isMultiple(of: 5) else { return }
            let places = pools.map { "\($0.name) \($0.state.rawValue), \($0.sessions) miners, \($0.accepted) accepted" }
            self.line("\(second) s: " + places.joined(separator: "; ") + "; miners disconnected: \(dropped)")
            return
        }
        let workers = await self.world.assembly.control.workers(route: nil)
        let poolTable = Table(
            columns: [
                "POOL", "PRIORITY", "STATE", "MINERS", "HASHRATE", "ACCEPTED", "REJECTED", "LOST", "PENDING",
                "LAST ERROR",
            ],
            rows: pools.map { pool in
                [
                    .text(pool.name), .integer(Int64(pool.priority)), .text(pool.state.rawValue),
                    .integer(Int64(pool.sessions)), .text(Self.hashrate(pool.hashrate)), .integer(Int64(pool.accepted)),
                    .integer(Int64(pool.rejected)), .integer(Int64(pool.lost)), .integer(Int64(pool.pending)),
                    .text(pool.lastError ?? "-"),
                ]
            }
        )
        let workerTable = Table(
            columns: ["WORKER", "POOL", "HASHRATE", "DIFFICULTY", "ACCEPTED", "COUNTED", "LOST"],
            rows: workers.map { worker in
                [
                    .text(worker.worker), .text(worker.pools.joined(separator: ",")),
                    .text(Self.hashrate(worker.hashrate)),
                    .text(worker.difficulty.map { String(format: "%.2g", $0) } ?? "-"),
                    .integer(Int64(worker.shares.accepted)), .integer(Int64(worker.shares.counted)),
                    .integer(Int64(worker.shares.lost)),
                ]
            }
        )
        let phase = second % Self.killEvery
        let next =
            phase < Self.reviveAfter
            ? "the primary dies in \(Self.reviveAfter - phase) s"
            : "the primary comes back in \(Self.killEvery - phase) s"
        self.line("\u{1B}[H\u{1B}[2Jrouter-cli demo, \(second) s; \(next); Ctrl-C ends it\n")
        self.line(poolTable.render())
        self.line(workerTable.render())
        self.line("miners disconnected: \(dropped)")
    }

    /// Lets the miners finish before the router stops: every share gets its verdict.
    private func finish() async {
        try? await self.world.farm.drain(timeout: .seconds(10))
        try? await self.world.farm.stop()
    }

    private static func hashrate(_ rate: Double) -> String {
        rate >= 1000 ? String(format: "%.1f kH/s", rate / 1000) : String(format: "%.0f H/s", rate)
    }
}
