import Foundation

/// All measurements, or those that were asked for, and what came of them.
final class Benchmark {
    let stage: Stage
    /// How long a rate is held at a time, in seconds.
    let window: Double
    let soakSeconds: Double
    var results = Measurements()
    private var run = 0

    init(stage: Stage, window: Double, soakSeconds: Double) {
        self.stage = stage
        self.window = window
        self.soakSeconds = soakSeconds
    }

    func miners() -> Miners { Miners(arrivals: ArrivalTimes(path: self.stage.arrivals)) }

    /// In this order, and in the other one in every second run.
    func inTurn<Element>(_ elements: [Element]) -> [Element] { self.run % 2 == 0 ? elements.reversed() : elements }

    struct Section {
        let name: String
        let measure: (Benchmark) -> () -> Void
        /// In the first run only, because it takes long or because it comes to the same each time.
        var isOnce = false
        /// Measured only when it is named.
        var isExtra = false
    }

    static var sections: [Section] {
        [
            Section(name: "shares", measure: Benchmark.shares),
            Section(name: "fan-out", measure: Benchmark.fanOut),
            Section(name: "failover", measure: Benchmark.failover),
            Section(name: "memory", measure: Benchmark.memory),
            Section(name: "accept-storm", measure: Benchmark.acceptStorm),
            Section(name: "scaling", measure: Benchmark.scaling),
            Section(name: "loops", measure: Benchmark.loops),
            Section(name: "allocations", measure: Benchmark.allocations, isOnce: true),
            Section(name: "slow-readers", measure: Benchmark.slowReaders, isOnce: true),
            Section(name: "soak", measure: Benchmark.soak, isExtra: true),
        ]
    }

    /// Measures the sections with these names, all but the extra ones if there are none.
    func measure(_ names: [String], runs: Int) {
        for run in 1...max(1, runs) {
            self.run = run
            for section in Self.sections {
                guard names.isEmpty ? !section.isExtra : names.contains(section.name), run == 1 || !section.isOnce
                else { continue }
                print("run \(run), \(section.name)")
                section.measure(self)()
                self.stage.clear()
            }
        }
    }
}
