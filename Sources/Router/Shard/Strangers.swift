import Logging
import NIOCore
import Stratum

/// Miners at the wrong port: they speak another protocol than the route.
struct Strangers {
    private let dialects: DialectRegistry
    private var lastTold: NIODeadline?

    init(dialects: DialectRegistry) {
        self.dialects = dialects
    }

    /// The dialect that a first line belongs to if it is not the route's, which is `own`.
    func dialect(of line: ByteBuffer, unless own: any Dialect.Type) -> (any Dialect.Type)? {
        guard !own.recognizes(line) else { return nil }
        return self.dialects.dialects.first { $0.name != own.name && $0.recognizes(line) }
    }

    /// Tells of one: of one in a minute, for a farm that is misdirected comes again and again.
    /// - Parameter expected: the name of the route's dialect.
    mutating func tell(_ name: String, remote: String, expected: String, now: NIODeadline, _ logger: Logger) {
        let isNews = self.lastTold.map { now - $0 >= .minutes(1) } ?? true
        if isNews { self.lastTold = now }
        logger.log(
            level: isNews ? .warning : .debug,
            "miner turned away: it speaks another protocol",
            metadata: ["remote": .string(remote), "protocol": .string(name), "expected": .string(expected)]
        )
    }
}
