import Logging
import Synchronization

/// Keeps what is logged, as `warning: text`.
final class LogKeeper: Sendable {
    private let kept = Mutex<[String]>([])

    /// A logger of everything.
    var logger: Logger { Logger(label: "test") { _ in Handler(keeper: self) } }

    /// The lines so far of this level or above it.
    func lines(from level: Logger.Level = .trace) -> [String] {
        self.kept.withLock { lines in
            lines.filter { line in
                Logger.Level.allCases.contains { $0 >= level && line.hasPrefix("\($0.rawValue): ") }
            }
        }
    }

    private struct Handler: LogHandler {
        let keeper: LogKeeper
        var logLevel = Logger.Level.trace
        var metadata: Logger.Metadata = [:]

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { self.metadata[key] }
            set { self.metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            self.keeper.kept.withLock { $0.append("\(event.level.rawValue): \(event.message)") }
        }
    }
}
