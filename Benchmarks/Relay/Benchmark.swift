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
            Section(name: "allocations", measure: Benchmark.allocations, isOnce: true),
            Section(name: "slow-readers", measure: Benchmark.slowReaders, isOnce: true),
            Section(name: "soak", measure: Benchmark.soak, isExtra: true),
        ]
    }

@main
struct RelayBenchmark {
    static func main() {
        signal(SIGPIPE, SIG_IGN)
        var words = Array(CommandLine.arguments.dropFirst())
        if words.count == 2, words[0] == "pool" { BarePool(arrivals: words[1]).run() }
        if words.count == 3, words[1] == "gate" { Self.gate(router: words[0], ceilings: words[2]) }
        guard words.count >= 2, let runs = Int(words[1]) else {
            give(
                up: """
                    usage: relay-benchmark ROUTER RUNS [SECTION ...], sections: \(Benchmark.sections.map(\.name))
                           relay-benchmark ROUTER gate CEILINGS
                    """
            )
        }
        let router = words[0]
        words.removeFirst(2)
        let isShared = ProcessInfo.processInfo.activeProcessorCount > 1
        let benchmark = Self.benchmark(of: router, isPinned: isShared)
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
        print(benchmark.results)
        try? FileManager.default.removeItem(at: benchmark.stage.folder)
    }

    /// Ends with 1 if the router allocates more than the file of ceilings says.
    private static func gate(router: String, ceilings file: String) -> Never {
        guard let text = try? String(contentsOfFile: file, encoding: .utf8), let ceilings = Ceilings(text) else {
            give(up: "\(file) is not a file of ceilings")
        }
        // Counts are the same on any core, and this machine may not let us have the first two.
        let benchmark = Self.benchmark(of: router, isPinned: false)
        benchmark.allocations()
        try? FileManager.default.removeItem(at: benchmark.stage.folder)
        let violations = ceilings.violations(by: benchmark.results)
        if !violations.isEmpty { give(up: violations.joined(separator: "; ")) }
        exit(0)
    }

    private static func benchmark(of router: String, isPinned: Bool) -> Benchmark {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("relay-benchmark-\(getpid())")
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        } catch { give(up: "\(error)") }
        return Benchmark(
            stage: Stage(
                folder: folder, router: router, measuredCore: isPinned ? 0 : nil, otherCore: isPinned ? 1 : nil
            ),
            window: 5
        )
    }
}
