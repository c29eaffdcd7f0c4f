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
        let address = self.world.assembly.listeners.values.joined().first?.text ?? "?"
        self.line(
            "demo: \(self.world.spoken.rawValue), router on \(address), two pools, \(self.world.farm.miners.count) miners"
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
        let dropped = self.world.farm.totals.disconnects
        guard Self.isTerminal else {
            guard second.isMultiple(of: 5) else { return }
            let places = pools.map { pool in
                let rate = HumanUnits.hashrate(pool.hashrate, unit: pool.hashrateUnit)
                let miners = "\(pool.sessions) miners, \(rate)"
                return "\(pool.name) \(pool.state.rawValue), \(miners), \(pool.accepted) accepted"
            }
            self.line("\(second) s: " + places.joined(separator: "; ") + "; disconnects: \(dropped)")
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
                    .integer(Int64(pool.sessions)), Self.hashrate(pool.hashrate, pool.hashrateUnit),
                    .integer(Int64(pool.accepted)),
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
                    Self.hashrate(worker.hashrate, worker.hashrateUnit),
                    worker.difficulty.map { .measure($0, shown: HumanUnits.scaled($0)) } ?? .null,
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
        self.line("disconnects: \(dropped)")
    }

    /// Lets the miners finish before the router stops: every share gets its verdict. What was sent on a link that has
    /// ended is not answered any more.
    private func finish() async {
        for miner in self.world.farm.miners { try? await miner.pause() }
        try? await self.world.farm.wait(
            "all replies",
            until: { logs in
                logs.allSatisfy { log in
                    !log.submissions.contains { $0.reply == nil && $0.connection == log.connects - 1 }
                }
            },
            timeout: .seconds(10)
        )
        try? await self.world.farm.stop()
    }
    private static func hashrate(_ rate: Double, _ unit: String) -> OutputValue {
        .measure(rate, shown: HumanUnits.hashrate(rate, unit: unit))
    }
}
