import Foundation

/// One run of all measurements, or of those that were asked for.
final class Benchmark {
    let stage: Stage
    /// How long a rate is held, in seconds.
    let window: Double
    var results = Measurements()

    init(stage: Stage, window: Double) {
        self.stage = stage
        self.window = window
    }

    func miners() -> Miners { Miners(arrivals: ArrivalTimes(path: self.stage.arrivals)) }

    static var sections: [(name: String, run: (Benchmark) -> () -> Void)] {
        [

            ("shares", Benchmark.shares),
            ("fan-out", Benchmark.fanOut),
            ("failover", Benchmark.failover),
            ("memory", Benchmark.memory),
            ("accept-storm", Benchmark.acceptStorm),
            ("scaling", Benchmark.scaling),
            ("allocations", Benchmark.allocations),
            ("slow-readers", Benchmark.slowReaders),
        ]
    }
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
            for section in Benchmark.sections where words.isEmpty || words.contains(section.name) {
                print("run \(run), \(section.name)")
                section.run(benchmark)()
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
