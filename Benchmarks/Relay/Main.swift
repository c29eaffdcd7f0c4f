import CRelay
import Foundation

@main
struct RelayBenchmark {
    private static let usage = """
        usage: relay-benchmark [--document FILE] [--with FILE ...] [--soak SECONDS] [--ceilings FILE] ROUTER RUNS [SECTION ...]
        sections: \(Benchmark.sections.map(\.name).joined(separator: ", "))
        --document FILE   write the table into it
        --with FILE       what another benchmark has printed belongs to the table
        --ceilings FILE   fail if the router allocates more than it says; only the section allocations is measured
        """

    private var document: String?
    private var others: [String] = []
    private var ceilings: Ceilings?
    private var soakSeconds = 600.0
    private var router = ""
    private var runs = 0
    private var sections: [String] = []

    static func main() {
        let words = Array(CommandLine.arguments.dropFirst())
        if words.first == Launch.command { Launch.become(Array(words.dropFirst())) }
        signal(SIGPIPE, SIG_IGN)
        if words.first == BarePool.command, words.count == 3, let job = Int(words[2]) {
            BarePool(arrivals: words[1], firstJob: job).run()
        }
        guard let benchmark = RelayBenchmark(words) else { give(up: Self.usage) }
        benchmark.run()
    }

    private init?(_ words: [String]) {
        var words = words[...]
        while let option = words.first, option.hasPrefix("--") {
            guard let value = words.dropFirst().first else { return nil }
            switch option {
            case "--document": self.document = value
            case "--with": self.others.append(value)
            case "--soak":
                guard let seconds = Double(value), seconds > 0 else { return nil }
                self.soakSeconds = seconds
            case "--ceilings":
                guard let text = try? String(contentsOfFile: value, encoding: .utf8), let ceilings = Ceilings(text)
                else { give(up: "\(value) is not a file of ceilings") }
                self.ceilings = ceilings
            default: return nil
            }
            words = words.dropFirst(2)
        }
        guard let router = words.popFirst(), let runs = words.popFirst().flatMap({ Int($0) }), runs > 0,
            words.allSatisfy({ word in Benchmark.sections.contains { $0.name == word } })
        else { return nil }
        self.router = router
        self.runs = runs
        self.sections = self.ceilings == nil ? Array(words) : ["allocations"]
    }

    private func run() {
        Self.raiseLimits()
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("relay-benchmark-\(getpid())")
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        } catch { give(up: "\(error)") }
        Self.onInterrupt { try? FileManager.default.removeItem(at: folder) }
        // Counts are the same on any core, and a machine that checks them may not let us have the first two.
        let isShared = ProcessInfo.processInfo.activeProcessorCount > 1 && self.ceilings == nil
        // Miners run here: the router and what it is compared with have a core of their own.
        if isShared, relay_pin(1) != 0 { give(up: "cannot keep to core 1") }
        let stage = Stage(
            folder: folder, router: self.router, measuredCore: isShared ? 0 : nil, otherCore: isShared ? 1 : nil
        )
        let benchmark = Benchmark(stage: stage, window: 2, soakSeconds: self.soakSeconds)
        let machine = Machine.description(router: self.router, runs: self.runs)
        benchmark.measure(self.sections, runs: self.runs)
        for file in self.others { OtherBenchmarks.note(file, in: &benchmark.results) }
        let isSoak = self.sections == ["soak"]
        let report = Report(
            benchmark.results,
            budgets: (isSoak ? Budget.soak : Budget.all).filter {
                self.sections.isEmpty || isSoak || benchmark.results.last($0.key) != nil
            },
            machine: machine
        )
        print("\n\(report.text)")
        if let document = self.document {
            report.write(to: document, figures: isSoak ? "soak" : "relay", by: isSoak ? "make soak" : "make bench")
        }
        try? FileManager.default.removeItem(at: folder)
        let violations = self.ceilings?.violations(by: benchmark.results) ?? []
        if !violations.isEmpty { give(up: violations.joined(separator: "; ")) }
    }

    /// Twenty thousand connections need as many descriptors.
    private static func raiseLimits() {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        if limit.rlim_max < 20_000 {
            give(up: "\(limit.rlim_max) open files are allowed, 20,000 are needed: ulimit -Hn 20000")
        }
    }

    /// Cleans up and ends when somebody asks for it, also where it was started to ignore that, as shells do in the
    /// background. What was started ends with this process.
    private static func onInterrupt(_ clean: @escaping @Sendable () -> Void) {
        var signals = sigset_t()
        sigemptyset(&signals)
        for number in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&signals, number) }
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        Thread.detachNewThread { [signals] in
            var signals = signals
            var number: Int32 = 0
            sigwait(&signals, &number)
            clean()
            _exit(128 + number)
        }
    }
}
